"""How fast the lab fills a pool by lanes, beside a pool of one lane.

Both are of copied volumes of 1 GiB and have what they need; in turns, each is
emptied and filled again.  How much lanes are worth is a matter of the lab's
disk and processors, so there is no target; the simulator shows what Cinder's
own locks allow (``run.sh lanes``).
"""

import argparse
import statistics
import sys
import time

import figures
import onlab

_LANES, _ONE = 'lanes', 'one'
_TYPES = {_LANES: 'ssd', _ONE: 'sas'}


def refill(site: onlab.OnLab, pool: str, volumes: int) -> float:
    """Seconds to fill a pool that was emptied."""
    site.command('pause', pool)
    site.evict_all(pool)
    site.wait_until(pool, ready=0, creating=0, deleting=0, reserved=0)
    began = time.perf_counter()
    site.command('resume', pool)
    site.wait_until(pool, ready=volumes)
    return time.perf_counter() - began


def measure(given: argparse.Namespace) -> dict[str, object]:
    """Both, by turns."""
    noise = figures.Noise()
    pools = {
        name: {'os_name': 'debian-12', 'volume_type': kind,
               'min_ready': given.volumes, 'max_creating': given.volumes,
               'lanes': given.lanes if name == _LANES else 1}
        for name, kind in _TYPES.items()}
    took: dict[str, list[float]] = {name: [] for name in pools}
    with onlab.OnLab(1, pools) as site:
        site.wait_until(_LANES, lanes_ready=given.lanes)
        for _ in range(given.rounds):
            for name, values in took.items():
                values.append(refill(site, name, given.volumes))
    return {
        'volumes': given.volumes, 'lanes': given.lanes,
        'seconds': {
            name: [round(value, 1) for value in values]
            for name, values in took.items()},
        'times as fast': round(
            statistics.median(took[_ONE]) / statistics.median(took[_LANES]),
            2),
        'machine': noise.told()}


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--volumes', type=int, default=4,
                        help='in each; the lab has room for eight')
    parser.add_argument('--lanes', type=int, default=3)
    parser.add_argument('--rounds', type=int, default=3)
    given = parser.parse_args()
    return figures.tell(measure(given), given)


if __name__ == '__main__':
    sys.exit(main())
