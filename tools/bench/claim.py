"""What a claim costs, beside the same calls and beside a direct create.

Rounds are interleaved: in each, one accept alone, the same four calls by a
bare client, one claim over the message bus, and the bus alone; in some
rounds, a direct create of the same image, copied. No refill runs meanwhile.
Ratios are of this run; figures of different runs do not compare.
"""

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Callable

import bare
import figures

# Before the client: importing this chooses the threading backend.
import onlab

# isort: split
from cube_volpool import client, exception

#: Rounds before the measured ones: tokens, connections, caches.
WARM_UP = 3
#: The same image for a type that copies.
COPIED = 'ubuntu-24.04_ssd_20261120'
#: (what, over what, target); a claim at most so many times the calls, a create
#: at least so many times a claim.
TARGETS = (('claim p50', 'four calls p50', 1.12, 'at most'),
           ('create p50', 'claim p50', 90, 'at least'),
           ('create p50', 'claim p99', 40, 'at least'))


class Bench:
    """One run: its seconds, by what was measured."""

    def __init__(self, site: onlab.OnLab, given: argparse.Namespace) -> None:
        self.site = site
        self.given = given
        self.bare = bare.BareClient(
            site.site, site.body('unnamed'), onlab.PROJECT)
        self.seconds: dict[str, list[float]] = {
            'accept': [], 'four calls': [], 'claim': [], 'bus': []}
        self.calibration: list[float] = []
        self.creates: list[float] = []

    def round(self, number: int, *, keep: bool = True) -> None:
        """One of each, in an order that changes from round to round."""
        spare = [self.bare.make(f'{number}-{use}') for use in 'ab']
        measured: list[tuple[str, Callable[[], float]]] = [
            ('accept', lambda: self.bare.accept_only(spare[0])),
            ('four calls', lambda: self.bare.four_calls(spare[1])),
            ('claim', lambda: self.site.claim(f'claim-{number}')),
            ('bus', self.bus)]
        calibration = figures.calibrate()
        for place in range(len(measured)):
            name, measure = measured[(place + number) % len(measured)]
            seconds = measure()
            if keep:
                self.seconds[name].append(seconds)
        if keep:
            self.calibration.append(calibration)
        for volume_id in spare:
            bare.remove(self.bare.tenant, volume_id)

    def bus(self) -> float:
        """Seconds of a request that is refused for its missing name."""
        began = time.perf_counter()
        with contextlib.suppress(exception.InvalidRequest):
            client.claim_volume({'project_id': onlab.PROJECT}, {}, budget=60)
        return time.perf_counter() - began

    def create(self, number: int) -> None:
        """One direct create in the tenant's project, copied."""
        body = {**self.site.body(f'direct-{number}'), 'volume_type': 'ssd',
                'snapshot_id': self.site.lab.snapshots[COPIED]}
        began = time.perf_counter()
        made = self.bare.tenant.create(body)
        self.creates.append(time.perf_counter() - began)
        bare.remove(self.bare.tenant, made)

    def run(self) -> None:
        """All rounds, the creates spread among them."""
        for number in range(WARM_UP):
            self.round(-1 - number, keep=False)
        for number in range(self.given.rounds):
            self.round(number)
            wanted = self.given.creates * (number + 1) // self.given.rounds
            while len(self.creates) < wanted:
                self.create(number)

    def quiet(self) -> dict[str, list[float]]:
        """The rounds in which nobody else had the processor."""
        limit = figures.LOUD * statistics.median(self.calibration)
        return {name: [value for value, took in zip(
                    values, self.calibration, strict=True) if took <= limit]
                for name, values in self.seconds.items()}


def result(bench: Bench, noise: figures.Noise) -> dict[str, object]:
    """Everything that was found."""
    quiet = bench.quiet()
    measured = {**quiet, 'create': bench.creates}
    seconds = {
        f'{name} {which}': figures.percentile(values, part)
        for name, values in measured.items()
        for which, part in (('p50', .5), ('p95', .95), ('p99', .99))}
    ends = figures.interval([
        claim / calls for claim, calls in zip(
            quiet['claim'], quiet['four calls'], strict=True)])
    found: dict[str, object] = {
        'rounds': len(bench.calibration),
        'loud rounds, dropped': len(bench.calibration) - len(quiet['claim']),
        'milliseconds': {
            name: {'n': len(values), **{
                which: round(seconds[f'{name} {which}'] * 1e3, 1)
                for which in ('p50', 'p95', 'p99')}}
            for name, values in measured.items()},
        'claim / four calls by rounds, 95 %': [round(end, 2) for end in ends],
        'machine': noise.told()}
    for what, over, target, word in TARGETS:
        ratio = seconds[what] / seconds[over]
        found[f'{what} / {over}'] = {
            'ratio': round(ratio, 2), 'target': f'{word} {target}',
            'reached': (ratio <= target if word == 'at most'
                        else ratio >= target)}
    return found


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--rounds', type=int, default=60)
    parser.add_argument('--creates', type=int, default=5,
                        help='direct creates of the same 4 GiB')
    given = parser.parse_args()
    with onlab.OnLab(given.rounds + WARM_UP) as site:
        bench, noise = Bench(site, given), figures.Noise()
        bench.run()
        found = result(bench, noise)
    return figures.tell(found, given)


if __name__ == '__main__':
    sys.exit(main())
