"""The ledger of a simulation: the real store, in memory."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from cube_volpool.db import migration, shelf
from cube_volpool.db.store import Store
from cube_volpool.tests import ledger_time

#: Where the clock of every run begins.
START: Final = datetime.fromisoformat("2040-01-01T00:00:00+00:00")


class Ledger:
    """One store for all daemons and for all runs of a process, in memory.

    Its clock is the present run's, so that it can leap.
    """

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = lambda: START
        self.chance = random.Random(0)
        self.store = Store(
            {
                "connection": "sqlite://",
                "sqlite_synchronous": False,
                # After an hour a ledger in memory would be gone with it.
                "connection_recycle_time": -1,
            },
            draw=lambda: self.chance.randint(1, shelf.MOST),
            clock=self._clock,
        )
        migration.sync(self.store.ledger.engine)

    def _clock(self, offset: float = 0) -> sa.ColumnElement[datetime]:
        return ledger_time.told(lambda: self.now(), offset)
