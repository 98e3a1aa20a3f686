"""A full pool, a daemon, a broker, a database and a cloud, each a process.

The broker and the database are those of ``tools/servers``; the cloud is the
simulator, with the latency that is asked for.
"""

import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import fixtures
import requests
from keystoneauth1 import session
from keystoneauth1.identity import v3
from requests import adapters

# Before the client: importing tests chooses the threading backend, and
# oslo.messaging by itself would choose another, for good.
from cube_volpool.tests import asking, engine
from cube_volpool.tests.functional import broker, cli_case, installation

# isort: split
from cube_volpool import client

PROJECT = 'skyline-a'
OS_NAME, TYPE = 'debian-12', 'ssd'
PASSWORD = 'labadmin'
_POOL = 'bench'
#: Where this stage is alone.
_VHOST = 'bench'
#: To fill a pool, in seconds.
_PATIENCE = 600.0


class Process(fixtures.Fixture):
    """A server as a process, which prints its address on its first line."""

    def __init__(self, *command: str) -> None:
        super().__init__()
        self._command = [sys.executable, '-W', 'ignore', *command]

    def _setUp(self) -> None:
        process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.address = next(iter(process.stdout or ()), '').strip()
        if not self.address:
            raise RuntimeError(f'{self._command} did not start')


class Stage(fixtures.Fixture):
    """A pool with ``ready`` volumes, which is not refilled.

    :param latency: of each call to Cinder, in seconds.
    :param changes: further options of the daemon, or others, by group.
    """

    def __init__(self, ready: int, *, latency: float = 0.0,
                 changes: Mapping[str, Mapping[str, object]] | None = None,
                 ) -> None:
        super().__init__()
        self._ready = ready
        self._latency = latency
        self._changes = changes or {}

    def _setUp(self) -> None:
        url = self.useFixture(Process(
            '-m', 'cube_volpool.tests.simulator', '--latency',
            str(self._latency), '--build-seconds', '0',
            '--build-seconds-per-gib', '0')).address
        self.auth_url = f'{url}/identity/v3'
        self.database = self.useFixture(installation.Database())
        self.database.sync()
        self.broker_url = broker.broker_url(vhost=_VHOST)
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._file = engine.write(folder / 'engine.conf', self._sections())
        self.daemon = self.useFixture(engine.Engine(self._file))
        client.configure(transport_url=self.broker_url, max_calls=256)
        self.snapshot_id = self._fill()
        self.project_id = str(self.keyring('alice', PROJECT).get_project_id())

    def _sections(self) -> dict[str, dict[str, object]]:
        sections: dict[str, dict[str, object]] = installation.sections(
            auth_url=self.auth_url, database=self.database.url(),
            broker=self.broker_url, pools={_POOL: {
                'os_name': OS_NAME, 'volume_type': TYPE,
                'min_ready': self._ready, 'max_creating': 64}})
        sections['reconcile'] |= {
            'max_creating': 64, 'max_creating_per_snapshot': 64}
        for group, options in self._changes.items():
            sections.setdefault(group, {}).update(options)
        return sections

    def _fill(self) -> str:
        """Wait for the volumes, and let no more be made; tell of what."""
        found: dict[str, Any] = {}

        def is_full() -> bool:
            found.update(*asking.pools())
            return bool(found) and found['ready'] >= self._ready

        try:
            engine.wait_until(is_full, 'the pool is full', _PATIENCE)
        except AssertionError as error:
            raise RuntimeError(
                f'{error}\n{self.daemon.said()[-4000:]}') from error
        done = cli_case.run(
            '--config-file', str(self._file), 'pool', 'pause', _POOL)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return str(found['current_snapshot_id'])

    def keyring(self, user: str, project: str) -> session.Session:
        """A user of the simulated cloud, whose token is at hand."""
        # As many connections as the daemon keeps; requests' own ten would
        # make bare threads open new ones all the time.
        http = requests.Session()
        http.mount('http://', adapters.HTTPAdapter(pool_maxsize=64))
        found = session.Session(session=http, auth=v3.Password(
            auth_url=self.auth_url, username=user, password=PASSWORD,
            user_domain_name='Default', project_name=project,
            project_domain_name='Default'))
        found.get_token()
        return found

    def claim(self, name: str) -> dict[str, Any]:
        """A hit, as its caller sees it.  Raises when it is none."""
        answer = client.claim_volume(
            {'project_id': self.project_id}, self._body(name), budget=60)
        if answer['source'] != 'pool':
            raise RuntimeError(f"not a hit but {answer['source']}")
        return answer

    def claim_all(self, names: list[str], *,
                  all_or_nothing: bool = False) -> list[client.Result]:
        """Hits of one request, as its caller sees them.

        Raises when one of them is none.
        """
        results = client.claim_volumes(
            {'project_id': self.project_id},
            [self._body(name) for name in names],
            budget=60, all_or_nothing=all_or_nothing)
        for name, result in zip(names, results, strict=True):
            if not isinstance(result, dict) or result['source'] != 'pool':
                raise RuntimeError(f'{name} is not a hit but {result}')
        return results

    def _body(self, name: str) -> dict[str, Any]:
        """What skyline asks for: of its own snapshot, not of an OS name."""
        return {'name': name, 'volume_type': TYPE,
                'snapshot_id': self.snapshot_id}
