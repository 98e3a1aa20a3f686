"""Another system's table of images, read on the three databases."""

import os
import pathlib
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from oslotest import base

from cube_volpool import exception, secrecy, settings
from cube_volpool.db import os_table
from cube_volpool.tests.functional.db import databases

if TYPE_CHECKING:
    _Case = base.BaseTestCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object

_SECRET = "c4n4ry-of-the-table"
_ROWS = (
    # os, type, snapshot, version
    ("debian-12", "ssd", "5f3c0a60-0000-4000-8000-000000000001", "20261120"),
    ("Ω-linux \U0001f427", "sas", "5f3c0a60-0000-4000-8000-000000000002", 7),
    ("windows", "ssd", None, "1"),
    ("windows", "sas", "", "1"),
)
_MAKE = (
    "CREATE TABLE os (id INTEGER PRIMARY KEY, name VARCHAR(64),"
    " type VARCHAR(64), snapshot_id VARCHAR(36), release_no VARCHAR(32)){}"
)
_INSERT = sa.text("INSERT INTO os VALUES (:id, :os, :type, :snapshot, :no)")


class TableFacts(_Case):
    """What is true of the table, whatever the database."""

    database: ClassVar[type[databases.Database]]
    #: What the statement that makes the table ends with.
    suffix: ClassVar[str] = ""
    #: That may read the table and do nothing else.
    url: str

    def setUp(self) -> None:
        super().setUp()
        made = self.database()
        self.owner = sa.make_url(made.create())
        self.addCleanup(made.drop)
        self.engine = sa.create_engine(_with_charset(self.owner))
        self.addCleanup(self.engine.dispose)
        with self.engine.begin() as connection:
            connection.execute(sa.text(_MAKE.format(self.suffix)))
            for number, (os_name, kind, snapshot, version) in enumerate(_ROWS):
                connection.execute(
                    _INSERT,
                    {
                        "id": number,
                        "os": os_name,
                        "type": kind,
                        "snapshot": snapshot,
                        "no": str(version),
                    },
                )
        # The programs do so with what they read from the configuration.
        secrecy.keep([_SECRET])
        self.url = self.reader()

    def reader(self) -> str:
        """Make an account that may only read; return its URL."""
        raise NotImplementedError

    def table(self, **changes: Any) -> os_table.OsTable:
        """Return the table under test."""
        values: dict[str, Any] = {
            "connection": self.url,
            "table": "os",
            "os_column": "name",
            "type_column": "type",
            "snapshot_column": "snapshot_id",
            "version_column": "release_no",
        }
        values.update(changes)
        return os_table.OsTable(settings.TableSettings(**values))

    def assert_unavailable(self, *words: str, **changes: Any) -> None:
        """It is one sentence, with these words and without the password."""
        error = self.assertRaises(
            exception.ImagesUnavailable, self.table(**changes).read
        )
        told = str(error)
        self.assertNotIn("\n", told)
        self.assertNotIn(_SECRET, told)
        self.assertNotIn("SELECT os.", told)
        self.assertLess(len(told), 500)
        for word in words:
            self.assertIn(word, told)

    def test_rows_that_name_a_snapshot_are_read(self) -> None:
        """With their versions, in all of Unicode."""
        self.assertEqual(
            [
                settings.TableRow(
                    os=str(os_name),
                    type=str(kind),
                    snapshot_id=str(snapshot),
                    version=str(version),
                )
                for os_name, kind, snapshot, version in _ROWS[:2]
            ],
            sorted(self.table().read(), key=lambda row: row.os),
        )

    def test_a_table_without_versions(self) -> None:
        """They are empty then."""
        found = self.table(version_column=None).read()

        self.assertEqual({""}, {row.version for row in found})

    def test_the_next_reading_sees_what_changed(self) -> None:
        """Nothing is kept from one to the next."""
        table = self.table()
        before = len(table.read())
        with self.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM os WHERE type = 'ssd'"))

        self.assertEqual(before - 1, len(table.read()))

    def test_wrong_names_are_told(self) -> None:
        """Of the table, and of each column."""
        self.assert_unavailable("table osses of [os_table]", table="osses")
        for column in ("os", "type", "snapshot", "version"):
            self.assert_unavailable(
                "no_such_column", **{f"{column}_column": "no_such_column"}
            )

    def test_nothing_stays_open(self) -> None:
        """Its connection is gone after each reading: it can be dropped."""
        table = self.table()
        table.read()

        with self.engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE os"))

        self.assertRaises(exception.ImagesUnavailable, table.read)


class _OnServer(TableFacts):
    """Facts of servers: accounts, passwords, and a server that is away."""

    grants: ClassVar[tuple[str, ...]]
    drops: ClassVar[tuple[str, ...]]

    def reader(self) -> str:
        """Make an account that may only read; return its URL."""
        self.name = f"reader_{uuid.uuid4().hex[:12]}"
        self._run(self.grants)
        self.addCleanup(self._run, self.drops)
        return self.url_with(_SECRET)

    def url_with(self, password: str, **changes: Any) -> str:
        """Return the reader's URL with another password."""
        return self.owner.set(
            username=self.name, password=password, **changes
        ).render_as_string(hide_password=False)

    def _run(self, statements: tuple[str, ...]) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(
                    statement.format(
                        user=self.name,
                        password=_SECRET,
                        database=self.owner.database,
                    )
                )

    def test_the_account_may_only_read(self) -> None:
        """Without this the tests above would prove nothing of writing."""
        opened = sa.create_engine(self.url)
        self.addCleanup(opened.dispose)
        for statement in (
            "DELETE FROM os",
            "UPDATE os SET name = 'x'",
            "INSERT INTO os (id) VALUES (99)",
            "DROP TABLE os",
        ):
            with opened.connect() as connection:
                self.assertRaises(
                    sa.exc.DBAPIError, connection.exec_driver_sql, statement
                )

    def test_a_wrong_password_is_told_without_it(self) -> None:
        """By the server's words, that name the account."""
        wrong = f"{_SECRET}-wrong"
        self.assert_unavailable(self.name, connection=self.url_with(wrong))

    def test_a_server_that_is_away_is_told(self) -> None:
        """Without the password, too."""
        self.assert_unavailable(
            "table os", connection=self.url_with(_SECRET, port=1)
        )


class OnSqlite(TableFacts, base.BaseTestCase):
    """SQLite."""

    database = databases.Sqlite

    def reader(self) -> str:
        """Return a URL by which the file can be read alone."""
        return f"sqlite:///file:{self.owner.database}?mode=ro&uri=true"

    def test_nothing_is_written(self) -> None:
        """Not a byte of the file changes, even where that could be."""
        path = pathlib.Path(str(self.owner.database))
        before = path.read_bytes()
        writable = self.owner.render_as_string(hide_password=False)

        self.table(connection=writable).read()

        self.assertEqual(before, path.read_bytes())
        self.assertEqual([path.name], sorted(os.listdir(path.parent)))


class OnMariadb(_OnServer, base.BaseTestCase):
    """MariaDB."""

    database = databases.Mariadb
    suffix = " CHARACTER SET utf8mb4"
    grants = (
        "CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY '{password}'",
        "GRANT SELECT ON {database}.os TO '{user}'@'127.0.0.1'",
    )
    drops = ("DROP USER '{user}'@'127.0.0.1'",)


class OnPostgresql(_OnServer, base.BaseTestCase):
    """PostgreSQL."""

    database = databases.Postgresql
    grants = (
        "CREATE ROLE {user} LOGIN PASSWORD '{password}'",
        "GRANT CONNECT ON DATABASE {database} TO {user}",
        "GRANT SELECT ON os TO {user}",
    )
    drops = ("DROP OWNED BY {user}", "DROP ROLE {user}")


def _with_charset(url: sa.URL) -> sa.URL:
    if url.get_backend_name() != "mysql":
        return url
    return url.update_query_dict({"charset": "utf8mb4"})
