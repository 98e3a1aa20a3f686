"""Where the ledgers of a sweep are: one database for many worlds.

A sweep makes thousands of worlds.  Each begins with empty tables; engine and
connections stay, for making them anew costs more than a whole recovery.
"""

import datetime
import threading
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from cube_volpool.db import migration, models
from cube_volpool.db.store import Store
from cube_volpool.tests import ledger_time
from cube_volpool.tests.functional.db import databases

_TABLES: Final = tuple(reversed(models.METADATA.sorted_tables))


class Place:
    """One migrated database, used by one world at a time.

    Args:
        database: makes and drops it; None is SQLite in memory, the fastest.
        url: of a database that somebody else makes, empties and drops.
    """

    def __init__(
        self,
        database: databases.Database | None = None,
        *,
        url: str | None = None,
    ) -> None:
        self._database = database
        self._time: Callable[[], datetime.datetime] | None = None
        self._lock = threading.Lock()
        self.url = url or (database.create() if database else "sqlite://")
        self._store = Store(
            {
                "connection": self.url,
                "sqlite_synchronous": False,
                # Else it would sleep at the end of every transaction.
                "thread_checkin": False,
                # After an hour a ledger in memory would be gone with it.
                "connection_recycle_time": -1,
            },
            draw=lambda: 1,
            clock=self._now,
        )
        self._beside = self.engine
        if self.url != "sqlite://":
            self._beside = sa.create_engine(
                self.url,
                poolclass=sa.pool.StaticPool,
                isolation_level="AUTOCOMMIT",
                connect_args=(
                    {"check_same_thread": False}
                    if self.url.startswith("sqlite")
                    else {}
                ),
            )
        if url is None:
            migration.sync(self.engine)

    def close(self) -> None:
        """Drop the connections, and the database where it is ours."""
        self._beside.dispose()
        self._store.close()
        if self._database is not None:
            self._database.drop()

    def empty(self) -> None:
        """Forget the world before."""
        with self._lock, self._beside.begin() as connection:
            for table in _TABLES:
                connection.execute(sa.delete(table))

    def store(self, time: Callable[[], datetime.datetime]) -> Store:
        """Return the store; ``time`` tells its naive UTC time from now on."""
        self._time = time
        return self._store

    @property
    def engine(self) -> sa.Engine:
        """The engine of the store."""
        return self._store.ledger.engine

    def written(self) -> int | None:
        """Return a number that grows with each change of a row.

        None: this database does not tell.
        """
        if self.url != "sqlite://":
            return None
        connection = self._beside.raw_connection()
        driver: Any = connection.driver_connection
        try:
            return int(driver.total_changes)
        finally:
            connection.close()

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        """Read beside the store, with the driver alone: it is asked often."""
        with self._lock:
            connection = self._beside.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(sql)
                return list(cursor.fetchall())
            finally:
                connection.close()

    def _now(self, offset: float = 0) -> sa.ColumnElement[datetime.datetime]:
        """Return the present world's now plus ``offset`` seconds, as SQL.

        MariaDB shows what is selected as text, unless told otherwise.
        """

        def now() -> datetime.datetime:
            if self._time is None:
                raise AssertionError("no world has this place")
            return self._time()

        told = ledger_time.told(now, offset)
        if self.url.startswith("mysql"):
            return sa.cast(told, mysql.DATETIME(fsp=6))
        return told
