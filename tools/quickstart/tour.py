"""The tour: a simulated cloud, the whole daemon, 20 claims.

Everything is in this process. The cloud speaks Keystone's and Cinder's HTTP
on a loopback socket and takes the time that a real one was seen to take; the
daemon is made from a configuration file, as in any installation, with SQLite
for its ledger and a message bus without a broker.
"""

import collections
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import display
import house

# Before the client: importing tests chooses the threading backend, and
# oslo.messaging by itself would choose another, for good.
from cube_volpool.tests import asking, simulator
from cube_volpool.tests.integration import lab
from cube_volpool.tests.simulator.lab import DATE, LATENCY, PASSWORD

# isort: split
from cube_volpool import client, exception

A, B = 'skyline-a', 'skyline-b'
DEBIAN, UBUNTU = 'debian-12', 'ubuntu-24.04'
#: Pools: how many volumes each keeps.
READY = {DEBIAN: 13, UBUNTU: 4}
PATIENCE = 120  # seconds until the pools are full
HITS = sum(READY.values())
WANTED = {'pool': HITS, 'created': 1, 'existing': 1, 'over quota': 1}


class Tour:
    """The claims of one tour, and what they came to."""

    def __init__(self, cloud: simulator.Cloud) -> None:
        self.cloud = cloud
        self.rows: list[display.Row] = []
        self.given: dict[tuple[str, str], str] = {}
        self.is_same = False

    def claims(self) -> None:
        """20 claims: 17 hits, a refusal, a repeat, a miss."""
        for number in range(READY[DEBIAN] - 1):
            self.claim((A, B)[number % 2], f'web-{number}_sys', DEBIAN)
        with self.no_room(B):
            self.claim(B, 'much_sys', DEBIAN)
        first = self.given[A, 'web-0_sys']
        self.claim(A, 'web-0_sys', DEBIAN)
        self.is_same = self.given[A, 'web-0_sys'] == first
        self.claim(B, 'last_sys', DEBIAN)
        for number in range(READY[UBUNTU] + 1):
            self.claim((A, B)[number % 2], f'db-{number}_sys', UBUNTU)

    def claim(self, project: str, name: str, system: str) -> None:
        """One claim, as skyline's worker makes it."""
        source, said = 'over quota', ''
        began = time.perf_counter()
        try:
            answer = client.claim_volume(
                {'project_id': self.cloud.project_id(project)},
                self.body(name, system), budget=30)
        except exception.QuotaExceeded as error:
            said = str(error)
        else:
            source, said = answer['source'], answer['volume']['id']
            self.given[project, name] = said
        self.rows.append(display.Row(
            project=project, name=name, source=source, said=said,
            seconds=time.perf_counter() - began))

    def body(self, name: str, system: str) -> dict[str, Any]:
        """The body of a Cinder create."""
        return {'name': name, 'volume_type': 'ssd', 'metadata': {},
                'snapshot_id': self.cloud.snapshot_id(
                    f'{system}_ssd_{DATE}')}

    @contextlib.contextmanager
    def no_room(self, project: str) -> Iterator[None]:
        """For a while the project may have no more volumes."""
        self.cloud.set_quota(project, volumes=len(
            self.cloud.volumes_of(project)))
        yield
        self.cloud.set_quota(project, volumes=5000)

    def create(self, server: simulator.Server) -> float:
        """Seconds of an ordinary create, until the volume is available."""
        tenant = account(self.cloud, server)
        began = time.perf_counter()
        tenant.create(self.body('direct_sys', DEBIAN))
        return time.perf_counter() - began

    def mistakes(self) -> list[str]:
        """What did not come as it should; nothing is good."""
        found = []
        counts = collections.Counter(row.source for row in self.rows)
        if counts != WANTED:
            found.append(f'{dict(counts)} instead of {WANTED}')
        if not self.is_same:
            found.append('the repeat gave another volume')
        if len(set(self.given.values())) != len(self.given):
            found.append('two claims were given one volume')
        for (project, name), ident in self.given.items():
            volume = self.cloud.volume(ident)
            if (volume.project_id, volume.name) != (
                    self.cloud.project_id(project), name):
                found.append(f'{ident} is not {name} of {project}')
        return found


def account(cloud: simulator.Cloud, server: simulator.Server) -> lab.Account:
    """The account that acts for tenants, in the first one's project."""
    where = lab.Lab(
        auth_url=server.auth_url, cinder_url=f'{server.url}/volume/v3',
        region=cloud.region, users={'skyline': PASSWORD},
        projects={A: cloud.project_id(A)})
    return where.account('skyline', A)


def main() -> int:
    out = display.screen()
    cloud = simulator.Cloud.lab()
    cloud.latency.update(LATENCY)
    with (tempfile.TemporaryDirectory(prefix='cube-volpool-') as folder,
          simulator.serve(cloud) as server):
        tour = Tour(cloud)
        out.print(f'A simulated Keystone and Cinder listen on {server.url}.')
        create = tour.create(server)
        out.print(f'Creating 1 GiB from a snapshot took {create:.1f} s. '
                  'The daemon fills two pools:')
        path = house.configure(Path(folder), server.auth_url, READY)
        with house.daemon(path):
            took = display.watch_pools(out, asking.pools, patience=PATIENCE)
            out.print(f'  full after {took:.1f} s\n')
            tour.claims()
        out.print(display.claims(tour.rows))
        mistakes = tour.mistakes()
    hits = [row.seconds for row in tour.rows if row.source == 'pool']
    median = statistics.median(hits)
    out.print(
        f'A claim took {median * 1000:.0f} ms (median of {len(hits)} hits), '
        f'a create {create:.1f} s: {create / median:.0f} times as long.\n'
        'Daemon and cloud are stopped, their files removed.')
    for mistake in mistakes:
        out.print(f'WRONG: {mistake}')
    return 1 if mistakes else 0


if __name__ == '__main__':
    sys.exit(main())
