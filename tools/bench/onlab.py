"""A pool on the real lab, a daemon, and claims from it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import display
import fixtures

# Before the client: importing tests chooses the threading backend, and
# oslo.messaging by itself would choose another, for good.
from cube_volpool.tests import asking, engine
from cube_volpool.tests.functional import cli_case
from cube_volpool.tests.integration import installation, lab

# isort: split
from cube_volpool import client

PROJECT = 'skyline-a'
#: The pool that claims are served from, and its image: 4 GiB of data in
#: clones, which change hands as copies do and are made at once.
POOL = 'pool'
IMAGE = {'os_name': 'ubuntu-24.04', 'volume_type': 'noflat'}
#: Until pools are full, or empty, in seconds.
PATIENCE = 900.0


class OnLab(fixtures.Fixture):
    """Pools that are full; that of the claims is not refilled.

    :param ready: volumes of that pool.
    :param others: options of further pools, by name.
    """

    def __init__(self, ready: int,
                 others: Mapping[str, Mapping[str, object]] | None = None,
                 ) -> None:
        super().__init__()
        self._ready = ready
        self._others = others or {}

    def _setUp(self) -> None:
        self.lab = lab.Lab.described()
        self.site = self.useFixture(
            installation.Installation(self.lab, 'bench'))
        self._file = self.site.configure('bench', {
            POOL: {**IMAGE, 'min_ready': self._ready, 'max_creating': 8},
            **self._others})
        client.configure(transport_url=self.lab.amqp_url)
        daemon = self.useFixture(engine.Engine(self._file))
        self.addCleanup(daemon.stop)
        display.watch_pools(
            display.screen(), asking.pools, patience=PATIENCE)
        self.command('pause', POOL)
        self.context = {'project_id': self.lab.projects[PROJECT]}

    def body(self, name: str) -> dict[str, Any]:
        """The body of a create from the pool's snapshot."""
        image = '_'.join(IMAGE.values())
        return {'name': f'{self.site.tag}-{name}',
                'volume_type': IMAGE['volume_type'],
                'snapshot_id': self.lab.snapshots[f'{image}_20261120'],
                'metadata': {}}

    def claim(self, name: str) -> float:
        """Seconds of one hit, as its caller sees it.  Raises for none."""
        began = time.perf_counter()
        answer = client.claim_volume(
            self.context, self.body(name), budget=60)
        seconds = time.perf_counter() - began
        if answer['source'] != 'pool':
            raise RuntimeError(f"not a hit but {answer['source']}")
        return seconds

    def claim_all(self, names: Sequence[str], *,
                  all_or_nothing: bool = False) -> None:
        """As many hits by one request.  Raises when one is none."""
        results = client.claim_volumes(
            self.context, [self.body(name) for name in names], budget=60,
            all_or_nothing=all_or_nothing)
        for result in results:
            if isinstance(result, Exception) or result['source'] != 'pool':
                raise RuntimeError(f'not a hit but {result}')

    def command(self, verb: str, pool: str) -> None:
        """What an operator does with a pool."""
        done = cli_case.run('--config-file', str(self._file), 'pool', verb,
                            self.site.pool(pool))
        if done.returncode:
            raise RuntimeError(done.stderr)

    def counts(self, pool: str) -> Mapping[str, Any]:
        """What ``pool list`` shows of a pool."""
        return next(one for one in self._pools()
                    if one['name'] == self.site.pool(pool))

    def wait_until(self, pool: str, **counts: int) -> None:
        """Return once these counts of a pool are so."""
        engine.wait_until(
            lambda: all(self.counts(pool)[name] == count
                        for name, count in counts.items()),
            f'{pool} has {counts}', PATIENCE)

    def _pools(self) -> Sequence[Mapping[str, Any]]:
        while not (found := asking.pools()):
            time.sleep(0.1)
        return found
