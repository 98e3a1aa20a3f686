"""How fast a pool of copies is refilled on the real lab: lanes, or none.

Two pools of the same content, one with several lanes and one with none, are
emptied by claims and filled again, in turns.  What it may bring is what the
lab's one disk allows, so there is no target.
"""

import argparse
import itertools
import statistics
import sys
import time

import bare
import figures
import onlab
import sqlalchemy as sa

from cube_volpool import client
from cube_volpool.db import models
from cube_volpool.tests import engine

#: The same content for both, 1 GiB that is copied; of two types, for there is
#: one pool for each type and OS.
_OS = 'debian-12'
_LANES, _ALONE = 'lanes', 'alone'
_TYPES = {_LANES: 'ssd', _ALONE: 'sas'}
#: As skyline-a's user, who may delete what was claimed.
_OWNER = 'alice'


class Refill:
    """One run: seconds of each refill, by pool."""

    def __init__(self, site: onlab.OnLab, volumes: int) -> None:
        self._site = site
        self._volumes = volumes
        self._numbers = itertools.count()
        self._owner = site.lab.account(_OWNER, onlab.PROJECT)
        self.seconds: dict[str, list[float]] = {_LANES: [], _ALONE: []}

    def turn(self, pool: str) -> None:
        """Empty a pool; then measure how long it takes to be full."""
        self._site.command('pause', pool)
        given = [self._claim(pool) for _ in range(self._volumes)]
        for volume_id in given:
            bare.remove(self._owner, volume_id)
        self._site.command('resume', pool)
        engine.wait_until(
            lambda: self._site.counts(pool)['creating'] > 0,
            f'{pool} is being filled', onlab.PATIENCE)
        began = time.perf_counter()
        self._site.wait_until(pool, ready=self._volumes, creating=0)
        self.seconds[pool].append(time.perf_counter() - began)

    def _claim(self, pool: str) -> str:
        """The id of a volume of the pool that has changed hands."""
        body = {'name': f'{self._site.site.tag}-{next(self._numbers)}',
                'volume_type': _TYPES[pool], 'metadata': {}}
        answer = client.claim_volume(
            self._site.context, body, os_name=_OS, budget=60)
        if answer['source'] != 'pool':
            raise RuntimeError(f"not a hit but {answer['source']}")
        return str(answer['volume']['id'])

    def wait_for_lanes(self, lanes: int) -> None:
        """Until the daemon has made so many twins, or retired them all."""
        twins = models.twins
        count = sa.select(sa.func.count()).where(
            *((twins.c.kind == 'twin', twins.c.status == 'available')
              if lanes else ()))
        ledger = self._site.site.store.ledger.engine

        def is_so() -> bool:
            with ledger.connect() as connection:
                found = connection.execute(count.select_from(twins))
                return int(found.scalar_one()) == lanes

        engine.wait_until(is_so, f'{lanes} lanes', onlab.PATIENCE)


def measure(given: argparse.Namespace) -> dict[str, object]:
    """All turns on one installation."""
    noise = figures.Noise()
    pools = {name: {'os_name': _OS, 'volume_type': kind,
                    'min_ready': given.volumes, 'max_creating': given.volumes}
             for name, kind in _TYPES.items()}
    pools[_LANES]['lanes'] = given.lanes
    with onlab.OnLab(1, pools) as site:
        run = Refill(site, given.volumes)
        run.wait_for_lanes(given.lanes)
        for number in range(given.turns):
            for pool in sorted(pools, reverse=bool(number % 2)):
                run.turn(pool)
        # A twin goes with its pool's stock; else it would outlive the lab's
        # other volumes, which cannot go while it is there.
        site.command('drain', _LANES)
        run.wait_for_lanes(0)
    seconds = {pool: statistics.median(took)
               for pool, took in run.seconds.items()}
    return {
        'volumes of 1 GiB': given.volumes, 'turns': given.turns,
        f'seconds, {given.lanes} lanes': _listed(run.seconds[_LANES]),
        'seconds, no lanes': _listed(run.seconds[_ALONE]),
        'times as fast, medians': round(
            seconds[_ALONE] / seconds[_LANES], 2),
        'machine': noise.told()}


def _listed(values: list[float]) -> str:
    return ', '.join(f'{value:.1f}' for value in values)


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--volumes', type=int, default=8)
    parser.add_argument('--lanes', type=int, default=3)
    parser.add_argument('--turns', type=int, default=4)
    given = parser.parse_args()
    return figures.tell(measure(given), given)


if __name__ == '__main__':
    sys.exit(main())
