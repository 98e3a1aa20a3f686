"""Several claims in one request, beside as many single ones in a row.

Each call to Cinder takes long.  A batch of N is one transaction that opens N
claims, two calls in a row of each, side by side, and the ends of N; the single
ones are claimed one after the other by one caller, as a worker without the
method would.  In turns within one run; all of them hits.  A request for all
or nothing, which gives nothing before all are ready and then one volume
before the others, is measured beside it and has no target.  On the lab the
calls compete for one machine, and so the target is another; and it has room
for some hundred volumes, so only what has a target is measured there.
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
#: Claims of each way before the measured ones: tokens, connections.  On the
#: lab a batch finds most of its threads cold, for there is no room for more.
WARM_UP = 4
#: Rounds without an argument; and on the lab.
ROUNDS, ROUNDS_ON_LAB = 10, 2
_ROW, _BATCH, _ALL = 'single, in a row', 'batch', 'all or nothing'


def measure(given: argparse.Namespace) -> dict[str, object]:
    """All ways, in an order that changes from round to round."""
    noise, size = figures.Noise(), given.size
    rounds = given.rounds or (ROUNDS_ON_LAB if given.lab else ROUNDS)
    words = [_BATCH, _ROW] if given.lab else [_BATCH, _ALL, _ROW]
    ready = (rounds * size + WARM_UP) * len(words)
    chosen = contextlib.ExitStack()
    with chosen:
        site: onlab.OnLab | stage.Stage = chosen.enter_context(
            onlab.OnLab(ready) if given.lab
            else stage.Stage(ready, latency=given.latency))
        timed_ways(site, words, 1, WARM_UP, 'first')
        took = timed_ways(site, words, rounds, size, 'bench')
    ratios = {
        way: [one / other for one, other in zip(
            values, took[_ROW], strict=True)]
        for way, values in took.items() if way != _ROW}
    ratio = statistics.median(ratios[_BATCH])
    target = TARGET_ON_LAB if given.lab else TARGET
    return {
        'rounds': rounds, 'claims': size,
        'a call to Cinder': ('on the lab' if given.lab
                             else f'{given.latency * 1e3:.0f} ms'),
        'milliseconds': {
            way: round(statistics.median(values) * 1e3)
            for way, values in took.items()},
        'ratio': round(ratio, 3),
        'ratio, 95 %': [
            round(end, 3) for end in figures.interval(ratios[_BATCH])],
        **{f'ratio, {way}': round(statistics.median(values), 3)
           for way, values in ratios.items() if way != _BATCH},
        'target': f'at most {target}', 'reached': ratio <= target,
        'machine': noise.told()}


def timed_ways(site: onlab.OnLab | stage.Stage, words: list[str],
               rounds: int, size: int, prefix: str) -> dict[str, list[float]]:
    """Seconds of each round, by way."""
    ways: dict[str, Callable[[list[str]], object]] = {
        _BATCH: site.claim_all,
        _ALL: lambda names: site.claim_all(names, all_or_nothing=True),
        _ROW: lambda names: [site.claim(name) for name in names]}
    took: dict[str, list[float]] = {way: [] for way in words}
    for number in range(rounds):
        for place in range(len(words)):
            way = words[(place + number) % len(words)]
            names = [f'{prefix}-{number}-{way[:3]}-{n}' for n in range(size)]
            took[way].append(figures.timed(ways[way], names))
    return took


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--rounds', type=int,
                        help=f'{ROUNDS} unless told, {ROUNDS_ON_LAB} on the '
                        'lab')
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
