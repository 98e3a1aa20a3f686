"""What the code would be without a guard: the replacements of the mutants."""

import dataclasses
from typing import Any
from unittest import mock

from cube_volpool import actions, model, planner, volumeapi
from cube_volpool.claim import job as claim_job
from cube_volpool.claim import look, preparation
from cube_volpool.db import models, opening, swap
from cube_volpool.db.clock import FromNow

# -- the ledger ---------------------------------------------------------------


_as_seen = swap.as_seen


def _of_row_without(*names: str) -> Any:
    def as_seen(found: Any) -> dict[str, Any]:
        seen = _as_seen(found)
        if isinstance(found, model.PooledVolume):
            for name in names:
                del seen[name]
        return seen

    return as_seen


by_id = _of_row_without("marker", "generation")
without_marker = _of_row_without("marker")


def touch_any(
    session: Any,
    clock: Any,
    *,
    claim: model.Claim,
    only_with_row: bool = False,
    **values: Any,
) -> None:
    table = models.claims
    for name, value in values.items():
        if isinstance(value, FromNow):
            values[name] = clock(value.seconds)
    session.execute(
        table.update()
        .where(table.c.id == claim.id)
        .values(updated_at=clock(), **values)
    )


def take_over_quietly(
    self: Any, session: Any, claim: model.Claim, owner: str, lease: Any
) -> Any:
    """The new worker leaves the generations as they were."""
    swap.touch_claim(
        session,
        self._clock,
        claim=claim,
        owner_token=owner,
        lease_until=FromNow(lease.total_seconds()),
    )
    return opening.Opened(
        opening=opening.Opening.TAKEN_OVER,
        claim=self.read(session, models.claims.c.id == claim.id),
        row=self._shelf.of_claim(session, claim.id),
    )


def no_bump(*_arguments: Any) -> None:
    """Two rounds may fill one deficit."""


def always_settled(
    self: Any, session: Any, claim: model.Claim, *, grace: Any
) -> bool:
    return True


def fail_any_status(
    self: Any, session: Any, claim: model.Claim, reason: str
) -> None:
    touch_any(
        session, self._clock, claim=claim, status="failed", reason=reason
    )


# -- the hand-over ------------------------------------------------------------


def accept_error_is_failure(
    self: Any, job: Any, claim: Any, row: Any, prepared: Any
) -> Any:
    """An accept that was not answered well has given nothing."""
    try:
        job.tenant.accept(prepared.offer.value)
    except volumeapi.VolumeAPIError as error:
        return self._settlement.evict(claim, row, str(error))
    return self._given(job, claim, row, prepared)


def unmarked_give(original: Any) -> Any:
    """Accept without a recorded offer."""

    def give(self: Any, job: Any, ready: Any) -> Any:
        with mock.patch.object(
            self._store.claims,
            "mark_offered",
            lambda claim, *, transfer_id, lease: claim,
        ):
            return original(self, job, ready)

    return give


def always_taken_back(original: Any) -> Any:
    def take_back(self: Any, row: Any, prepared: Any) -> bool:
        original(self, row, prepared)
        return True

    return take_back


def no_cancel(self: Any, row: Any, prepared: Any) -> bool:
    """Hand back with the offer still open."""
    if not prepared.offer.is_done or not prepared.rename.is_done:
        return False
    self._pool.update_volume(
        preparation.volume_id_of(row),
        name=row.name,
        metadata=planner.shelf_metadata(row, self._deployment),
    )
    return True


def no_restore(self: Any, row: Any, prepared: Any) -> bool:
    """Hand back under the caller's name."""
    if not prepared.offer.is_done or not prepared.rename.is_done:
        return False
    self._pool.cancel(prepared.offer.value.transfer_id)
    return True


# -- look ---------------------------------------------------------------------


def owner_first(
    self: Any, claim: Any, row: Any, tenant: Any, offer: Any
) -> Any:
    """Owner first, offers second: an accept in between is not seen."""
    for _ in range(5):
        try:
            volume = self._pool.get_volume(row.volume_id)
        except volumeapi.NotFound:
            return self._gone(claim, row.volume_id, tenant)
        transfers = self._pool.list_transfers(row.volume_id)
        if not transfers:
            return self._not_offered(claim, volume)
        is_open = volume.status == "awaiting-transfer"
        if is_open and offer and offer.transfer_id in transfers:
            return look.Seen(verdict=look.Verdict.OFFERED)
        for transfer_id in transfers:
            self._cancel(transfer_id)
    return look.Seen(verdict=look.Verdict.UNKNOWN)


def cancel_and_trust(
    self: Any, claim: Any, row: Any, tenant: Any, offer: Any
) -> Any:
    """No second look after a cancel."""
    transfers = self._pool.list_transfers(row.volume_id)
    try:
        volume = self._pool.get_volume(row.volume_id)
    except volumeapi.NotFound:
        return self._gone(claim, row.volume_id, tenant)
    for transfer_id in transfers:
        self._cancel(transfer_id)
    return self._not_offered(claim, volume)


def gone_is_free(
    self: Any, claim: Any, volume_id: Any, tenant: Any
) -> Any:
    """The pool's 404 is taken for a free hand."""
    return look.Seen(verdict=look.Verdict.FOREIGN)


def no_fence(
    self: Any, claim: Any, row: Any, tenant: Any, offer: Any
) -> Any:
    """What is still the pool's is evicted with its offer open."""
    try:
        volume = self._pool.get_volume(row.volume_id)
    except volumeapi.NotFound:
        return self._gone(claim, row.volume_id, tenant)
    return self._not_offered(claim, volume)


def no_proof(
    self: Any, claim: Any, row: Any, *, tenant: Any, offer: Any = None
) -> Any:
    """Look without the compare-and-swap before it."""
    try:
        return self._look(claim, row, tenant, offer)
    except volumeapi.VolumeAPIError:
        return look.Seen(verdict=look.Verdict.UNKNOWN)


# -- a miss -------------------------------------------------------------------


def create_unrecorded(self: Any, job: Any, claim: Any) -> Any:
    """The POST goes out before anything says that it may."""
    return self._create(job, claim)


def unclear_create_fails(self: Any, job: Any, claim: Any) -> Any:
    """A create that was not answered is taken for one that was not made."""
    self._store.endings.fail(claim, reason="not answered")
    raise claim_job.too_late()


def unmarked_create(original: Any) -> Any:
    def create(self: Any, job: Any, claim: Any) -> Any:
        marked = dataclasses.replace(claim, marker=model.Marker("nobody's"))
        return original(self, job, marked)

    return create


# -- reconcile ----------------------------------------------------------------


def trust_listing(
    api: Any, rows: Any, listed: Any
) -> dict[Any, Any]:
    """Absent from the listing is absent."""
    return {
        row.volume_id: listed.get(row.volume_id)
        for row in rows
        if row.volume_id is not None
    }


def no_grace(original: Any) -> Any:
    """An intent that is not seen at once is forgotten."""

    def settle(pool: Any, row: Any, observed: Any, limits: Any) -> Any:
        impatient = dataclasses.replace(
            limits, intent_grace=-limits.intent_grace
        )
        return original(pool, row, observed, impatient)

    return settle


def delete_anything(
    pool: Any, row: Any, volume: Any, *, late: bool
) -> Any:
    if volume.status == "deleting":
        return None
    return actions.Delete(row)


def delete_at_once(self: Any, spec: Any, seen: Any, action: Any) -> None:
    """Delete what should be evicted first."""
    if action.row.volume_id is not None:
        self._api.delete_volume(action.row.volume_id)


def post_again(self: Any, row: Any) -> Any:
    """A create that was not answered is sent once more."""
    wanted = model.NewVolume(
        name=row.name,
        volume_type=row.type,
        snapshot_id=row.snapshot_id,
        size_gib=row.size_gib,
        metadata=planner.shelf_metadata(row, self._deployment),
    )
    for _ in range(2):
        try:
            volume = self._api.create_volume(wanted)
        except volumeapi.VolumeAPIError:
            continue
        self._store.stock.attach(row, volume.id)
        return None
    return "a create was refused"


def all_fit(row: Any, volume: Any, *, deployment: str) -> None:
    return None


def never_there(self: Any, job: Any, claim: Any) -> None:
    """A bound claim's volume is never looked for."""


def ignore_existing(self: Any, job: Any, claim: Any) -> None:
    """A volume of that name is not looked at."""


def condemned_come_back(original: Any) -> Any:
    """A condemned row that Cinder calls available is promoted."""

    def settle(pool: Any, row: Any, volume: Any, *, late: bool) -> Any:
        if volume.status == "available":
            return actions.Promote(row, volume)
        return original(pool, row, volume, late=late)

    return settle
