"""``POST /volumes/{id}/action``."""
from collections.abc import Callable
from typing import Any

from cube_volpool.tests.simulator import answers, records, schema, volumes
from cube_volpool.tests.simulator.answers import Answer, bad, invalid_volume
from cube_volpool.tests.simulator.backend import Outcome
from cube_volpool.tests.simulator.context import Context


def run(ctx: Context, ident: str) -> Answer:
    """Find the action by the body's only key."""
    if not isinstance(ctx.body, dict) or not ctx.body:
        raise bad("Malformed request body")
    body = ctx.body
    name = next(iter(body))
    action = ACTIONS.get(name)
    if action is None:
        raise bad(f"There is no such action: {name}. Verify the request body "
                  "and Content-Type header and try again.")
    for field in REQUIRED.get(name, ()):
        schema.member(body, name, allowed=None, required=(field,))
    row = ctx.cloud.visible_volume(ctx.who, ident)
    return action(ctx, row, body[name] if isinstance(body[name], dict)
                  else {})


def _done(status: int) -> Answer:
    """An empty answer; Cinder calls an action's JSON all the same."""
    return Answer(status, b"", {"Content-Type": "application/json"})


def _set_bootable(ctx: Context, row: records.Volume,
                  given: dict[str, Any]) -> Answer:
    value = schema.truth(given.get("bootable"), "bootable")
    ctx.require("member", "volume:update", row.project_id)
    row.bootable, row.updated_at = value, ctx.cloud.second()
    return _done(200)


def _set_image_metadata(ctx: Context, row: records.Volume,
                        given: dict[str, Any]) -> Answer:
    value = schema.metadata(given.get("metadata"), "metadata", null=False)
    ctx.require("member", "volume_extension:volume_image_metadata:set",
                row.project_id)
    row.image_metadata.update(value or {})
    return answers.as_json(200, {"metadata": dict(row.image_metadata)})


def _show_image_metadata(ctx: Context, row: records.Volume,
                         given: dict[str, Any]) -> Answer:
    return answers.as_json(200, {"metadata": dict(row.image_metadata)})


def _extend(ctx: Context, row: records.Volume,
            given: dict[str, Any]) -> Answer:
    size = schema.size(given.get("new_size"), "new_size", null=False)
    ctx.require("member", "volume:extend", row.project_id)
    if row.status != "available":
        raise invalid_volume(
            f"Volume {row.id} status must be '{{'status': 'available'}}' to "
            f"extend, currently {row.status}.")
    if size is None or size <= row.size:
        raise answers.invalid_input(
            "New size for extend must be greater than current size. "
            f"(current: {row.size}, extended: {size}).")
    added = {k: v for k, v in {
        "gigabytes": size - row.size,
        f"gigabytes_{row.volume_type.name if row.volume_type else ''}":
            size - row.size}.items() if not k.endswith("_")}
    ctx.cloud.quota.check_one(row.project_id, size)
    ctx.cloud.quota.check_growth(row.project_id, added)
    ctx.cloud.quota.add(row.project_id, added)
    row.status, row.updated_at = "extending", ctx.cloud.second()

    def finish(outcome: Outcome) -> None:
        row.updated_at = ctx.cloud.second()
        if outcome is Outcome.OK:
            row.size, row.status = size, "available"
        else:
            row.status = "error_extending"

    ctx.cloud.submit("extend", row.id,
                     ctx.cloud.backend.timing.extend_seconds, finish)
    return _done(202)


def _reset_status(ctx: Context, row: records.Volume,
                  given: dict[str, Any]) -> Answer:
    ctx.require_admin("volume_extension:volume_admin_actions:reset_status")
    status = str(given.get("status") or "").lower()
    if status and status not in STATUSES:
        raise bad(f"Volume status: {given['status']} is invalid, valid "
                  f"statuses are: {STATUSES}.")
    if status == "deleting":
        raise bad("Cannot reset-state to deleting")
    if status == "in-use" and not row.attachments:
        raise bad("Cannot reset-state to in-use because volume does not "
                  "have any attachments.")
    if status:
        row.status, row.updated_at = status, ctx.cloud.second()
    if given.get("attach_status") == "detached":
        row.attachments.clear()
    return _done(202)


def _force_delete(ctx: Context, row: records.Volume,
                  given: dict[str, Any]) -> Answer:
    ctx.require_admin("volume_extension:volume_admin_actions:force_delete")
    volumes.start_delete(ctx.cloud, row, force=True)
    return _done(202)


STATUSES = (
    "creating", "available", "deleting", "error", "error_deleting",
    "error_managing", "managing", "attaching", "in-use", "detaching",
    "maintenance", "restoring-backup", "error_restoring", "reserved",
    "awaiting-transfer", "backing-up", "error_backing-up",
    "error_extending", "downloading", "uploading", "retyping", "extending")
REQUIRED = {"os-set_bootable": ("bootable",), "os-extend": ("new_size",),
            "os-set_image_metadata": ("metadata",)}
ACTIONS: dict[str, Callable[[Context, records.Volume, dict[str, Any]],
                            Answer]] = {
    "os-set_bootable": _set_bootable,
    "os-set_image_metadata": _set_image_metadata,
    "os-show_image_metadata": _show_image_metadata,
    "os-extend": _extend,
    "os-reset_status": _reset_status,
    "os-force_delete": _force_delete,
}
