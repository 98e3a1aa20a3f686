"""The store: the first of the two doors.

Every public method of its parts is one transaction.  All states live
here; nothing else in the house remembers anything that matters.
"""

from typing import Any, Final

import sqlalchemy as sa
from oslo_db import exception as db_exception

from cube_volpool import exception
from cube_volpool.db import clock as ledger_clock
from cube_volpool.db import migration
from cube_volpool.db.claims import ClaimRecords
from cube_volpool.db.endings import Endings
from cube_volpool.db.images import ImageRecords
from cube_volpool.db.ledger import Ledger
from cube_volpool.db.pools import PoolRecords
from cube_volpool.db.shelf import Draw, Shelf
from cube_volpool.db.steering import SteeringRecords
from cube_volpool.db.stock import StockRecords
from cube_volpool.db.twins import TwinRecords

#: The parts of the store; each public method of theirs is one transaction.
PARTS: Final = (
    "claims",
    "endings",
    "stock",
    "pools",
    "images",
    "steering",
    "twins",
)


class Store:
    """The ledger's front: its parts are named below.

    Args:
        options: what oslo.db takes, ``connection`` (the URL) at least.
        draw: see :data:`cube_volpool.db.shelf.Draw`.
        clock: the ledger's time; another one in tests alone.
    """

    def __init__(
        self,
        options: dict[str, Any],
        *,
        draw: Draw,
        clock: ledger_clock.LedgerClock = ledger_clock.database_time,
    ) -> None:
        self.ledger = Ledger(options, clock)
        self.claims = ClaimRecords(self.ledger, Shelf(self.ledger, draw))
        self.endings = Endings(self.ledger)
        self.stock = StockRecords(self.ledger)
        self.pools = PoolRecords(self.ledger)
        self.images = ImageRecords(self.ledger)
        self.steering = SteeringRecords(self.ledger)
        self.twins = TwinRecords(self.ledger)

    def check_schema(self) -> None:
        """Compare the schema with what this code needs.

        Raises StartupRefused when they differ, LedgerUnavailable when the
        database does not answer.
        """
        try:
            present = migration.version(self.ledger.engine)
        except (
            db_exception.DBError,
            sa.exc.SQLAlchemyError,
            # PyMySQL reads its certificates before it begins to connect.
            OSError,
        ) as error:
            raise self.ledger.away(error) from error
        if present != migration.head():
            raise exception.StartupRefused(
                f"the database has schema {present or 'none'}, this release "
                f"needs {migration.head()}: run cube-volpool-manage db sync"
            )

    def close(self) -> None:
        """Drop the connections."""
        self.ledger.close()
