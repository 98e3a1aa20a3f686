"""Views of ``/volumes``, its metadata and its delete."""
import hashlib
from typing import Any

from cube_volpool.tests.simulator import (
    answers,
    bodies,
    listing,
    records,
    schema,
)
from cube_volpool.tests.simulator.answers import (
    Answer,
    Refusal,
    bad,
    invalid_volume,
)
from cube_volpool.tests.simulator.backend import Outcome
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.context import Context

CHANGEABLE = frozenset({"name", "description", "display_name",
                        "display_description", "metadata"})
DELETABLE = ("available", "error", "error_restoring", "error_extending",
             "error_managing")
REFUSED = ("Volume status must be available or error or error_restoring or "
           "error_extending or error_managing, and the volume must not be "
           "attached, have snapshots or be awaiting a transfer.")


def index(ctx: Context) -> Answer:
    """``GET /volumes``."""
    return _list(ctx, bodies.volume_brief, "volumes")


def detail(ctx: Context) -> Answer:
    """``GET /volumes/detail``."""
    return _list(ctx, bodies.volume_full, "volumes/detail")


def _list(ctx: Context, view: Any, collection: str) -> Answer:
    ctx.require("reader", "volume:get_all")
    filters = listing.filters_of(ctx, "volume")
    counts = ctx.minor >= 45 and schema.truth(
        ctx.query.get("with_count"), "count")
    cloud = ctx.cloud
    total = 0
    if cloud.order is not None and not counts and listing.is_by_age(ctx):
        rows = listing.page_by_age(ctx, cloud.order.behind, filters)
    else:
        rows = listing.selected(
            listing.of_project(ctx, cloud.volumes.values()), filters)
        total = len(rows)
        rows = listing.page(ctx, rows, cloud.volumes, "Volume")
    body: dict[str, Any] = {"volumes": [view(ctx, row) for row in rows]}
    links = listing.next_link(ctx, rows, collection)
    if links:
        body["volumes_links"] = links
    if counts:
        body["count"] = total
    return answers.as_json(200, body)


def show(ctx: Context, ident: str) -> Answer:
    """``GET /volumes/{id}``."""
    row = ctx.cloud.visible_volume(ctx.who, ident)
    ctx.require("reader", "volume:get", row.project_id)
    return answers.as_json(200, {"volume": bodies.volume_full(ctx, row)})


def update(ctx: Context, ident: str) -> Answer:
    """``PUT /volumes/{id}``: metadata given here replaces the whole set."""
    change = schema.member(ctx.body, "volume", allowed=CHANGEABLE)
    if not change and ctx.minor >= 53:
        raise bad("Invalid input for field/attribute volume. Value: {}. {} "
                  "is not valid under any of the given schemas")
    texts = {field: schema.text(change[key], key)
             for key, field in (("display_name", "name"), ("name", "name"),
                                ("display_description", "description"),
                                ("description", "description"))
             if key in change}
    metadata = (schema.metadata(change["metadata"], "metadata", null=False)
                if "metadata" in change else None)
    row = _writable(ctx, ident, "volume:update")
    if row.status == "maintenance":
        raise invalid_volume("The volume cannot be updated during "
                             "maintenance.")
    for field, value in texts.items():
        setattr(row, field, value)
    if metadata is not None:
        row.metadata = metadata
    body = bodies.volume(ctx, row)
    if texts:
        row.updated_at = ctx.cloud.second()
    return answers.as_json(200, {"volume": body})


def delete(ctx: Context, ident: str) -> Answer:
    """``DELETE /volumes/{id}``; 202 says no more than accepted."""
    row = _writable(ctx, ident, "volume:delete")
    cascade = _flag(ctx, "cascade")
    force = ctx.minor >= 23 and _flag(ctx, "force")
    if force:
        ctx.require_admin("volume:force_delete")
    start_delete(ctx.cloud, row, force=force, cascade=cascade)
    return answers.empty(202)


def _flag(ctx: Context, name: str) -> bool:
    value = ctx.query.get(name)
    try:
        return schema.truth(value, name)
    except Refusal:
        raise bad(f"Value '{value}' for '{name}' is not a "
                  "boolean.") from None


def start_delete(cloud: Cloud, row: records.Volume, *, force: bool,
                 cascade: bool = False) -> None:
    """Check, set ``deleting`` and queue the work.

    A row no backend was found for goes at once, whatever its status.
    """
    if row.host is None:
        cloud.backend.forget(row.id)
        cloud.drop_volume(row)
        return
    kept = [s for s in cloud.snapshots.values() if s.volume_id == row.id]
    if ((not force and row.status not in DELETABLE) or row.attachments
            or (kept and not cascade)):
        raise invalid_volume(REFUSED)
    row.status, row.updated_at = "deleting", cloud.second()

    def finish(outcome: Outcome) -> None:
        if outcome is Outcome.OK:
            for snapshot in kept:
                cloud.drop_snapshot(snapshot)
            cloud.backend.forget(row.id)
            cloud.drop_volume(row)
        else:
            row.status = ("available" if outcome is Outcome.BUSY
                          else "error_deleting")
            row.updated_at = cloud.second()

    cloud.submit("delete", row.id, cloud.backend.timing.delete_seconds,
                 finish)


def show_metadata(ctx: Context, ident: str) -> Answer:
    """``GET /volumes/{id}/metadata``."""
    row = ctx.cloud.visible_volume(ctx.who, ident)
    body = {"metadata": dict(row.metadata)}
    if ctx.minor < 15:
        return answers.as_json(200, body)
    answer = answers.as_json(200, body, {
        "Content-Type": "text/html; charset=UTF-8"})
    answer.headers["Etag"] = hashlib.md5(
        answer.body, usedforsecurity=False).hexdigest()
    return answer


def merge_metadata(ctx: Context, ident: str) -> Answer:
    """``POST /volumes/{id}/metadata``: adds and overwrites."""
    given = _given_metadata(ctx)
    row = _writable(ctx, ident, "volume:create_volume_metadata")
    row.metadata.update(given)
    return answers.as_json(200, {"metadata": dict(row.metadata)})


def replace_metadata(ctx: Context, ident: str) -> Answer:
    """``PUT /volumes/{id}/metadata``."""
    given = _given_metadata(ctx)
    row = _writable(ctx, ident, "volume:update_volume_metadata")
    row.metadata = given
    return answers.as_json(200, {"metadata": dict(row.metadata)})


def drop_metadata(ctx: Context, ident: str, key: str) -> Answer:
    """``DELETE /volumes/{id}/metadata/{key}``."""
    row = _writable(ctx, ident, "volume:delete_volume_metadata")
    if key not in row.metadata:
        raise answers.Refusal(404, f"Volume {ident} has no metadata with "
                                   f"key {key}.")
    del row.metadata[key]
    return answers.empty(200)


def summary(ctx: Context) -> Answer:
    """``GET /volumes/summary``; as in Cinder, filters change nothing."""
    rows = listing.of_project(ctx, ctx.cloud.volumes.values())
    return answers.as_json(200, {"volume-summary": {
        "total_count": len(rows), "total_size": sum(r.size for r in rows)}})


def _given_metadata(ctx: Context) -> dict[str, str]:
    given = schema.member(ctx.body, "metadata", allowed=None)
    return schema.metadata(given, "metadata", null=False) or {}


def _writable(ctx: Context, ident: str, policy: str) -> records.Volume:
    row = ctx.cloud.visible_volume(ctx.who, ident)
    ctx.require("member", policy, row.project_id)
    return row
