"""A connection is left alone before and after a transaction of ours."""

from typing import Any, ClassVar
from unittest import mock

import sqlalchemy as sa
from oslotest import base

from cube_volpool.db import pooling
from cube_volpool.tests.functional.db import databases


class PostgresqlPooling(databases.StoreCase):
    """What the server is sent, and what happens when it hangs up."""

    database: ClassVar[type[databases.Database]] = databases.Postgresql

    def setUp(self) -> None:
        super().setUp()
        self.engine = self.store.ledger.engine
        self.pings = self.spy("do_ping")

    def spy(self, method: str) -> Any:
        """Count the calls of a method of the dialect."""
        dialect = self.engine.dialect
        patch = mock.patch.object(
            dialect, method, side_effect=getattr(dialect, method)
        )
        self.addCleanup(patch.stop)
        return patch.start()

    def idle(self) -> None:
        """Let all connections seem to have idled for long."""
        patch = mock.patch.object(pooling, "_FRESH", -1.0)
        self.addCleanup(patch.stop)
        patch.start()

    def held(self) -> Any:
        """Return the driver's connection that is used next."""
        with self.store.ledger.write() as connection:
            return connection.connection.dbapi_connection

    def test_a_connection_in_use_is_not_asked(self) -> None:
        """One transaction right after another."""
        for _ in range(3):
            self.store.pools.list()

        self.pings.assert_not_called()

    def test_one_that_idled_is_asked(self) -> None:
        """Once, and then used."""
        before = self.held()
        self.idle()

        self.assertIs(before, self.held())
        self.pings.assert_called_once()

    def test_one_that_idled_and_is_gone_is_replaced(self) -> None:
        """Before any statement is lost with it."""
        before = self.held()
        self.server.hang_up()
        self.idle()

        self.assertIsNot(before, self.held())

    def test_one_that_breaks_in_use_costs_a_repeat(self) -> None:
        """The transaction is carried out all the same."""
        before = self.held()
        self.server.hang_up()

        self.assertEqual({databases.POOL}, set(self.store.pools.list()))
        self.assertIsNot(before, self.held())

    def test_what_was_left_open_is_rolled_back(self) -> None:
        """By whoever takes a connection past the ledger.

        Whatever came last, of which a driver may keep no status.
        """
        for last in ("SELECT 1", "SELECT name FROM pools FOR UPDATE", None):
            raw = self.engine.raw_connection()
            cursor = raw.cursor()
            cursor.execute("UPDATE pools SET deletes = 7")
            if last is not None:
                cursor.execute(last)
                cursor.fetchall()
            cursor.close()
            raw.close()

            self.assertEqual([(0,)], self.sql(sa.text(
                "SELECT DISTINCT deletes FROM pools"
            )), str(last))

    def test_what_was_only_read_is_ended_too(self) -> None:
        """Else whoever is next would see the past."""
        raw = self.engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute("SELECT deletes FROM pools")
        cursor.fetchall()
        cursor.close()
        raw.close()
        other = self.new_store()
        with other.ledger.write() as connection:
            connection.execute(sa.text("UPDATE pools SET deletes = 7"))

        again = self.engine.raw_connection()
        cursor = again.cursor()
        cursor.execute("SELECT DISTINCT deletes FROM pools")
        found = list(cursor.fetchall())
        cursor.close()
        again.close()
        self.assertEqual([(7,)], found)


class MariadbPooling(PostgresqlPooling):
    """On MariaDB, whose driver does not know by itself what is over."""

    database = databases.Mariadb

    def test_what_is_committed_is_not_rolled_back(self) -> None:
        """Nor is anything sent when a connection goes back."""
        connection = self.held()
        with mock.patch.object(
            connection, "rollback", side_effect=connection.rollback
        ) as rollback:
            self.store.pools.list()

        rollback.assert_not_called()


class Plugged(base.BaseTestCase):
    """Which engines have such a pool."""

    def test_sqlite_has_none(self) -> None:
        """A file has no server to be spared."""
        self.assertEqual("sqlite://", pooling.plugged("sqlite://"))

    def test_the_plugin_of_an_operator_stays(self) -> None:
        """Beside ours, and the password with it."""
        url = sa.make_url(pooling.plugged("mysql+pymysql://u:p@h/d?plugin=x"))

        self.assertEqual(("x", "volpool"), url.query["plugin"])
        self.assertEqual("p", url.password)
