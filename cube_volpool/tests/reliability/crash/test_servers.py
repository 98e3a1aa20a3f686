"""A crash at every call, with the ledger on MariaDB and on PostgreSQL.

Every run does all points of the journeys in ``ON_SERVERS``;
``VOLPOOL_SWEEP=long`` does those of all journeys.  One database for each
class, one engine for all its worlds.
"""

from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.reliability.crash import case, journeys
from cube_volpool.tests.reliability.crash.places import Place

_SWEPT = journeys.ALL if case.IS_LONG else journeys.ON_SERVERS


@case.each(_SWEPT)
class MariadbSweep(case.SweepCase):
    """MariaDB."""

    figure = "crash points, MariaDB"

    @classmethod
    def make_place(cls) -> Place:
        """Make a database."""
        return Place(databases.Mariadb())


@case.each(_SWEPT)
class PostgresqlSweep(case.SweepCase):
    """PostgreSQL."""

    figure = "crash points, PostgreSQL"

    @classmethod
    def make_place(cls) -> Place:
        """Make a database."""
        return Place(databases.Postgresql())
