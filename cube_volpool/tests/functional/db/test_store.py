"""The store under races and bad days, on the three databases."""

from collections import Counter
from typing import TYPE_CHECKING

from cube_volpool import model
from cube_volpool.db.opening import Opening
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import LEASE, OVER, POOL

_C = model.ClaimStatus
_R = model.RowStatus
_THREADS = 8

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class StoreFacts(_Case):
    """What is true of the store, whatever the database."""

    def test_one_name_opened_by_eight_threads_is_one_claim(self):
        """One of them has it fresh, with a row; the others find it busy."""
        self.shelve(_THREADS)
        opened = self.at_once(*[lambda: self.open("web")] * _THREADS)

        self.assertEqual([], [o for o in opened if isinstance(o, Exception)])
        self.assertEqual(1, len({o.claim.id for o in opened}))
        self.assertEqual(
            {Opening.FRESH: 1, Opening.BUSY: _THREADS - 1},
            Counter(o.opening for o in opened),
        )
        self.assertEqual(
            {_R.RESERVED: 1, _R.AVAILABLE: _THREADS - 1},
            Counter(row.status for row in self.rows()),
        )

    def test_eight_claims_on_five_rows_get_five_different_ones(self):
        """No row twice, and none left over while a claim goes without."""
        self.shelve(5)
        opened = self.at_once(
            *[lambda n=n: self.open(f"web{n}") for n in range(_THREADS)]
        )

        self.assertEqual([], [o for o in opened if isinstance(o, Exception)])
        got = [o.row.id for o in opened if o.row is not None]
        self.assertEqual(5, len(got))
        self.assertEqual(5, len(set(got)))
        self.assertEqual(
            {o.claim.id for o in opened if o.row is not None},
            {row.claim_id for row in self.rows()},
        )

    def test_a_claim_is_taken_over_by_one_of_eight(self):
        """The others lose the race, and the generation grew by one."""
        self.shelve()
        opened = self.open(lease=OVER)
        came_to = self.at_once(
            *[
                lambda n=n: self.store.claims.take_over(
                    opened.claim, owner_token=f"d{n}", lease=LEASE
                )
                for n in range(_THREADS)
            ]
        )

        self.assertEqual(
            {"Opened": 1, "LostRace": _THREADS - 1},
            Counter(type(one).__name__ for one in came_to),
        )
        self.assertEqual(2, self.claim(opened).generation)

    def test_a_deficit_is_filled_by_one_of_eight(self):
        """Those that read the same generation insert nothing."""
        record = self.store.stock.load(POOL).record
        came_to = self.at_once(
            *[
                lambda: self.store.stock.begin_creates(
                    record, new=databases.NEW_ROW, count=2
                )
            ]
            * _THREADS
        )

        self.assertEqual(
            {"tuple": 1, "LostRace": _THREADS - 1},
            Counter(type(one).__name__ for one in came_to),
        )
        self.assertEqual(2, len(self.rows()))

    def test_eight_daemons_may_add_the_same_pools(self):
        """Each finds them there afterwards."""
        names = [model.PoolName(f"pool{n}") for n in range(3)]
        came_to = self.at_once(
            *[lambda: self.store.pools.ensure(names)] * _THREADS
        )

        self.assertEqual([None] * _THREADS, came_to)
        self.assertLessEqual(set(names), set(self.store.pools.list()))

    def test_the_cap_on_deletes_holds_against_eight_threads(self):
        """Five of them may delete."""
        came_to = self.at_once(
            *[lambda: self.store.stock.charge_delete(POOL, per_hour=5)]
            * _THREADS
        )

        self.assertEqual({True: 5, False: 3}, Counter(came_to))

    def test_broken_connections_are_made_anew(self):
        """A database that restarted is not noticed by a claim."""
        self.shelve(_THREADS)
        self.at_once(*[lambda: self.store.stock.now()] * _THREADS)
        self.server.hang_up()

        self.assertEqual(Opening.FRESH, self.open().opening)


class OnSqlite(StoreFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(StoreFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(StoreFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
