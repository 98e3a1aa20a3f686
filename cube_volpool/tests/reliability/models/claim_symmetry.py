"""States that differ in nothing that matters are made equal.

Generations count from the oldest that somebody can still match; drivers,
late calls, slots of equal content and, where both begin alike, claims are
put in order.
"""

from cube_volpool.tests.reliability.models.claim_cinder import Cinder
from cube_volpool.tests.reliability.models.claim_guards import Guard, Scenario
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    State,
)

#: The generation of a driver that nothing can match any more.
_STALE = -1


class Symmetry:
    """Chooses one of the states that are equal in all that matters."""

    def __init__(self, scenario: Scenario, cinder: Cinder) -> None:
        self._slots = scenario.slots + scenario.arrivals
        self._cinder = cinder
        self._swaps_claims = scenario.symmetric and not scenario.client
        self._is_blind = Guard.GENERATION in scenario.without

    def normal(self, state: State) -> State:
        """Return the state that stands for this one."""
        state = self._generations(state)
        if state.late_calls:
            state = self._without_void_calls(state)
        if self._swaps_claims:
            state = _sort_claims(state)
        if self._slots > 1:
            state = _sort_slots(state, self._slots)
        if len(state.drivers) > 1:
            state = state._replace(drivers=tuple(sorted(state.drivers)))
        return state

    def _without_void_calls(self, state: State) -> State:
        calls = sorted(
            call
            for call in state.late_calls
            if not self._cinder.is_void(state, call)
        )
        return state._replace(late_calls=tuple(calls))

    def _generations(self, state: State) -> State:
        base = [claim.generation for claim in state.claims]
        undo = list(state.undo)
        for number, before in enumerate(undo):
            if before is not None:
                base[number] = min(base[number], before.claim.generation)
        # One that was opened stays above zero: it was asked for once.
        shift = [max(0, lowest - 1) for lowest in base]
        claims = tuple(
            claim._replace(generation=claim.generation - by)
            if by
            else claim
            for claim, by in zip(state.claims, shift, strict=True)
        )
        drivers = tuple(
            driver._replace(
                generation=_STALE
                if driver.generation < base[driver.claim]
                else driver.generation - shift[driver.claim]
            )
            for driver in state.drivers
        )
        for number, before in enumerate(undo):
            if before is not None and shift[number]:
                claim = before.claim
                claim = claim._replace(
                    generation=claim.generation - shift[number]
                )
                undo[number] = before._replace(claim=claim)
        return state._replace(
            claims=claims, drivers=drivers, undo=tuple(undo)
        )


def _sort_claims(state: State) -> State:
    order = sorted(
        range(len(state.claims)), key=lambda number: state.claims[number]
    )
    if order == list(range(len(order))):
        return state
    new = {old: number for number, old in enumerate(order)}
    new[NONE] = NONE
    return state._replace(
        claims=tuple(state.claims[old] for old in order),
        undo=tuple(
            _renamed(state.undo[old], new) for old in order if state.undo
        ),
        rows=tuple(
            row._replace(claim=new[row.claim]) for row in state.rows
        ),
        volumes=tuple(
            volume._replace(owner=new[volume.owner], name=new[volume.name])
            for volume in state.volumes
        ),
        drivers=tuple(
            driver._replace(claim=new[driver.claim])
            for driver in state.drivers
        ),
        late_calls=tuple(
            call._replace(claim=new[call.claim]) for call in state.late_calls
        ),
    )


def _sort_slots(state: State, slots: int) -> State:
    def key(slot: int):
        row, volume = state.rows[slot], state.volumes[slot]
        return row.status, row.claim, volume

    order = sorted(range(slots), key=key)
    if order == list(range(slots)):
        return state
    new = {old: slot for slot, old in enumerate(order)}
    for other in range(slots, len(state.volumes)):
        new[other] = other
    new[NONE] = NONE
    made = state.volumes[slots:]
    return state._replace(
        rows=tuple(state.rows[old] for old in order),
        volumes=(*(state.volumes[old] for old in order), *made),
        claims=tuple(
            claim._replace(volume=new[claim.volume])
            for claim in state.claims
        ),
        drivers=tuple(
            driver._replace(
                slot=new[driver.slot], volume=new[driver.volume]
            )
            for driver in state.drivers
        ),
        late_calls=tuple(
            call._replace(slot=new[call.slot]) for call in state.late_calls
        ),
        undo=tuple(_moved(before, new) for before in state.undo),
    )


def _renamed(before, new: dict[int, int]):
    if before is None:
        return None
    row = before.row._replace(claim=new[before.row.claim])
    return before._replace(row=row)


def _moved(before, new: dict[int, int]):
    if before is None:
        return None
    claim = before.claim._replace(volume=new[before.claim.volume])
    return before._replace(slot=new[before.slot], claim=claim)


