"""What the tests of a change of images have in common."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import fixtures

from cube_volpool import model, settings
from cube_volpool.claim.job import Answer
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import lab

_R = model.RowStatus
#: What there is, or soon will be: all but the condemned.
ALIVE = (_R.CREATING, _R.AVAILABLE, _R.RESERVED)


def volumes(number: int) -> settings.Share:
    """Return a share that is a number of volumes."""
    return settings.Share(volumes=number)


def percent(number: int) -> settings.Share:
    """Return a share of a pool."""
    return settings.Share(percent=number)


class ImageCase(base.ScenarioCase):
    """The pool ``deb`` is filled from ``old``; images are published."""

    #: What the pool has other than the pool of all tests.
    pool: dict[str, Any] = {}
    #: What ``[reconcile]`` has other than by default.
    reconcile: dict[str, Any] = {"drain_time": timedelta(0)}
    #: What ``[catalogue]`` has other than by default.
    catalogue: dict[str, Any] = {}

    def configure(self) -> settings.Settings:
        config = world.settings_of(world.spec(**self.pool))
        return dataclasses.replace(
            config,
            reconcile=settings.ReconcileSettings(**self.reconcile),
            catalogue=dataclasses.replace(
                config.catalogue, **self.catalogue
            ),
        )

    def setUp(self) -> None:
        self.log = fixtures.FakeLogger("cube_volpool")
        super().setUp()
        self.old = model.SnapshotId(self.cloud.snapshot_id(base.SSD))
        self.useFixture(self.log)

    # -- what happens ---------------------------------------------------------

    def publish(self, date: str, *, sync: bool = True) -> model.SnapshotId:
        """Publish an image of the pool's OS; the daemon notices."""
        made = lab.seed_source(self.cloud, "debian-12", "ssd", size=1,
                               date=date)
        if sync:
            self.sync()
        return model.SnapshotId(made)

    def sync(self) -> None:
        """Let daemon one do what its catalogue duty does."""
        self.one.house.duties.sync()

    def ticks(
        self, count: int, *, pause: float = 1.0
    ) -> Iterator[int]:
        """Let daemon one reconcile again and again; stop after each."""
        for tick in range(count):
            self.clock.advance(pause)
            self.one.house.reconciler.round()
            yield tick

    def until(self, condition: Callable[[], bool]) -> None:
        """Reconcile until something is so."""
        for _ in self.ticks(120):
            if condition():
                return
        self.fail("that never came to be")

    def by_os_name(
        self,
        name: str,
        *,
        daemon: world.Daemon | None = None,
        **changes: Any,
    ) -> Answer:
        """Claim a volume by the name of the OS."""
        return (daemon or self.one).claim(
            name, snapshot_id=None, os_name="debian-12", **changes
        )

    def drop_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot in Cinder, and the volume it was taken of."""
        snapshot = self.cloud.snapshots.pop(snapshot_id)
        self.cloud.volumes.pop(snapshot.volume_id, None)

    # -- what it came to ------------------------------------------------------

    @property
    def current(self) -> model.SnapshotId | None:
        """What claims by OS name get."""
        return self.pool_record().current_snapshot_id

    @property
    def source(self) -> model.SnapshotId | None:
        """What is built."""
        return self.pool_record().source_snapshot_id

    def ready(self, snapshot_id: str | None = None) -> int:
        """Count the shelf, or what it has of one snapshot."""
        return sum(
            snapshot_id in (None, row.snapshot_id)
            for row in self.rows(_R.AVAILABLE)
        )

    def alive(self) -> int:
        """Count what there is, or soon will be."""
        return sum(row.status in ALIVE for row in self.rows())

    def assert_answer(
        self, source: model.Source, snapshot_id: str, answer: Answer
    ) -> None:
        """A claim was given a volume of a snapshot, from pool or Cinder."""
        self.assertEqual(
            (source, snapshot_id),
            (answer.source, answer.volume["snapshot_id"]),
        )

    def logged(self, text: str) -> int:
        """Count the lines of the log with a text."""
        return sum(text in line for line in self.log.output.splitlines())
