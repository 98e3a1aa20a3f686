"""What operators do and see, in the ledger; on the three databases."""

from typing import TYPE_CHECKING

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models, swap
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import NEW_ROW, POOL

_R = model.RowStatus
_THREADS = 6

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class SteeringFacts(_Case):
    """What is true of an operator's methods, whatever the database."""

    def test_a_pool_is_paused_drained_and_resumed(self):
        """By both words, and told apart from a pool that is not there."""
        steer = self.store.steering.set_pool
        for paused, drained in ((True, False), (False, True), (False, False)):
            steer(POOL, paused=paused, drained=drained)
            record = self.store.pools.list()[POOL]

            self.assertEqual(
                (paused, drained), (record.paused, record.drained)
            )
        for name in ("other", model.FLEET):
            error = self.assertRaises(
                exception.NotKnown, steer, name, paused=True, drained=False
            )
            self.assertEqual(f"pool {name} is not known here", str(error))

    def test_a_round_under_way_builds_nothing_once_a_pool_is_paused(self):
        """It has read the pool as it was before."""
        before = self.store.stock.load(POOL).record
        self.store.steering.set_pool(POOL, paused=True, drained=False)

        self.assertRaises(
            exception.LostRace,
            self.store.stock.begin_creates,
            before,
            new=NEW_ROW,
            count=1,
        )

    def test_a_held_volume_is_kept_from_claims_until_it_is_evicted(self):
        """By Cinder's id or by the marker; it does not come back."""
        first, second = self.shelve(2)
        self.store.steering.hold(first.volume_id)

        self.assertEqual(second.id, self.open("a").row.id)
        self.assertIsNone(self.open("b").row)
        self.store.steering.evict(first.marker, reason="seen enough")
        gone = next(row for row in self.rows() if row.id == first.id)
        self.assertEqual(
            (_R.DELETING, False, "seen enough"),
            (gone.status, gone.held, gone.evict_reason),
        )

    def test_a_claim_that_has_read_it_already_loses_a_held_volume(self):
        """The candidates of a claim are read before one is taken."""
        read = self.shelve()[0]
        self.store.steering.hold(read.volume_id)

        with self.store.ledger.write() as connection:
            self.assertRaises(
                exception.LostRace,
                swap.change_row,
                connection,
                self.store.ledger.clock,
                row=read,
                to=_R.RESERVED,
                actor=model.Actor.CLAIMANT,
            )

    def test_what_a_claim_has_is_neither_held_nor_evicted(self):
        """Nor is what is condemned; it stays so for its first reason."""
        row = self.shelve()[0]
        self.open()
        for method, arguments in (("hold", {}), ("evict", {"reason": "r"})):
            error = self.assertRaises(
                exception.Refused,
                getattr(self.store.steering, method),
                row.volume_id,
                **arguments,
            )
            self.assertIn(f"volume {row.volume_id} is reserved", str(error))
        before = self.row()
        self.sql(
            sa.update(models.backup_volumes).values(
                status=_R.AVAILABLE, claim_id=None
            )
        )
        self.store.steering.evict(row.volume_id, reason="r")
        condemned = self.row()
        self.store.steering.evict(row.volume_id, reason="again")
        error = self.assertRaises(
            exception.Refused, self.store.steering.hold, row.volume_id
        )

        self.assertIn("is deleting", str(error))
        self.assertIs(_R.RESERVED, before.status)
        self.assertEqual("r", condemned.evict_reason)
        self.assertEqual(condemned, self.row())

    def test_what_is_being_built_is_not_evicted(self):
        """It keeps its place in Cinder's queue, and is counted for it."""
        record = self.store.stock.load(POOL).record
        [row] = self.store.stock.begin_creates(
            record, new=NEW_ROW, count=1
        )
        error = self.assertRaises(
            exception.Refused,
            self.store.steering.evict,
            row.marker,
            reason="r",
        )

        self.assertIn("is still being built", str(error))
        self.assertEqual(_R.CREATING, self.row().status)

    def test_what_is_not_there_is_said_so(self):
        """With the id that was given."""
        for method, arguments in (("hold", {}), ("evict", {"reason": "r"})):
            error = self.assertRaises(
                exception.NotKnown,
                getattr(self.store.steering, method),
                "nobody",
                **arguments,
            )
            self.assertEqual("volume nobody is not known here", str(error))

    def test_many_evictions_at_once_are_one(self):
        """Who is not first is told that it is condemned, or just changed."""
        row = self.shelve()[0]
        stores = [self.new_store() for _ in range(_THREADS)]

        came_to = self.at_once(
            *(
                lambda store=store: store.steering.evict(
                    row.volume_id, reason="r"
                )
                for store in stores
            )
        )

        for one in came_to:
            self.assertIsInstance(
                one, (model.PooledVolume, exception.LostRace)
            )
        first = [
            one
            for one in came_to
            if isinstance(one, model.PooledVolume)
            and one.status is _R.AVAILABLE
        ]
        self.assertEqual(1, len(first), str(came_to))
        self.assertIs(_R.DELETING, self.row().status)

    def test_volumes_are_told_page_by_page_and_filtered(self):
        """By pool, by status, and one alone."""
        rows = self.shelve(5)
        self.open()
        volumes = self.store.steering.volumes

        first = volumes(limit=2)
        second = volumes(limit=2, after=first[-1].id)
        third = volumes(limit=2, after=second[-1].id)

        self.assertEqual(
            [row.id for row in rows],
            [row.id for page in (first, second, third) for row in page],
        )
        self.assertEqual(4, len(volumes(status=_R.AVAILABLE, limit=9)))
        self.assertEqual(1, len(volumes(status=_R.RESERVED, limit=9)))
        self.assertEqual([], volumes(pool="other", limit=9))
        for ident in (rows[3].volume_id, rows[3].marker):
            self.assertEqual(
                [rows[3].id], [r.id for r in volumes(ident=ident, limit=9)]
            )

    def test_claims_are_told_the_newest_first_and_filtered(self):
        """By project, name and status."""
        for name in ("a", "b", "c"):
            self.open(name)
        self.open("a", project_id="p2")
        claims = self.store.steering.claims

        first = claims(limit=3)
        second = claims(limit=3, before=first[-1].id)

        self.assertEqual(
            [("p2", "a"), ("p1", "c"), ("p1", "b"), ("p1", "a")],
            [(one.project_id, one.name) for one in (*first, *second)],
        )
        self.assertEqual(
            ["p2", "p1"], [one.project_id for one in claims(name="a", limit=9)]
        )
        self.assertEqual(3, len(claims(project_id="p1", limit=9)))
        pending = model.ClaimStatus.PENDING
        self.assertEqual(4, len(claims(status=pending, limit=9)))
        self.assertEqual([], claims(pool=POOL, limit=9))

    def test_a_held_volume_is_not_counted_as_ready_or_stale(self):
        """It is nobody's to take."""
        old, _ = (
            self.shelve(1, snapshot_id="old")[0],
            self.shelve(1),
        )
        self.store.pools.set_source(
            POOL,
            snapshot_id=databases.SNAPSHOT,
            size_gib=1,
            volume_type_id="t",
        )
        [before] = self.store.pools.counts()
        self.store.steering.hold(old.volume_id)
        [after] = self.store.pools.counts()

        self.assertEqual((0, 1), (before.held, before.stale))
        self.assertEqual((1, 0), (after.held, after.stale))
        self.assertEqual({_R.AVAILABLE: 2}, after.by_status)


class OnSqlite(SteeringFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(SteeringFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(SteeringFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
