"""What callers wait for, as the three databases count it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from cube_volpool import model
from cube_volpool.db.traffic import Traffic
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import (
    LEASE,
    OVER,
    POOL,
    SNAPSHOT,
)

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class TrafficFacts(_Case):
    """What is counted, and for how long."""

    def traffic(self) -> Traffic:
        """Return what a round would see."""
        return self.store.stock.load(POOL).traffic

    def give(self, snapshot_id: model.SnapshotId) -> None:
        """Let claims by the OS name of the pool get a snapshot."""
        self.store.pools.set_source(
            POOL, snapshot_id=snapshot_id, size_gib=1, volume_type_id="t"
        )

    def test_claims_count_while_they_are_handed_over(self):
        """With a row or an offer, until they are bound."""
        self.shelve(2)
        self.assertEqual(Traffic(), self.traffic())
        reserved, offered = self.open("reserved"), self.open("offered")
        claim = self.store.claims.mark_offered(
            offered.claim, transfer_id="t", lease=LEASE
        )
        self.assertEqual(Traffic(claims=2), self.traffic())

        self.store.endings.bind(
            claim,
            row=offered.row,
            volume_id=offered.row.volume_id,
            source=model.Source.POOL,
            actor=model.Actor.CLAIMANT,
        )
        self.assertEqual(Traffic(claims=1), self.traffic())
        self.store.endings.hand_back(
            reserved.claim, row=reserved.row, reason="quota"
        )
        self.assertEqual(Traffic(), self.traffic())

    def test_create_counts_before_and_after_its_answer(self):
        """For nobody tells when Cinder has done it."""
        self.give(SNAPSHOT)
        claim = self.store.claims.begin_miss(
            self.open().claim, pool=POOL, lease=LEASE
        )
        self.assertEqual(Traffic(creates={SNAPSHOT: 1}), self.traffic())

        self.store.endings.bind(
            claim,
            row=None,
            volume_id="v",
            source=model.Source.CREATED,
            actor=model.Actor.CLAIMANT,
        )
        self.assertEqual(Traffic(creates={SNAPSHOT: 1}), self.traffic())

    def test_what_nobody_works_on_any_more_counts_no_longer(self):
        """Its lease is over."""
        self.give(SNAPSHOT)
        self.open("claim", lease=OVER)
        self.store.claims.begin_miss(
            self.open("miss").claim, pool=POOL, lease=timedelta(0)
        )

        self.assertEqual(Traffic(), self.traffic())

    def test_create_of_no_pool_is_of_no_image(self):
        """It is in nobody's queue that we know of."""
        self.give(SNAPSHOT)
        self.store.claims.begin_miss(
            self.open().claim, pool=None, lease=LEASE
        )

        self.assertEqual(Traffic(), self.traffic())


class OnSqlite(TrafficFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(TrafficFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(TrafficFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
