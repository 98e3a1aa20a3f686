"""The three databases: each test class has a migrated one of its own."""

import abc
import dataclasses
import os
import pathlib
import tempfile
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import sqlalchemy as sa
from oslotest import base

from cube_volpool import model
from cube_volpool.db import migration, models
from cube_volpool.db.opening import NewClaim, Opened
from cube_volpool.db.stock import NewRow
from cube_volpool.db.store import Store

POOL = model.PoolName("deb")
SNAPSHOT = model.SnapshotId("5f3c0a60-0000-4000-8000-000000000001")
LEASE = timedelta(seconds=30)
#: A lease that was over before it began: no test waits for one.
OVER = timedelta(seconds=-1)
NEW_ROW = NewRow(
    pool=POOL,
    type="ssd",
    os="debian-12",
    snapshot_id=SNAPSHOT,
    size_gib=1,
    availability_zone=None,
)
WANTED = model.Wanted(type="ssd", snapshot_id=SNAPSHOT)


def server_url(variable: str) -> sa.URL:
    """Return the URL of a test server.

    A server that is not there fails its tests: skipped ones would let a run
    look green that tested nothing.
    """
    url = os.environ.get(variable)
    if not url:
        raise AssertionError(
            f"{variable} is not set; tools/servers/up.sh starts the servers "
            "and prints the file to source"
        )
    return sa.make_url(url)


class Database(abc.ABC):
    """Makes and drops a database."""

    @abc.abstractmethod
    def create(self) -> str:
        """Make an empty database; return its URL."""

    @abc.abstractmethod
    def drop(self) -> None:
        """Remove it."""

    def hang_up(self) -> None:  # noqa: B027 - a file has no connections
        """End every connection to it, as a restart of the server does."""


class Sqlite(Database):
    """A file."""

    def create(self) -> str:
        """Make an empty database; return its URL."""
        self._folder = tempfile.TemporaryDirectory()
        return f"sqlite:///{pathlib.Path(self._folder.name) / 'ledger.db'}"

    def drop(self) -> None:
        """Remove it."""
        self._folder.cleanup()


class _Server(Database):
    """A database on a server that the environment names."""

    variable: ClassVar[str]
    kill: ClassVar[str]
    drop_statement = "DROP DATABASE {}"

    def create(self) -> str:
        """Make an empty database; return its URL."""
        url = server_url(self.variable)
        self._admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self.name = f"volpool_{uuid.uuid4().hex}"
        self._execute(f"CREATE DATABASE {self.name}")
        return url.set(database=self.name).render_as_string(False)

    def drop(self) -> None:
        """Remove it."""
        self._execute(self.drop_statement.format(self.name))
        self._admin.dispose()

    def _execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(sa.text(statement))


class Mariadb(_Server):
    """On MariaDB."""

    variable = "VOLPOOL_TEST_MYSQL_URL"

    def hang_up(self) -> None:
        """Kill every connection to it."""
        with self._admin.connect() as connection:
            found = connection.execute(
                sa.text(
                    "SELECT id FROM information_schema.processlist"
                    " WHERE db = :name"
                ),
                {"name": self.name},
            )
            for (number,) in found.all():
                connection.execute(sa.text(f"KILL {int(number)}"))


class Postgresql(_Server):
    """On PostgreSQL."""

    variable = "VOLPOOL_TEST_POSTGRESQL_URL"
    drop_statement = "DROP DATABASE {} WITH (FORCE)"

    def hang_up(self) -> None:
        """Kill every connection to it."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{self.name}'"
        )


class StoreCase(base.BaseTestCase):
    """A store on an empty ledger with the pool ``deb``."""

    database: ClassVar[type[Database]] = Sqlite
    server: ClassVar[Database]
    url: ClassVar[str]
    #: Any: the tests hand it plain strings where it wants ids.
    store: Any

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.database()
        cls.url = cls.server.create()
        cls.addClassCleanup(cls.server.drop)
        engine = sa.create_engine(cls.url)
        migration.sync(engine)
        engine.dispose()

    def setUp(self):
        super().setUp()
        self.store = self.new_store()
        with self.store.ledger.write() as session:
            for table in models.METADATA.sorted_tables:
                session.execute(sa.delete(table))
        self.store.pools.ensure([POOL])

    def new_store(self) -> Store:
        """Open the ledger; the oldest row first."""
        store = Store({"connection": self.url}, draw=lambda: 1)
        self.addCleanup(store.close)
        return store

    def sql(self, statement: Any) -> Any:
        """Run a statement beside the store."""
        with self.store.ledger.write() as session:
            result: Any = session.execute(statement)
            return result.all() if result.returns_rows else result.rowcount

    def shelve(self, count: int = 1, **changes: Any) -> list[Any]:
        """Put rows on the shelf; return them."""
        new = NewRow(**{**vars(NEW_ROW), **changes})
        record = self.store.stock.load(POOL).record
        begun = self.store.stock.begin_creates(record, new=new, count=count)
        for row in begun:
            volume_id = model.VolumeId(str(uuid.uuid4()))
            self.store.stock.attach(row, volume_id)
            made = dataclasses.replace(row, volume_id=volume_id)
            self.store.stock.promote(made, availability_zone="nova")
        ids = {row.id for row in begun}
        return [row for row in self.rows() if row.id in ids]

    def rows(self) -> Any:
        """Return the rows of the pool."""
        return self.store.stock.load(POOL).rows

    def row(self) -> Any:
        """Return the only row of the pool."""
        (row,) = self.rows()
        return row

    def open(self, name: str = "web", **changes: Any) -> Any:
        """Open a claim."""
        return self.store.claims.open(self.new_claim(name, **changes))

    def new_claim(self, name: str = "web", **changes: Any) -> NewClaim:
        """Return what a claim is opened with."""
        values: dict[str, Any] = {
            "project_id": "p1",
            "params_hash": "h",
            "wanted": WANTED,
            "owner_token": "me",
            "lease": LEASE,
        }
        return NewClaim(name=name, **{**values, **changes})

    def claim(self, opened: Opened) -> model.Claim:
        """Read a claim again."""
        found = self.store.claims.get(opened.claim.id)
        assert isinstance(found, model.Claim)
        return found

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        """Run the calls in threads that start together.

        Returns what each returned, or the exception that it raised: a failed
        assertion in a thread would fail no test.
        """
        barrier = threading.Barrier(len(calls))
        came_to: list[Any] = [None] * len(calls)

        def run(place: int, call: Callable[[], Any]) -> None:
            barrier.wait()
            try:
                came_to[place] = call()
            except Exception as error:
                came_to[place] = error

        threads = [
            threading.Thread(target=run, args=(place, call))
            for place, call in enumerate(calls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return came_to
