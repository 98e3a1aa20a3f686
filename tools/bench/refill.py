"""How fast the lab fills a pool by lanes, beside one lane.

The pool is of copied volumes of 1 GiB.  It has its lanes, is emptied, and
filled again.  How much lanes are worth is a matter of the lab's disk and
processors, so there is no target; the simulator shows what Cinder's own locks
allow (``run.sh lanes``).
"""

import argparse
import sys
import time

import figures
import onlab

_POOL = 'copied'
_IMAGE = {'os_name': 'debian-12', 'volume_type': 'ssd'}


def refill(lanes: int, volumes: int, rounds: int) -> list[float]:
    """Seconds to fill an empty pool, each time."""
    pool = {**_IMAGE, 'min_ready': volumes, 'max_creating': volumes,
            'lanes': lanes}
    took = []
    with onlab.OnLab(1, {_POOL: pool}) as site:
        for _ in range(rounds):
            site.wait_until(_POOL, lanes_ready=lanes if lanes > 1 else 0)
            site.command('drain', _POOL)
            site.wait_until(
                _POOL, ready=0, creating=0, deleting=0, reserved=0)
            began = time.perf_counter()
            site.command('resume', _POOL)
            site.wait_until(_POOL, ready=volumes)
            took.append(time.perf_counter() - began)
    return took


def measure(given: argparse.Namespace) -> dict[str, object]:
    """Lanes, then one."""
    noise = figures.Noise()
    took = {
        lanes: refill(lanes, given.volumes, given.rounds)
        for lanes in (given.lanes, 1)}
    best = {lanes: min(values) for lanes, values in took.items()}
    return {
        'volumes': given.volumes,
        'seconds': {
            f'{lanes} lanes' if lanes > 1 else '1 lane': [
                round(value, 1) for value in values]
            for lanes, values in took.items()},
        'ratio of the best': round(best[1] / best[given.lanes], 2),
        'machine': noise.told()}


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--volumes', type=int, default=8)
    parser.add_argument('--lanes', type=int, default=3)
    parser.add_argument('--rounds', type=int, default=2)
    given = parser.parse_args()
    return figures.tell(measure(given), given)


if __name__ == '__main__':
    sys.exit(main())
