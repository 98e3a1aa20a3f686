"""The invariants that hold after every step, looked at as it happens.

*Source:* the facts on reliability, I1 to I12. A volume that somebody touched
by hand is left out where its looks are judged, never where it is counted who
got it.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from cube_volpool import exception, model, settings, twin, volumeapi
from cube_volpool.db.store import PARTS
from cube_volpool.tests import world
from cube_volpool.tests.reliability.histories import (
    currents,
    delivery,
    supply,
)
from cube_volpool.tests.reliability.histories.hub import Call
from cube_volpool.tests.reliability.histories.trail import (
    Change,
    Claim,
    Row,
    Trail,
)
from cube_volpool.tests.simulator import Cloud

_R = model.RowStatus
_C = model.ClaimStatus
_MOVES: Final = {(old, new) for old, new in model.TRANSITIONS}
#: Store methods that may be called with a value that was overtaken.
_READS: Final = frozenset({"is_miss_settled", "is_still_intent", "get"})
#: Every call of the pool's keyring that changes a volume.
_TOUCHES: Final = frozenset({"update_volume", "offer", "delete_volume"})
#: No look is older when what it led to is sent.
_LONG_AGO: Final = 600.0
#: What takes a row out of a pool, by a round.
_LEAVING: Final = frozenset({"stock.evict", "stock.forget"})



class Watch:
    """Looks at every call; ``problems`` is what it found wrong.

    Args:
        arrived: told (claim call, claim, volume id) of every volume that
            comes into a tenant's project.
        configs: the settings that may be in force just now.
        seconds: the clock that callers live by.
    """

    def __init__(
        self,
        cloud: Cloud,
        trail: Trail,
        *,
        arrived: delivery.Arrived,
        configs: Callable[[], list[settings.Settings]],
        ledger_now: Callable[[], datetime],
        seconds: Callable[[], float],
    ) -> None:
        self.problems: list[str] = []
        #: Volumes that were touched by hand.
        self.by_hand: set[str] = set()
        #: Volumes that lost our marker by hand, and when: a round lasts by the
        #: clock of processes, whatever leaps the ledger makes.
        self.unmarked: dict[str, float] = {}
        self._cloud = cloud
        self._trail = trail
        self._pool_id = cloud.project_id("volpool")
        self._seconds = seconds
        self.currents = currents.Currents(trail, now=seconds)
        self.supply = supply.Supply(trail, configs, now=ledger_now)
        self.delivery = delivery.Delivery(
            cloud, trail, by_hand=self.by_hand, arrived=arrived
        )

    def wrong(self, text: str) -> None:
        """Note something that must not be."""
        self.problems.append(text)

    # -- calls ----------------------------------------------------------------

    def before(self, call: Call) -> None:
        """A call is about to be executed."""
        if call.door in PARTS:
            if call.method not in _READS:
                call.note = [*self._overtaken(call)]
        elif call.method in _TOUCHES and call.door == "pool":
            volume_id = call.arguments[0]
            call.note = self._cloud.volumes.get(volume_id)
            if call.method == "delete_volume":
                self._may_delete(volume_id)

    def after(self, call: Call, outcome: tuple[bool, Any]) -> None:
        """A call was executed; ``outcome`` is what it came to."""
        if not outcome[0] and is_defect(outcome[1]):
            self.wrong(f"{call.name} raised {outcome[1]!r}")
        if call.door in ("pools", "images"):
            self.currents.read()
        if call.door in PARTS:
            changes = self._trail.read()
            if call.note and outcome[0]:
                self.wrong(f"I12: {call.name} with {call.note[0]} went on")
            for change in changes:
                self._changed(call, change)
            if call.name in _LEAVING and isinstance(
                outcome[1], exception.LostRace
            ):
                self.supply.lost(call.arguments[0])
        elif outcome[0] and call.method == "accept":
            self.wrong_many(self.delivery.accepted(call))
        elif outcome[0] and call.door == "tenant":
            self.wrong_many(self.delivery.told(call, outcome[1]))
        elif outcome[0] and call.door == "pool":
            self._touched(call, outcome[1])

    def _overtaken(self, call: Call) -> Iterator[str]:
        """Yield each value of a call that is not the ledger's any more."""
        for value in (*call.arguments, *call.keywords.values()):
            known: Row | Claim | None
            if isinstance(value, model.PooledVolume):
                known = self._trail.rows.get(value.id)
            elif isinstance(value, model.Claim):
                known = self._trail.claims.get(value.id)
            else:
                continue
            if known is None or (known.generation, known.status) != (
                value.generation,
                value.status,
            ):
                yield f"an overtaken {type(value).__name__} {value.id}"

    # -- the ledger -----------------------------------------------------------

    def _changed(self, call: Call, change: Change) -> None:
        old, new = change.old, change.new
        if old and new and new.generation < old.generation:
            self.wrong(f"I12: {change.table} {old.id} went back")
        if change.table == "claims":
            self._claim_changed(old, new)
        else:
            self._row_changed(call, old, new)

    def _row_changed(
        self, call: Call, old: Row | None, new: Row | None
    ) -> None:
        was = None if old is None else _R(old.status)
        is_now = None if new is None else _R(new.status)
        if was is not is_now and (was, is_now) not in _MOVES:
            self.wrong(f"I8: {call.name} moved a row from {was} to {is_now}")
        if new is not None and is_now is _R.AVAILABLE:
            self.wrong_many(self.shelf(new))
        self.wrong_many(self.supply.changed(call, old, new))

    def _claim_changed(self, old: Claim | None, new: Claim | None) -> None:
        if new is None:
            return
        was = None if old is None else _C(old.status)
        is_now = _C(new.status)
        if (
            was
            and was is not is_now
            and (was, is_now) not in model.CLAIM_TRANSITIONS
        ):
            self.wrong(f"claim {new.id}: {was} to {is_now}")
        if is_now is _C.FAILED:
            self.wrong_many(self.delivery.failed(new))
        if is_now is _C.BOUND and was is not _C.BOUND and new.volume_id:
            self.wrong_many(self.delivery.bound(new, new.volume_id))

    # -- Cinder ---------------------------------------------------------------

    def _may_delete(self, volume_id: str) -> None:
        """I8: a DELETE is for condemned volumes of ours alone."""
        row = self._trail.by_volume.get(volume_id)
        volume = self._cloud.volumes.get(volume_id)
        if volume is None or volume.project_id != self._pool_id:
            # It moves nothing: a plain member is answered 404.
            return
        if row is not None and row.status != _R.DELETING:
            self.wrong(f"I8: a DELETE of {volume_id}, which is {row.status}")
        # Whoever sends it may have looked before the marker went.
        unmarked = self.unmarked.get(volume_id, self._seconds())
        marked = model.DEPLOYMENT_KEY in volume.metadata
        if not marked and (
            volume_id not in self.by_hand
            or self._seconds() - unmarked > _LONG_AGO
        ):
            self.wrong(f"I8: a DELETE of {volume_id}, which is not ours")

    def _touched(self, call: Call, value: Any) -> None:
        """I3: nobody lays hands on what is on the shelf."""
        if call.method == "offer":
            self.delivery.offers[value.transfer_id] = call.arguments[0]
        if call.method == "update_volume":
            self.delivery.renamed(call.arguments[0])
        if call.method == "delete_volume":
            self.wrong_many(self.supply.deleted(call.arguments[0]))
        if call.method not in _TOUCHES:
            return
        row = self._trail.by_volume.get(call.arguments[0])
        if row is not None and row.status == _R.AVAILABLE:
            self.wrong(f"I3: {call.name} of {row.volume_id} on the shelf")

    # -- looks ----------------------------------------------------------------

    def shelf(self, row: Row) -> Iterator[str]:
        """I3: what is on the shelf is the pool's, and as it was made."""
        volume = self._cloud.volumes.get(row.volume_id or "")
        if volume is None or volume.id in self.by_hand:
            if row.volume_id not in self.by_hand:
                yield f"I3: row {row.id} is on the shelf without a volume"
            return
        wrong = {
            "owner": volume.project_id != self._pool_id,
            "status": volume.status not in ("available", "error"),
            "name": volume.name != row.name,
            "markers": volume.metadata != _shelved(row),
            "content": self._cloud.content_of(volume.snapshot_id or "")
            != row.snapshot_id,
            "claim": row.claim_id is not None,
        }
        for what, is_wrong in wrong.items():
            if is_wrong:
                yield f"I3: row {row.id} is on the shelf, wrong {what}"

    def wrong_many(self, found: Iterator[str]) -> None:
        """Note what a look found."""
        self.problems += found


def _shelved(row: Row) -> dict[str, str]:
    """Return the metadata that a volume on the shelf is to have."""
    made = {
        model.DEPLOYMENT_KEY: world.DEPLOYMENT,
        model.MARKER_KEY: row.marker,
        model.POOL_KEY: row.pool,
    }
    return made | ({twin.SOURCE_KEY: row.snapshot_id} if row.twin_id else {})


def is_defect(error: Exception) -> bool:
    """Is it an error that nobody may ever see?"""
    return isinstance(error, exception.ForbiddenTransition) or not isinstance(
        error, volumeapi.VolumeAPIError | exception.VolpoolError
    )
