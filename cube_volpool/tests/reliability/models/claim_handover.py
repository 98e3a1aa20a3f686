"""The driver's program, as ``claim.handover`` and ``preparation`` have it."""

from cube_volpool.model import ClaimStatus, RowStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.claim_cinder import live_volume
from cube_volpool.tests.reliability.models.claim_guards import Guard, Lesson
from cube_volpool.tests.reliability.models.claim_release import release
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    Key,
    Outcome,
    Phase,
    Row,
    Then,
    Why,
)
from cube_volpool.tests.reliability.models.claim_turn import (
    Steps,
    Turn,
    answer,
)

_C = ClaimStatus
#: Answers to accept that prove that this accept moved nothing.
_REFUSALS = (Outcome.NOT_FOUND, Outcome.REFUSED, Outcome.OVER_QUOTA)


def prepare(turn: Turn) -> Steps:
    """Look-up, rename and offer side by side: any of them runs next."""
    driver = turn.driver
    if driver.look_up is Outcome.OUT:
        found = live_volume(turn.state, driver.claim)
        came = Outcome.EMPTY if found == NONE else Outcome.DONE
        if not turn.has(Guard.LOOK_UP):
            came = Outcome.EMPTY
        yield from _prepared(
            turn.set(look_up=came, volume=found), "look-up", came
        )
        if came is Outcome.DONE and turn.state.faults.lags:
            lagging = turn.spend("lags").set(look_up=Outcome.EMPTY)
            yield from _prepared(lagging, "look-up", Outcome.EMPTY)
        if turn.state.faults.timeouts:
            spent = turn.spend("timeouts").set(look_up=Outcome.UNCLEAR)
            yield from _prepared(spent, "look-up", Outcome.UNCLEAR)
    for field in ("rename", "offer"):
        if getattr(driver, field) is Outcome.OUT:
            yield from _prepare_call(turn, field)


def _prepare_call(turn: Turn, field: str) -> Steps:
    def answered(after: Turn, outcome: Outcome) -> Steps:
        changes: dict = {field: outcome}
        if field == "offer" and outcome is Outcome.DONE:
            changes["key"] = Key.LIVE
        yield from _prepared(after.set(**changes), field, outcome)

    def unclear(after: Turn) -> Steps:
        after = after.set(**{field: Outcome.UNCLEAR})
        yield from _prepared(after, field, Outcome.UNCLEAR)

    yield from turn.ran(turn.late_call(field, Key.NONE), answered, unclear)
    if turn.state.faults.refusals:
        for outcome in (Outcome.REFUSED, Outcome.UNREACHABLE):
            spent = turn.spend("refusals").set(**{field: outcome})
            yield from _prepared(spent, field, outcome)


def _prepared(turn: Turn, field: str, outcome: Outcome) -> Steps:
    """Decide, once all three calls have come to something."""
    driver = turn.driver
    if Outcome.OUT in (driver.look_up, driver.rename, driver.offer):
        yield turn.go(f"{field} {outcome}")
        return
    for label, state in _decided(turn):
        yield f"{label} [{field} {outcome}]", state


def _decided(turn: Turn) -> Steps:
    driver = turn.driver
    calls = (driver.rename, driver.offer)
    if driver.look_up is Outcome.DONE:
        yield from release(turn, Then.BIND)
    elif driver.look_up is Outcome.UNCLEAR:
        yield from release(turn, Then.FAIL)
    elif calls == (Outcome.DONE, Outcome.DONE):
        yield from turn.deadline(_give_up, _go_on)
    elif Outcome.UNREACHABLE in calls or driver.rename is Outcome.REFUSED:
        yield from release(turn, Then.FAIL)
    else:
        yield turn.go("unfit", phase=Phase.EVICT, then=Then.RETRY)


def _give_up(turn: Turn) -> Steps:
    yield from release(turn, Then.FAIL)


def _go_on(turn: Turn) -> Steps:
    if turn.has(Guard.OFFERED_FIRST):
        yield turn.go("fit", phase=Phase.MARK_OFFERED)
    else:
        yield turn.go("fit; records the offer later", phase=Phase.ACCEPT)


def mark_offered(turn: Turn) -> Steps:
    """Record the transfer; only then accept."""

    def offered(after: Turn) -> Steps:
        yield from after.deadline(_give_up, _accept)

    row = turn.state.rows[turn.driver.slot]
    compares_row = Lesson.ROW_IN_OFFERED in turn.scenario.learnt
    if compares_row and row != Row(RowStatus.RESERVED, turn.driver.claim):
        yield turn.stop("offered: lost the race for the row")
        return
    yield from turn.committed("offered", offered, to=_C.OFFERED)


def _accept(turn: Turn) -> Steps:
    yield turn.go("sends accept", phase=Phase.ACCEPT)


def accept(turn: Turn) -> Steps:
    """Accept, first part: the key is checked, and the quota."""

    def answered(after: Turn, outcome: Outcome) -> Steps:
        if outcome is Outcome.DONE:
            yield after.go("the key is right", phase=Phase.ACCEPTING)
        else:
            yield from _not_accepted(after, outcome)

    yield from turn.ran(
        turn.late_call(Phase.ACCEPT), answered, _accept_unclear
    )
    if turn.driver.key is Key.LIVE and turn.state.faults.quotas:
        yield from _not_accepted(turn.spend("quotas"), Outcome.OVER_QUOTA)
    if turn.state.faults.refusals:
        for outcome in (Outcome.REFUSED, Outcome.UNREACHABLE):
            yield from _not_accepted(turn.spend("refusals"), outcome)


def accepting(turn: Turn) -> Steps:
    """Accept, second part: the owner changes if the status still fits."""

    def answered(after: Turn, outcome: Outcome) -> Steps:
        if outcome is Outcome.DONE:
            yield after.go(
                "accepted", phase=Phase.BIND, volume=after.driver.slot
            )
        else:
            yield from _not_accepted(after, outcome)

    yield from turn.ran(
        turn.late_call(Phase.ACCEPTING), answered, _accept_unclear
    )


def _accept_unclear(turn: Turn) -> Steps:
    yield from _not_accepted(turn.set(in_doubt=True), Outcome.UNCLEAR)


def _not_accepted(turn: Turn, outcome: Outcome) -> Steps:
    turn = turn.set(accepted=outcome, accepts=turn.driver.accepts + 1)
    if not turn.has(Guard.ACCEPT_ERROR_IS_UNCLEAR):
        yield turn.go(
            f"accept {outcome}: not given",
            phase=Phase.EVICT,
            then=Then.RETRY,
        )
    elif outcome is Outcome.OVER_QUOTA:
        yield from _refused(turn)
    else:
        yield turn.go(
            f"accept {outcome}", phase=Phase.LOOK_RENEW, why=Why.ACCEPT
        )


def accept_again(turn: Turn) -> Steps:
    """The offer is still open: once more, or give up."""

    def in_time(after: Turn) -> Steps:
        if after.driver.accepts < after.scenario.accepts:
            yield after.go("accepts again", phase=Phase.ACCEPT)
        else:
            yield from _refused(after)

    yield from turn.deadline(_withdraw, in_time)


def _refused(turn: Turn) -> Steps:
    if turn.driver.accepted not in _REFUSALS:
        yield turn.stop("in progress")
    elif turn.driver.in_doubt:
        yield from _withdraw(turn)
    else:
        yield from release(turn, Then.FAIL)


def _withdraw(turn: Turn) -> Steps:
    if turn.has(Guard.WITHDRAW):
        yield turn.go("gives up", phase=Phase.LOOK_RENEW, why=Why.WITHDRAW)
    else:
        yield turn.go("gives up", phase=Phase.EVICT, then=Then.FAIL)


def bind(turn: Turn) -> Steps:
    """The volume is the caller's."""
    yield from turn.committed(
        "bound",
        answer,
        to=_C.BOUND,
        row_to="" if turn.driver.slot == NONE else ledger.GONE,
        volume=turn.driver.volume,
    )
