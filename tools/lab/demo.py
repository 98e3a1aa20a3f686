"""The daemon on the real lab: fills pools, serves claims, in figures.

The daemon is a process of its own, on the lab's MariaDB and RabbitMQ; the
claims are made here, for two projects, through the client library. Beside
them stands what the same volume costs without a pool: a direct create from
the same snapshot, flattened, until it is available.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import display

# Before the client: importing tests chooses the threading backend, and
# oslo.messaging by itself would choose another, for good.
from cube_volpool.tests import asking, engine
from cube_volpool.tests.integration import installation, lab

# isort: split
from cube_volpool import client

PROJECTS = ('skyline-a', 'skyline-b')
CLAIMS = 3  # by each project, from the larger pool
#: Pool: (operating system, GiB, how many).
POOLS = {'debian': ('debian-12', 1, CLAIMS * len(PROJECTS)),
         'ubuntu': ('ubuntu-24.04', 4, 1)}
PATIENCE = 300  # seconds until the pools are full


class Demo:
    """One run."""

    def __init__(self, site: installation.Installation) -> None:
        self.site = site
        self.lab = site.lab
        self.out = display.screen()
        self.rows: list[display.Row] = []

    def run(self) -> bool:
        """True when everything came as it should."""
        self.out.print('A daemon on MariaDB, RabbitMQ, Keystone, Cinder and '
                       'Ceph fills its pools:')
        took = display.watch_pools(self.out, asking.pools, patience=PATIENCE)
        self.out.print(f'  full after {took:.1f} s\n')
        # What is measured now must not wait behind creates of the refill.
        self.site.hold_refill()
        self.claim_all()
        direct = {name: self.create_directly(name) for name in POOLS}
        self.out.print(display.claims(self.rows))
        return self.compare(direct)

    def claim_all(self) -> None:
        """Hits for both projects, and one name a second time."""
        for number in range(CLAIMS):
            for project in PROJECTS:
                self.claim(project, f'web-{number}_sys', 'debian')
        self.claim(PROJECTS[1], 'big-0_sys', 'ubuntu')
        self.claim(PROJECTS[0], 'web-0_sys', 'debian')

    def claim(self, project: str, name: str, pool: str) -> None:
        """One claim, as skyline would make it."""
        body = self.body(name, pool)
        answer, seconds = timed(lambda: client.claim_volume(
            {'project_id': self.lab.projects[project]}, body, budget=60))
        self.rows.append(display.Row(
            project=project, name=body['name'], source=answer['source'],
            seconds=seconds, said=answer['volume']['id']))

    def body(self, name: str, pool: str) -> dict[str, Any]:
        """The body of a Cinder create."""
        system = POOLS[pool][0]
        return {'name': f'{self.site.tag}-{name}', 'volume_type': 'ssd',
                'snapshot_id': self.lab.snapshots[f'{system}_ssd_20261120'],
                'metadata': {}}

    def create_directly(self, pool: str) -> float:
        """Seconds of an ordinary create of the same, until available."""
        tenant = self.lab.account('skyline', PROJECTS[0])
        body = self.body(f'direct-{pool}_sys', pool)
        self.out.print(f'Creating {POOLS[pool][1]} GiB of the same snapshot '
                       'directly ...')
        _, seconds = timed(lambda: tenant.create(body))
        return seconds

    def compare(self, direct: dict[str, float]) -> bool:
        """Tell the figures; False when a claim was no hit."""
        hits = [row for row in self.rows if row.source == 'pool']
        claim = statistics.median(row.seconds for row in hits)
        self.out.print(f'A claim took {claim * 1000:.0f} ms (median of '
                       f'{len(hits)} hits).')
        for name, seconds in direct.items():
            self.out.print(
                f'A direct create of {POOLS[name][1]} GiB took '
                f'{seconds:.1f} s: {seconds / claim:.0f} times as long.')
        wanted = ['pool'] * (len(self.rows) - 1) + ['existing']
        return [row.source for row in self.rows] == wanted


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call returned, and its seconds."""
    began = time.perf_counter()
    result = call()
    return result, time.perf_counter() - began


def main() -> int:
    where = lab.Lab.described()
    with installation.Installation(where, 'demo') as site:
        path = site.configure('demo', {
            name: {'os_name': system, 'volume_type': 'ssd',
                   'min_ready': count, 'max_creating': 2}
            for name, (system, _, count) in POOLS.items()})
        client.configure(transport_url=where.amqp_url)
        with engine.Engine(path) as daemon:
            demo = Demo(site)
            is_good = demo.run()
            status = daemon.stop()
        demo.out.print('Removing the volumes of this run ...')
    if status:
        demo.out.print(f'the daemon ended with {status}')
    return 0 if is_good and not status else 1


if __name__ == '__main__':
    sys.exit(main())
