"""Several claims in one request, beside as many single ones in a row.

Each call to Cinder takes long.  A batch of N is one transaction that opens N
claims, two calls in a row of each, side by side, and the ends of N; the single
ones are claimed one after the other by one caller, as a worker without the
method would.  In turns within one run; all of them hits.  A request for all
or nothing, which gives nothing before all are ready and then one volume
before the others, is measured beside it and has no target.  On the lab the
calls compete for one machine, and so the target is another.
"""

import argparse
import contextlib
import statistics
import sys
from collections.abc import Callable

import figures

# Before the client: importing these chooses the threading backend.
import onlab
import stage

#: Of a batch, against single claims in a row; and on the lab.
TARGET, TARGET_ON_LAB = 0.3, 0.75
#: Rounds before the measured ones: tokens, connections, threads.
WARM_UP = 1


def measure(given: argparse.Namespace) -> dict[str, object]:
    """All ways, in an order that changes from round to round."""
    noise, size = figures.Noise(), given.size
    ready = (given.rounds + WARM_UP) * size * 3
    chosen = contextlib.ExitStack()
    with chosen:
        site: onlab.OnLab | stage.Stage = chosen.enter_context(
            onlab.OnLab(ready) if given.lab
            else stage.Stage(ready, latency=given.latency))
        took = timed_ways(site, given.rounds, size)
    ratios = [one / other for one, other in zip(
        took['batch'], took['single, in a row'], strict=True)]
    ratio = statistics.median(ratios)
    target = TARGET_ON_LAB if given.lab else TARGET
    return {
        'rounds': given.rounds, 'claims': size,
        'a call to Cinder': ('on the lab' if given.lab
                             else f'{given.latency * 1e3:.0f} ms'),
        'milliseconds': {
            way: round(statistics.median(values) * 1e3)
            for way, values in took.items()},
        'ratio': round(ratio, 3),
        'ratio, 95 %': [round(end, 3) for end in figures.interval(ratios)],
        'ratio, all or nothing': round(statistics.median(
            one / other for one, other in zip(
                took['all or nothing'], took['single, in a row'],
                strict=True)), 3),
        'target': f'at most {target}', 'reached': ratio <= target,
        'machine': noise.told()}


def timed_ways(site: onlab.OnLab | stage.Stage, rounds: int, size: int,
               ) -> dict[str, list[float]]:
    """Seconds of each round, by way."""
    ways: dict[str, Callable[[list[str]], object]] = {
        'batch': site.claim_all,
        'all or nothing': lambda names: site.claim_all(
            names, all_or_nothing=True),
        'single, in a row': lambda names: [
            site.claim(name) for name in names]}
    took: dict[str, list[float]] = {way: [] for way in ways}
    words = list(ways)
    for number in range(-WARM_UP, rounds):
        for place in range(len(words)):
            way = words[(place + number) % len(words)]
            names = [f'bench-{number}-{way[:3]}-{n}' for n in range(size)]
            seconds = figures.timed(ways[way], names)
            if number >= 0:
                took[way].append(seconds)
    return took


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--size', type=int, default=20,
                        help='claims in a request, at most 32')
    parser.add_argument('--latency', type=float, default=0.1,
                        help='of each call to Cinder, in seconds')
    parser.add_argument('--lab', action='store_true',
                        help='on the real lab, whose calls take their time')
    given = parser.parse_args()
    return figures.tell(measure(given), given)


if __name__ == '__main__':
    sys.exit(main())
