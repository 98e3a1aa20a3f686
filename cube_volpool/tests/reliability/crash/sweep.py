"""The sweep: die at one point, let another daemon recover, judge."""

from collections.abc import Callable
from typing import Any, Final

from cube_volpool import exception, volumeapi
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, evidence, invariants
from cube_volpool.tests.reliability.crash.journey import (
    Journey,
    OfferFirst,
    Order,
    claim,
    orders,
)
from cube_volpool.tests.reliability.crash.places import Place

__all__ = ["Journey", "OfferFirst", "Order", "claim", "orders"]

#: A lease is 30 s: by then the dead daemon's claim may be taken over.
LEASE_OVER: Final = 31
#: Between two turns of the recovery; a third of the longest grace.
_TURN: Final = 310
#: What a caller is told when nothing was given and he need not ask again.
_REFUSALS: Final = (
    exception.InvalidRequest,
    exception.PoolEmpty,
    exception.QuotaExceeded,
    exception.Withheld,
)
#: What he is told when nothing was given, and he may ask again.
_NOTHING_YET: Final = (exception.Busy, exception.CinderUnavailable)
#: What says nothing of what was given.
_UNKNOWN: Final = exception.ClaimInProgress
#: What he is told to ask again after.
_AGAIN: Final = (_UNKNOWN, *_NOTHING_YET)
#: What ends a journey that nobody waits for: the duty's next turn goes on.
TROUBLE: Final = (exception.VolpoolError, volumeapi.VolumeAPIError)


class Run:
    """One journey in a world of its own, once.

    Args:
        deaths: where the first daemon dies, where the second, and so on.
    """

    def __init__(
        self, place: Place, journey: Journey, *deaths: doors.Point
    ) -> None:
        self.journey = journey
        self.world = world.World(journey.config, place=place)
        self.found = evidence.Evidence(
            self.world, place, wanted=journey.gives, size=journey.size
        )
        self.problems: list[str] = []
        self.processes: list[doors.Process] = []
        self._deaths = list(deaths)

    def __enter__(self) -> "Run":
        self.world.setUp()
        self.journey.prepare(self.world)
        if self.journey.keeps:
            self.found.keep_what_is_bound()
        self.found.glance()
        invariants.watch_deletes(self.found, self.problems)
        return self

    def __exit__(self, *_: object) -> None:
        self.world.cleanUp()

    @property
    def process(self) -> doors.Process:
        """The latest daemon's."""
        return self.processes[-1]

    def act(self) -> None:
        """Do the journey, to its end or to the crash."""
        daemon = self._daemon(self.journey)
        try:
            self.journey.act(daemon)
        except doors.Crash:
            return
        except TROUBLE:
            pass
        if self.process.is_dead:
            raise AssertionError("the crash was swallowed")

    def recover(self, order: Order) -> None:
        """Let another daemon and the caller go on until all is quiet.

        When that one dies too, the next comes; the last one lives.
        """
        while True:
            try:
                self._recover(order)
            except doors.Crash:
                continue
            break
        if self.process.is_dead:
            raise AssertionError("the crash was swallowed")
        if self._deaths:
            raise AssertionError(f"nothing died {self._deaths[0]}")
        self.problems += invariants.settled(self.found)
        self.problems += invariants.bounded_deletes(self.found)

    def watch(self) -> None:
        """Judge after every call of every daemon."""
        dead = sum(process.is_dead for process in self.processes)
        self.problems += invariants.after_call(
            self.found,
            surge=self.journey.surge + max(0, dead - 1),
            doubt=max(1, dead),
        )

    def _daemon(self, journey: Journey | None = None) -> world.Daemon:
        """Make the next daemon; the first one does the journey."""
        process = doors.Process(
            self._deaths.pop(0) if self._deaths else None, watch=self.watch
        )
        self.processes.append(process)
        daemon = self.world.daemon(
            f"daemon {len(self.processes)}",
            wrap=process.wrap,
            runner=None if journey is None else journey.runner(),
        )
        if journey is not None:
            process.meanwhile = journey.happens_to(daemon)
        return daemon

    def _recover(self, order: Order) -> None:
        self._now = self._daemon()
        self._now.house.duties.sync()
        self.world.clock.advance(LEASE_OVER)
        if order is Order.RETRY_FIRST:
            self._ask()
            self._settle()
            self._ask()
            if invariants.settled(self.found):
                # Refused before, he took something from the shelf now.
                self._settle()
        else:
            # The caller may never come back: nothing may wait for him.
            self._settle()
            self.problems += invariants.settled(self.found)
            self._ask()
            self._settle()
        if self.journey.relieve is not None:
            self.journey.relieve(self.world)
            self._ask()
            self._settle()
        if self.journey.lands_last:
            self.problems += invariants.settled(self.found)
            self._land()
            self._settle()

    def _ask(self) -> None:
        """Ask as a caller does: again and again, until there is an answer."""
        if self.journey.asks is None:
            return
        for _ in range(self.journey.turns):
            self.found.denied_with = None
            is_over = self._hear(self._results(self.journey.asks))
            self.problems += invariants.safe(self.found)
            if is_over:
                return
        self.problems.append("I5: the caller never gets an answer")

    def _results(self, asks: Callable[[world.Daemon], Any]) -> list[Any]:
        """Ask; return what was told of each claim, errors as well."""
        try:
            told = asks(self._now)
        except exception.VolpoolError as error:
            return [error]
        finally:
            self._land_early()
        return told if isinstance(told, list) else [told]

    def _hear(self, results: list[Any]) -> bool:
        """Note what a caller was told; does he not ask again?"""
        errors = [one for one in results if isinstance(one, Exception)]
        for error in errors:
            if not isinstance(error, (*_REFUSALS, *_AGAIN)):
                raise error
        self.found.replies += [
            evidence.Reply("skyline-a", one.volume["name"], one.volume["id"])
            for one in results
            if not isinstance(one, Exception)
        ]
        if errors and not any(isinstance(e, _UNKNOWN) for e in errors):
            self.found.told_nothing()
        is_over = not any(isinstance(error, _AGAIN) for error in errors)
        if not is_over:
            self._turn()
        return is_over

    def _settle(self) -> None:
        """Rescue, reconcile and audit until nothing is left to do.

        And read the images, but for the first time: that was done already.
        """
        for turn in range(self.journey.turns):
            if turn:
                self._read_images()
            if self._now.house.rescuer.round():
                self._land_early()
            self._now.house.reconciler.round()
            self._now.house.reconciler.audit()
            self._turn()
            if not invariants.settled(self.found):
                return

    def _read_images(self) -> None:
        if self.journey.config.catalogue.automatic:
            self._now.house.duties.sync()
        else:
            self._now.house.refresher.sync()

    def _turn(self) -> None:
        self._land_early()
        self.world.clock.advance(_TURN)

    def _land_early(self) -> None:
        # Right after the first look: while the grace times run, and before
        # anything is deleted.
        if not self.journey.lands_last:
            self._land()

    def _land(self) -> None:
        for process in self.processes:
            process.land()
        self.world.cloud.run_late()


def count(place: Place, journey: Journey) -> list[str]:
    """Return the calls of the journey, from a run without a crash."""
    with Run(place, journey) as run:
        run.act()
        if run.problems:
            raise AssertionError(run.problems)
        return run.process.calls


def count_recovery(
    place: Place, journey: Journey, point: doors.Point, order: Order
) -> list[str]:
    """Return the calls of the daemon that recovers from a crash there."""
    with Run(place, journey, point) as run:
        run.act()
        run.recover(order)
        return run.process.calls


def crash_at(
    place: Place, journey: Journey, order: Order, *points: doors.Point
) -> list[str]:
    """Crash there, and there again, recover; return what is wrong then."""
    with Run(place, journey, *points) as run:
        run.act()
        if not run.process.is_dead:
            raise AssertionError(f"nothing died {points[0]}")
        run.recover(order)
        where = ", then ".join(str(point) for point in points)
        return [f"{where}, {order}: {problem}" for problem in run.problems]


def left_alone(
    place: Place, journey: Journey, point: doors.Point
) -> list[str]:
    """Crash there, let nobody recover, and return what is wrong then."""
    with Run(place, journey, point) as run:
        run.act()
        run.world.audit_everything()
        return invariants.settled(run.found)
