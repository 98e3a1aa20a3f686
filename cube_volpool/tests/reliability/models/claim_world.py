"""What happens beside the drivers: late calls, reconcile, time, callers."""

from collections.abc import Iterator

from cube_volpool.model import UNDER_WAY, ClaimStatus, RowStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.claim_cinder import (
    is_pools,
    live_volume,
    set_volume,
)
from cube_volpool.tests.reliability.models.claim_guards import Guard, Lesson
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    SHELF,
    Client,
    Miss,
    Outcome,
    Phase,
    State,
    Status,
    Volume,
)
from cube_volpool.tests.reliability.models.claim_turn import (
    Parts,
    Steps,
    add_call,
    spend,
)

_R = RowStatus
#: Calls after which a volume is in the caller's project.
_GIVING = (Phase.ACCEPT, Phase.ACCEPTING, Phase.POST)


class World:
    """Everybody but the drivers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def steps(self, state: State) -> Steps:
        """Return what may happen next."""
        yield from self._late_calls(state)
        for slot in range(len(state.rows)):
            yield from self._reconcile(state, slot)
        for number in range(len(state.claims)):
            yield from self._of_claim(state, number)
        if state.client is not Client.NONE:
            yield from self._caller(state)

    def _late_calls(self, state: State) -> Steps:
        for place, call in enumerate(state.late_calls):
            rest = state.late_calls[:place] + state.late_calls[place + 1 :]
            without = state._replace(late_calls=rest)
            what = f"late {call.phase} for c{call.claim}"
            yield f"{what} is lost", without
            after, outcome = self._parts.cinder.run(without, call)
            if call.phase is Phase.ACCEPT and outcome is Outcome.DONE:
                after = add_call(
                    after, call._replace(phase=Phase.ACCEPTING)
                )
            yield f"{what} runs: {outcome}", after

    def _reconcile(self, state: State, slot: int) -> Steps:
        """Rounds and audits; the stock of this model does not grow back."""
        row, volume = state.rows[slot], state.volumes[slot]
        if row.status == ledger.GONE and volume == Volume():
            yield from self._arrival(state, slot)
        elif row.status == _R.DELETING:
            yield from self._remove(state, slot)
        elif row.status == _R.AVAILABLE and self._parts.has(Guard.SWEEPER):
            is_shelved = (
                volume.status is Status.AVAILABLE and volume.name == SHELF
            )
            if not self._is_visible(state, slot):
                yield self._row(state, slot, ledger.GONE, "audit: 404")
            elif not is_shelved:
                yield self._row(
                    state, slot, _R.DELETING, "audit: not as it was"
                )
        elif row.status == _R.RESERVED and self._is_stray(state, slot):
            yield self._stray(state, slot)
        elif volume.doomed:
            yield from self._delete(state, slot, "late DELETE")

    def _is_stray(self, state: State, slot: int) -> bool:
        if Lesson.STRAY_ROWS not in self._parts.scenario.learnt:
            return False
        claim = state.claims[state.rows[slot].claim]
        return claim.status not in UNDER_WAY

    def _stray(self, state: State, slot: int):
        changed = self._parts.ledger.change_row(
            state, slot, _R.DELETING, actor="rescue"
        )
        return f"rescue, v{slot}: its claim is over", changed

    def _row(self, state: State, slot: int, to: str, text: str):
        changed = self._parts.ledger.change_row(
            state, slot, to, actor="reconcile"
        )
        return f"reconcile, v{slot}: {text}", changed

    def _arrival(self, state: State, slot: int) -> Steps:
        """A create of top-up is finished."""
        state = self._parts.ledger.change_row(
            state, slot, _R.CREATING, actor="reconcile"
        )
        yield self._row(state, slot, _R.AVAILABLE, "a new volume is ready")

    def _remove(self, state: State, slot: int) -> Steps:
        """A condemned volume: cancel, delete, until Cinder says 404."""
        if not self._is_visible(state, slot):
            yield self._row(state, slot, ledger.GONE, "404, the row goes")
            return
        is_offered = state.volumes[slot].status is Status.OFFERED
        if is_offered and self._parts.has(Guard.DELETE_CANCELS):
            after = self._parts.cinder.end_transfer(state, slot)
            yield (
                f"reconcile, v{slot}: cancels the offer",
                set_volume(after, slot, status=Status.AVAILABLE),
            )
        yield from self._delete(state, slot, "DELETE")

    def _is_visible(self, state: State, slot: int) -> bool:
        """Does the pool's keyring get anything but 404?"""
        if self._parts.has(Guard.PLAIN_MEMBER):
            return is_pools(state, slot)
        return state.volumes[slot].status is not Status.DELETED

    def _delete(self, state: State, slot: int, text: str) -> Steps:
        after = self._parts.cinder.delete(state, slot)
        if after is not None:
            yield f"reconcile, v{slot}: {text}", after

    def _of_claim(self, state: State, number: int) -> Steps:
        claim = state.claims[number]
        if claim.miss is Miss.YOUNG and not self._may_post(state, number):
            claims = list(state.claims)
            claims[number] = claim._replace(miss=Miss.OLD)
            yield (
                f"the grace of c{number}'s create is over",
                state._replace(claims=tuple(claims)),
            )
        if state.faults.deletes and claim.status == ClaimStatus.BOUND:
            volume = state.volumes[claim.volume]
            if volume.owner == number and volume.status is not Status.DELETED:
                after = spend(state, "deletes")
                after = set_volume(
                    after, claim.volume, status=Status.DELETED
                )
                yield f"the owner deletes the volume of c{number}", after
        if state.faults.lost and self._may_lose(state, number):
            yield (
                f"the last commit of c{number} is lost",
                self._parts.ledger.lose(state, number),
            )

    def _may_lose(self, state: State, number: int) -> bool:
        is_intent = state.claims[number].status == ClaimStatus.CREATING
        if is_intent and not self._parts.scenario.loses_intents:
            return False
        return state.undo[number] is not None

    def _may_post(self, state: State, number: int) -> bool:
        """Can a create of this claim still run?"""
        return any(
            claim == number and phase is Phase.POST
            for claim, phase in _under_way(state)
        )

    def _caller(self, state: State) -> Steps:
        """The fallback of claim 0's caller."""
        if state.client is Client.ASKING:
            has_margin = self._parts.has(Guard.MARGIN)
            if not (has_margin and self._may_be_given(state)):
                looks = self._parts.has(Guard.SECOND_LOOK_UP)
                then = Client.OVER if looks else Client.MAY_CREATE
                yield "c0's caller: it is over", state._replace(client=then)
        elif state.client is Client.OVER:
            found = live_volume(state, 0) != NONE
            then = Client.DONE if found else Client.MAY_CREATE
            yield "c0's caller looks up", state._replace(client=then)
        elif state.client in (Client.EMPTY, Client.MAY_CREATE):
            own = Volume(owner=0, name=0, own=True)
            yield (
                "c0's caller creates by itself",
                state._replace(
                    volumes=(*state.volumes, own), client=Client.DONE
                ),
            )

    def _may_be_given(self, state: State) -> bool:
        """Can a call of claim 0 still bring a volume?"""
        return any(
            claim == 0 and phase in _GIVING
            for claim, phase in _under_way(state)
        )


def _under_way(state: State) -> Iterator[tuple[int, str]]:
    """Return the claim and the phase of every driver and late call."""
    yield from ((d.claim, d.phase) for d in state.drivers)
    yield from ((call.claim, call.phase) for call in state.late_calls)


