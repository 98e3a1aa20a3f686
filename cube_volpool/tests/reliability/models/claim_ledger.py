"""The ledger's transactions of the claim model: compare, and swap.

The condition of the code is stronger in one point: a row is compared by its
generation too.  It is left out here, and nothing breaks: whoever changes a
reserved row changes its claim in the same transaction, and the claim's
generation says no.
"""

from collections.abc import Iterator

from cube_volpool.model import ClaimStatus, RowStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.claim_guards import Guard, Scenario
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    ClaimRow,
    Driver,
    Miss,
    Row,
    State,
    Undo,
)

_C = ClaimStatus
_R = RowStatus


class Transactions:
    """Each returns the state after its commit, None for a lost race."""

    def __init__(self, scenario: Scenario, tables: ledger.Tables) -> None:
        self._tables = tables
        self._blind = Guard.GENERATION in scenario.without

    def is_current(self, state: State, driver: Driver) -> bool:
        """Is the claim as this driver read it?"""
        claim = state.claims[driver.claim]
        if claim.status != driver.status:
            return False
        return self._blind or claim.generation == driver.generation

    def change(
        self,
        state: State,
        driver: Driver,
        *,
        to: ClaimStatus | None = None,
        row_to: str = "",
        **changes,
    ) -> State | None:
        """Change the claim of a driver, and its row, in one transaction.

        ``to=None`` touches the claim; ``row_to=""`` leaves the row alone.
        """
        if not self.is_current(state, driver):
            return None
        moves = []
        claim = state.claims[driver.claim]
        row, new_row = None, None
        if row_to:
            row = state.rows[driver.slot]
            if row.status != _R.RESERVED:
                return None
            moves.append(ledger.Move(row.status, row_to, driver.actor))
            new_row = Row(row_to)
        if to is not None:
            moves.append(ledger.Move(claim.status, to))
            changes["status"] = to
        return self.commit(
            state,
            driver.claim,
            claim._replace(**changes),
            slot=driver.slot if row_to else NONE,
            row=new_row,
            moves=moves,
        )

    def reserve(
        self, state: State, number: int, claim: ClaimRow, *, slot: int, moves
    ) -> State:
        """Commit a claim, and a row of the shelf for it when there is one."""
        if slot == NONE:
            return self.commit(state, number, claim, moves=moves)
        moves = [*moves, ledger.Move(_R.AVAILABLE, _R.RESERVED, "claimant")]
        return self.commit(
            state,
            number,
            claim,
            slot=slot,
            row=Row(_R.RESERVED, number),
            moves=moves,
        )

    def reserve_again(
        self, state: State, number: int
    ) -> Iterator[tuple[int, State]]:
        """Commit another row for a claim; or the one that it has still.

        The latter is one whose eviction is lost.
        """
        claim, held = state.claims[number], self.row_of(state, number)
        if held != NONE:
            yield held, self.commit(state, number, claim, moves=[])
            return
        for slot in self.candidates(state):
            yield (
                slot,
                self.reserve(state, number, claim, slot=slot, moves=[]),
            )

    def candidates(self, state: State) -> list[int]:
        """Return the rows that a claim may take; NONE alone when none."""
        slots = [
            slot
            for slot, row in enumerate(state.rows)
            if row.status == _R.AVAILABLE
        ]
        return slots or [NONE]

    def row_of(self, state: State, number: int) -> int:
        """Return the row that a claim has reserved, or NONE."""
        for slot, row in enumerate(state.rows):
            if row.claim == number:
                return slot
        return NONE

    def commit(
        self,
        state: State,
        number: int,
        claim: ClaimRow,
        *,
        slot: int = NONE,
        row: Row | None = None,
        moves,
    ) -> State:
        """Write a claim and perhaps a row: the one place that does."""
        refusal = self._tables.refusal(moves)
        if refusal:
            return state._replace(broken=refusal)
        if claim.generation < state.claims[number].generation:
            return state._replace(broken="I12: a generation went back")
        before = Undo(state.claims[number], NONE, Row())
        rows = state.rows
        if row is not None:
            before = before._replace(slot=slot, row=rows[slot])
            rows = rows[:slot] + (row,) + rows[slot + 1 :]
        claims = list(state.claims)
        claims[number] = claim
        state = state._replace(claims=tuple(claims), rows=rows)
        if not state.faults.lost:
            return state
        return _remember(state, number, before)

    def change_row(
        self, state: State, slot: int, row_to: str, *, actor: str
    ) -> State:
        """Change a row that no claim has: reconcile's business."""
        seen = state.rows[slot].status
        refusal = self._tables.refusal([ledger.Move(seen, row_to, actor)])
        if refusal:
            return state._replace(broken=refusal)
        rows = list(state.rows)
        rows[slot] = Row(row_to)
        return _forget(state._replace(rows=tuple(rows)), slot)

    def lose(self, state: State, number: int) -> State:
        """Let the last commit of a claim vanish, as a cluster may."""
        undo = state.undo[number]
        assert undo is not None
        claims, rows = list(state.claims), list(state.rows)
        claims[number] = undo.claim
        if undo.claim.status == ledger.UNOPENED:
            # One that is inserted again gets another id, which is as good
            # as a generation that nobody else has.
            claims[number] = undo.claim._replace(
                generation=state.claims[number].generation
            )
        volumes = list(state.volumes)
        if undo.slot != NONE:
            if rows[undo.slot].status == _R.DELETING:
                volumes[undo.slot] = volumes[undo.slot]._replace(doomed=True)
            rows[undo.slot] = undo.row
        return state._replace(
            claims=tuple(claims),
            rows=tuple(rows),
            volumes=tuple(volumes),
            undo=(None,) * len(claims),
            faults=state.faults._replace(lost=state.faults.lost - 1),
        )


def _remember(state: State, number: int, before: Undo) -> State:
    if before.slot != NONE:
        state = _forget(state, before.slot)
    undo = list(state.undo)
    undo[number] = before
    return state._replace(undo=tuple(undo))


def _forget(state: State, slot: int) -> State:
    """A row was changed since: what was before is no last commit any more."""
    return state._replace(
        undo=tuple(
            None if undo is not None and undo.slot == slot else undo
            for undo in state.undo
        )
    )


def fresh(generation: int) -> ClaimRow:
    """Return a claim that was just opened, or opened again."""
    return ClaimRow(_C.PENDING, generation, NONE, Miss.NONE)
