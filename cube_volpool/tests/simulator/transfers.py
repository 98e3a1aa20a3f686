"""Views of ``/volume-transfers``: offer, cancel, accept.

*Source:* cinder transfer/api.py, db/api.py (transfer_*).
"""
import secrets
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
from cube_volpool.tests.simulator.answers import (
    Answer,
    Refusal,
    bad,
    invalid_volume,
    not_found,
)
from cube_volpool.tests.simulator.context import Context


def create(ctx: Context) -> Answer:
    """``POST /volume-transfers``: the volume becomes awaiting-transfer."""
    allowed = {"volume_id", "name"} | (
        {"no_snapshots"} if ctx.minor >= 55 else set())
    given = schema.member(ctx.body, "transfer", allowed=frozenset(allowed),
                          required=("volume_id",))
    volume_id = schema.ident(given["volume_id"], "volume_id", null=False)
    name = given.get("name")
    if name is not None and not isinstance(name, str):
        raise Refusal(500, schema.ERRED)
    name = schema.text(name, "name")
    no_snapshots = schema.truth(given.get("no_snapshots"), "no_snapshots")
    cloud = ctx.cloud
    row = cloud.visible_volume(ctx.who, str(volume_id))
    ctx.require("member", "volume:create_transfer", row.project_id)
    if row.status != "available":
        raise invalid_volume("status must be available")
    if not no_snapshots:
        for snapshot in cloud.snapshots.values():
            if (snapshot.volume_id == row.id
                    and snapshot.status != "available"):
                raise bad(f"Invalid snapshot: snapshot: {snapshot.id} "
                          "status must be available")
    offer = records.Transfer(
        str(uuid.uuid4()), row.id, secrets.token_hex(8), row.project_id,
        cloud.second(), name=name, no_snapshots=no_snapshots)
    cloud.transfers[offer.id] = offer
    row.status, row.updated_at = "awaiting-transfer", cloud.second()
    return answers.as_json(
        202, {"transfer": bodies.transfer(ctx, offer, secret=True)})


def index(ctx: Context) -> Answer:
    """``GET /volume-transfers``."""
    return _list(ctx, bodies.transfer_brief)


def detail(ctx: Context) -> Answer:
    """``GET /volume-transfers/detail``."""
    return _list(ctx, bodies.transfer)


def _list(ctx: Context, view: Any) -> Answer:
    """Of volumes in the caller's project; strange filters match nothing."""
    ctx.require("reader", "volume:get_all_transfers")
    cloud = ctx.cloud
    filters = {("display_name" if k == "name" else k): v
               for k, v in ctx.query.items()
               if k not in listing.PAGING and k != "all_tenants"}
    known = listing.all_tenants(ctx)
    rows = [t for t in cloud.transfers.values()
            if known or cloud.volumes[t.volume_id].project_id
            == ctx.project_id]
    rows = listing.selected(rows, filters)
    rows = listing.page(ctx, rows, cloud.transfers, "Transfer")
    body: dict[str, Any] = {"transfers": [view(ctx, row) for row in rows]}
    links = listing.next_link(ctx, rows, "os-volume-transfer")
    if links:
        body["transfers_links"] = links
    return answers.as_json(200, body)


def show(ctx: Context, ident: str) -> Answer:
    """``GET /volume-transfers/{id}``: 404 for the recipient."""
    offer = _own(ctx, ident)
    ctx.require("reader", "volume:get_transfer")
    return answers.as_json(200, {"transfer": bodies.transfer(ctx, offer)})


def delete(ctx: Context, ident: str) -> Answer:
    """``DELETE /volume-transfers/{id}``: an offered volume is available."""
    offer = _own(ctx, ident)
    row = ctx.cloud.volumes[offer.volume_id]
    ctx.require("member", "volume:delete_transfer", row.project_id)
    del ctx.cloud.transfers[ident]
    if row.status == "awaiting-transfer":
        row.status, row.updated_at = "available", ctx.cloud.second()
    return answers.empty(202)


def accept(ctx: Context, ident: str) -> Answer:
    """``POST /volume-transfers/{id}/accept``: owner, user and status move.

    Between the checks and the commit Cinder calls its volume service;
    there ``ctx.pause`` lets others at the state.
    """
    given = schema.member(ctx.body, "accept",
                          allowed=frozenset({"auth_key"}),
                          required=("auth_key",))
    key = given["auth_key"]
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise schema.wrong("auth_key", key,
                           "is not of type 'string', 'integer'")
    ctx.require("member", "volume:accept_transfer")
    cloud = ctx.cloud
    offer = cloud.transfers.get(ident)
    if offer is None:
        raise not_found("Transfer", ident)
    if str(key) != offer.auth_key:
        raise bad(f"Invalid auth key: Attempt to transfer {ident} with "
                  "invalid auth key.")
    row = cloud.volumes[offer.volume_id]
    _check_quota(ctx, offer, row)
    ctx.pause()
    if not cloud.backend.up:
        raise Refusal(500, "The server has either erred or is incapable of "
                           "performing the requested operation.")
    if cloud.transfers.get(ident) is not offer:
        raise not_found("Transfer", ident)
    if row.status != "awaiting-transfer":
        raise invalid_volume(
            f"Transfer {ident}: Volume id {row.id} in unexpected state "
            f"{row.status}, expected awaiting-transfer")
    _hand_over(ctx, offer, row)
    return answers.as_json(
        202, {"transfer": bodies.transfer_brief(ctx, offer)})


def _check_quota(ctx: Context, offer: records.Transfer,
                 row: records.Volume) -> None:
    book, recipient = ctx.cloud.quota, ctx.project_id
    book.check_one(recipient, row.size)
    if row.volume_type and not row.volume_type.visible_to(ctx.who):
        raise not_found("Volume type", row.volume_type.id)
    deltas = quota.of_volume(row)
    book.check(recipient, deltas)
    if offer.no_snapshots:
        return
    # Cinder leaves the reservations of the volume behind when the snapshot
    # quota is over, even for a volume without snapshots.
    try:
        book.check(recipient, _snapshot_deltas(ctx, row), "snapshots")
    except Refusal:
        for name, delta in deltas.items():
            book.reserved[recipient, name] += delta
        raise


def _snapshot_deltas(ctx: Context, row: records.Volume) -> dict[str, int]:
    kept = [s for s in ctx.cloud.snapshots.values() if s.volume_id == row.id]
    return {"snapshots": len(kept), "gigabytes": sum(s.size for s in kept)}


def _hand_over(ctx: Context, offer: records.Transfer,
               row: records.Volume) -> None:
    cloud = ctx.cloud
    donor, recipient = row.project_id, ctx.project_id
    cloud.quota.add(donor, quota.of_volume(row, -1))
    cloud.quota.add(recipient, quota.of_volume(row))
    row.project_id, row.user_id = recipient, ctx.who.user.id
    cloud.moved()
    row.status, row.updated_at = "available", cloud.second()
    if not offer.no_snapshots:
        for snapshot in cloud.snapshots.values():
            if snapshot.volume_id == row.id:
                cloud.quota.add(donor, quota.of_snapshot(snapshot, -1))
                cloud.quota.add(recipient, quota.of_snapshot(snapshot))
                snapshot.project_id = recipient
                snapshot.user_id = ctx.who.user.id
    del cloud.transfers[offer.id]


def _own(ctx: Context, ident: str) -> records.Transfer:
    offer = ctx.cloud.transfers.get(ident)
    if offer is None or not (
            ctx.who.is_admin or ctx.cloud.volumes[offer.volume_id].project_id
            == ctx.project_id):
        raise not_found("Transfer", ident)
    return offer
