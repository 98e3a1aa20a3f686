"""What a claim costs, beside a bare accept and beside a direct create.

Rounds are interleaved: in each, one accept alone, the same four calls by a
bare client, one claim over the message bus, and the bus alone; in some
rounds, direct creates. No refill runs meanwhile. Ratios are of medians within
this run; figures of different runs do not compare.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import bare
import display
import figures
from rich import box, table

# Before the client: importing tests chooses the threading backend, and
# oslo.messaging by itself would choose another, for good.
from cube_volpool.tests import asking, engine
from cube_volpool.tests.integration import installation, lab

# isort: split
from cube_volpool import client, exception

PROJECT = 'skyline-a'
#: Rounds before the measured ones: tokens, connections, caches.
WARM_UP = 3
PATIENCE = 900  # seconds until the pool is full
CREATES = {'create 1 GiB': 'debian-12_ssd_20261120',
           'create 4 GiB': 'ubuntu-24.04_ssd_20261120'}
#: (what, over what, target); a claim at most so many times the first, a
#: create at least so many times a claim.
TARGETS = (('claim', 'accept', 1.8, 'at most'),
           ('create 1 GiB', 'claim', 15, 'at least'),
           ('create 4 GiB', 'claim', 60, 'at least'))


class Bench:
    """One run: its seconds, by what was measured."""

    def __init__(self, site: installation.Installation,
                 given: argparse.Namespace) -> None:
        self.site = site
        self.given = given
        self.bare = bare.BareClient(site, self.body('unnamed'), PROJECT)
        self.seconds: dict[str, list[float]] = {
            'accept': [], 'four calls': [], 'claim': [], 'bus': []}
        self.calibration: list[float] = []
        self.creates: dict[str, list[float]] = {name: [] for name in CREATES}

    def body(self, name: str) -> dict[str, Any]:
        """The body of a create from the small snapshot."""
        kind = self.given.type
        return {'name': f'{self.site.tag}-{name}', 'volume_type': kind,
                'snapshot_id': self.site.lab.snapshots[
                    f'debian-12_{kind}_20261120'],
                'metadata': {}}

    def round(self, number: int, *, keep: bool = True) -> None:
        """One of each, in an order that changes from round to round."""
        spare = [self.bare.make(f'{number}-{use}') for use in 'ab']
        measured: list[tuple[str, Callable[[], float]]] = [
            ('accept', lambda: self.bare.accept_only(spare[0])),
            ('four calls', lambda: self.bare.four_calls(spare[1])),
            ('claim', lambda: self.claim(number)),
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

    def claim(self, number: int) -> float:
        """Seconds of one hit, as its caller sees it."""
        context = {'project_id': self.site.lab.projects[PROJECT]}
        body = self.body(f'claim-{number}')
        with Watch() as watch:
            answer = client.claim_volume(context, body, budget=60)
        if answer['source'] != 'pool':
            raise RuntimeError(f"not a hit but {answer['source']}")
        return watch.seconds

    def bus(self) -> float:
        """Seconds of a request that is refused for its missing name."""
        with Watch() as watch, contextlib.suppress(exception.InvalidRequest):
            client.claim_volume({'project_id': PROJECT}, {}, budget=60)
        return watch.seconds

    def create(self, name: str, number: int) -> None:
        """One direct create in the tenant's project, flattened."""
        body = {**self.body(f'direct-{number}'), 'volume_type': 'ssd',
                'snapshot_id': self.site.lab.snapshots[CREATES[name]]}
        with Watch() as watch:
            made = self.bare.tenant.create(body)
        self.creates[name].append(watch.seconds)
        bare.remove(self.bare.tenant, made)

    def run(self) -> None:
        """All rounds, the creates spread among them."""
        for number in range(WARM_UP):
            self.round(-1 - number, keep=False)
        counts = {'create 1 GiB': self.given.creates,
                  'create 4 GiB': max(1, self.given.creates // 2)}
        for number in range(self.given.rounds):
            self.round(number)
            for name, count in counts.items():
                wanted = count * (number + 1) // self.given.rounds
                while len(self.creates[name]) < wanted:
                    self.create(name, number)

    def quiet(self) -> dict[str, list[float]]:
        """The rounds in which nobody else had the processor."""
        limit = figures.LOUD * statistics.median(self.calibration)
        return {name: [value for value, took in zip(
                    values, self.calibration, strict=True) if took <= limit]
                for name, values in self.seconds.items()}


class Watch:
    """Seconds of a block."""

    def __enter__(self) -> 'Watch':
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began


def result(bench: Bench, noise: figures.Noise) -> dict[str, Any]:
    """Everything that was found, for JSON."""
    quiet = bench.quiet()
    measured = {**quiet, **bench.creates}
    p50 = {name: statistics.median(values)
           for name, values in measured.items()}
    low, high = figures.interval([
        claim / accept for claim, accept in zip(
            quiet['claim'], quiet['accept'], strict=True)])
    return {
        'rounds': len(bench.calibration),
        'loud_rounds_dropped': len(bench.calibration) - len(quiet['claim']),
        'machine': noise.told(),
        'milliseconds': {
            name: {'n': len(values), 'p50': round(p50[name] * 1e3, 1),
                   'p95': round(
                       figures.percentile(values, .95) * 1e3, 1)}
            for name, values in measured.items()},
        'ratios': {
            f'{what} / {over}': {
                'ratio': round(p50[what] / p50[over], 2),
                'target': f'{word} {target}',
                'reached': (p50[what] / p50[over] <= target
                            if word == 'at most'
                            else p50[what] / p50[over] >= target)}
            for what, over, target, word in TARGETS},
        'claim / accept by rounds, 95 %': [round(low, 2), round(high, 2)],
        'claim / four calls': round(p50['claim'] / p50['four calls'], 2),
    }


def show(found: dict[str, Any]) -> None:
    """The result as two tables."""
    out = display.screen()
    times = table.Table(box=box.SIMPLE_HEAD)
    for name in ('', 'n', 'p50', 'p95'):
        times.add_column(name, justify='right' if name else 'left')
    for name, row in found['milliseconds'].items():
        times.add_row(name, str(row['n']), f"{row['p50']:.0f} ms",
                      f"{row['p95']:.0f} ms")
    ratios = table.Table('p50 / p50', 'ratio', 'target', '',
                         box=box.SIMPLE_HEAD)
    for name, row in found['ratios'].items():
        ratios.add_row(name, f"{row['ratio']:.2f}", row['target'],
                       'reached' if row['reached'] else 'MISSED')
    out.print(times, ratios)
    low, high = found['claim / accept by rounds, 95 %']
    machine = found['machine']
    out.print(
        f'claim / accept, median of the rounds\' ratios: 95 % in {low:.2f} '
        f"to {high:.2f}; claim / four calls {found['claim / four calls']}.\n"
        f"{found['loud_rounds_dropped']} of {found['rounds']} rounds dropped "
        f"as loud; load {machine['load_before']} before, "
        f"{machine['load_after']} after, {machine['steal_percent']} % stolen.")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='claim.sh', description=__doc__)
    parser.add_argument('--rounds', type=int, default=30)
    parser.add_argument('--creates', type=int, default=6,
                        help='direct creates of 1 GiB; half of 4 GiB')
    parser.add_argument('--type', default='noflat', choices=('noflat', 'ssd'),
                        help='of the volumes that change hands: clones, or '
                        'flattened ones, which take longer to prepare')
    parser.add_argument('--json', type=pathlib.Path, help='write it there')
    parser.add_argument('--check', action='store_true',
                        help='fail when a target is missed')
    return parser.parse_args()


def main() -> int:
    given = parse()
    where = lab.Lab.described()
    out = display.screen()
    with installation.Installation(where, 'bench') as site:
        path = site.configure('bench', {'pool': {
            'os_name': 'debian-12', 'volume_type': given.type,
            'min_ready': given.rounds + WARM_UP, 'max_creating': 8}})
        client.configure(transport_url=where.amqp_url)
        with engine.Engine(path) as daemon:
            display.watch_pools(out, asking.pools, patience=PATIENCE)
            site.hold_refill()
            bench, noise = Bench(site, given), figures.Noise()
            bench.run()
            found = result(bench, noise)
            daemon.stop()
    show(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + '\n',
                              encoding='utf-8')
    missed = [name for name, row in found['ratios'].items()
              if not row['reached']]
    return 1 if given.check and missed else 0


if __name__ == '__main__':
    sys.exit(main())
