"""The ledger's clock: the database's own, in UTC, on the three databases."""

import datetime
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cube_volpool.db import models
from cube_volpool.db.clock import database_time
from cube_volpool.tests.functional.db import databases

#: The servers run on this machine: their clocks are its own.
_CLOSE = timedelta(seconds=5)

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class ClockFacts(_Case):
    """What is true of the clock, whatever the database."""

    #: Puts a session into another time zone; None where there is none.
    zone: str | None = None

    def read(self, *offsets: float) -> list[datetime.datetime]:
        """Return the database's now with these offsets, in one statement."""
        columns = [database_time(offset) for offset in offsets]
        with self.store.ledger.write() as session:
            if self.zone is not None:
                session.execute(sa.text(self.zone))
            return list(session.execute(sa.select(*columns)).one())

    def test_it_is_utc_whatever_the_zone_of_the_session(self):
        """Naive, and not five hours away."""
        (now,) = self.read(0)
        utc = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)

        self.assertIsNone(now.tzinfo)
        self.assertLess(abs(now - utc), _CLOSE)

    def test_an_offset_is_in_seconds_and_may_be_a_fraction(self):
        """Forward, back, and by less than a second."""
        now, later, sooner, bit = self.read(0, 90, -90, 0.25)

        for wanted, seen in ((90, later), (-90, sooner), (0.25, bit)):
            away = (seen - now).total_seconds() - wanted
            self.assertLess(abs(away), 0.2, str(wanted))

    def test_it_goes_on_between_two_transactions(self):
        """A time read later is no earlier."""
        times = [self.read(0)[0] for _ in range(20)]

        self.assertEqual(sorted(times), times)
        self.assertLess(times[0], times[-1])

    def test_a_statement_that_is_kept_tells_the_time_of_its_run(self):
        """Built once, and run again a moment later."""
        clock = self.store.ledger.clock
        asked = [
            clock.built("now", lambda: sa.select(clock())) for _ in range(20)
        ]
        times = [self.sql(statement)[0][0] for statement in asked]

        self.assertEqual(1, len({id(statement) for statement in asked}))
        self.assertLess(times[0], times[-1])

    def test_a_time_is_kept_with_its_fraction(self):
        """Whole seconds would end a lease up to a second early."""
        moment = datetime.datetime(2026, 11, 20, 12, 0, 0, 123000)
        self.sql(sa.update(models.pools).values(updated_at=moment))

        (kept, *_), *_ = self.sql(sa.select(models.pools.c.updated_at))
        self.assertEqual(moment, kept)

    def test_a_time_from_outside_compares_with_the_clock(self):
        """What Python wrote and what SQL wrote are on one scale."""
        (now,) = self.read(0)
        for offset, is_past in ((-1, True), (60, False)):
            moment = now + timedelta(seconds=offset)
            self.sql(sa.update(models.pools).values(updated_at=moment))
            found = self.sql(
                sa.select(models.pools.c.name).where(
                    models.pools.c.updated_at <= database_time()
                )
            )
            self.assertEqual(is_past, bool(found), str(offset))


class OnSqlite(ClockFacts, databases.StoreCase):
    """SQLite, which knows no zones."""

    database = databases.Sqlite


class OnMariadb(ClockFacts, databases.StoreCase):
    """MariaDB, its session five hours east."""

    database = databases.Mariadb
    zone = "SET time_zone = '+05:00'"


class OnPostgresql(ClockFacts, databases.StoreCase):
    """PostgreSQL, its session five hours west."""

    database = databases.Postgresql
    zone = "SET LOCAL TIME ZONE -5"
