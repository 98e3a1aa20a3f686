"""Claims that are opened together, on the three databases."""

from typing import TYPE_CHECKING

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models
from cube_volpool.db.opening import Opening
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import OVER, POOL

_C = model.ClaimStatus
_R = model.RowStatus
_REQUESTS = 6
_NAMES = 8

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class BatchFacts(_Case):
    """What is true of them, whatever the database."""

    def open_all(self, *names, store=None, **changes):
        """Open claims of these names."""
        news = [self.new_claim(name, **changes) for name in names]
        return (store or self.store).claims.open_all(news)

    def test_each_new_claim_has_a_row_of_its_own(self):
        """In the order in which they were asked for."""
        rows = self.shelve(4)

        opened = self.open_all("c", "a", "b")

        self.assertEqual(["c", "a", "b"], [o.claim.name for o in opened])
        self.assertEqual({Opening.FRESH}, {o.opening for o in opened})
        for one in opened:
            self.assertEqual(_R.RESERVED, one.row.status)
            self.assertEqual(one.claim.id, one.row.claim_id)
        reserved = {o.row.id for o in opened}
        self.assertEqual({row.id for row in rows[:3]}, reserved)
        self.assertEqual(
            reserved, {r.id for r in self.rows() if r.status is _R.RESERVED}
        )
        self.assertEqual(
            [o.claim for o in opened], [self.claim(o) for o in opened]
        )

    def test_what_is_short_of_rows_is_open_without_one(self):
        """A miss, and no less a claim."""
        self.shelve(1)

        opened = self.open_all("a", "b", "c")

        self.assertEqual(1, sum(o.row is not None for o in opened))
        self.assertEqual(
            {_C.PENDING}, {self.claim(o).status for o in opened}
        )

    def test_each_gets_what_it_wants(self):
        """Of one request, claims of several types and of none."""
        (one,) = self.shelve(type="ssd")
        (other,) = self.shelve(type="sas")
        wants = {
            "a": databases.WANTED,
            "b": model.Wanted(type="sas", snapshot_id=databases.SNAPSHOT),
            "c": None,
        }
        news = [self.new_claim(n, wanted=w) for n, w in wants.items()]

        opened = self.store.claims.open_all(news)

        self.assertEqual(
            [one.id, other.id, None],
            [o.row and o.row.id for o in opened],
        )

    def test_the_largest_are_taken_first_and_then_the_next_size(self):
        """Where smaller ones may grow."""
        self.shelve(2, size_gib=2)
        self.shelve(2, size_gib=4)
        wanted = model.Wanted(
            type="ssd",
            snapshot_id=databases.SNAPSHOT,
            size_gib=8,
            growing=frozenset({POOL}),
        )

        opened = self.open_all("a", "b", "c", wanted=wanted)

        self.assertEqual([4, 4, 2], [o.row.size_gib for o in opened])

    def test_names_that_are_known_are_told_apart(self):
        """Failed: it opens again.  Bound: told.  Under way: by itself."""
        self.shelve(5)
        failed, bound = self.open("failed"), self.open("bound")
        self.store.endings.hand_back(failed.claim, row=failed.row, reason="r")
        self.store.endings.bind(
            bound.claim,
            row=bound.row,
            volume_id=bound.row.volume_id,
            source=model.Source.POOL,
            actor=model.Actor.CLAIMANT,
        )
        busy, left = self.open("busy"), self.open("left", lease=OVER)
        before = [self.claim(busy), self.claim(left)]

        opened = self.open_all("failed", "bound", "busy", "left", "new")

        again, told, *under_way, new = opened
        self.assertEqual([None, None], under_way)
        self.assertEqual(before, [self.claim(busy), self.claim(left)])
        self.assertEqual(Opening.BOUND, told.opening)
        self.assertEqual(bound.row.volume_id, told.claim.volume_id)
        self.assertEqual(Opening.FRESH, again.opening)
        self.assertEqual(failed.claim.id, again.claim.id)
        self.assertEqual(failed.claim.generation + 1, again.claim.generation)
        self.assertEqual(2, len({again.row.id, new.row.id}))

    def test_requests_at_a_time_never_share_a_row(self):
        """As many rows are given as there are, each once."""
        count = _REQUESTS * _NAMES - 10
        self.shelve(count)
        stores = [self.new_store() for _ in range(_REQUESTS)]

        told = self.at_once(
            *(
                lambda store=store, place=place: self.open_all(
                    *(f"{place}-{n}" for n in range(_NAMES)), store=store
                )
                for place, store in enumerate(stores)
            )
        )

        self.assertEqual([], [t for t in told if isinstance(t, Exception)])
        opened = [one for results in told for one in results]
        rows = [one.row.id for one in opened if one.row is not None]
        self.assertEqual(count, len(rows))
        self.assertEqual(count, len(set(rows)))
        self.assertEqual(
            {(o.row.id, o.claim.id) for o in opened if o.row},
            {(r.id, r.claim_id) for r in self.rows()},
        )

    def test_single_claims_and_requests_never_share_a_row(self):
        """Nor do those that take one each."""
        self.shelve(12)
        stores = [self.new_store() for _ in range(6)]

        told = self.at_once(
            *(
                lambda store=store, n=n: store.claims.open(
                    self.new_claim(f"single-{n}")
                )
                for n, store in enumerate(stores[:4])
            ),
            *(
                lambda store=store, n=n: self.open_all(
                    *(f"{n}-{m}" for m in range(4)), store=store
                )
                for n, store in enumerate(stores[4:])
            ),
        )

        self.assertEqual([], [t for t in told if isinstance(t, Exception)])
        rows = [one.row.id for one in told[:4]]
        rows += [one.row.id for many in told[4:] for one in many]
        self.assertEqual(12, len(set(rows)))

    def test_one_name_in_two_requests_is_one_claim(self):
        """Whoever comes second opens it by itself, and finds it busy."""
        self.shelve(8)
        other = self.new_store()

        told = self.at_once(
            lambda: self.open_all("a", "b", "same"),
            lambda: self.open_all("same", "c", "d", store=other),
        )

        self.assertEqual([], [t for t in told if isinstance(t, Exception)])
        winners = [
            one
            for many in told
            for one in many
            if one is not None and one.claim.name == "same"
        ]
        self.assertEqual(1, len(winners))
        self.assertEqual(Opening.BUSY, self.open("same").opening)

    def test_held_rows_stay(self):
        """All are held: nothing is reserved, nothing is tried again."""
        self.shelve(2)
        self.sql(sa.update(models.backup_volumes).values(held=True))

        opened = self.open_all("a", "b")

        self.assertEqual([None, None], [o.row for o in opened])


class RaceFacts(_Case):
    """And where transactions run side by side, which SQLite's do not."""

    def test_a_name_opened_in_between_leaves_no_trace_of_the_others(self):
        """All are to be opened by themselves; not one row is reserved."""
        self.shelve(3)
        other = self.new_store()
        named = self.store.claims._register.named

        def named_and_then_opened(*arguments):
            found = named(*arguments)
            other.claims.open(self.new_claim("b", wanted=None))
            return found

        self.store.claims._register.named = named_and_then_opened
        opened = self.store.claims.open_all(
            [self.new_claim(name) for name in "abc"]
        )

        self.assertEqual((None, None, None), opened)
        names = self.sql(sa.select(models.claims.c.name))
        self.assertEqual([("b",)], [tuple(name) for name in names])
        self.assertEqual({_R.AVAILABLE}, {row.status for row in self.rows()})


class OnSqlite(BatchFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(BatchFacts, RaceFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(BatchFacts, RaceFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
