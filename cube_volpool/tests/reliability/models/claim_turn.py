"""One driver's turn: the small steps that its program is written with."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cube_volpool.model import Actor, ClaimStatus, RowStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.claim_cinder import Cinder
from cube_volpool.tests.reliability.models.claim_guards import Guard, Scenario
from cube_volpool.tests.reliability.models.claim_ledger import Transactions
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    Call,
    Client,
    Driver,
    Key,
    Outcome,
    Phase,
    State,
)

Step = tuple[str, State]
Steps = Iterator[Step]


class Parts(NamedTuple):
    """What every turn has at hand."""

    scenario: Scenario
    cinder: Cinder
    ledger: Transactions

    def has(self, guard: Guard) -> bool:
        """Is this guard in place?"""
        return guard not in self.scenario.without


class Turn(NamedTuple):
    """A state, and the driver that goes on in it."""

    parts: Parts
    state: State
    place: int

    @property
    def driver(self) -> Driver:
        """The driver whose turn it is."""
        return self.state.drivers[self.place]

    @property
    def scenario(self) -> Scenario:
        """How the run began."""
        return self.parts.scenario

    def has(self, guard: Guard) -> bool:
        """Is this guard in place?"""
        return guard not in self.parts.scenario.without

    def on(self, state: State) -> "Turn":
        """Return the same driver's turn in another state."""
        return self._replace(state=state)

    def spend(self, fault: str) -> "Turn":
        """Use one fault up."""
        return self.on(spend(self.state, fault))

    def go(self, text: str, **changes) -> Step:
        """Let the driver go on."""
        return self.label(text), self._with(**changes)

    def _with(self, **changes) -> State:
        drivers = list(self.state.drivers)
        drivers[self.place] = drivers[self.place]._replace(**changes)
        return self.state._replace(drivers=tuple(drivers))

    def set(self, **changes) -> "Turn":
        """Change the driver and stay in its turn."""
        return self.on(self._with(**changes))

    def stop(self, text: str) -> Step:
        """Let the driver end."""
        drivers = self.state.drivers
        rest = drivers[: self.place] + drivers[self.place + 1 :]
        return self.label(text), self.state._replace(drivers=rest)

    def label(self, text: str) -> str:
        """Return the name of a step."""
        driver = self.state.drivers[self.place]
        where = "" if driver.slot == NONE else f", v{driver.slot}"
        who = f"{driver.actor} of c{driver.claim} (generation "
        return f"{who}{driver.generation}{where}): {text}"

    def late_call(self, phase: str, key: Key | None = None) -> Call:
        """Return the call that this driver has out."""
        driver = self.driver
        return Call(
            phase,
            driver.claim,
            driver.slot,
            driver.key if key is None else key,
            driver.failed,
        )

    def may_be_late(self) -> bool:
        """May the deadline be over, by chance?"""
        return bool(self.state.faults.lates)

    def must_be_late(self) -> bool:
        """Is it over for certain: has the caller left for good?"""
        return (
            self.driver.claim == 0
            and self.state.client
            in (Client.OVER, Client.MAY_CREATE, Client.DONE)
            and self.has(Guard.MARGIN)
        )

    def deadline(
        self,
        late: Callable[["Turn"], Steps],
        in_time: Callable[["Turn"], Steps],
    ) -> Steps:
        """Check the deadline: one way, or the other."""
        if self.must_be_late():
            yield from late(self)
            return
        if self.may_be_late():
            yield from late(self.spend("lates"))
        yield from in_time(self)

    def ran(
        self,
        call: Call,
        answered: Callable[["Turn", Outcome], Steps],
        unclear: Callable[["Turn"], Steps],
    ) -> Steps:
        """Run a call: answered; run, but not answered; or still under way."""
        state, outcome = self.parts.cinder.run(self.state, call)
        yield from answered(self.on(state), outcome)
        if not self.state.faults.timeouts:
            return
        spent = self.spend("timeouts")
        if state is not self.state:
            done, _ = self.parts.cinder.run(spent.state, call)
            yield from unclear(spent.on(done))
        yield from unclear(spent.on(add_call(spent.state, call)))

    def committed(
        self,
        text: str,
        then: Callable[["Turn"], Steps],
        *,
        to: ClaimStatus | None = None,
        row_to: str = "",
        **changes,
    ) -> Steps:
        """Commit; who loses the race stops and guesses nothing."""
        state = self.parts.ledger.change(
            self.state, self.driver, to=to, row_to=row_to, **changes
        )
        if state is None:
            yield self.stop(f"{text}: lost the race")
            return
        if state.broken and ledger.REFUSES in self.scenario.weakened:
            yield self.stop(f"{text}: {state.broken}")
            return
        turn = self.on(state)
        if to is not None:
            turn = turn.set(status=to)
        for label, following in then(turn):
            yield f"{label} [committed: {text}]", following


def spend(state: State, fault: str) -> State:
    """Use one fault up."""
    left = getattr(state.faults, fault) - 1
    return state._replace(faults=state.faults._replace(**{fault: left}))


def add_call(state: State, call: Call) -> State:
    """Leave a call under way that nobody waits for."""
    return state._replace(late_calls=(*state.late_calls, call))


def mark_failed(turn: Turn) -> Turn:
    """The caller may hear "failed": nothing may arrive for this attempt."""
    number, place = turn.driver.claim, turn.place
    drivers = tuple(
        driver._replace(failed=True)
        if driver.claim == number and other != place
        else driver
        for other, driver in enumerate(turn.state.drivers)
    )
    calls = tuple(
        call._replace(failed=True) if call.claim == number else call
        for call in turn.state.late_calls
    )
    return turn.on(turn.state._replace(drivers=drivers, late_calls=calls))


def tell_failed(turn: Turn) -> Steps:
    """Answer "failed"."""
    yield mark_failed(turn).stop("the claim has failed")


def fail(turn: Turn) -> Steps:
    """Let the next step be: fail."""
    yield turn.go("fails", phase=Phase.FAIL)


def answer(turn: Turn) -> Steps:
    """Answer with the volume."""
    yield turn.stop("answers with the volume")


def is_rescue(turn: Turn) -> bool:
    """Is this driver rescue's?"""
    return turn.driver.actor is Actor.RESCUE


SHELVED = RowStatus.AVAILABLE
CONDEMNED = RowStatus.DELETING
