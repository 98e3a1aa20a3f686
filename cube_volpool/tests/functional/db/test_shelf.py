"""Which row of a shelf a claim gets; on the three databases."""

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models, shelf
from cube_volpool.db.store import Store
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import WANTED

_V = models.backup_volumes
#: Numbers of rows whose product with a drawn one has more than 32 bits.
_FAR = 2**30

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class ShelfFacts(_Case):
    """What is true of it, whatever the database."""

    def drawing(self, *numbers: int) -> Store:
        """Open the ledger; these numbers are drawn, one after the other."""
        left = list(numbers)
        store = Store({"connection": self.url}, draw=lambda: left.pop(0))
        self.addCleanup(store.close)
        return store

    def shelve_aged(self, count: int) -> list[int]:
        """Put rows on the shelf, the last the oldest; return their ids."""
        first = self.shelve(count)[0].id
        # MariaDB goes on from there when the next test comes.
        if first < _FAR:
            self.sql(sa.update(_V).values(id=_V.c.id + _FAR))
        ids = [row.id for row in self.rows()]
        start = self.store.stock.now()
        for age, ident in enumerate(ids):
            self.sql(
                sa.update(_V)
                .where(_V.c.id == ident)
                .values(created_at=start - timedelta(minutes=age))
            )
        return ids[::-1]

    def tried(self, store: Store, name: str, **changes: Any) -> int:
        """Return which row a claim gets, which is handed back."""
        opened = store.claims.open(self.new_claim(name, **changes))
        assert opened.row is not None
        store.endings.hand_back(
            opened.claim, row=opened.row, reason="for the next"
        )
        return opened.row.id

    def test_claims_are_spread_over_the_oldest(self):
        """Whoever draws differently takes another row."""
        oldest = self.shelve_aged(shelf.CANDIDATES + 20)
        chance = random.Random(1)
        numbers = [chance.randint(1, shelf.MOST) for _ in range(20)]
        store = self.drawing(*numbers)

        taken = [
            self.tried(store, f"web{number}")
            for number in range(len(numbers))
        ]

        self.assertLess(10, len(set(taken)))
        self.assertLessEqual(set(taken), set(oldest[: shelf.CANDIDATES]))

    def test_last_row_is_found_whatever_is_drawn(self):
        """Disorder must not lose one."""
        self.shelve_aged(2)
        store = self.drawing(shelf.MOST, 40_503, 7)

        rows = [
            store.claims.open(self.new_claim(f"web{n}")).row
            for n in range(3)
        ]

        self.assertEqual(2, len({row.id for row in rows if row}))
        self.assertIsNone(rows[2])

    def test_size_counts_more_than_the_draw(self):
        """A smaller one is taken only when there is none of the very size."""
        rows = self.shelve(3)
        self.sql(
            sa.update(_V).where(_V.c.id == rows[1].id).values(size_gib=2)
        )
        wanted = model.Wanted(
            type=WANTED.type,
            snapshot_id=WANTED.snapshot_id,
            size_gib=2,
            growing=frozenset({databases.POOL}),
        )

        for number in range(1, 30):
            store = self.drawing(number)
            found = self.tried(store, f"web{number}", wanted=wanted)
            self.assertEqual(rows[1].id, found)


class OnSqlite(ShelfFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(ShelfFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(ShelfFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
