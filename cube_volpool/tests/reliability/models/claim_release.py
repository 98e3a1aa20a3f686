"""How a driver lets its row go, as ``preparation.take_back`` has it."""

from cube_volpool.model import ClaimStatus
from cube_volpool.tests.reliability.models.claim_guards import Guard
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    Key,
    Miss,
    Outcome,
    Phase,
    Then,
)
from cube_volpool.tests.reliability.models.claim_turn import (
    CONDEMNED,
    SHELVED,
    Steps,
    Turn,
    add_call,
    answer,
    fail,
    is_rescue,
    tell_failed,
)

_C = ClaimStatus


def release(turn: Turn, then: Then) -> Steps:
    """End with nothing given: back on the shelf, if that is certain."""
    driver = turn.driver
    is_certain = driver.offer in (
        Outcome.DONE,
        Outcome.UNREACHABLE,
    ) and driver.rename in (
        Outcome.DONE,
        Outcome.UNREACHABLE,
        Outcome.REFUSED,
    )
    turn = turn.set(then=then)
    if not is_certain and turn.has(Guard.CERTAINTY):
        yield turn.go("gives the row up, in doubt", phase=Phase.EVICT)
    elif driver.offer is Outcome.DONE:
        yield turn.go("gives the row up", phase=Phase.CANCEL)
    else:
        yield from _cancelled(turn)


def _cancelled(turn: Turn) -> Steps:
    if turn.driver.rename is Outcome.UNREACHABLE:
        yield turn.go("nothing to put back", phase=Phase.HAND_BACK)
    else:
        yield turn.go("nothing offered", phase=Phase.RESTORE)


def cancel(turn: Turn) -> Steps:
    """Withdraw the own offer: 202, or the row is condemned."""

    def answered(after: Turn, outcome: Outcome) -> Steps:
        if outcome is Outcome.DONE or not after.has(Guard.RESTORED):
            yield from _cancelled(after)
        else:
            yield after.go(f"cancel {outcome}", phase=Phase.EVICT)

    yield from turn.ran(
        turn.late_call(Phase.CANCEL), answered, _taken_back_unclear
    )


def restore(turn: Turn) -> Steps:
    """Put name and markers back; the answer shows whether all is well."""

    def answered(after: Turn, outcome: Outcome) -> Steps:
        if outcome is Outcome.DONE or not after.has(Guard.RESTORED):
            yield after.go("as it was", phase=Phase.HAND_BACK)
        else:
            yield after.go(f"restore {outcome}", phase=Phase.EVICT)

    yield from turn.ran(
        turn.late_call(Phase.RESTORE, Key.NONE), answered, _taken_back_unclear
    )


def _taken_back_unclear(turn: Turn) -> Steps:
    if turn.has(Guard.RESTORED):
        yield turn.go("taken back? unclear", phase=Phase.EVICT)
    elif turn.driver.phase is Phase.CANCEL:
        yield from _cancelled(turn)
    else:
        yield turn.go("taken back, it says", phase=Phase.HAND_BACK)


def hand_back(turn: Turn) -> Steps:
    """The row returns to the shelf; the claim fails, or has another."""
    if turn.driver.then is Then.BIND:
        yield from turn.committed(
            "handed back for another",
            answer,
            to=_C.BOUND,
            row_to=SHELVED,
            volume=turn.driver.volume,
        )
    else:
        yield from turn.committed(
            "handed back",
            tell_failed,
            to=_C.FAILED,
            row_to=SHELVED,
            miss=Miss.NONE,
        )


def evict(turn: Turn) -> Steps:
    """Condemn the row; the claim is pending again."""

    def evicted(after: Turn) -> Steps:
        after = after.set(slot=NONE, key=Key.NONE, listed=Key.NONE)
        if after.driver.then is Then.FAIL or is_rescue(after):
            yield from fail(after)
        elif after.driver.then is Then.BIND:
            yield after.go("has another", phase=Phase.BIND)
        else:
            yield from after.deadline(fail, _another)

    is_offered = turn.driver.status == _C.OFFERED
    yield from turn.committed(
        "evicted",
        evicted,
        to=_C.PENDING if is_offered else None,
        row_to=CONDEMNED,
    )


def _another(turn: Turn) -> Steps:
    yield turn.go("tries another", phase=Phase.RESERVE)


def crash(turn: Turn) -> Steps:
    """The driver dies; what it has sent may still run."""
    state, driver = turn.state, turn.driver
    if driver.phase is Phase.PREPARE:
        for field in ("rename", "offer"):
            if getattr(driver, field) is Outcome.OUT:
                state = add_call(state, turn.late_call(field, Key.NONE))
    elif driver.phase is Phase.LOOK_CANCEL:
        state = add_call(
            state, turn.late_call(driver.phase, driver.listed)
        )
    elif driver.phase in (
        Phase.ACCEPT,
        Phase.ACCEPTING,
        Phase.CANCEL,
        Phase.RESTORE,
        Phase.POST,
    ):
        state = add_call(state, turn.late_call(driver.phase))
    yield turn.on(state).stop("CRASH")
