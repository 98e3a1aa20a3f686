"""Views of quotas, limits, resource filters and zones."""
from typing import Any

from cube_volpool.tests.simulator import answers, listing, quota, schema
from cube_volpool.tests.simulator.answers import Answer, bad
from cube_volpool.tests.simulator.context import Context


def show(ctx: Context, ident: str) -> Answer:
    """``GET /os-quota-sets/{project}``."""
    ctx.require("reader", "volume_extension:quotas:show", ident)
    usage = schema.truth(ctx.query.get("usage"), "usage")
    return answers.as_json(200, {"quota_set": {
        **_values(ctx, ident, usage=usage), "id": ident}})


def defaults(ctx: Context, ident: str) -> Answer:
    """``GET /os-quota-sets/{project}/defaults``."""
    ctx.require("reader", "volume_extension:quotas:show", ident)
    return answers.as_json(200, {"quota_set": {
        **{name: quota.DEFAULTS.get(name, -1) for name in _names(ctx)},
        "id": ident}})


def update(ctx: Context, ident: str) -> Answer:
    """``PUT /os-quota-sets/{project}``, admins only."""
    ctx.require_admin("volume_extension:quotas:update")
    given = schema.member(ctx.body, "quota_set", allowed=None)
    limits = {k: int(v) for k, v in given.items()
              if k not in ("tenant_id", "force")}
    for name, value in limits.items():
        used = ctx.cloud.quota.total(ident, name)
        if 0 <= value < used and name != "per_volume_gigabytes":
            raise bad(f"Quota {name} limit must be equal or greater than "
                      f"existing resources. Current usage is {used} and the "
                      f"requested limit is {value}.")
    for name, value in limits.items():
        ctx.cloud.quota.limits[ident, name] = value
    return answers.as_json(200, {
        "quota_set": _values(ctx, ident, usage=False)})


def delete(ctx: Context, ident: str) -> Answer:
    """``DELETE /os-quota-sets/{project}``: back to the defaults."""
    ctx.require_admin("volume_extension:quotas:delete")
    limits = ctx.cloud.quota.limits
    for key in [key for key in limits if key[0] == ident]:
        del limits[key]
    return answers.empty(200)


def limits(ctx: Context) -> Answer:
    """``GET /limits``; of another project for admins from 3.39 on."""
    project_id = ctx.project_id
    if ctx.who.is_admin and ctx.minor >= 39:
        project_id = ctx.query.get("project_id", project_id)
    book = ctx.cloud.quota
    absolute: dict[str, int] = {}
    for key, name in (("maxTotalVolumes", "volumes"),
                      ("maxTotalSnapshots", "snapshots"),
                      ("maxTotalVolumeGigabytes", "gigabytes"),
                      ("maxTotalBackups", "backups"),
                      ("maxTotalBackupGigabytes", "backup_gigabytes")):
        absolute[key] = book.limit(project_id, name)
    for key, name in (("totalVolumesUsed", "volumes"),
                      ("totalGigabytesUsed", "gigabytes"),
                      ("totalSnapshotsUsed", "snapshots"),
                      ("totalBackupsUsed", "backups"),
                      ("totalBackupGigabytesUsed", "backup_gigabytes")):
        absolute[key] = book.total(project_id, name)
    return answers.as_json(200, {"limits": {"rate": [],
                                            "absolute": absolute}})


def resource_filters(ctx: Context) -> Answer:
    """``GET /resource_filters``."""
    wanted = ctx.query.get("resource")
    return answers.as_json(200, {"resource_filters": [
        {"resource": name, "filters": filters}
        for name, filters in listing.FILTERS.items()
        if wanted in (None, name)]})


def zones(ctx: Context) -> Answer:
    """``GET /os-availability-zone``."""
    return answers.as_json(200, {"availabilityZoneInfo": [
        {"zoneName": name, "zoneState": {"available": True}}
        for name in ctx.cloud.zones]})


def _names(ctx: Context) -> list[str]:
    return [*quota.DEFAULTS, *(
        f"{resource}_{kind.name}" for kind in ctx.cloud.types.values()
        if kind.visible_to(ctx.who)
        for resource in ("volumes", "gigabytes", "snapshots"))]


def _values(ctx: Context, project_id: str, *,
            usage: bool) -> dict[str, Any]:
    book = ctx.cloud.quota
    values: dict[str, Any] = {}
    for name in _names(ctx):
        limit = book.limit(project_id, name)
        values[name] = limit if not usage else {
            "limit": limit, "in_use": book.usage[project_id, name],
            "reserved": book.reserved[project_id, name]}
    return values
