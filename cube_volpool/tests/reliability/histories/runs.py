"""A whole run: storms and quiet points, by the seed."""

import functools
import logging
import random
from collections.abc import Callable
from typing import Final

from cube_volpool.tests.reliability.histories import (
    chance,
    history,
    operators,
    rest,
    town,
)
from cube_volpool.tests.reliability.histories.ledger import Ledger
from cube_volpool.tests.reliability.histories.post import Dials
from cube_volpool.tests.reliability.histories.simulation import (
    Broken,
    Result,
    Shape,
    Simulation,
)

#: Between two turns of the rest: a third of the grace times.
_TURN: Final = 310.0
#: Turns after which something that is not settled never will be.
_TURNS: Final = 16
#: Steps after which something that is not over never will be.
_PATIENCE: Final = 20000
#: How often a task goes on, against everything else that may happen.
_GO_ON: Final = 0.8


@functools.cache
def ledger() -> Ledger:
    """The store of this process; made once, wiped before each run."""
    return Ledger()


def run(seed: int, shape: Shape = Shape()) -> Result:  # noqa: B008
    """Run a seed to its end, or to the first thing that is wrong."""
    result = Result(seed, shape.callers)
    noise = Noise()
    with chance.repeatable(seed) as drawn, noise:
        simulation = Simulation(ledger(), drawn, shape)
        try:
            for _ in range(shape.phases):
                storm(simulation)
                quiet(simulation)
        except Broken as broken:
            result.problems = str(broken).splitlines()
        finally:
            for daemon in simulation.daemons:
                daemon.crash()
    result.problems += noise.heard
    result.problems += history.wrong(simulation.callers.history)
    result.steps = simulation.steps
    result.claims = simulation.callers.counted["claims"]
    result.trace = simulation.digest()
    result.last = list(simulation.last)
    result.history = simulation.callers.history
    result.counted = (
        simulation.counted + simulation.post.counted
        + simulation.callers.counted
    )
    return result


def storm(simulation: Simulation) -> None:
    """Let callers come while everything goes wrong."""
    drawn = simulation.chance
    simulation.post.dials = draw_dials(drawn)
    for daemon in simulation.daemons:
        if not daemon.is_up:
            daemon.start()
    left = simulation.shape.callers
    weather = _Weather(simulation)
    for _ in range(simulation.shape.steps):
        simulation.steps += 1
        ready = simulation.hub.runnable()
        if ready and drawn.random() < _GO_ON:
            simulation.step()
        elif left and drawn.random() < 0.2:
            party = town.draw_party(
                simulation.cloud,
                drawn,
                now=simulation.hub.now,
                user=simulation.tenant_user,
                names=simulation.shape.names,
            )
            left = max(0, left - len(party))
            for caller in party:
                simulation.callers.add(caller)
        else:
            weather.change(is_idle=not ready)
        hear(simulation)
        simulation.check()
        if not left and not simulation.callers.waiting:
            return


def hear(simulation: Simulation) -> None:
    """Let the callers hear their answers, and ask when it is time."""
    simulation.callers.listen()
    for caller in simulation.callers.due():
        if not simulation.callers.ask(caller):
            caller.due = simulation.hub.now + 1


class _Weather:
    """What happens beside the tasks; how often is drawn for each storm."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        drawn = simulation.chance
        rough = drawn.choice((0.0, 0.5, 1.0, 2.0))
        by_hand = drawn.choice((0.0, 0.0, 0.5, 1.0))
        self._odds: dict[Callable[[], None], float] = {
            simulation.start_duty: 40,
            self._time: 14,
            self._land: 10,
            self._crash: rough * 1.0,
            self._restart: 8,
            self._pause: rough * 1.0,
            simulation.leap_ahead: rough * 0.7,
            self._hand: by_hand * 4,
            self._tenant: by_hand * 3,
            simulation.configure: rough * 0.3,
            self._steer: drawn.choice((0.0, 0.3, 1.0)),
        }

    def change(self, *, is_idle: bool) -> None:
        """Let one thing happen."""
        drawn = self._simulation.chance
        [event] = drawn.choices(
            list(self._odds), list(self._odds.values())
        )
        event()
        if is_idle:
            self._time()

    def _time(self) -> None:
        drawn = self._simulation.chance
        kind = drawn.random()
        if kind < 0.85:
            seconds = drawn.uniform(0.01, 0.3)
        elif kind < 0.98:
            seconds = drawn.uniform(0.3, 3)
        elif kind < 0.9975:
            seconds = drawn.uniform(25, 60)
        else:
            seconds = drawn.choice((310, 960))
        self._simulation.pass_time(seconds)

    def _land(self) -> None:
        late = self._simulation.post.late
        if late:
            chosen = self._simulation.chance.choice(late)
            self._simulation.post.land_one(chosen)

    def _crash(self) -> None:
        daemon = self._simulation.chance.choice(self._simulation.daemons)
        if daemon.is_up:
            self._simulation.crash(daemon)

    def _restart(self) -> None:
        daemon = self._simulation.chance.choice(self._simulation.daemons)
        if not daemon.is_up:
            daemon.start()

    def _pause(self) -> None:
        daemon = self._simulation.chance.choice(self._simulation.daemons)
        if daemon.is_up:
            self._simulation.pause(daemon)

    def _hand(self) -> None:
        self._told(self._simulation.hands.act(), "operator")

    def _tenant(self) -> None:
        self._told(self._simulation.hands.act_as_tenant(), "tenant")

    def _steer(self) -> None:
        operators.steer(self._simulation)

    def _told(self, told: str | None, who: str) -> None:
        if told is not None:
            self._simulation.counted[f"{who}: {told.split()[0]}"] += 1
            self._simulation.trace(f"{who} {told}")


def quiet(simulation: Simulation) -> None:
    """Stop the faults, let time run, and look at what is left."""
    simulation.post.dials = Dials()
    simulation.trace("quiet")
    while simulation.post.late:
        simulation.post.land_one(simulation.post.late[0])
    simulation.hands.repair()
    config = rest.ageless(
        simulation.chance.choice(simulation.daemons).config
    )
    for daemon in simulation.daemons:
        daemon.life.paused_until = 0.0
        if daemon.config is not config or not daemon.is_up:
            daemon.config = config
            if daemon.is_up:
                daemon.crash()
            daemon.start()
    _run_out(simulation)
    operators.undo(simulation)
    _run_out(simulation)
    found = rest.Rest(
        simulation.cloud, simulation.trail, simulation.watch, config.pools
    )
    for turn in range(_TURNS):
        daemon = simulation.daemons[turn % 3]
        duties = ("sync", "rescue", "reconcile", "audit", "leases", "purge")
        for duty in duties if turn < 3 else duties[1:4]:
            daemon.do(duty)
            _run_out(simulation)
        if turn == 5:
            _come_back(simulation)
        simulation.pass_time(_TURN)
        if turn > 5 and not found.wrong():
            break
    simulation.watch.problems += found.wrong()
    simulation.check()
    simulation.hands.clear_away()


def _come_back(simulation: Simulation) -> None:
    """Let the callers come back whose claims only they can settle."""
    if simulation.tenant_user is not None:
        return
    for claim in list(simulation.trail.claims.values()):
        if claim.status in ("pending", "offered", "creating"):
            project = simulation.cloud.identity.projects[claim.project_id]
            simulation.callers.come_back(
                (project.name, claim.name), claim.params_hash
            )
    _run_out(simulation)


def _run_out(simulation: Simulation) -> None:
    """Let every task come to its end, and every caller to an answer."""
    for _ in range(_PATIENCE):
        hear(simulation)
        tasks = simulation.hub.tasks
        if not tasks and not simulation.callers.waiting:
            break
        simulation.steps += 1
        if simulation.hub.runnable():
            simulation.step()
        else:
            simulation.pass_time(1.0)
        simulation.check()
    else:
        raise Broken(f"no end: {[task.name for task in simulation.hub.tasks]}")


def draw_dials(drawn: random.Random) -> Dials:
    """Return how much goes wrong in a storm: from nothing to very much."""
    odds = (0.0, 0.01, 0.03, 0.06, 0.15)
    kinds = ("late", "unheard", "lost", "refused", "unreachable", "short")
    cinder = drawn.choice(odds)
    worse = drawn.choice(
        ("", "", "accept", "accept", "offer", "create_volume", "bind")
    )
    return Dials(
        cinder=max(cinder, 0.01) if worse else cinder,
        ledger=drawn.choice(odds) / 3,
        keystone=drawn.choice(odds) / 2,
        slow=drawn.choice((0.0, 0.01, 0.05)),
        without=frozenset(k for k in kinds if drawn.random() < 0.2),
        worse=frozenset({worse}),
    )


class Noise(logging.Handler):
    """Hears what a daemon swallowed: an error with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []
        self._logger = logging.getLogger("cube_volpool")

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.heard.append(
                f"swallowed: {record.getMessage()}: {record.exc_info[1]!r}"
            )

    def __enter__(self) -> "Noise":
        self._kept = self._logger.level, self._logger.propagate
        self._logger.setLevel(logging.ERROR)
        self._logger.propagate = False
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._kept[0])
        self._logger.propagate = self._kept[1]
