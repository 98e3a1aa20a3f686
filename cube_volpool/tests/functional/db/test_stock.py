"""The stock of the ledger: counts, purge, rows; on the three databases."""

import dataclasses
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import clock, creation, models
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


class StockFacts(_Case):
    """What is true of pools and rows, whatever the database."""

    def test_purge_keeps_the_counts_and_what_is_under_way(self):
        """Hits and misses are the same before and after."""
        self.shelve(3)
        for n in range(3):
            opened = self.open(f"hit{n}")
            self.store.endings.bind(
                opened.claim,
                row=opened.row,
                volume_id=opened.row.volume_id,
                source=model.Source.POOL,
                actor=model.Actor.CLAIMANT,
            )
        miss = self.open("miss")
        self.store.endings.bind(
            self.store.claims.begin_miss(miss.claim, pool=POOL, lease=LEASE),
            row=None,
            volume_id="v",
            source=model.Source.CREATED,
            actor=model.Actor.CLAIMANT,
        )
        self.store.endings.fail(self.open("failed").claim, reason="r")
        working = self.open("working")

        def purge(age: timedelta, limit: int) -> int:
            return self.store.pools.purge(older_than=age, limit=limit)

        self.assertEqual(0, purge(timedelta(hours=1), 10))
        before = self.store.pools.counts()
        self.assertEqual((3, 1), (before[0].hits, before[0].misses))
        self.assertEqual([2, 2, 1, 0], [purge(OVER, 2) for _ in range(4)])
        self.assertEqual(before, self.store.pools.counts())
        self.assertEqual(working.claim, self.claim(working))

    def test_counts_tell_every_pool_and_what_is_stale(self):
        """By status, and what is not of the source snapshot."""
        self.store.pools.ensure([model.PoolName("empty")])
        self.shelve(2)
        self.shelve(1, snapshot_id=model.SnapshotId("old"))
        self.store.pools.set_source(
            POOL,
            snapshot_id=databases.SNAPSHOT,
            size_gib=1,
            volume_type_id="t",
        )
        self.open()
        deb, empty = self.store.pools.counts()

        self.assertEqual({_R.AVAILABLE: 2, _R.RESERVED: 1}, deb.by_status)
        self.assertEqual(1, deb.stale)
        self.assertEqual({}, empty.by_status)

    def test_the_window_of_the_cap_opens_again_after_an_hour(self):
        """By the clock of the database."""
        charge = self.store.stock.charge_delete
        self.assertTrue(charge(POOL, per_hour=1))
        self.assertFalse(charge(POOL, per_hour=1))

        began = self.store.stock.now() - timedelta(minutes=61)
        self.sql(sa.update(models.pools).values(deletes_since=began))
        self.assertTrue(charge(POOL, per_hour=1))
        self.assertFalse(charge(POOL, per_hour=1))

    def test_a_row_of_a_pool_that_is_not_ours_counts_while_it_is_young(self):
        """Of one that nobody has any more, nobody settles the rows."""
        other = model.PoolName("other")
        self.store.pools.ensure([other])
        stock = self.store.stock
        for pool in (POOL, other):
            new = dataclasses.replace(databases.NEW_ROW, pool=pool)
            record = stock.load(pool).record
            for row in stock.begin_creates(record, new=new, count=2):
                stock.attach(row, model.VolumeId(f"v{row.id}"))
        began = stock.now() - timedelta(minutes=11)
        self.sql(sa.update(models.backup_volumes).values(created_at=began))

        def creating(pools: set[str], minutes: int) -> int:
            counted = creation.Counted(
                pools=frozenset(map(model.PoolName, pools)),
                others_since=timedelta(minutes=minutes),
            )
            found = stock.load(POOL, counted=counted)
            (of_snapshot,) = found.creating_by_snapshot.values()
            self.assertEqual(found.creating, of_snapshot)
            return found.creating

        self.assertEqual(2, creating({"deb"}, 10))
        self.assertEqual(4, creating({"deb"}, 12))
        self.assertEqual(4, creating({"deb", "other"}, 10))

    def test_an_intent_is_lost_when_it_is_older_than_that(self):
        """One of just that age still holds its place, as supply has it."""
        stock = self.store.stock
        [row] = stock.begin_creates(
            stock.load(POOL).record, new=databases.NEW_ROW, count=1
        )

        def held(late: float) -> int:
            """Count a minute, and so much more, after it began."""
            now = row.created_at + timedelta(seconds=60 + late)
            with self.store.ledger.engine.connect() as connection:
                counts = creation.count(
                    connection,
                    clock.LedgerTime(
                        lambda offset=0: sa.literal(
                            now + timedelta(seconds=offset), sa.DateTime()
                        )
                    ),
                    creation.Counted(),
                )
            return sum(counts.values())

        self.assertEqual([1, 0], [held(late) for late in (0, 1)])

    def test_a_row_that_changed_is_not_changed_again(self):
        """Every write of reconcile compares first."""
        (old,) = self.shelve()
        self.open()
        stock = self.store.stock
        for write in (
            lambda: stock.evict(old, reason="r"),
            lambda: stock.forget(old),
            lambda: stock.attach(old, "v"),
        ):
            self.assertRaises(exception.LostRace, write)
        self.assertEqual(_R.RESERVED, self.row().status)

    def test_an_intent_is_posted_while_it_is_one(self):
        """Not with an id, not condemned, not forgotten."""
        record = self.store.stock.load(POOL).record
        row, other = self.store.stock.begin_creates(
            record, new=databases.NEW_ROW, count=2
        )
        self.assertTrue(self.store.stock.is_still_intent(row))

        self.store.stock.attach(row, model.VolumeId("v"))
        self.store.stock.evict(other, reason="r")
        self.assertFalse(self.store.stock.is_still_intent(row))
        self.assertFalse(self.store.stock.is_still_intent(other))
        self.store.stock.forget(self.rows()[1])
        self.assertFalse(self.store.stock.is_still_intent(other))

    def test_unknown_is_what_neither_a_row_nor_a_claim_has(self):
        """By id, by marker, by the volume of a bound claim."""
        shelved, given = self.shelve(2)
        opened = self.open(wanted=None)
        self.store.endings.bind(
            opened.claim,
            row=None,
            volume_id=given.volume_id,
            source=model.Source.EXISTING,
            actor=model.Actor.CLAIMANT,
        )
        self.store.stock.evict(given, reason="r")
        self.store.stock.forget(self.rows()[1])
        record = self.store.stock.load(databases.POOL).record
        [intent] = self.store.stock.begin_creates(
            record, new=databases.NEW_ROW, count=1
        )
        by_id = self.volume(shelved.volume_id)
        by_marker = self.volume("v2", marker=intent.marker)
        by_claim = self.volume(given.volume_id)
        stranger = self.volume("v3", marker="m3")
        # A proxy sent its create twice: the row has the other one.
        twin = self.volume("v4", marker=shelved.marker)

        self.assertEqual(
            (stranger, twin),
            self.store.stock.unknown(
                [by_id, by_marker, by_claim, stranger, twin]
            ),
        )
        self.assertEqual((), self.store.stock.unknown([]))

    def test_unpromised_is_what_neither_a_row_nor_a_foreign_claim_has(self):
        """What the asking project was bound to before is its own."""
        shelved, _ = self.shelve(2)
        for number, project_id in enumerate(("p1", "p2")):
            opened = self.open(project_id=project_id, wanted=None)
            self.store.endings.bind(
                opened.claim,
                row=None,
                volume_id=f"v{number}",
                source=model.Source.EXISTING,
                actor=model.Actor.CLAIMANT,
            )
        found = [
            self.volume(ident)
            for ident in (shelved.volume_id, "v0", "v1", "v2")
        ]

        self.assertEqual(
            ("v1", "v2"),
            tuple(
                volume.id
                for volume in self.store.stock.unpromised(
                    found, project_id="p2"
                )
            ),
        )

    def test_a_stranger_is_adopted_once(self):
        """As one in creation, or condemned when there is a reason."""
        adopt = self.store.stock.adopt
        new, marker = databases.NEW_ROW, str(uuid.uuid4())

        self.assertTrue(adopt(new, marker=marker, volume_id="v", reason=None))
        for again in ({"marker": marker, "volume_id": "w"},
                      {"marker": None, "volume_id": "v"}):
            self.assertFalse(adopt(new, reason="r", **again), again)
        self.assertTrue(adopt(new, marker=None, volume_id="x", reason="r"))
        self.assertEqual(
            [("v", _R.CREATING, None), ("x", _R.DELETING, "r")],
            [(r.volume_id, r.status, r.evict_reason) for r in self.rows()],
        )

    def test_a_pool_without_a_record_is_a_lost_race(self):
        """Its record comes with the next sync."""
        self.assertRaises(
            exception.LostRace, self.store.stock.load, model.PoolName("new")
        )

    def test_an_error_is_news_once(self):
        """Told again it is none, and so is its end."""
        note = self.store.pools.note_error
        texts = ["a", "a", "b" * 300, "b" * 300, None, None]

        self.assertEqual(
            [True, False, True, False, True, False],
            [note(POOL, text) for text in texts],
        )

    def volume(
        self, volume_id: str, *, marker: str | None = None
    ) -> model.Volume:
        """Return a volume as Cinder shows it."""
        metadata = {} if marker is None else {model.MARKER_KEY: marker}
        return model.Volume(
            id=model.VolumeId(volume_id),
            project_id=model.ProjectId("pool"),
            name="",
            status="available",
            size_gib=1,
            volume_type="ssd",
            snapshot_id=databases.SNAPSHOT,
            bootable=True,
            metadata=metadata,
            availability_zone="nova",
            attached=False,
            created_at=self.store.stock.now(),
            body={},
        )


class OnSqlite(StockFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(StockFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(StockFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
