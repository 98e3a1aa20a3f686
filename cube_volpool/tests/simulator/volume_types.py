"""Views of ``/types``, and who may use a private one."""
import uuid
from typing import Any

from cube_volpool.tests.simulator import answers, bodies, records, schema
from cube_volpool.tests.simulator.answers import Answer, not_found
from cube_volpool.tests.simulator.context import Context


def index(ctx: Context) -> Answer:
    """``GET /types``: public ones, and private ones with access."""
    rows = list(ctx.cloud.types.values())
    if ctx.who.is_admin:
        wanted = str(ctx.query.get("is_public", "true")).lower()
        if wanted != "none":
            flag = schema.truth(wanted, "is_public")
            rows = [r for r in rows if r.is_public is flag
                    or (flag and ctx.project_id in r.access)]
    else:
        rows = [r for r in rows if r.visible_to(ctx.who)]
    return answers.as_json(200, {"volume_types": [
        bodies.volume_type(ctx, row) for row in rows]})


def show(ctx: Context, ident: str) -> Answer:
    """``GET /types/{id}``, or ``/types/default``."""
    if ident == "default":
        body = bodies.volume_type(
            ctx, ctx.cloud.type_of(ctx.cloud.default_type))
        del body["os-volume-type-access:is_public"]
    else:
        body = bodies.volume_type(ctx, _found(ctx, ident))
    return answers.as_json(200, {"volume_type": body})


def create(ctx: Context) -> Answer:
    """``POST /types``, admins only."""
    ctx.require_admin("volume_extension:type_create")
    given = schema.member(ctx.body, "volume_type", allowed=None,
                          required=("name",))
    row = records.VolumeType(
        str(uuid.uuid4()), str(given["name"]),
        is_public=schema.truth(
            given.get("os-volume-type-access:is_public"), "is_public",
            default=True),
        description=given.get("description"),
        extra_specs=dict(given.get("extra_specs") or {}))
    if any(t.name == row.name for t in ctx.cloud.types.values()):
        raise answers.Refusal(409, f"Volume Type {row.name} already exists.")
    ctx.cloud.types[row.id] = row
    return answers.as_json(200, {"volume_type": bodies.volume_type(ctx, row)})


def delete(ctx: Context, ident: str) -> Answer:
    """``DELETE /types/{id}``, admins only."""
    ctx.require_admin("volume_extension:type_delete")
    row = _found(ctx, ident)
    if any(v.volume_type is row for v in ctx.cloud.volumes.values()):
        raise answers.bad("Target volume type is still in use.")
    del ctx.cloud.types[row.id]
    return answers.empty(202)


def show_specs(ctx: Context, ident: str) -> Answer:
    """``GET /types/{id}/extra_specs``."""
    row = _found(ctx, ident)
    return answers.as_json(200, {
        "extra_specs": bodies.volume_type(ctx, row)["extra_specs"]})


def set_specs(ctx: Context, ident: str) -> Answer:
    """``POST /types/{id}/extra_specs``, admins only."""
    ctx.require_admin("volume_extension:types_extra_specs:create")
    row = _found(ctx, ident)
    given: dict[str, Any] = schema.member(
        {"extra_specs": (ctx.body or {}).get("extra_specs")}, "extra_specs",
        allowed=None)
    row.extra_specs.update({k: str(v) for k, v in given.items()})
    return answers.as_json(200, {"extra_specs": given})


def action(ctx: Context, ident: str) -> Answer:
    """``POST /types/{id}/action``: give or take a project's access."""
    ctx.require_admin("volume_extension:add_project_access")
    row = _found(ctx, ident)
    body = ctx.body if isinstance(ctx.body, dict) else {}
    if "addProjectAccess" in body:
        row.access.add(body["addProjectAccess"]["project"])
    elif "removeProjectAccess" in body:
        row.access.discard(body["removeProjectAccess"]["project"])
    else:
        raise answers.bad("There is no such action")
    return answers.empty(202)


def _found(ctx: Context, ident: str) -> records.VolumeType:
    row = ctx.cloud.types.get(ident)
    if row is None or not row.visible_to(ctx.who):
        raise not_found("Volume type", ident)
    return row
