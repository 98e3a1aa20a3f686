"""A daemon with very many volumes, claims and projects behind it.

Cloud and ledger are as they would be after the creates that filled them. The
cloud is served by this process, so that its journal can be read; the daemon
is a process, on the database of ``tools/servers``.
"""

import os
import pathlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fixtures
import requests
import sqlalchemy as sa

# Before all that imports oslo.messaging: importing tests chooses the
# threading backend, and that would choose another, for good.
from cube_volpool.tests import crowd_ledger, engine
from cube_volpool.tests.functional import broker, installation
from cube_volpool.tests.functional.test_daemon import free_port
from cube_volpool.tests.simulator import crowd
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.server import serve

_DEPLOYMENT = 'test'
#: For the first audit of a daemon, in seconds.
_PATIENCE = 600.0
_TICKS = os.sysconf('SC_CLK_TCK')


@dataclass(frozen=True)
class Size:
    """How much there is."""

    volumes: int
    claims: int
    pools: int
    projects: int


@dataclass(frozen=True)
class Reading:
    """What a daemon has used since it began."""

    cpu_seconds: float
    statements: int
    calls: int

    def since(self, before: 'Reading') -> 'Reading':
        """What it used after ``before``."""
        return Reading(self.cpu_seconds - before.cpu_seconds,
                       self.statements - before.statements,
                       self.calls - before.calls)


class Site(fixtures.Fixture):
    """A daemon with so much behind it, after its first audit."""

    def __init__(self, size: Size, *, vhost: str,
                 changes: Mapping[str, Mapping[str, object]]) -> None:
        super().__init__()
        self.size = size
        self._vhost = vhost
        self._changes = changes
        self.daemon: engine.Engine | None = None

    def _setUp(self) -> None:
        self.cloud = Cloud.lab(build_seconds=0, build_seconds_per_gib=0)
        crowd.seed(self.cloud, count=self.size.volumes,
                   pools=self.size.pools, projects=self.size.projects,
                   deployment=_DEPLOYMENT)
        self._server = serve(self.cloud)
        self._auth_url = self._server.__enter__().auth_url
        self.addCleanup(self._server.__exit__, None, None, None)
        self.database = self.useFixture(installation.Database())
        self.database.sync()
        self._engine = sa.create_engine(
            self.database.url(), isolation_level='AUTOCOMMIT')
        self.addCleanup(self._engine.dispose)
        self._fill()
        self._account = self._own_account()
        self._port = free_port()
        self.broker_url = broker.broker_url(vhost=self._vhost)
        self._folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.start(self._changes)

    def start(self, changes: Mapping[str, Mapping[str, object]]) -> None:
        """Start a daemon, instead of the one before.

        Returns after its first audit.
        """
        if self.daemon is not None:
            self.daemon.stop()
        file = engine.write(
            self._folder / f'{uuid.uuid4().hex}.conf', self._sections(changes))
        self.cloud.journal.clear()
        self.daemon = self.useFixture(engine.Engine(file))
        self.wait_for_audit(0)

    @property
    def _process(self) -> pathlib.Path:
        """What the kernel tells of the daemon."""
        if self.daemon is None:
            raise RuntimeError('no daemon was started')
        return pathlib.Path(f'/proc/{self.daemon.pid}')

    def wait_for_audit(self, since: float) -> None:
        """Wait until an audit has ended after ``since``, by its clock."""
        try:
            engine.wait_until(lambda: self.audited() > since,
                              'the audit', _PATIENCE)
        except AssertionError as error:
            said = '' if self.daemon is None else self.daemon.said()[-4000:]
            raise RuntimeError(f'{error}\n{said}') from error

    def audited(self) -> float:
        """When its last audit ended, since the epoch; 0: none did."""
        name = ('cube_volpool_duty_last_success_timestamp_seconds'
                '{duty="audit"} ')
        found = [line for line in self.scrape().splitlines()
                 if line.startswith(name)]
        return float(found[0].removeprefix(name)) if found else 0.0

    def scrape(self) -> str:
        """Its metrics, as Prometheus reads them; nothing while it begins."""
        try:
            return requests.get(f'http://127.0.0.1:{self._port}/metrics',
                                timeout=60).text
        except requests.ConnectionError:
            return ''

    def listings(self) -> int:
        """How many pages of volumes it has asked for."""
        return sum(seen.route == '/volumes/detail'
                   for seen in self.cloud.requests)

    def read(self) -> Reading:
        """What the daemon has used."""
        stat = (self._process / 'stat').read_text()
        user, system = stat.rpartition(')')[2].split()[11:13]
        asked = self._sql(
            'SELECT SELECT_COMMANDS + UPDATE_COMMANDS + OTHER_COMMANDS '
            'FROM information_schema.USER_STATISTICS WHERE USER = :user',
            user=self._account)
        calls = sum(not seen.route.startswith('/identity')
                    for seen in self.cloud.requests)
        return Reading((int(user) + int(system)) / _TICKS,
                       int(asked or 0), calls)

    def memory_mib(self, what: str) -> float:
        """``VmRSS``, or ``VmHWM``: the most that there was."""
        status = (self._process / 'status').read_text()
        [found] = [line for line in status.splitlines()
                   if line.startswith(f'{what}:')]
        return int(found.split()[1]) / 1024

    def _sections(self, changes: Mapping[str, Mapping[str, object]],
                  ) -> dict[str, dict[str, object]]:
        each = self.size.volumes // self.size.pools
        url = sa.make_url(self.database.url()).set(
            username=self._account, password=self._account)
        sections: dict[str, dict[str, object]] = installation.sections(
            auth_url=self._auth_url,
            database=url.render_as_string(hide_password=False),
            broker=self.broker_url, pools={
                name: {'os_name': name, 'volume_type': crowd.TYPE,
                       'min_ready': each}
                for name in map(crowd.pool, range(self.size.pools))})
        sections['status'] = {'port': self._port}
        for group, options in changes.items():
            sections.setdefault(group, {}).update(options)
        return sections

    def _own_account(self) -> str:
        """An account of the database whose statements are counted."""
        name = f'growth_{uuid.uuid4().hex[:12]}'
        database = sa.make_url(self.database.url()).database
        self._sql('SET GLOBAL userstat = 1')
        self._sql(f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY '{name}'")
        self._sql(f"GRANT ALL ON {database}.* TO '{name}'@'127.0.0.1'")
        self.addCleanup(self._sql, f"DROP USER '{name}'@'127.0.0.1'")
        return name

    def _fill(self) -> None:
        """Write the rows of all volumes, and claims that have ended."""
        crowd_ledger.fill(
            self._engine, self.cloud, volumes=self.size.volumes,
            pools=self.size.pools, claims=self.size.claims,
            projects=self.size.projects)
        # As the servers do by themselves, a little later.
        for table in ('backup_volumes', 'claims'):
            self._sql(f'ANALYZE TABLE {table}')

    def _sql(self, statement: str, **values: str) -> Any:
        with self._engine.connect() as connection:
            found = connection.execute(sa.text(statement), values)
            return found.scalar() if found.returns_rows else None
