"""The sweep: a request goes wrong, all recover, judge."""

import contextlib
from collections.abc import Callable
from typing import Any, Final, Protocol

from cube_volpool import exception, volumeapi
from cube_volpool.claim import parallel
from cube_volpool.claim.job import Answer
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, evidence, invariants
from cube_volpool.tests.reliability.crash.places import Place as Ledger
from cube_volpool.tests.reliability.crash.sweep import LEASE_OVER, Journey
from cube_volpool.tests.reliability.errors import (
    fairness,
    judge,
    requests,
    troubles,
)
from cube_volpool.tests.reliability.errors.judge import Point
from cube_volpool.tests.simulator import faults, journal

#: After these a caller does not ask again.
_LAST: Final = (
    "volume",
    exception.NotExtended.__name__,
    *(refusal.__name__ for refusal in judge.REFUSALS),
)
#: What another claim of the request is to blame for.
_WITHHELD: Final = exception.Withheld.__name__
#: Between two turns of the recovery; a third of the longest grace.
_TURN: Final = 310


class Make(Protocol):
    """Makes a daemon of a world."""

    def __call__(
        self,
        target: world.World,
        /,
        name: str,
        *,
        wrap: world.Wrap,
        runner: parallel.Runner,
    ) -> world.Daemon:
        """Return the daemon; ``wrap`` is put around its doors."""


class Run:
    """One journey in a world of its own, once; a point lets it go wrong."""

    def __init__(
        self,
        ledger: Ledger,
        journey: Journey,
        point: Point | None = None,
        *,
        make: Make = world.World.daemon,
    ) -> None:
        self.journey = journey
        self.world = world.World(journey.config, place=ledger)
        self.found = evidence.Evidence(
            self.world, ledger, wanted=journey.gives, size=journey.size
        )
        self.judge = judge.Judge(
            self.found, journey, point, requests=self.requests
        )
        #: What the caller was told: "volume", or the class of an error.
        self.told = ""
        self._point = point
        self._make = make
        self._rule: faults.Fault | None = None
        self._has_landed = False
        self._began = 0

    def __enter__(self) -> "Run":
        self.world.setUp()
        self.journey.prepare(self.world)
        if self.journey.keeps:
            self.found.keep_what_is_bound()
        self.judge.begin()
        self.first = self._daemon("first")
        self._began = len(self.world.cloud.requests)
        return self

    def __exit__(self, *_: object) -> None:
        self.world.cleanUp()

    def _daemon(self, name: str) -> world.Daemon:
        process = doors.Process(watch=self.judge.watch)
        daemon = self._make(
            self.world, name, wrap=process.wrap, runner=self.journey.runner()
        )
        if name == "first":
            process.meanwhile = self.journey.happens_to(daemon)
        return daemon

    def requests(self) -> list[journal.Seen]:
        """Return the requests since the journey began."""
        return self.world.cloud.requests[self._began :]

    def act(self) -> None:
        """Do the journey, and judge what its caller was told."""
        if self._point is not None:
            act = self._point.trouble.act(self.world)
            self._rule = self.world.cloud.faults.add(
                self._point.place.fault(act, lasting=self._point.is_lasting)
            )
        self.judge.is_acting = True
        self._say(lambda: self.journey.act(self.first))
        self.judge.is_acting = False
        self.judge.safe()
        if self._point is None or self._rule is None:
            return
        if not self._rule.hits:
            raise AssertionError(f"{self._point.place} was not made")
        if self._point.trouble.lands is troubles.Lands.SOON:
            self._land()
            self.judge.safe()

    def recover(self) -> None:
        """Let all go well, and everybody go on until all is quiet."""
        if self._point is None or self._rule is None:
            raise AssertionError("nothing went wrong")
        self.world.cloud.faults.remove(self._rule)
        daemons = [self.first, self._daemon("second")]
        self.world.clock.advance(LEASE_OVER)
        if self._point.is_lasting:
            # The caller may never come back: nothing may wait for him.
            self._settle(daemons[::-1])
            self.judge.settled()
            self._ask(daemons[1])
        else:
            self._ask(daemons[0])
        self._settle(daemons)
        if self.journey.relieve is not None:
            self.journey.relieve(self.world)
            self._ask(daemons[0])
            self._settle(daemons)
        self._ask(daemons[0])
        self._settle(daemons)
        self.judge.over()

    def _say(self, act: Callable[[], Any]) -> None:
        """Let somebody act, and keep what he is told of it."""
        self.judge.ask()
        try:
            answer = act()
        except volumeapi.VolumeAPIError as error:
            self.told = type(error).__name__
            if self.journey.asks is self.journey.act:
                self.judge.problems.append(f"the caller was told {error!r}")
            return
        except exception.VolpoolError as error:
            self._hear([error] * len(self.journey.names))
            return
        self.told = "done"
        if isinstance(answer, Answer):
            self._hear([answer])
        elif isinstance(answer, list):
            self._hear(answer)

    def _hear(self, results: list[Answer | Exception]) -> None:
        """Keep what was told of each claim."""
        names = self.journey.names
        errors: dict[str, Exception] = {}
        for name, result in zip(names, results, strict=True):
            if isinstance(result, Exception):
                errors[name] = result
            else:
                self.found.replies.append(
                    evidence.Reply("skyline-a", name, result.volume["id"])
                )
        self.judge.refused(errors)
        # Of several the one that is to be asked for again.
        words = sorted(
            (type(error).__name__ for error in errors.values()),
            key=lambda word: (word in _LAST, word == _WITHHELD),
        )
        self.told = words[0] if words else "volume"

    def _ask(self, daemon: world.Daemon) -> None:
        """Ask as a caller does: again and again, until there is an answer."""
        asks = self.journey.asks
        if asks is None:
            return
        for _ in range(self.journey.turns):
            self._say(lambda: asks(daemon))
            self.judge.safe()
            if self.told in _LAST:
                return
            self._turn()
            self.judge.safe()
        self.judge.problems.append(
            f"I5: the caller is told {self.told} for ever"
        )

    def _settle(self, daemons: list[world.Daemon]) -> None:
        """Let the duties run, at each daemon in turn, until all is done."""
        if self._has_landed and not invariants.settled(self.found):
            return
        for turn in range(self.journey.turns):
            duties = daemons[turn % len(daemons)].house.duties
            # An audit is a round that looks at everything.
            for duty in (duties.sync, duties.rescue, duties.audit):
                # A breaker may be open yet.
                with contextlib.suppress(volumeapi.VolumeAPIError):
                    duty()
            self._turn()
            if not invariants.settled(self.found):
                return

    def _turn(self) -> None:
        self._land()
        self.world.clock.advance(_TURN)

    def _land(self) -> None:
        """Let happen what was given up; once, and what the scene left too."""
        self._has_landed = True
        self.world.cloud.run_late()


def count(
    ledger: Ledger, journey: Journey, *, make: Make = world.World.daemon
) -> tuple[list[requests.Place], str]:
    """Return the requests of a journey, and what its caller is told.

    From a run where all goes well.
    """
    with Run(ledger, journey, make=make) as run:
        run.act()
        if run.judge.problems:
            raise AssertionError(run.judge.problems)
        return requests.places(run.requests()), run.told


def fail_at(
    ledger: Ledger,
    journey: Journey,
    point: Point,
    *,
    usual: str = "",
    make: Make = world.World.daemon,
) -> tuple[str, list[str]]:
    """Let it go wrong there, and recover.

    Returns what the caller was told, and what is wrong in the end.  What he
    is told when all goes well, ``usual``, needs no reason.
    """
    with Run(ledger, journey, point, make=make) as run:
        run.act()
        told = run.told
        if told != usual:
            reason = fairness.unfounded(told, point.place, point.trouble)
            run.judge.problems += [reason] if reason else []
        run.recover()
        problems = dict.fromkeys(run.judge.problems)
        return told, [f"{point}, told {told}: {why}" for why in problems]
