"""A database that is not there: an error, soon, and no secret in it."""

import pathlib
import socket
import time

import fixtures
from oslotest import base

from cube_volpool import exception, model
from cube_volpool.db.store import Store
from cube_volpool.tests.functional.db import databases

_PASSWORD = "canary-of-the-ledger"
#: A claim must have its answer within its budget, 30 s by default.
_SOON = 10.0


def _refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Away(base.BaseTestCase):
    """Nobody listens, or there is no file."""

    def assert_unavailable(self, url: str) -> None:
        """Every call says so, soon, without the password."""
        store = Store({"connection": url}, draw=lambda: 1)
        self.addCleanup(store.close)
        began = time.monotonic()
        for call in (
            store.stock.now,
            store.check_schema,
            store.claims.expired,
            lambda: store.pools.ensure([model.PoolName("deb")]),
        ):
            error = self.assertRaises(exception.LedgerUnavailable, call)
            self.assertNotIn(_PASSWORD, str(error))
            self.assertEqual(5, error.retry_after)

        self.assertLess(time.monotonic() - began, 4 * _SOON)

    def test_mariadb_that_refuses_is_told(self):
        """No process listens on its port."""
        self.assert_unavailable(
            f"mysql+pymysql://u:{_PASSWORD}@127.0.0.1:{_refused_port()}/db"
        )

    def test_postgresql_that_refuses_is_told(self):
        """No process listens on its port."""
        self.assert_unavailable(
            f"postgresql+psycopg2://u:{_PASSWORD}@127.0.0.1"
            f":{_refused_port()}/db"
        )

    def test_sqlite_without_its_folder_is_told(self):
        """The file cannot be made."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.assert_unavailable(f"sqlite:///{folder / 'none' / 'db.sqlite'}")

    def test_a_ledger_without_its_tables_is_told(self):
        """An empty database: no claim is served, and the start is refused."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        url = f"sqlite:///{folder / 'empty.sqlite'}"
        store = Store({"connection": url}, draw=lambda: 1)
        self.addCleanup(store.close)

        self.assertRaises(exception.LedgerUnavailable, store.claims.expired)
        error = self.assertRaises(
            exception.StartupRefused, store.check_schema
        )
        self.assertIn("db sync", str(error))


class Back(databases.StoreCase):
    """A database that comes back is used again."""

    def test_a_store_opened_before_its_database_recovers(self):
        """The first call fails, a later one works, without a restart."""
        path = pathlib.Path(self.url.removeprefix("sqlite:///"))
        away = path.with_suffix(".away")
        store = self.new_store()
        path.rename(away)
        path.mkdir()
        self.assertRaises(exception.LedgerUnavailable, store.pools.list)

        path.rmdir()
        away.rename(path)
        self.assertEqual({databases.POOL}, set(store.pools.list()))
