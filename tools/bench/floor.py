"""What a claim is made of, with nothing of ours around it."""

import threading
from concurrent import futures

import noop_http
import oslo_messaging as om
import sqlalchemy as sa
from cinderclient import api_versions
from cinderclient.v3 import client as cinder_client
from keystoneauth1 import session, token_endpoint

from cube_volpool.tests import noop

#: What the daemon asks for.
_VERSION = api_versions.APIVersion('3.70')


class Bus:
    """A call of oslo.messaging to a method that does nothing."""

    def __init__(self, url: str) -> None:
        self._client = om.get_rpc_client(
            noop.transport(url), om.Target(topic=noop.TOPIC),
            timeout=60)

    def call(self) -> None:
        """There and back."""
        self._client.call({}, 'noop', volume={'name': 'bench'})


class Calls:
    """The four calls of a hit through python-cinderclient.

    Look-up, rename and offer are side by side, then comes the accept.
    """

    def __init__(self, pool: session.Session, tenant: session.Session,
                 *, side_by_side: bool = True) -> None:
        self._pool = _client(pool)
        self._tenant = _client(tenant)
        self._threads = futures.ThreadPoolExecutor(2) if side_by_side else None

    @classmethod
    def to_nobody(cls, url: str) -> 'Calls':
        """To the server of ``noop_http``."""
        door = token_endpoint.Token(f'{url}/v3', 'token')
        return cls(session.Session(auth=door), session.Session(auth=door))

    def make(self, name: str, volume_type: str) -> str:
        """The id of a new volume of the pool project, which is available."""
        made = self._pool.volumes.create(
            1, name=name, volume_type=volume_type)
        return str(made.id)

    def hand_over(self, volume_id: str, name: str) -> None:
        """Look up, rename, offer; accept."""
        asked = self._run(lambda: self._tenant.volumes.list(
            detailed=False, search_opts={'name': name}))
        renamed = self._run(lambda: self._pool.volumes.update(
            volume_id, name=name, metadata={'bench': name}))
        offer = self._pool.transfers.create(
            volume_id, name, no_snapshots=True)
        asked.result()
        renamed.result()
        self._tenant.transfers.accept(offer.id, offer.auth_key)

    def hand_over_to_nobody(self) -> None:
        """The same, to the server that answers each call alike."""
        self.hand_over(noop_http.VOLUME, 'bench')

    def in_a_row(self, volume_id: str, name: str) -> None:
        """The five calls that the first notes of this project had."""
        self._tenant.volumes.list(detailed=False, search_opts={'name': name})
        self._pool.volumes.get(volume_id)
        offer = self._pool.transfers.create(
            volume_id, name, no_snapshots=True)
        self._tenant.transfers.accept(offer.id, offer.auth_key)
        self._tenant.volumes.update(volume_id, name=name)

    def _run(self, job: object) -> futures.Future[object]:
        if self._threads is not None:
            return self._threads.submit(job)
        done: futures.Future[object] = futures.Future()
        done.set_result(job())
        return done


def _client(way: session.Session) -> cinder_client.Client:
    return cinder_client.Client(
        session=way, service_type='block-storage', api_version=_VERSION)


class Commits:
    """One-row updates, each committed, in a database of the stage's."""

    def __init__(self, url: str, *, rows: int = 64) -> None:
        self._engine = sa.create_engine(url, pool_size=rows, max_overflow=0)
        self._rows = rows
        self._next = 0
        self._lock = threading.Lock()
        with self._engine.begin() as connection:
            connection.execute(sa.text(
                'CREATE TABLE IF NOT EXISTS bench_rows '
                '(id INTEGER PRIMARY KEY, seen INTEGER)'))
            connection.execute(sa.text('DELETE FROM bench_rows'))
            connection.execute(
                sa.text('INSERT INTO bench_rows VALUES (:id, 0)'),
                [{'id': number} for number in range(rows)])

    def commit(self, times: int) -> None:
        """Change a row of nobody else's, so many times."""
        with self._lock:
            self._next = (self._next + 1) % self._rows
            row = self._next
        for _ in range(times):
            with self._engine.begin() as connection:
                connection.execute(
                    sa.text('UPDATE bench_rows SET seen = seen + 1 '
                            'WHERE id = :id'), {'id': row})

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
