"""Greenlets that take turns at calls: the scheduler of a simulation.

A task runs until it reaches a call through one of a daemon's doors, sleeps,
or waits for others; then the hub says who goes on. Nothing runs beside
anything else, so a seed decides the whole run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import greenlet  # type: ignore[import-untyped]

from cube_volpool import settings
from cube_volpool.claim import parallel
from cube_volpool.tests import simulator


class Crash(BaseException):
    """The daemon is dead; no ``except Exception`` brings it back."""


@dataclass(eq=False)
class Life:
    """One life of a daemon: what its tasks die with."""

    name: str
    is_dead: bool = False
    #: Its tasks do not run before; seconds of the clock.
    paused_until: float = 0.0
    #: What it runs with.
    config: settings.Settings | None = None


@dataclass(eq=False)
class Call:
    """One call through a door, on its way.

    ``effect`` does it; ``outcome`` is (True, value) or (False, error) once
    there is an answer.
    """

    door: str
    method: str
    effect: Callable[[], Any]
    life: Life
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    outcome: tuple[bool, Any] | None = None
    #: Somebody executes it at this moment.
    is_served: bool = False
    #: What the watch noted when it was sent.
    note: Any = None
    #: The claim call on whose behalf it is made; 0: nobody's.
    attempt: int = 0

    @property
    def name(self) -> str:
        """Where it goes, for the trace."""
        return f"{self.door}.{self.method}"


class Task:
    """One greenlet of a daemon, or of Cinder."""

    def __init__(
        self, hub: "Hub", name: str, life: Life, work: Callable[[], Any]
    ) -> None:
        self.name = name
        self.life = life
        self.attempt = 0
        self.call: Call | None = None
        self.wake_at: float | None = None
        self.waits_for: list[Task] = []
        self.parked_at = hub.now
        self.is_over = False
        self.outcome: tuple[bool, Any] | None = None
        self._hub = hub
        self._work = work
        self._greenlet = greenlet.greenlet(self._run, parent=hub.root)

    def _run(self) -> None:
        try:
            self.outcome = True, self._work()
        except (Crash, greenlet.GreenletExit):
            self.outcome = None
        except Exception as error:
            self.outcome = False, error
        self.is_over = True

    def resume(self) -> None:
        """Let it run to its next stop."""
        self._greenlet.switch()

    def throw_away(self) -> None:
        """Its process is dead: unwind it; its life must be dead before."""
        if not self.is_over and self._greenlet:
            self._greenlet.throw(Crash)
        self.is_over = True

    def is_runnable(self, now: float) -> bool:
        """Could it go on at this moment?"""
        if self.life.paused_until > now:
            return False
        if self.wake_at is not None:
            return self.wake_at <= now
        if self.waits_for:
            return all(task.is_over for task in self.waits_for)
        call = self.call
        return call is None or call.outcome is not None or not call.is_served


class Hub:
    """All tasks, and the clock they live by."""

    def __init__(self, clock: simulator.SimClock) -> None:
        self.clock = clock
        self.tasks: list[Task] = []
        #: Where every task comes back to.
        self.root = greenlet.getcurrent()
        self.current: Task | None = None

    @property
    def now(self) -> float:
        """The clock, in seconds."""
        return self.clock.monotonic()

    def spawn(
        self, name: str, life: Life, work: Callable[[], Any]
    ) -> Task:
        """Make a task; it begins when the hub says so."""
        task = Task(self, name, life, work)
        if self.current is not None:
            task.attempt = self.current.attempt
        self.tasks.append(task)
        return task

    def runnable(self) -> list[Task]:
        """Return the tasks that could go on."""
        now = self.now
        return [task for task in self.tasks if task.is_runnable(now)]

    def run(self, task: Task) -> None:
        """Let a task run to its next stop."""
        before, self.current = self.current, task
        task.wake_at = None
        task.waits_for = []
        task.parked_at = self.now
        try:
            task.resume()
        finally:
            self.current = before
        if task.is_over:
            self.tasks.remove(task)

    def kill(self, life: Life) -> list[Call]:
        """End a daemon at once; return the calls it had on the wire."""
        life.is_dead = True
        mine = [task for task in self.tasks if task.life is life]
        self.tasks = [task for task in self.tasks if task.life is not life]
        for task in mine:
            task.throw_away()
        return [
            task.call
            for task in mine
            if task.call is not None
            and task.call.outcome is None
            and not task.call.is_served
        ]

    # -- what a task calls ----------------------------------------------------

    def stop(self) -> None:
        """Give the turn away.  Raises Crash in a dead daemon."""
        task = self.current
        assert task is not None
        task.parked_at = self.now
        self.root.switch()
        if task.life.is_dead:
            raise Crash

    def calls(self, call: Call) -> Any:
        """Send a call and return its answer, or raise what it came to."""
        task = self.current
        if call.life.is_dead or task is None:
            raise Crash
        task.call = call
        call.attempt = task.attempt
        self.stop()
        task.call = None
        assert call.outcome is not None
        good, value = call.outcome
        if good:
            return value
        raise value

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if self.current is None:
            self.clock.advance(seconds)
        elif seconds > 0:
            self.current.wake_at = self.now + seconds
            self.stop()


class Ticker:
    """The process's clock of a daemon."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""
        return self._hub.now

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        self._hub.sleep(seconds)


class SideBySide:
    """A :class:`parallel.Runner`: each call is a task of its own."""

    def __init__(self, hub: Hub, life: Life) -> None:
        self._hub = hub
        self._life = life

    def run(self, *calls: parallel.Call) -> tuple[parallel.Outcome, ...]:
        """Return the outcomes in the order of the calls."""
        task = self._hub.current
        if task is None or self._life.is_dead:
            raise Crash
        parts = [
            self._hub.spawn(
                f"{task.name}/{number}", self._life, _outcome_of(call)
            )
            for number, call in enumerate(calls)
        ]
        task.waits_for = parts
        self._hub.stop()
        outcomes = []
        for part in parts:
            assert part.outcome is not None
            good, value = part.outcome
            if not good:
                raise value
            outcomes.append(value)
        return tuple(outcomes)


def _outcome_of(call: parallel.Call) -> Callable[[], parallel.Outcome]:
    return lambda: parallel.Serial().run(call)[0]
