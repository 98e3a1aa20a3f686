"""Misses, claims that were answered before, and rows that are tried next.

As ``claim.miss`` and ``claim.claimer`` have it.
"""

from cube_volpool.model import ClaimStatus
from cube_volpool.tests.reliability.models.claim_cinder import live_volume
from cube_volpool.tests.reliability.models.claim_guards import Guard
from cube_volpool.tests.reliability.models.claim_opening import (
    opened,
    reserved,
)
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    Client,
    Key,
    Miss,
    Outcome,
    Phase,
    Status,
)
from cube_volpool.tests.reliability.models.claim_turn import (
    SHELVED,
    Steps,
    Turn,
    fail,
    is_rescue,
    mark_failed,
    tell_failed,
)

_C = ClaimStatus


def reserve(turn: Turn) -> Steps:
    """Take another row; without one it is a miss."""
    ours, number = turn.parts.ledger, turn.driver.claim
    if not ours.is_current(turn.state, turn.driver):
        yield turn.stop("reserve: lost the race")
        return
    is_last = turn.driver.attempts >= turn.scenario.attempts
    for slot, state in ours.reserve_again(turn.state, number):
        after = turn.on(state).set(attempts=turn.driver.attempts + 1)
        if not is_last:
            yield reserved(after, slot)
        elif slot == NONE:
            yield from fail(after)
        else:
            yield after.go("was the last", slot=slot, phase=Phase.UNRESERVE)


def unreserve(turn: Turn) -> Steps:
    """Put a row back that no call was made for."""

    def back(after: Turn) -> Steps:
        yield from fail(after.set(slot=NONE))

    yield from turn.committed("unreserved", back, row_to=SHELVED)


def give_up(turn: Turn) -> Steps:
    """Nothing was given, and nothing will arrive later."""

    yield from turn.committed(
        "failed", tell_failed, to=_C.FAILED, miss=Miss.NONE
    )


def look_up(turn: Turn) -> Steps:
    """Before a miss: is a volume of that name there already?"""
    if turn.state.faults.timeouts:
        yield from fail(turn.spend("timeouts"))
    found = live_volume(turn.state, turn.driver.claim)
    if found != NONE and turn.has(Guard.LOOK_UP):
        yield turn.go("existing", phase=Phase.BIND, volume=found)
    else:
        yield from turn.deadline(fail, _begin)


def _begin(turn: Turn) -> Steps:
    if turn.has(Guard.INTENT):
        yield turn.go("nothing of that name", phase=Phase.BEGIN_MISS)
    else:
        yield turn.go("nothing of that name", phase=Phase.POST)


def begin_miss(turn: Turn) -> Steps:
    """Record that a create may be out, then check the deadline again."""

    def begun(after: Turn) -> Steps:
        yield from after.deadline(fail, _post)

    yield from turn.committed(
        "miss begun", begun, to=_C.CREATING, miss=Miss.YOUNG
    )


def _post(turn: Turn) -> Steps:
    yield turn.go("sends the create", phase=Phase.POST)


def post(turn: Turn) -> Steps:
    """The one create of this miss."""

    def answered(after: Turn, _outcome: Outcome) -> Steps:
        made = len(after.state.volumes) - 1
        yield after.go("created", phase=Phase.BIND, volume=made)

    def unclear(after: Turn) -> Steps:
        yield after.go("the create is unclear", phase=Phase.MISS_FIND)

    yield from turn.ran(
        turn.late_call(Phase.POST, Key.NONE), answered, unclear
    )
    for fault in ("quotas", "refusals"):
        if getattr(turn.state.faults, fault):
            yield from fail(turn.spend(fault))


def find(turn: Turn) -> Steps:
    """Right after an unclear create: found, or in progress."""
    found = live_volume(turn.state, turn.driver.claim)
    if found != NONE:
        yield turn.go("found", phase=Phase.BIND, volume=found)
    else:
        yield turn.stop("in progress")


def settle_renew(turn: Turn) -> Steps:
    """Prove that the claim is still ours, before looking."""

    def renewed(after: Turn) -> Steps:
        yield after.go("looks", phase=Phase.SETTLE)

    yield from turn.committed("renewed", renewed)


def settle(turn: Turn) -> Steps:
    """Two looks, both after the grace, before a create counts as lost."""
    if turn.state.faults.timeouts:
        yield turn.spend("timeouts").stop("in progress: no answer")
    found = live_volume(turn.state, turn.driver.claim)
    claim = turn.state.claims[turn.driver.claim]
    if found != NONE:
        yield turn.go("found", phase=Phase.BIND, volume=found)
    elif claim.miss is not Miss.OLD and turn.has(Guard.GRACE):
        yield turn.stop("not settled yet")
    elif turn.driver.phase is Phase.SETTLE:
        yield turn.go("not there", phase=Phase.SETTLE_AGAIN)
    elif is_rescue(turn):
        yield from fail(turn)
    else:
        yield turn.go("not there again", phase=Phase.REOPEN)


def reopen(turn: Turn) -> Steps:
    """A settled miss fails for good; the retry that waits starts afresh."""

    def failed(after: Turn) -> Steps:
        yield mark_failed(after).go("failed", phase=Phase.OPEN_AGAIN)

    yield from turn.committed(
        "it never arrived", failed, to=_C.FAILED, miss=Miss.NONE
    )


def open_again(turn: Turn) -> Steps:
    """The second transaction of that: perhaps another was first."""
    if turn.state.claims[turn.driver.claim].status == _C.FAILED:
        yield from opened(turn)
    else:
        yield turn.stop("in progress: another opened it")


def get_bound(turn: Turn) -> Steps:
    """Answered before: the same volume, or, when it is gone, a new one."""
    driver = turn.driver
    volume = turn.state.volumes[driver.volume]
    is_there = (
        volume.owner == driver.claim and volume.status is not Status.DELETED
    )
    is_first = driver.phase is Phase.BOUND_GET
    if is_there:
        yield turn.stop("answers with the volume")
    # The replica that lags: for a moment after the binding alone.
    can_lag = is_first or not turn.has(Guard.BOUND_LOOK_AGAIN)
    if is_there and can_lag and turn.state.faults.lags:
        yield _gone(turn.spend("lags"))
    elif not is_there:
        yield _gone(turn)


def _gone(turn: Turn):
    is_first = turn.driver.phase is Phase.BOUND_GET
    if is_first and turn.has(Guard.BOUND_LOOK_AGAIN):
        return turn.go("gone", phase=Phase.BOUND_GET_AGAIN)
    return turn.go("gone", phase=Phase.UNBIND)


def unbind(turn: Turn) -> Steps:
    """Open a bound claim again: its volume is gone."""
    ours = turn.parts.ledger
    if not ours.is_current(turn.state, turn.driver):
        yield turn.stop("unbind: lost the race")
    else:
        yield from opened(turn)


def told_empty(turn: Turn) -> Steps:
    """The pool is empty and must not create: the caller does."""
    if turn.driver.claim == 0 and turn.state.client is Client.ASKING:
        turn = turn.on(turn.state._replace(client=Client.EMPTY))
    yield from tell_failed(turn)


def fail_empty(turn: Turn) -> Steps:
    """Fail with PoolEmpty."""
    yield from turn.committed(
        "failed: pool empty", told_empty, to=_C.FAILED, miss=Miss.NONE
    )
