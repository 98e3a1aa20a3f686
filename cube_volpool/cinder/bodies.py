"""Cinder's JSON to values.  Any error means: not an answer of Cinder's.

*Source:* Block Storage API v3, the answers at microversion 3.70.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cube_volpool import model, origin, secrecy


def volume(
    body: Mapping[str, Any], *, project_id: model.ProjectId
) -> model.Volume:
    """Build a volume.

    The answers to POST and PUT do not name the owner: there it is
    ``project_id``, the credential's own, because a plain member is shown no
    other and a create goes nowhere else.
    """
    owner = body.get("os-vol-tenant-attr:tenant_id") or project_id
    return model.Volume(
        id=model.VolumeId(body["id"]),
        project_id=model.ProjectId(owner),
        name=body["name"] or "",
        status=body["status"],
        size_gib=int(body["size"]),
        volume_type=body["volume_type"] or "",
        volume_type_id=body["volume_type_id"],
        snapshot_id=origin.shown(body),
        bootable=body["bootable"] in ("true", True),
        metadata=dict(body["metadata"]),
        availability_zone=body["availability_zone"],
        attached=bool(body["attachments"]),
        created_at=datetime.fromisoformat(body["created_at"]),
        body=body,
    )


def snapshot(body: Mapping[str, Any]) -> model.Snapshot:
    """Build a snapshot."""
    return model.Snapshot(
        id=model.SnapshotId(body["id"]),
        name=body["name"] or "",
        status=body["status"],
        size_gib=int(body["size"]),
        volume_id=model.VolumeId(body["volume_id"]),
        metadata=dict(body["metadata"]),
    )


def offer(body: Mapping[str, Any]) -> model.Offer:
    """Build an offer."""
    secrecy.remember(body["auth_key"])
    return model.Offer(
        transfer_id=model.TransferId(body["id"]), auth_key=body["auth_key"]
    )


def filters(body: Mapping[str, Any]) -> frozenset[str]:
    """Return by what volumes may be listed."""
    return frozenset(
        name
        for entry in body["resource_filters"]
        if entry["resource"] == "volume"
        for name in entry["filters"]
    )
