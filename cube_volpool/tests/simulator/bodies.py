"""Response bodies, with the keys Cinder 29 gives at each microversion."""
import datetime
from typing import Any

from cube_volpool.tests.simulator import records
from cube_volpool.tests.simulator.context import Context


def stamp(time: datetime.datetime | None) -> str | None:
    """A time as Cinder writes it: UTC, microseconds, no zone."""
    if time is None:
        return None
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def volume_brief(ctx: Context, row: records.Volume) -> dict[str, Any]:
    """Of ``GET /volumes``."""
    return {"id": row.id, "name": row.name,
            "links": ctx.links("volumes", row.id)}


def volume(ctx: Context, row: records.Volume) -> dict[str, Any]:
    """Of POST and PUT: without owner, host and image metadata."""
    admin, kind = ctx.who.is_admin, row.volume_type
    body: dict[str, Any] = {
        "id": row.id, "status": row.status, "size": row.size,
        "availability_zone": row.availability_zone,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "name": row.name, "description": row.description,
        "volume_type": kind.name if kind else None,
        "snapshot_id": row.snapshot_id, "source_volid": row.source_volid,
        "metadata": dict(row.metadata),
        "links": ctx.links("volumes", row.id), "user_id": row.user_id,
        "bootable": str(row.bootable).lower(), "encrypted": False,
        "replication_status": row.replication_status,
        "consistencygroup_id": None, "multiattach": False,
        "attachments": [dict(a) for a in row.attachments],
    }
    if admin:
        body["migration_status"] = None
    if ctx.minor >= 13:
        body["group_id"] = None
    if admin and ctx.minor >= 21:
        body["provider_id"] = None
    if ctx.minor >= 48:
        shared = row.shared_targets
        body["shared_targets"] = (
            True if shared is None and ctx.minor < 69 else shared)
        body["service_uuid"] = row.service_uuid
    if admin and ctx.minor >= 61:
        body["cluster_name"] = None
    if ctx.minor >= 63:
        body["volume_type_id"] = row.volume_type_id
    if ctx.minor >= 65:
        body["consumes_quota"] = True
    return body


def volume_full(ctx: Context, row: records.Volume) -> dict[str, Any]:
    """Of ``GET /volumes/{id}`` and ``GET /volumes/detail``."""
    body = volume(ctx, row)
    body["os-vol-tenant-attr:tenant_id"] = row.project_id
    if ctx.who.is_admin:
        body["os-vol-mig-status-attr:migstat"] = None
        body["os-vol-mig-status-attr:name_id"] = None
        body["os-vol-host-attr:host"] = row.host
    if row.image_metadata:
        body["volume_image_metadata"] = dict(row.image_metadata)
    return body


def snapshot(ctx: Context, row: records.Snapshot, *,
             detail: bool = True) -> dict[str, Any]:
    """A snapshot; the short form of a list has fewer keys."""
    body: dict[str, Any] = {
        "id": row.id, "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at), "name": row.name,
        "description": row.description, "volume_id": row.volume_id,
        "status": row.status, "size": row.size,
        "metadata": dict(row.metadata),
    }
    if not detail:
        return body
    if ctx.minor >= 14:
        body["group_snapshot_id"] = None
    if ctx.minor >= 41:
        body["user_id"] = row.user_id
    if ctx.minor >= 65:
        body["consumes_quota"] = True
    return body


def snapshot_full(ctx: Context, row: records.Snapshot) -> dict[str, Any]:
    """Of ``GET /snapshots/{id}`` and ``GET /snapshots/detail``."""
    return {**snapshot(ctx, row),
            "os-extended-snapshot-attributes:project_id": row.project_id,
            "os-extended-snapshot-attributes:progress": row.progress}


def transfer_brief(ctx: Context, row: records.Transfer) -> dict[str, Any]:
    """Of ``GET /volume-transfers`` and of accept."""
    return {"id": row.id, "volume_id": row.volume_id, "name": row.name,
            "links": ctx.links("os-volume-transfer", row.id)}


def transfer(ctx: Context, row: records.Transfer, *,
             secret: bool = False) -> dict[str, Any]:
    """Of show and detail; with ``secret`` of create."""
    body: dict[str, Any] = {
        "id": row.id, "created_at": stamp(row.created_at),
        "name": row.name, "volume_id": row.volume_id,
        "links": ctx.links("os-volume-transfer", row.id)}
    if secret:
        body["auth_key"] = row.auth_key
    if ctx.minor >= 55:
        body["no_snapshots"] = row.no_snapshots
    if ctx.minor >= 57:
        body.update(destination_project_id=None, accepted=False,
                    source_project_id=row.source_project_id)
    return body


def volume_type(ctx: Context, row: records.VolumeType) -> dict[str, Any]:
    """A volume type; most extra specs are for admins only."""
    visible = ("RESKEY:availability_zones", "multiattach",
               "replication_enabled")
    admin = ctx.who.is_admin
    body: dict[str, Any] = {
        "id": row.id, "name": row.name, "is_public": row.is_public,
        "description": row.description,
        "extra_specs": {k: v for k, v in row.extra_specs.items()
                        if admin or k in visible}}
    if admin:
        body["qos_specs_id"] = None
    body["os-volume-type-access:is_public"] = row.is_public
    return body
