"""One seed, one run: three daemons, one clock, and everything that happens.

A run is a number of stormy phases, each followed by a quiet point: faults
stop, time runs, and everything must come to rest. The protocol assumes that
what was sent arrives, and that a process does not sleep, for longer than the
grace times of 900 s; here no call stays on the wire, no task waits for its
turn and no process is paused for longer than 200 s each, and the ledger's
clock leaps by 200 s at most while the create of a miss may be out.
"""

import hashlib
import random
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from cube_volpool import model, settings
from cube_volpool.tests import simulator
from cube_volpool.tests.reliability.histories import (
    delivery,
    rest,
    town,
    trail,
    watch,
)
from cube_volpool.tests.reliability.histories.callers import Caller, Callers
from cube_volpool.tests.reliability.histories.daemons import (
    DUTIES,
    Daemon,
    Site,
)
from cube_volpool.tests.reliability.histories.hands import Hands
from cube_volpool.tests.reliability.histories.history import Event
from cube_volpool.tests.reliability.histories.hub import Hub, Task
from cube_volpool.tests.reliability.histories.ledger import START, Ledger
from cube_volpool.tests.reliability.histories.post import (
    LATEST,
    Dials,
    Post,
)
from cube_volpool.tests.reliability.histories.watch import is_defect

#: How much of a run's trace is kept for a report.
_KEPT: Final = 60


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How long a run is."""

    phases: int = 2
    #: Callers that come in one phase.
    callers: int = 30
    #: Names that they ask for in each project; few, so that they meet.
    names: int = 14
    #: Steps after which a phase ends whoever is still waiting.
    steps: int = 4000

    @classmethod
    def of(cls, callers: int) -> "Shape":
        """Return the usual shape, with storms for so many callers."""
        usual = cls()
        return cls(
            callers=callers,
            names=callers * usual.names // usual.callers,
            steps=callers * usual.steps // usual.callers,
        )


@dataclass
class Result:
    """What a run came to."""

    seed: int
    #: In one storm.
    callers: int = 0
    claims: int = 0
    steps: int = 0
    trace: str = ""
    problems: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    history: list[Event] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


class Simulation:
    """One run; ``go`` returns what it came to."""

    def __init__(
        self,
        ledger: Ledger,
        chance: random.Random,
        shape: Shape,
    ) -> None:
        self.chance = chance
        self.shape = shape
        self.clock = simulator.SimClock(START)
        self.hub = Hub(self.clock)
        self.cloud = simulator.Cloud.lab(
            self.clock, build_seconds_per_gib=0.3
        )
        town.found(self.cloud)
        self.leap = 0.0
        self._leaps_in_a_miss = 0.0
        ledger.now = self.ledger_now
        ledger.chance = chance
        trail.wipe(ledger.store)
        self.trail = trail.Trail(ledger.store)
        self.trail.read()
        self.trail.rows.clear()
        self.tenant_user = chance.choice(
            ("skyline", "skyline", "skyline", "skyline", "carrier", None)
        )
        site = Site(self.hub, self.cloud, ledger.store, self.tenant_user)
        config = town.draw_settings(chance)
        self.daemons = [Daemon(site, n, config) for n in ("a", "b", "c")]
        self.watch = watch.Watch(
            self.cloud,
            self.trail,
            arrived=self._arrived,
            configs=self.configs,
            ledger_now=self.ledger_now,
            seconds=lambda: self.hub.now,
        )
        self.post = Post(
            self.hub,
            chance,
            Dials(),
            before=self.watch.before,
            after=self.watch.after,
            trace=self.trace,
        )
        self.hands = Hands(
            self.cloud,
            chance,
            touched=self.watch.by_hand.add,
            unmarked=lambda ident: self.watch.unmarked.update(
                {ident: self.hub.now}
            ),
            moved=lambda ident: self.callers.moved(ident),
        )
        self.callers = Callers(
            self.hub,
            chance,
            self.daemons,
            judge=self._judge,
            gone=self._gone,
        )
        self.steps = 0
        self.counted: Counter[str] = Counter()
        self._digest = hashlib.blake2b(digest_size=16)
        self.last: deque[str] = deque(maxlen=_KEPT)

    # -- what others ask ------------------------------------------------------

    def ledger_now(self) -> datetime:
        """The ledger's time: naive UTC, ahead of the clock by the leaps."""
        now = self.clock.now().replace(tzinfo=None)
        return now + timedelta(seconds=self.leap)

    def configs(self) -> list[settings.Settings]:
        """The settings that some daemon runs with."""
        return [daemon.running for daemon in self.daemons]

    def trace(self, line: str) -> None:
        """Note one step."""
        text = f"{self.hub.now - START.timestamp():9.3f} {line}"
        self._digest.update(text.encode())
        self.last.append(text)

    def digest(self) -> str:
        """What every step so far comes to."""
        return self._digest.hexdigest()

    def check(self) -> None:
        """Raise Broken when something was found wrong."""
        problems = self.watch.problems + self.callers.defects
        if problems:
            raise Broken("\n".join(problems))

    # -- steps ----------------------------------------------------------------

    def step(self) -> None:
        """Let one task go on by one call."""
        ready = self.hub.runnable()
        if ready:
            task = self.chance.choice(ready)
            call = task.call
            if call is not None and call.outcome is None:
                self.post.serve(task)
                if call.is_served or task.wake_at is not None:
                    return
            self.hub.run(task)
            if task.is_over:
                self._ended(task)

    def _ended(self, task: Task) -> None:
        """A duty must not end in an error that nobody expects."""
        self.trace(f"{task.name} is over")
        good, value = task.outcome or (True, None)
        if not good and isinstance(value, Exception) and is_defect(value):
            self.watch.wrong(f"{task.name} raised {value!r}")

    def pass_time(self, seconds: float) -> None:
        """Move the clock on, as far as the bounds allow.

        What is due on the wire lands on the way.
        """
        now = self.hub.now
        waiting = [
            task.parked_at
            for task in self.hub.tasks
            if task.wake_at is None and not task.waits_for
        ]
        seconds = min(
            [seconds, *(at + LATEST - now for at in waiting)]
        )
        if seconds <= 0:
            # Whoever was paused has slept long enough.
            for daemon in self.daemons:
                daemon.life.paused_until = 0.0
            return
        target = now + seconds
        while self.post.late:
            due = min(late.due for late in self.post.late)
            if due > target:
                break
            self.clock.advance(max(0.0, due - self.hub.now))
            self.post.land(due)
        self.clock.advance(max(0.0, target - self.hub.now))

    # -- events ---------------------------------------------------------------

    def start_duty(self) -> None:
        """Let some daemon begin some duty."""
        up = [daemon for daemon in self.daemons if daemon.is_up]
        if up:
            daemon = self.chance.choice(up)
            [duty] = self.chance.choices(list(DUTIES), list(DUTIES.values()))
            daemon.do(duty)

    def crash(self, daemon: Daemon) -> None:
        """Kill a daemon; what it had on the wire may still arrive."""
        self.trace(f"crash {daemon.name}")
        self.counted["crash"] += 1
        for call in daemon.crash():
            if self.chance.random() < 0.5:
                self.post.put_aside(call)

    def pause(self, daemon: Daemon) -> None:
        """Let a process sleep, perhaps past its leases; it wakes later."""
        self.trace(f"pause {daemon.name}")
        self.counted["pause"] += 1
        seconds = self.chance.uniform(5, 180)
        daemon.life.paused_until = self.hub.now + seconds

    def leap_ahead(self) -> None:
        """Let the ledger's clock leap."""
        misses = [
            claim
            for claim in self.trail.claims.values()
            if claim.status == model.ClaimStatus.CREATING
        ]
        if misses:
            seconds = self.chance.uniform(1, 100)
            self._leaps_in_a_miss += seconds
            if self._leaps_in_a_miss > LATEST:
                return
        else:
            self._leaps_in_a_miss = 0.0
            seconds = self.chance.choice((5, 31, 100, 1000, 4000))
        self.leap += seconds
        self.trace(f"leap {seconds:.0f}")
        self.counted["leap"] += 1

    def configure(self) -> None:
        """Let a daemon die and begin again with other pools."""
        daemon = self.chance.choice(self.daemons)
        changed = town.draw_pools(self.chance)
        daemon.config = rest.with_pools(daemon.config, changed)
        self.counted["configuration"] += 1
        if daemon.is_up:
            self.crash(daemon)
        daemon.start()

    # -- judgements -----------------------------------------------------------

    def _arrived(self, attempt: int, claim: trail.Claim, ident: str) -> None:
        project = self.cloud.identity.projects[claim.project_id].name
        key = project, claim.name
        self.callers.arrived(attempt, key, ident)

    def _gone(self, known: set[str], told: str | None) -> list[str]:
        # One that somebody gave that name by hand is as good an answer.
        by_hand = self.watch.by_hand
        return [
            ident
            for ident in sorted(known)
            if told in by_hand
            or ident in by_hand
            or not delivery.is_useful(self.cloud.volumes.get(ident))
        ]

    def _judge(
        self, caller: Caller, body: Mapping[str, Any], source: str
    ) -> None:
        """I4, I9: the answer names the volume that was asked for."""
        request = caller.request
        problems = rest.wrong_answer(
            self.cloud,
            caller,
            body,
            source=source,
            images=self.watch.currents.since(
                f"{request.os_name}-{request.volume_type}",
                self.callers.asked_since[caller.key],
            ),
        )
        if body["id"] not in self.watch.by_hand:
            self.watch.problems += problems
