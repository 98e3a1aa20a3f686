"""Hits, one at a time and many, beside what they are made of.

On the simulator without latency; its own work is in the hit, and in none of
the parts.  A hit against the sum of its parts: a no-op call of the bus, four
calls of python-cinderclient to a server that does nothing, three commits of
one row.  Hits by 32 callers against the same calls and commits by bare
threads.  Then throughput from 1 to 64 callers.  Both sides of a ratio in
turns within one run.
"""

import argparse
import itertools
import pathlib
import statistics
import sys
from collections.abc import Callable
from concurrent import futures

import figures

# Before the floor: importing the stage chooses the threading backend.
import stage

# isort: split
import floor

HERE = pathlib.Path(__file__).parent
#: What a hit may be, against the sum of its parts.
ALONE = 1.4
#: What hits by many callers must be, against bare threads.
TOGETHER = 0.7
#: What throughput must be from its peak on, against the peak.
CONTENDED = 0.9
CALLERS = (1, 2, 4, 8, 16, 32, 64)


#: All callers are of one project here, and on one pool.
_ROOMY = {'claim': {
    'max_outstanding_per_project': max(CALLERS),
    'max_outstanding_per_pool': max(CALLERS)}}


class Hits:
    """A stage and the floor beside it."""

    def __init__(self, site: stage.Stage, bus: floor.Bus,
                 nobody: floor.Calls, commits: floor.Commits) -> None:
        self.site = site
        self.bus = bus
        self.nobody = nobody
        self.commits = commits
        self._numbers = itertools.count()
        pool = site.keyring('volpool', 'volpool')
        tenant = site.keyring('skyline', stage.PROJECT)
        self._bare = floor.Calls(pool, tenant, side_by_side=False)
        self._spare: list[str] = []

    def claim(self) -> None:
        """One hit."""
        self.site.claim(f'bench-{next(self._numbers)}')

    def bare(self) -> None:
        """The calls and commits of a hit, by nobody but this thread."""
        self._bare.hand_over(
            self._spare.pop(), f'bare-{next(self._numbers)}')
        self.commits.commit(3)

    def prepare(self, times: int) -> None:
        """Make volumes of the pool project that no pool knows."""
        for _ in range(times):
            self._spare.append(self._bare.make(
                f'spare-{next(self._numbers)}', stage.TYPE))


def alone(hits: Hits, rounds: int) -> dict[str, object]:
    """One hit at a time, against the sum of its parts."""
    parts: dict[str, Callable[[], object]] = {
        'claim': hits.claim,
        'bus': hits.bus.call,
        'cinderclient': hits.nobody.hand_over_to_nobody,
        'commits': lambda: hits.commits.commit(3),
    }
    names = list(parts)
    took: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-5, rounds):
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            seconds = figures.timed(parts[name])
            if number >= 0:
                took[name].append(seconds)
    ratios = [
        claim / (bus + calls + commits)
        for claim, bus, calls, commits in zip(*took.values(), strict=True)]
    ratio = statistics.median(took['claim']) / sum(
        statistics.median(took[name]) for name in names[1:])
    return {
        'rounds': rounds,
        'milliseconds': {
            name: {'p50': round(statistics.median(values) * 1e3, 2),
                   'p99': round(figures.percentile(values, .99) * 1e3, 2)}
            for name, values in took.items()},
        'ratio': round(ratio, 2),
        'ratio by rounds, 95 %': [
            round(end, 2) for end in figures.interval(ratios)],
        'target': f'at most {ALONE}', 'reached': ratio <= ALONE}


def rate(job: Callable[[], object], callers: int, times: int) -> float:
    """How many a second, by so many threads."""
    with futures.ThreadPoolExecutor(callers) as threads:
        seconds = figures.timed(lambda: [
            done.result() for done in
            [threads.submit(job) for _ in range(times)]])
    return times / seconds


def together(hits: Hits, rounds: int, times: int) -> dict[str, object]:
    """32 callers, against as many bare threads, in turns."""
    both: list[tuple[Callable[[], object], list[float]]] = [
        (hits.claim, []), (hits.bare, [])]
    for number in range(rounds):
        hits.prepare(times)
        for job, found in both if number % 2 else reversed(both):
            found.append(rate(job, 32, times))
    ours, bare = (found for _, found in both)
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    ratio = statistics.median(ratios)
    return {
        'rounds': rounds, 'claims': rounds * times,
        'claims a second': round(statistics.median(ours), 1),
        'bare a second': round(statistics.median(bare), 1),
        'ratio': round(ratio, 2),
        'target': f'at least {TOGETHER}', 'reached': ratio >= TOGETHER}


def contended(hits: Hits, rounds: int, times: int) -> dict[str, object]:
    """From one caller to 64 on one pool: does it get worse again?"""
    found: dict[int, list[float]] = {callers: [] for callers in CALLERS}
    for number in range(rounds):
        # Up and down: the shelf gets shorter, and the table of claims longer.
        for callers in CALLERS if number % 2 else reversed(CALLERS):
            found[callers].append(rate(hits.claim, callers, times))
    rates = {callers: statistics.median(values)
             for callers, values in found.items()}
    # Against the best with fewer callers, or as many.
    ratio = min(
        value / max(other for fewer, other in rates.items()
                    if fewer <= callers)
        for callers, value in rates.items())
    return {
        'claims a second': {
            str(callers): round(value, 1)
            for callers, value in rates.items()},
        'ratio': round(ratio, 2),
        'target': f'at least {CONTENDED}',
        'reached': ratio >= CONTENDED}


def measure(given: argparse.Namespace) -> dict[str, object]:
    """Everything, on one stage."""
    noise = figures.Noise()
    ready = (given.rounds + 16
             + given.together * given.times * (1 + len(CALLERS)))
    with stage.Stage(ready, changes=_ROOMY) as site:
        site.useFixture(
            stage.Process('-m', 'cube_volpool.tests.noop', site.broker_url))
        nobody = site.useFixture(stage.Process(str(HERE / 'noop_http.py')))
        commits = floor.Commits(site.database.url())
        site.addCleanup(commits.close)
        hits = Hits(site, floor.Bus(site.broker_url),
                    floor.Calls.to_nobody(nobody.address), commits)
        return {
            'one at a time': alone(hits, given.rounds),
            '32 callers': together(hits, given.together, given.times),
            '1 to 64 callers': contended(hits, given.together, given.times),
            'machine': noise.told()}


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--rounds', type=int, default=200)
    parser.add_argument('--together', type=int, default=5,
                        help='rounds with many callers')
    parser.add_argument('--times', type=int, default=100,
                        help='claims in each of those')
    given = parser.parse_args()
    return figures.tell(measure(given), given)


if __name__ == '__main__':
    sys.exit(main())
