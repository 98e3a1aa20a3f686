"""The sweep: die at one point, let another daemon recover, judge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from cube_volpool import exception, model, planner, settings
from cube_volpool.claim import parallel
from cube_volpool.db.stock import NewRow
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, invariants

#: What every claim of the sweep asks for.
SNAPSHOT: Final = "debian-12_ssd_20261120"

#: A lease is 30 s: by then the dead daemon's claim may be taken over.
_LEASE_OVER: Final = 31
#: Between two turns of the recovery; a third of the longest grace.
_TURN: Final = 310
#: Turns after which something that is not settled never will be.
_TURNS: Final = 12
#: What a caller is told when nothing was given and nothing may be.
_REFUSALS: Final = (exception.QuotaExceeded, exception.PoolEmpty)
#: What a caller is told to ask again after.
_AGAIN: Final = (
    exception.ClaimInProgress,
    exception.Busy,
    exception.CinderUnavailable,
)


class Order(StrEnum):
    """Who comes first once the daemon is dead."""

    RETRY_FIRST = "the caller's retry first"
    RESCUE_FIRST = "rescue first"


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What the dying daemon does.

    ``prepare`` runs before it, undisturbed; ``relieve`` takes away what made
    Cinder refuse, once all is quiet.
    """

    act: Callable[[world.Daemon], Any]
    prepare: Callable[[world.World], None] = lambda _world: None
    relieve: Callable[[world.World], None] | None = None
    config: settings.Settings = field(default_factory=world.settings_of)
    #: The claim that its caller repeats; None when nobody waits.
    claims: bool = True
    runner: type[parallel.Runner] = parallel.Serial
    #: Does what is on the wire arrive when all others have given it up?
    lands_last: bool = False
    #: How many creates may have an unknown end: a dead daemon has one.
    surge: int = 1


class OfferFirst:
    """The calls side by side in the other order: a race's other outcome."""

    def run(self, *calls: parallel.Call) -> tuple[parallel.Outcome, ...]:
        """Return the outcomes in the order of the calls."""
        return parallel.Serial().run(*reversed(calls))[::-1]


class Run:
    """One journey in a world of its own, once."""

    def __init__(
        self, journey: Journey, death: doors.Point | None = None
    ) -> None:
        self.journey = journey
        self.world = world.World(journey.config)
        self.found = invariants.Evidence(self.world)
        self.problems: list[str] = []
        self.process = doors.Process(death, watch=self._watch)

    def __enter__(self) -> "Run":
        self.world.setUp()
        self.journey.prepare(self.world)
        return self

    def __exit__(self, *_: object) -> None:
        self.world.cleanUp()

    def act(self) -> None:
        """Do the journey, to its end or to the crash."""
        daemon = self.world.daemon(
            "one", wrap=self.process.wrap, runner=self.journey.runner()
        )
        try:
            self.journey.act(daemon)
        except doors.Crash:
            return
        except _REFUSALS + _AGAIN:
            pass
        if self.process.is_dead:
            raise AssertionError("the crash was swallowed")

    def recover(self, order: Order) -> None:
        """Let a second daemon and the caller go on until all is quiet."""
        self._second = self.world.daemon(
            "two", wrap=doors.Process(watch=self._watch).wrap
        )
        self._second.house.duties.sync()
        self.world.clock.advance(_LEASE_OVER)
        if order is Order.RETRY_FIRST:
            self._ask()
            self._settle()
            self._ask()
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
        self.problems += invariants.settled(self.found)

    def _ask(self) -> None:
        """Ask as a caller does: again and again, until there is an answer."""
        if not self.journey.claims:
            return
        for _ in range(_TURNS):
            try:
                answer = self._claim()
            except _REFUSALS:
                return
            except _AGAIN:
                self._turn()
                continue
            self.found.replies.append(
                invariants.Reply("skyline-a", "web_sys", answer.volume["id"])
            )
            self.problems += invariants.safe(self.found)
            return
        self.problems.append("I5: the caller never gets an answer")

    def _claim(self) -> Any:
        try:
            return claim(self._second)
        finally:
            self._land_early()

    def _settle(self) -> None:
        """Rescue, reconcile and audit until nothing is left to do."""
        for _ in range(_TURNS):
            if self._second.house.rescuer.round():
                self._land_early()
            self._second.house.reconciler.round()
            self._second.house.reconciler.audit()
            self._turn()
            if not invariants.settled(self.found):
                return

    def _turn(self) -> None:
        self._land_early()
        self.world.clock.advance(_TURN)

    def _land_early(self) -> None:
        # Right after the first look: while the grace times run, and before
        # anything is deleted.
        if not self.journey.lands_last:
            self._land()

    def _land(self) -> None:
        self.process.land()
        self.world.cloud.run_late()

    def _watch(self) -> None:
        self.problems += invariants.bounded_supply(
            self.found, surge=self.journey.surge
        )


def claim(daemon: world.Daemon) -> Any:
    """Claim the volume of every journey."""
    return daemon.claim("web_sys", metadata={"mine": "yes"})


def count(journey: Journey) -> list[doors.Point]:
    """Return every moment of the journey, from a run without a crash."""
    with Run(journey) as run:
        run.act()
        if run.problems:
            raise AssertionError(run.problems)
        return doors.points(run.process.calls)


def crash_at(
    journey: Journey, point: doors.Point, order: Order
) -> list[str]:
    """Crash there, recover, and return what is wrong then."""
    with Run(journey, point) as run:
        run.act()
        if not run.process.is_dead:
            raise AssertionError(f"nothing died {point}")
        run.recover(order)
        return [f"{point}, {order}: {problem}" for problem in run.problems]


def left_alone(journey: Journey, point: doors.Point) -> list[str]:
    """Crash there, let nobody recover, and return what is wrong then."""
    with Run(journey, point) as run:
        run.act()
        run.world.audit_everything()
        return invariants.settled(run.found)


def stock(target: world.World, count: int = 2) -> None:
    """Put volumes on the shelf, as a daemon would have left them.

    Straight into the ledger and the cloud: every crash has a world anew.
    """
    snapshot_id = model.SnapshotId(target.cloud.snapshot_id(SNAPSHOT))
    spec = target.settings.pools[0]
    store = target.store
    store.pools.ensure([spec.name])
    store.pools.set_source(
        spec.name, snapshot_id=snapshot_id, size_gib=1, volume_type_id=None
    )
    new = NewRow(
        pool=spec.name,
        type=spec.volume_type,
        os=spec.os_name,
        snapshot_id=snapshot_id,
        size_gib=1,
        availability_zone=None,
    )
    for _ in range(count):
        record = store.stock.load(spec.name).record
        (row,) = store.stock.begin_creates(record, new=new, count=1)
        volume = target.cloud.add_volume(
            "volpool",
            row.name,
            size=1,
            volume_type=spec.volume_type,
            user="volpool",
            bootable=True,
            snapshot_id=snapshot_id,
            metadata=planner.shelf_metadata(row, world.DEPLOYMENT),
        )
        store.stock.attach(row, model.VolumeId(volume.id))
        store.stock.promote(row, availability_zone="nova")
