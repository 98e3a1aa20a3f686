"""Views of ``/snapshots``."""
import uuid
from typing import Any

from cube_volpool.tests.simulator import (
    answers,
    bodies,
    listing,
    quota,
    records,
    schema,
)
from cube_volpool.tests.simulator.answers import Answer, bad, invalid_volume
from cube_volpool.tests.simulator.backend import Outcome
from cube_volpool.tests.simulator.context import Context

KEYS = frozenset({"name", "display_name", "description", "volume_id",
                  "force", "metadata"})
FORCE = "Since microversion 3.66 the 'force' flag is invalid."


def create(ctx: Context) -> Answer:
    """``POST /snapshots``: 202, available after a moment."""
    given = schema.member(ctx.body, "snapshot", allowed=KEYS,
                          required=("volume_id",))
    volume_id = schema.ident(given["volume_id"], "volume_id")
    name = schema.text(given.get("name", given.get("display_name")), "name")
    about = schema.text(given.get("description"), "description")
    metadata = schema.metadata(given.get("metadata"), "metadata") or {}
    force = schema.truth(given.get("force"), "force", default=True)
    cloud = ctx.cloud
    volume = cloud.visible_volume(ctx.who, str(volume_id))
    if not force and ctx.minor >= 66:
        raise bad(FORCE)
    ctx.require("member", "volume:create_snapshot", volume.project_id)
    if volume.status not in ("available", "in-use"):
        raise invalid_volume(
            f"Volume {volume.id} status must be available, in-use, "
            f"but current status is: {volume.status}.")
    row = records.Snapshot(
        str(uuid.uuid4()), volume.project_id, ctx.who.user.id, volume.id,
        volume.size, cloud.second(), name=name, description=about,
        volume_type=volume.volume_type, metadata=metadata)
    deltas = quota.of_snapshot(row)
    cloud.quota.check(volume.project_id, deltas, "snapshots")
    cloud.quota.add(volume.project_id, deltas)
    cloud.snapshots[row.id] = row

    def finish(outcome: Outcome) -> None:
        good = outcome is Outcome.OK
        row.status = "available" if good else "error"
        row.progress, row.updated_at = "100%", cloud.second()
        if good and volume.bootable:
            row.image_metadata.update(volume.image_metadata)

    body = bodies.snapshot(ctx, row)
    cloud.submit("snapshot", row.id,
                 cloud.backend.timing.snapshot_seconds, finish)
    return answers.as_json(202, {"snapshot": body})


def index(ctx: Context) -> Answer:
    """``GET /snapshots``."""
    return _list(ctx, "snapshots", detail=False)


def detail(ctx: Context) -> Answer:
    """``GET /snapshots/detail``."""
    return _list(ctx, "snapshots/detail", detail=True)


def _list(ctx: Context, collection: str, *, detail: bool) -> Answer:
    ctx.require("reader", "volume:get_all_snapshots")
    filters = listing.filters_of(ctx, "snapshot")
    cloud = ctx.cloud
    rows = listing.selected(
        listing.of_project(ctx, cloud.snapshots.values()), filters)
    rows = listing.page(ctx, rows, cloud.snapshots, "Snapshot")
    body: dict[str, Any] = {"snapshots": [
        bodies.snapshot_full(ctx, row) if detail
        else bodies.snapshot(ctx, row, detail=False) for row in rows]}
    links = listing.next_link(ctx, rows, collection)
    if links:
        body["snapshots_links"] = links
    return answers.as_json(200, body)


def show(ctx: Context, ident: str) -> Answer:
    """``GET /snapshots/{id}``."""
    row = ctx.cloud.visible_snapshot(ctx.who, ident)
    ctx.require("reader", "volume:get_snapshot", row.project_id)
    return answers.as_json(200, {"snapshot": bodies.snapshot_full(ctx, row)})


def update(ctx: Context, ident: str) -> Answer:
    """``PUT /snapshots/{id}``: name and description."""
    given = schema.member(ctx.body, "snapshot", allowed=frozenset(
        {"name", "display_name", "description", "display_description"}))
    if not given:
        raise bad("Invalid input for field/attribute snapshot. Value: {}. "
                  "{} is not valid under any of the given schemas")
    row = ctx.cloud.visible_snapshot(ctx.who, ident)
    ctx.require("member", "volume:update_snapshot", row.project_id)
    if "name" in given:
        row.name = schema.text(given["name"], "name")
    if "description" in given:
        row.description = schema.text(given["description"], "description")
    return answers.as_json(200, {"snapshot": bodies.snapshot(ctx, row)})


def delete(ctx: Context, ident: str) -> Answer:
    """``DELETE /snapshots/{id}``: waits behind the creates from it."""
    cloud = ctx.cloud
    row = cloud.visible_snapshot(ctx.who, ident)
    ctx.require("member", "volume:delete_snapshot", row.project_id)
    if row.status not in ("available", "error"):
        raise bad("Invalid snapshot: Snapshot status must be available or "
                  "error and must not be part of a group.")
    row.status, row.updated_at = "deleting", cloud.second()

    def finish(outcome: Outcome) -> None:
        if outcome is Outcome.OK:
            cloud.drop_snapshot(row)
        else:
            row.status = ("available" if outcome is Outcome.BUSY
                          else "error_deleting")

    cloud.submit("snapshot-delete", row.id,
                 cloud.backend.timing.delete_seconds, finish, lock=row.id)
    return answers.empty(202)
