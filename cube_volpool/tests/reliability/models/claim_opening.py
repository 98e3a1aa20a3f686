"""How drivers begin: requests that open a claim, and rescue."""

from cube_volpool.model import UNDER_WAY, Actor, ClaimStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.claim_guards import Guard
from cube_volpool.tests.reliability.models.claim_ledger import fresh
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    Client,
    Driver,
    Key,
    Outcome,
    Phase,
    State,
    Why,
)
from cube_volpool.tests.reliability.models.claim_turn import (
    Parts,
    Step,
    Steps,
    Turn,
    spend,
)

_C = ClaimStatus


def begin(parts: Parts, state: State, number: int) -> Steps:
    """A request for a claim, or a rescue of it, arrives at some daemon."""
    claim = state.claims[number]
    if claim.status in UNDER_WAY:
        yield from _take_over(parts, state, number)
    elif claim.status == ledger.UNOPENED and not claim.generation:
        yield from _request(parts, state, number)
    elif state.faults.repeats:
        yield from _request(parts, spend(state, "repeats"), number)


def _request(parts: Parts, state: State, number: int) -> Steps:
    if _is_over(parts, state, number):
        return
    claim = state.claims[number]
    phase = Phase.OPEN_AGAIN
    if claim.status == _C.BOUND:
        phase = Phase.BOUND_GET
    turn = _start(parts, state, number, phase=phase)
    if phase is Phase.BOUND_GET:
        yield turn.set(volume=claim.volume).go("finds the claim bound")
    else:
        yield from opened(turn)


def _is_over(parts: Parts, state: State, number: int) -> bool:
    """Does the caller of this claim ask no more?"""
    if number != 0 or state.client in (Client.NONE, Client.ASKING):
        return False
    # What was sent before may be read after.
    lingers = parts.scenario.trusts_late_empty
    return not (lingers and state.client is Client.EMPTY)


def _start(
    parts: Parts,
    state: State,
    number: int,
    *,
    actor: Actor = Actor.CLAIMANT,
    phase: Phase,
) -> Turn:
    """Add a driver, with the claim as it reads it now."""
    claim = state.claims[number]
    driver = Driver(
        claim=number,
        actor=actor,
        generation=claim.generation,
        status=claim.status,
        phase=phase,
    )
    state = state._replace(drivers=(*state.drivers, driver))
    return Turn(parts, state, len(state.drivers) - 1)


def _take_over(parts: Parts, state: State, number: int) -> Steps:
    """The lease is over: of a dead driver for free, of a live one rarely."""
    claim = state.claims[number]
    is_alive = any(
        driver.claim == number and driver.generation == claim.generation
        for driver in state.drivers
    )
    if is_alive and not state.faults.takeovers:
        return
    if is_alive:
        state = spend(state, "takeovers")
    if state.faults.repeats and not _is_over(parts, state, number):
        asked = spend(state, "repeats")
        yield _taken_over(parts, asked, number, Actor.CLAIMANT)
    sees = parts.scenario.rescue_sees_tenant
    if not parts.has(Guard.RESCUE):
        return
    if claim.status != _C.CREATING or sees:
        yield _taken_over(parts, state, number, Actor.RESCUE)


def _taken_over(
    parts: Parts, state: State, number: int, actor: Actor
) -> Step:
    claim = state.claims[number]
    claim = claim._replace(generation=claim.generation + 1)
    state = parts.ledger.commit(state, number, claim, moves=[])
    slot = parts.ledger.row_of(state, number)
    if claim.status == _C.CREATING:
        phase = Phase.SETTLE_RENEW
    elif slot != NONE:
        phase = Phase.LOOK_RENEW
    elif actor is Actor.RESCUE:
        phase = Phase.FAIL
    else:
        phase = Phase.RESERVE
    turn = _start(parts, state, number, actor=actor, phase=phase)
    attempts = 0 if phase is Phase.RESERVE else 1
    turn = turn.set(slot=slot, why=Why.RESUME, attempts=attempts)
    return turn.go("takes the claim over")


def opened(turn: Turn) -> Steps:
    """Open the driver's claim afresh and reserve a row, in one commit."""
    ours, number = turn.parts.ledger, turn.driver.claim
    if ours.row_of(turn.state, number) != NONE and any(
        slot != NONE for slot in ours.candidates(turn.state)
    ):
        yield turn.stop("a row of a life before: the unique key says no")
        return
    claim = turn.state.claims[number]
    moves = [ledger.Move(claim.status, _C.PENDING)]
    new = fresh(claim.generation + 1)
    for slot in ours.candidates(turn.state):
        state = ours.reserve(
            turn.state, number, new, slot=slot, moves=moves
        )
        after = turn.on(state).set(
            generation=new.generation,
            status=_C.PENDING,
            volume=NONE,
            attempts=1,
            # What was answered before was of another attempt.
            failed=False,
        )
        yield reserved(after, slot)


def reserved(turn: Turn, slot: int) -> Step:
    """Begin with a row, or with a miss when there is none."""
    phase = Phase.PREPARE
    if slot == NONE:
        on_miss = turn.scenario.on_miss_create
        phase = Phase.MISS_LOOK_UP if on_miss else Phase.FAIL_EMPTY
    turn = turn.set(
        slot=slot,
        key=Key.NONE,
        look_up=Outcome.OUT,
        rename=Outcome.OUT,
        offer=Outcome.OUT,
        accepted=Outcome.OUT,
        accepts=0,
        in_doubt=False,
        phase=phase,
    )
    return turn.go("reserved a row" if slot != NONE else "no row: a miss")
