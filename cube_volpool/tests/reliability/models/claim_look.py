"""Look, the only recovery rule, as ``claim.look`` has it."""

from cube_volpool.model import ClaimStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.claim_cinder import (
    is_pools,
    live_volume,
)
from cube_volpool.tests.reliability.models.claim_guards import Guard
from cube_volpool.tests.reliability.models.claim_handover import accept_again
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    Key,
    Outcome,
    Phase,
    Status,
    Then,
    Why,
)
from cube_volpool.tests.reliability.models.claim_turn import (
    Steps,
    Turn,
    is_rescue,
    tell_failed,
)

_C = ClaimStatus


def renew(turn: Turn) -> Steps:
    """Prove that the claim is still ours, before looking."""

    def renewed(after: Turn) -> Steps:
        if after.has(Guard.OFFERS_FIRST):
            yield after.go("looks", phase=Phase.LOOK_LIST)
        else:
            yield after.go("looks", phase=Phase.LOOK_GET)

    yield from turn.committed("renewed", renewed)


def list_transfers(turn: Turn) -> Steps:
    """Offers first, owner second."""
    yield from _unanswered(turn)
    is_offered = _is_offered(turn)
    turn = turn.set(
        listed=Key.LIVE if is_offered else Key.NONE,
        is_mine=is_offered and turn.driver.key is Key.LIVE,
    )
    if turn.has(Guard.OFFERS_FIRST):
        yield turn.go("lists offers", phase=Phase.LOOK_GET)
    else:
        yield from _judge(turn)


def get_volume(turn: Turn) -> Steps:
    """Whose is it, as the pool's keyring sees it?"""
    yield from _unanswered(turn)
    if not is_pools(turn.state, turn.driver.slot):
        yield from _gone(turn)
    elif turn.has(Guard.OFFERS_FIRST):
        yield from _judge(turn)
    else:
        yield turn.go("the pool's", phase=Phase.LOOK_LIST)


def _is_offered(turn: Turn) -> bool:
    volume = turn.state.volumes[turn.driver.slot]
    return volume.status is Status.OFFERED


def _judge(turn: Turn) -> Steps:
    """The volume was seen, and seen to be the pool's."""
    driver = turn.driver
    if driver.listed is Key.NONE:
        yield _ours(turn)
    elif driver.why is Why.ACCEPT and driver.is_mine and _is_offered(turn):
        yield from accept_again(turn.set(listed=Key.NONE, is_mine=False))
    elif not turn.has(Guard.CANCEL_FIRST):
        yield _ours(turn)
    else:
        yield turn.go("offered", phase=Phase.LOOK_CANCEL)


def _ours(turn: Turn):
    then = Then.RETRY
    if is_rescue(turn) or turn.driver.why is Why.WITHDRAW:
        then = Then.FAIL
    return turn.go("the pool's, not offered", phase=Phase.EVICT, then=then)


def cancel(turn: Turn) -> Steps:
    """Whatever the cancel answers, look again."""

    def answered(after: Turn, outcome: Outcome) -> Steps:
        after = after.set(listed=Key.NONE, is_mine=False)
        if not after.has(Guard.LOOK_AGAIN):
            yield _ours(after)
        elif after.has(Guard.OFFERS_FIRST):
            yield after.go(f"cancel {outcome}", phase=Phase.LOOK_LIST)
        else:
            yield after.go(f"cancel {outcome}", phase=Phase.LOOK_GET)

    def unclear(after: Turn) -> Steps:
        yield after.stop("in progress: the cancel was not answered")

    yield from turn.ran(
        turn.late_call(Phase.LOOK_CANCEL, turn.driver.listed),
        answered,
        unclear,
    )


def _gone(turn: Turn) -> Steps:
    if not turn.has(Guard.NOT_FOUND_IS_UNCLEAR):
        yield turn.go("404", phase=Phase.EVICT, then=Then.RETRY)
    elif is_rescue(turn) and not turn.scenario.rescue_sees_tenant:
        yield turn.go("404", phase=Phase.LOOK_GONE_AGAIN)
    else:
        yield turn.go("404", phase=Phase.LOOK_TENANT)


def look_in_tenant(turn: Turn) -> Steps:
    """By id, then by name and marker; not there twice is lost."""
    yield from _unanswered(turn)
    driver = turn.driver
    volume = turn.state.volumes[driver.slot]
    found = live_volume(turn.state, driver.claim)
    is_there = volume.status is not Status.DELETED
    if volume.owner == driver.claim and is_there:
        yield turn.go("given", phase=Phase.BIND, volume=driver.slot)
    elif found != NONE:
        yield turn.go("another given", phase=Phase.BIND, volume=found)
    elif driver.phase is Phase.LOOK_TENANT:
        yield turn.go("nowhere", phase=Phase.LOOK_TENANT_AGAIN)
    else:
        yield turn.go("nowhere again", phase=Phase.LOSE)


def gone_again(turn: Turn) -> Steps:
    """Without a tenant keyring: two 404s apart mean given."""
    yield from _unanswered(turn)
    if is_pools(turn.state, turn.driver.slot):
        yield turn.stop("not settled yet")
    else:
        yield turn.go(
            "404 again", phase=Phase.BIND, volume=turn.driver.slot
        )


def lose(turn: Turn) -> Steps:
    """The volume is nowhere: the row goes, the claim fails."""
    yield from turn.committed(
        "lost", tell_failed, to=_C.FAILED, row_to=ledger.GONE
    )


def _unanswered(turn: Turn) -> Steps:
    """A look that is not answered leaves the claim to a later one."""
    if turn.state.faults.timeouts:
        yield turn.spend("timeouts").stop("in progress: no answer")
