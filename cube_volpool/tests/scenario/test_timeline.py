"""Four images in seven minutes, and claims all the time."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from oslotest import base

from cube_volpool import model, settings
from cube_volpool.claim.job import Answer
from cube_volpool.tests import world
from cube_volpool.tests.scenario import rollout
from cube_volpool.tests.simulator import lab

_POOL: Final = model.PoolName("deb")
_READY: Final = 4
_SECONDS: Final = 420
_STEP: Final = 2
#: When, and what; the third comes before the second is rolled out.
_PUBLISHED: Final = {30: "20261121", 120: "20261122", 130: "20261123",
                     260: "20261124"}
#: By OS name, and by an image in turn: refilling keeps up with both.
_EVERY: Final = 12
_NAMED_EVERY: Final = 34


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Tick:
    """What there is after a round."""

    second: int
    events: tuple[str, ...]
    #: Ready volumes by the number of their image.
    ready: tuple[int, ...]
    alive: int
    current: int
    source: int

    def __str__(self) -> str:
        return (
            f"{self.second:4} {sum(self.ready):5} {self.alive:5} "
            f"{self.current:7} {self.source:6}  {self.ready!s:20} "
            f"{', '.join(self.events)}"
        )


def _table(ticks: Sequence[_Tick]) -> str:
    """Return the rounds in which something changed."""
    lines = ["", "   s ready alive current source  by image"]
    before = None
    for tick in ticks:
        shown = dataclasses.replace(tick, second=0, events=())
        if tick.events or shown != before:
            lines.append(str(tick))
        before = shown
    return "\n".join(lines)


class _Run:
    """A world with two daemons that take turns."""

    def __init__(self, town: world.World, *, publishes: bool) -> None:
        self.world = town
        self.daemons = town.daemon("one"), town.daemon("two")
        self.images = [town.cloud.snapshot_id("debian-12_ssd_20261120")]
        self.publishes = publishes
        self.hits = 0
        self.wrong: list[str] = []
        self.ticks = tuple(self._run())

    def _run(self) -> Iterator[_Tick]:
        self.daemons[0].fill()
        for second in range(0, _SECONDS, _STEP):
            daemon = self.daemons[second // _STEP % 2]
            self.world.clock.advance(_STEP)
            events = [*self._publish(second), *self._claims(second)]
            daemon.house.reconciler.round()
            yield self._sample(second, events)

    def _publish(self, second: int) -> Iterator[str]:
        if self.publishes and second in _PUBLISHED:
            date = _PUBLISHED[second]
            self.images.append(
                lab.seed_source(
                    self.world.cloud, "debian-12", "ssd", size=1, date=date
                )
            )
            for daemon in self.daemons:
                daemon.house.duties.sync()
            yield f"image {len(self.images) - 1} is published"

    def _claims(self, second: int) -> Iterator[str]:
        daemon = self.daemons[second // _EVERY % 2]
        if second % _EVERY == 0:
            record = self.world.store.pools.list()[_POOL]
            answer = daemon.claim(
                f"os{second}", snapshot_id=None, os_name="debian-12"
            )
            self.hits += answer.source is model.Source.POOL
            yield self._judge(str(record.current_snapshot_id), answer)
        if second % _NAMED_EVERY == 0:
            asked = self.images[second // _NAMED_EVERY % len(self.images)]
            answer = daemon.claim(
                f"named{second}", snapshot_id=model.SnapshotId(asked)
            )
            yield self._judge(asked, answer)

    def _judge(self, asked: str, answer: Answer) -> str:
        given = str(answer.volume["snapshot_id"])
        wanted, got = self.images.index(asked), self.images.index(given)
        text = f"{wanted} was asked for, {got} given from {answer.source}"
        if wanted != got:
            self.wrong.append(text)
        return text

    def _sample(self, second: int, events: Sequence[str]) -> _Tick:
        record = self.world.store.pools.list()[_POOL]
        rows = self.world.store.stock.load(_POOL).rows
        ready = [
            row.snapshot_id
            for row in rows
            if row.status is model.RowStatus.AVAILABLE
        ]
        return _Tick(
            second=second,
            events=tuple(events),
            ready=tuple(ready.count(model.SnapshotId(image))
                        for image in self.images),
            alive=sum(row.status in rollout.ALIVE for row in rows),
            current=self.images.index(str(record.current_snapshot_id)),
            source=self.images.index(str(record.source_snapshot_id)),
        )


class TimelineCase(base.BaseTestCase):
    """The same claims, with new images and without."""

    def run_with(
        self, surge: settings.Share, *, publishes: bool
    ) -> _Run:
        config = world.settings_of(
            world.spec(
                min_ready=_READY, max_creating=4, surge=surge,
                switch_at=surge,
            )
        )
        config = dataclasses.replace(
            config,
            reconcile=settings.ReconcileSettings(
                drain_time=timedelta(seconds=60)
            ),
        )
        town = self.useFixture(world.World(config))
        return _Run(town, publishes=publishes)

    def check(self, surge: settings.Share) -> tuple[_Run, _Run]:
        plain = self.run_with(surge, publishes=False)
        run = self.run_with(surge, publishes=True)
        table = _table(run.ticks)
        least = min(sum(tick.ready) for tick in plain.ticks)

        self.assertEqual([], run.wrong, table)
        self.assertGreaterEqual(
            min(sum(tick.ready) for tick in run.ticks), least, table
        )
        most = _READY + surge.of(_READY)
        self.assertLessEqual(max(t.alive for t in run.ticks), most, table)
        last = run.ticks[-1]
        self.assertEqual((4, 4), (last.current, last.ready[4]), table)
        return plain, run

    def test_with_room_for_as_many_again(self):
        """The default: the new stock is whole before it is given."""
        plain, run = self.check(rollout.percent(100))

        self.assertEqual(plain.hits, run.hits, _table(run.ticks))

    def test_with_room_for_one_more(self):
        """The old ones make room one for one.

        Some claims by OS name may miss: the new stock starts with one.
        """
        self.check(rollout.volumes(1))
