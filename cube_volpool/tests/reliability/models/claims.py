"""The claim protocol as an explicit-state model.

Claims of several projects, some rows on the shelf, drivers that are threads
of any daemons (a stale one is a zombie) and rescue.  One step is one Cinder
call that runs, or one commit; in between everything else may happen.  A call
may also run late, or never, or be run and not answered; a driver may die at
any point.

Several claims of one request are as many drivers: one commit in the place of
several takes interleavings away and adds none, and from then on each goes its
own way.

What it assumes, because the protocol does: a process is not stopped between
its last look at the deadline and the call after it for longer than
``miss_grace``, or than the margin of the caller's fallback.
"""

from collections.abc import Callable, Iterator
from typing import Final

from cube_volpool.model import ClaimStatus, RowStatus
from cube_volpool.tests.reliability.models import (
    claim_handover,
    claim_look,
    claim_miss,
    claim_opening,
    claim_release,
    claim_world,
    ledger,
)
from cube_volpool.tests.reliability.models.claim_cinder import Cinder
from cube_volpool.tests.reliability.models.claim_guards import Scenario
from cube_volpool.tests.reliability.models.claim_ledger import Transactions
from cube_volpool.tests.reliability.models.claim_state import (
    POOL,
    SHELF,
    ClaimRow,
    Client,
    Phase,
    Row,
    State,
    Status,
    Volume,
)
from cube_volpool.tests.reliability.models.claim_symmetry import Symmetry
from cube_volpool.tests.reliability.models.claim_turn import (
    Parts,
    Steps,
    Turn,
)

_PROGRAM: Final[dict[Phase, Callable[[Turn], Steps]]] = {
    Phase.PREPARE: claim_handover.prepare,
    Phase.MARK_OFFERED: claim_handover.mark_offered,
    Phase.ACCEPT: claim_handover.accept,
    Phase.ACCEPTING: claim_handover.accepting,
    Phase.BIND: claim_handover.bind,
    Phase.CANCEL: claim_release.cancel,
    Phase.RESTORE: claim_release.restore,
    Phase.HAND_BACK: claim_release.hand_back,
    Phase.EVICT: claim_release.evict,
    Phase.FAIL: claim_miss.give_up,
    Phase.FAIL_EMPTY: claim_miss.fail_empty,
    Phase.LOSE: claim_look.lose,
    Phase.RESERVE: claim_miss.reserve,
    Phase.UNRESERVE: claim_miss.unreserve,
    Phase.LOOK_RENEW: claim_look.renew,
    Phase.LOOK_LIST: claim_look.list_transfers,
    Phase.LOOK_GET: claim_look.get_volume,
    Phase.LOOK_CANCEL: claim_look.cancel,
    Phase.LOOK_TENANT: claim_look.look_in_tenant,
    Phase.LOOK_TENANT_AGAIN: claim_look.look_in_tenant,
    Phase.LOOK_GONE_AGAIN: claim_look.gone_again,
    Phase.MISS_LOOK_UP: claim_miss.look_up,
    Phase.BEGIN_MISS: claim_miss.begin_miss,
    Phase.POST: claim_miss.post,
    Phase.MISS_FIND: claim_miss.find,
    Phase.SETTLE_RENEW: claim_miss.settle_renew,
    Phase.SETTLE: claim_miss.settle,
    Phase.SETTLE_AGAIN: claim_miss.settle,
    Phase.REOPEN: claim_miss.reopen,
    Phase.OPEN_AGAIN: claim_miss.open_again,
    Phase.BOUND_GET: claim_miss.get_bound,
    Phase.BOUND_GET_AGAIN: claim_miss.get_bound,
    Phase.UNBIND: claim_miss.unbind,
}


class ClaimModel:
    """One run: how it begins and what is left to chance."""

    def __init__(
        self, scenario: Scenario, tables: ledger.Tables | None = None
    ) -> None:
        self.scenario = scenario
        cinder = Cinder(scenario)
        self.tables = tables or ledger.Tables()
        self._parts = Parts(
            scenario, cinder, Transactions(scenario, self.tables)
        )
        self._symmetry = Symmetry(scenario, cinder)
        self._world = claim_world.World(self._parts)

    def initial(self) -> State:
        """Nothing asked yet, the shelf filled."""
        scenario = self.scenario
        here, later = scenario.slots, scenario.arrivals
        return State(
            claims=(ClaimRow(),) * scenario.claims,
            rows=(Row(),) * here + (Row(ledger.GONE),) * later,
            volumes=(Volume(),) * (here + later),
            faults=scenario.faults,
            client=Client.ASKING if scenario.client else Client.NONE,
            undo=(None,) * scenario.claims if scenario.faults.lost else (),
        )

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        """Return what may happen next."""
        for label, following in self._all_steps(state):
            yield label, self._symmetry.normal(following)

    def _all_steps(self, state: State) -> Steps:
        if len(state.drivers) < self.scenario.drivers:
            for number in range(len(state.claims)):
                yield from claim_opening.begin(self._parts, state, number)
        for place, driver in enumerate(state.drivers):
            turn = Turn(self._parts, state, place)
            yield from _PROGRAM[driver.phase](turn)
            if state.faults.crashes:
                yield from claim_release.crash(turn.spend("crashes"))
        yield from self._world.steps(state)

    def violation(self, state: State) -> str | None:
        """Say which invariant does not hold."""
        found = (
            state.broken,
            *_of_volumes(state),
            *_of_claims(state),
        )
        for wrong in found:
            if wrong and wrong.split(":")[0] not in self.scenario.weakened:
                return wrong
        return None

    def is_clean(self, state: State) -> bool:
        """Is every claim answered, every volume delivered or on the shelf?"""
        if state.drivers or state.late_calls:
            return False
        settled = [ClaimStatus.BOUND, ClaimStatus.FAILED, ledger.UNOPENED]
        if not self.scenario.rescue_sees_tenant:
            # Only the caller's own retry can say what became of a create.
            settled.append(ClaimStatus.CREATING)
        if any(claim.status not in settled for claim in state.claims):
            return False
        return all(
            self._is_settled(state, place)
            for place in range(len(state.volumes))
        )

    def _is_settled(self, state: State, place: int) -> bool:
        volume = state.volumes[place]
        row = state.rows[place] if place < len(state.rows) else None
        if volume.status is Status.DELETED or volume.owner != POOL:
            # It is gone, or it is the caller's: no row may be left.
            return row is None or row.status == ledger.GONE
        if row is not None and row.status == ledger.GONE:
            return state.volumes[place] == Volume()
        shelved = volume.status is Status.AVAILABLE and volume.name == SHELF
        return bool(row and row.status == RowStatus.AVAILABLE and shelved)


def _of_volumes(state: State) -> Iterator[str]:
    """Invariants that Cinder's truth decides."""
    owned = [
        volume.owner
        for volume in state.volumes
        if volume.owner != POOL and volume.status is not Status.DELETED
    ]
    if len(owned) != len(set(owned)):
        yield "I2: two volumes for one name"
    for row, volume in zip(state.rows, state.volumes, strict=False):
        if row.status == RowStatus.AVAILABLE and volume.owner != POOL:
            yield "I3: a row on the shelf whose volume was given"


def _of_claims(state: State) -> Iterator[str]:
    """Invariants of what callers were told."""
    bound = set()
    for number, claim in enumerate(state.claims):
        if claim.status == ClaimStatus.BOUND:
            volume = state.volumes[claim.volume]
            if claim.volume in bound:
                yield "I1: two claims bound to one volume"
            bound.add(claim.volume)
            if volume.owner != number:
                yield "I1: bound to a volume of another project"
            if volume.name != number:
                yield "I4: bound to a volume of another name"
        elif claim.status == ClaimStatus.FAILED and any(
            volume.owner == number
            and not volume.own
            and volume.status is not Status.DELETED
            for volume in state.volumes
        ):
            yield "I11: the claim failed, and its volume is there"
