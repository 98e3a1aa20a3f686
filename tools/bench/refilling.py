"""What refill costs a claim on the real lab.

A pool of copied volumes is emptied and filled again, several times; as many
claims are made from another pool while it fills as while nothing happens.
"""

import argparse
import itertools
import statistics
import sys
import time

import figures
import onlab

#: The pool that is filled: copies of 1 GiB.
_BUSY = 'busy'
_IMAGE = {'os_name': 'debian-12', 'volume_type': 'ssd'}
#: Between two claims, in seconds: as a few callers ask, not one at a time for
#: as long as nothing else happens.
_PAUSE = 0.1
TARGET = 1.5


class Refilling:
    """One run: seconds of claims, quiet and while the pool fills."""

    def __init__(self, site: onlab.OnLab, claims: int) -> None:
        self._site = site
        self._claims = claims
        self._numbers = itertools.count()
        self.quiet: list[float] = []
        self.busy: list[float] = []
        #: Volumes in creation at each claim of the second kind.
        self.building: list[int] = []

    def cycle(self) -> None:
        """Claims while nothing happens; claims while the pool fills."""
        self._site.command('drain', _BUSY)
        self._site.wait_until(
            _BUSY, ready=0, creating=0, deleting=0, reserved=0)
        for _ in range(self._claims):
            self.quiet.append(self._claim())
        self._site.command('resume', _BUSY)
        while not self._site.counts(_BUSY)['creating']:
            time.sleep(0.1)
        for _ in range(self._claims):
            building = self._site.counts(_BUSY)['creating']
            if not building:
                return
            self.building.append(building)
            self.busy.append(self._claim())

    def _claim(self) -> float:
        time.sleep(_PAUSE)
        return self._site.claim(f'claim-{next(self._numbers)}')


def told(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    return {'n': len(values),
            'p50': round(statistics.median(values) * 1e3, 1),
            'p95': round(figures.percentile(values, .95) * 1e3, 1)}


def measure(given: argparse.Namespace) -> dict[str, object]:
    """All cycles on one installation."""
    noise = figures.Noise()
    others = {_BUSY: {**_IMAGE, 'min_ready': given.copies}}
    ready = 2 * given.cycles * given.claims + 1
    with onlab.OnLab(ready, others) as site:
        run = Refilling(site, given.claims)
        site.claim('warm-up')
        for _ in range(given.cycles):
            run.cycle()
    ratio = statistics.median(run.busy) / statistics.median(run.quiet)
    return {
        'milliseconds': {
            'quiet': told(run.quiet), 'refilling': told(run.busy)},
        'volumes in creation': {
            'at most': max(run.building),
            'mean': round(statistics.mean(run.building), 1)},
        'ratio': round(ratio, 2), 'target': f'at most {TARGET}',
        'reached': ratio <= TARGET, 'machine': noise.told()}


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--cycles', type=int, default=3)
    parser.add_argument('--claims', type=int, default=15,
                        help='in each half of a cycle; the lab has room for '
                        'some hundred of their volumes')
    parser.add_argument('--copies', type=int, default=8,
                        help='volumes of 1 GiB that are built in each')
    given = parser.parse_args()
    return figures.tell(measure(given), given)


if __name__ == '__main__':
    sys.exit(main())
