"""A daemon that stops in the middle of a transaction stops nobody else."""

import sqlite3
from typing import Any, ClassVar

import sqlalchemy as sa

from cube_volpool.db import waits
from cube_volpool.tests.functional.db import databases


class MariadbWaits(databases.StoreCase):
    """Two stores of one ledger; one of them stands still."""

    database: ClassVar[type[databases.Database]] = databases.Mariadb
    #: Which ask a connection for its limits, and let it be cut off sooner.
    limits: ClassVar[dict[str, object]] = {
        "SELECT @@innodb_lock_wait_timeout": waits.LOCK,
        "SELECT @@idle_transaction_timeout": waits.IDLE,
    }
    sooner: ClassVar[str] = "SET SESSION idle_transaction_timeout = 1"

    def test_every_connection_has_its_limits(self) -> None:
        """From its first statement on."""
        with self.store.ledger.write() as session:
            for question, limit in self.limits.items():
                self.assertEqual(
                    limit, session.execute(sa.text(question)).scalar_one()
                )

    def test_a_lock_that_is_held_for_ever_comes_free(self) -> None:
        """The database gives the sleeper up; the other one fills the pool."""
        other = self.new_store()
        errors: list[Any] = []
        try:
            with self.store.ledger.write() as session:
                session.execute(sa.text(self.sooner))
                session.execute(sa.text("UPDATE pools SET deletes = 1"))
                record = other.stock.load(databases.POOL).record

                begun = other.stock.begin_creates(
                    record, new=databases.NEW_ROW, count=1
                )
        except Exception as error:
            # What the sleeper finds when it wakes up.
            errors.append(error)

        self.assertEqual(1, len(begun))
        self.assertEqual(1, len(errors))
        # And its next transaction is as good as any.
        self.assertEqual(1, len(self.rows()))


class PostgresqlWaits(MariadbWaits):
    """On PostgreSQL."""

    database = databases.Postgresql
    limits: ClassVar[dict[str, object]] = {
        "SHOW lock_timeout": f"{waits.LOCK}s",
        "SHOW idle_in_transaction_session_timeout": f"{waits.IDLE}s",
    }
    sooner = "SET idle_in_transaction_session_timeout = '1s'"


class SqliteWaits(databases.StoreCase):
    """On SQLite, which has one lock for all."""

    database: ClassVar[type[databases.Database]] = databases.Sqlite

    def test_transaction_has_the_write_lock_from_its_start(self) -> None:
        """A reader that becomes a writer would fail, instead of waiting."""
        path = self.store.ledger.engine.url.database
        assert path is not None
        beside = sqlite3.connect(path, timeout=0)
        self.addCleanup(beside.close)

        for _ in range(2):
            with self.store.ledger.write():
                self.assertRaises(
                    sqlite3.OperationalError, beside.execute, "BEGIN IMMEDIATE"
                )
            beside.execute("BEGIN IMMEDIATE")
            beside.execute("ROLLBACK")
