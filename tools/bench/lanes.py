"""How fast a pool is refilled by lanes, beside one lane, on the simulator.

Cinder makes volumes of one snapshot one at a time, and so many flattens run
side by side as ``rbd_concurrent_flatten_operations`` says: the simulator does
both by the clock.  A daemon and a database, each a process, fill a pool that
has its lanes already; then the same with one lane.  Told is also how busy the
cloud was kept: the builds that were made against those that it could have
made in that time.
"""

import collections
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import figures
import fixtures

# Before anything that chooses a threading backend.
from cube_volpool.tests import engine, simulator
from cube_volpool.tests.functional import broker, installation
from cube_volpool.tests.simulator.backend import Outcome

# isort: split
import sqlalchemy as sa

from cube_volpool.db import models

#: With as many lanes as flattens run side by side, against one.
TARGET = 2.5
#: Of what the cloud can build while the pool is short.
BUSY_TARGET = 0.95
_POOL, _VHOST = 'bench', 'bench-lanes'
_SNAPSHOT = 'debian-12_ssd_20261120'
#: For the lanes, and for a full pool, in seconds.
_PATIENCE = 900.0


class Builds:
    """Every build of the cloud from now on: when, and how many at a time.

    The seconds are the cloud's own.
    """

    def __init__(self, cloud: simulator.Cloud) -> None:
        self.begun: list[float] = []
        self.ended: list[float] = []
        #: The most creates in flight, of one snapshot and in all.
        self.of_one = self.of_all = 0
        self._cloud = cloud
        self._submit = cloud.submit
        cloud.submit = self._watched  # type: ignore[method-assign]

    def _watched(self, kind: str, target: str, seconds: float,
                 finish: Callable[[Outcome], None], **where: Any) -> None:
        def ended(outcome: Outcome) -> None:
            self.ended.append(self._cloud.backend.time.timestamp())
            finish(outcome)

        is_build = kind == 'create'
        self._submit(kind, target, seconds,
                     ended if is_build else finish, **where)
        if is_build:
            self.begun.append(self._cloud.clock.now().timestamp())
            queues = collections.Counter(
                job.lock for job in self._cloud.backend.pending('create'))
            self.of_one = max(self.of_one, *queues.values())
            self.of_all = max(self.of_all, queues.total())

    @property
    def seconds(self) -> float:
        """From the first POST to the end of the last build."""
        return self.ended[-1] - self.begun[0]

    def forget(self) -> None:
        """Count from here on."""
        self.begun, self.ended = [], []


class Site(fixtures.Fixture):
    """A cloud, a database, and a daemon with a pool of so many lanes."""

    def __init__(self, lanes: int, *, slots: int, seconds: float,
                 cap: int) -> None:
        super().__init__()
        self.lanes, self.slots = lanes, slots
        self.seconds, self.cap = seconds, cap

    def _setUp(self) -> None:
        self.cloud = simulator.Cloud.lab(
            build_seconds=0, build_seconds_per_gib=self.seconds,
            flatten_slots=self.slots)
        self.builds = Builds(self.cloud)
        serving = simulator.serve(self.cloud)
        self.server = serving.__enter__()
        self.addCleanup(serving.__exit__, None, None, None)
        self.database = self.useFixture(installation.Database())
        self.database.sync()
        self._ledger = sa.create_engine(self.database.url())
        self.addCleanup(self._ledger.dispose)
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._file = folder / 'engine.conf'

    def fill(self, count: int) -> None:
        """Run a daemon until so many volumes, and all lanes, are there."""
        engine.write(self._file, self._sections(count))
        with engine.Engine(self._file) as daemon:
            wanted = self.lanes if self.lanes > 1 else 0
            try:
                engine.wait_until(
                    lambda: self._count() == (count, wanted),
                    f'{count} volumes and {wanted} lanes', _PATIENCE)
            except AssertionError as error:
                raise RuntimeError(
                    f'{error}\n{daemon.said()[-4000:]}') from error
            daemon.stop()

    def _sections(self, count: int) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = installation.sections(
            auth_url=self.server.auth_url, database=self.database.url(),
            broker=broker.broker_url(vhost=_VHOST), pools={_POOL: {
                'os_name': 'debian-12', 'volume_type': 'ssd',
                'min_ready': count, 'lanes': self.lanes,
                'max_creating': self.cap * self.lanes}})
        found['reconcile'] |= {
            'max_creating': self.cap * self.lanes,
            'max_creating_per_snapshot': self.cap}
        return found

    def _count(self) -> tuple[int, int]:
        """How many volumes are ready, and how many twins."""
        volumes, twins = models.backup_volumes, models.twins
        with self._ledger.connect() as connection:
            ready, lanes = (
                int(connection.execute(
                    sa.select(sa.func.count())
                    .select_from(table)
                    .where(table.c.status == 'available', *conditions)
                ).scalar_one())
                for table, conditions in (
                    (volumes, ()), (twins, (twins.c.kind == 'twin',))))
        return ready, lanes


def refill(site: Site, count: int) -> dict[str, object]:
    """Fill a pool whose lanes are there by so many volumes."""
    site.fill(1)
    site.builds.forget()
    site.fill(1 + count)
    builds = site.builds
    # What the cloud can do at a time.
    side_by_side = min(site.lanes, site.slots)
    busy = len(builds.ended) * site.seconds / (
        side_by_side * builds.seconds)
    sources = {volume.snapshot_id for volume
               in site.cloud.volumes_of('volpool')}
    is_within = (builds.of_one <= site.cap
                 and builds.of_all <= site.cap * site.lanes)
    return {
        'lanes': site.lanes, 'volumes': len(builds.ended),
        'seconds': round(builds.seconds, 2),
        'builds a second': round(len(builds.ended) / builds.seconds, 3),
        'builds a second, at most': round(side_by_side / site.seconds, 3),
        'busy': round(busy, 3), 'target': f'at least {BUSY_TARGET}',
        'most in flight, of one snapshot': builds.of_one,
        'cap of one snapshot': site.cap,
        'most in flight': builds.of_all, 'cap': site.cap * site.lanes,
        'snapshots built from': len(sources - {None}),
        'reached': busy >= BUSY_TARGET and is_within}


def measure(count: int, lanes: int, seconds: float,
            cap: int) -> dict[str, object]:
    """Both, one after the other."""
    noise = figures.Noise()
    found: dict[int, dict[str, Any]] = {}
    for number in (lanes, 1):
        with Site(number, slots=lanes, seconds=seconds, cap=cap) as site:
            found[number] = refill(site, count)
    ratio = found[1]['seconds'] / found[lanes]['seconds']
    return {
        'seconds a build': seconds, 'flattens side by side': lanes,
        f'{lanes} lanes': found[lanes], '1 lane': found[1],
        'ratio': round(ratio, 2), 'target': f'at least {TARGET}',
        'reached': ratio >= TARGET, 'machine': noise.told()}


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--volumes', type=int, default=60)
    parser.add_argument('--lanes', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=1.5,
                        help='of a build, once its turn has come')
    parser.add_argument('--cap', type=int, default=4,
                        help='creates in flight of one snapshot')
    given = parser.parse_args()
    return figures.tell(
        measure(given.volumes, given.lanes, given.seconds, given.cap), given)


if __name__ == '__main__':
    sys.exit(main())
