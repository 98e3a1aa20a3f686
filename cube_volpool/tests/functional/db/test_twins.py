"""Carriers and twins in the ledger; on the three databases."""

import dataclasses
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cube_volpool import exception, model, twin
from cube_volpool.db import models
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import NEW_ROW, POOL, SNAPSHOT

_K = twin.Kind
_S = twin.Status
_THREADS = 4

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class TwinFacts(_Case):
    """What is true of twins, whatever the database."""

    def setUp(self):
        super().setUp()
        self.store.pools.set_source(
            POOL, snapshot_id=SNAPSHOT, size_gib=1, volume_type_id="t"
        )

    def record(self):
        """Return the pool's record as it is now."""
        return self.store.twins.load(POOL).record

    def held(self, kind=None):
        """Return what the pool has, of a kind or all."""
        return [
            one
            for one in self.store.twins.load(POOL).twins
            if kind in (None, one.kind)
        ]

    def counted(self):
        """Return how many lanes each pool is told to have."""
        return [one.lanes for one in self.store.pools.counts()]

    def ready(self, count=2):
        """Have a carrier and its twins; return the twins."""
        twins = self.store.twins
        (carrier,) = twins.begin(self.record(), source_id=SNAPSHOT)
        twins.attach(carrier, str(uuid.uuid4()))
        (carrier,) = self.held()
        twins.promote(carrier)
        (carrier,) = self.held()
        begun = twins.begin(
            self.record(), source_id=SNAPSHOT, carrier=carrier, count=count
        )
        for one in begun:
            twins.attach(one, str(uuid.uuid4()))
        for one in self.held(_K.TWIN):
            twins.promote(one)
        return self.held(_K.TWIN)

    def test_twins_become_lanes_of_their_source(self):
        """Once they are ready, in the order in which they were begun."""
        twins = self.store.twins
        ready = self.ready(3)

        self.assertEqual(
            tuple(one.cinder_id for one in ready), twins.lanes(POOL, SNAPSHOT)
        )
        self.assertEqual((), twins.lanes(POOL, "other"))
        self.assertEqual((), twins.lanes("other", SNAPSHOT))
        self.assertEqual([3], self.counted())
        self.assertEqual({POOL}, twins.pools())
        twins.condemn(ready[0], reason="r")
        self.assertEqual(
            (ready[1].cinder_id, ready[2].cinder_id),
            twins.lanes(POOL, SNAPSHOT),
        )

    def test_twins_of_another_image_are_no_lanes_of_the_source(self):
        """They are of the one before, and count for nothing."""
        self.ready(2)
        self.store.pools.set_source(
            POOL, snapshot_id="s2", size_gib=1, volume_type_id="t"
        )

        self.assertEqual([0], self.counted())

    def test_of_two_rounds_that_begin_at_once_one_does(self):
        """A carrier, or twins: the generation lets one of them through."""
        twins = self.store.twins
        record = self.record()

        came = self.at_once(
            *[lambda: twins.begin(record, source_id=SNAPSHOT)] * _THREADS
        )

        self.assertEqual(1, len(self.held()))
        lost = [one for one in came if isinstance(one, exception.LostRace)]
        self.assertEqual(_THREADS - 1, len(lost))

    def test_of_two_rounds_that_take_twins_at_once_one_does(self):
        """Though they take no place among the creates."""
        twins = self.store.twins
        (carrier,) = twins.begin(self.record(), source_id=SNAPSHOT)
        record = self.record()

        def take():
            return twins.begin(
                record, source_id=SNAPSHOT, carrier=carrier, count=2
            )

        came = self.at_once(*[take] * _THREADS)

        self.assertEqual(2, len(self.held(_K.TWIN)))
        lost = [one for one in came if isinstance(one, exception.LostRace)]
        self.assertEqual(_THREADS - 1, len(lost))

    def test_top_up_and_carrier_do_not_begin_at_once(self):
        """Both take a place in Cinder's queue that was counted before."""
        record = self.record()
        self.store.twins.begin(record, source_id=SNAPSHOT)

        self.assertRaises(
            exception.LostRace,
            self.store.stock.begin_creates,
            record,
            new=NEW_ROW,
            count=1,
        )

    def test_top_ups_of_other_pools_and_a_carrier_do_not_begin_at_once(self):
        """The caps are common."""
        other = model.PoolName("other")
        self.store.pools.ensure([other])
        record = self.store.stock.load(other).record
        self.store.twins.begin(self.record(), source_id=SNAPSHOT)

        self.assertRaises(
            exception.LostRace,
            self.store.stock.begin_creates,
            record,
            new=dataclasses.replace(NEW_ROW, pool=other),
            count=1,
        )

    def test_top_up_that_read_a_lane_before_it_was_condemned_is_lost(self):
        """Else it would create of a snapshot that is being deleted."""
        lane, _ = self.ready()
        record = self.store.stock.load(POOL).record
        self.store.twins.condemn(lane, reason="r")

        self.assertRaises(
            exception.LostRace,
            self.store.stock.begin_creates,
            record,
            new=NEW_ROW,
            count=1,
            lanes=(lane.cinder_id,),
        )

    def test_lane_is_busy_while_a_row_may_be_made_of_it(self):
        """One in creation, and a condemned one whose create may be late."""
        one, two = (lane.cinder_id for lane in self.ready())
        stock = self.store.stock
        rows = stock.begin_creates(
            self.record(), new=NEW_ROW, count=2, lanes=(one, two)
        )
        self.assertEqual({one, two}, self.store.twins.load(POOL).busy)
        self.assertEqual(
            [one, two], [row.made_of for row in stock.load(POOL).rows]
        )

        stock.evict(rows[0], reason="r")
        self.assertEqual({one, two}, self.store.twins.load(POOL).busy)
        stock.attach(rows[1], "v")
        stock.evict(stock.load(POOL).rows[1], reason="r")
        self.assertEqual({one}, self.store.twins.load(POOL).busy)

    def test_creates_are_counted_by_what_they_are_made_of(self):
        """A carrier in creation is one of its source's."""
        (lane,) = self.ready(1)
        self.store.stock.begin_creates(
            self.record(), new=NEW_ROW, count=2, lanes=(lane.cinder_id,) * 2
        )
        self.store.stock.begin_creates(self.record(), new=NEW_ROW, count=1)
        self.store.twins.begin(self.record(), source_id=SNAPSHOT)

        for found in (
            self.store.stock.load(POOL), self.store.twins.load(POOL)
        ):
            self.assertEqual(
                {lane.cinder_id: 2, SNAPSHOT: 2}, found.creating_by_snapshot
            )
            self.assertEqual(4, found.creating)

    def test_carrier_whose_create_got_lost_holds_no_place(self):
        """As an intent of the stock: older than a minute."""
        self.store.twins.begin(self.record(), source_id=SNAPSHOT)
        began = self.store.stock.now() - timedelta(minutes=2)
        self.sql(sa.update(models.twins).values(created_at=began))

        self.assertEqual(0, self.store.stock.load(POOL).creating)

    def test_row_that_changed_is_left_alone(self):
        """Whoever read it before is late."""
        twins = self.store.twins
        (seen,) = twins.begin(self.record(), source_id=SNAPSHOT)
        self.assertTrue(twins.is_still_intent(seen))
        twins.attach(seen, "v")
        self.assertFalse(twins.is_still_intent(seen))
        self.assertRaises(exception.LostRace, twins.attach, seen, "w")
        (attached,) = self.held()
        twins.condemn(attached, reason="r" * 300)
        for change in (
            twins.promote,
            twins.forget,
            lambda one: twins.condemn(one, reason="again"),
        ):
            self.assertRaises(exception.LostRace, change, attached)

        (condemned,) = self.held()
        self.assertEqual(("v", "r" * 255), (
            condemned.cinder_id, condemned.reason))
        self.assertRaises(
            exception.ForbiddenTransition, twins.promote, condemned
        )
        twins.forget(condemned)
        self.assertEqual([], self.held())

    def test_failures_in_a_row_are_counted_for_twin_and_carrier(self):
        """A success of one ends its own count and the carrier's."""
        one, two = self.ready()
        (carrier,) = self.held(_K.CARRIER)
        for lane in (one, one, two):
            self.store.twins.count_build(POOL, lane.cinder_id, failed=True)
        self.assertEqual([3, 2, 1], [row.failures for row in self.held()])

        self.store.twins.count_build(POOL, two.cinder_id, failed=False)

        self.assertEqual([0, 2, 0], [row.failures for row in self.held()])
        self.assertEqual(carrier.marker, one.carrier)

    def test_stray_is_condemned_once(self):
        """Not one that a row has, nor one that an intent's create made."""
        (known,) = self.ready(1)
        (intent,) = self.store.twins.begin(
            self.record(), source_id=SNAPSHOT
        )

        def stray(cinder_id, marker):
            return twin.Stray(
                pool=POOL, kind=_K.TWIN, source_id=SNAPSHOT,
                cinder_id=cinder_id, marker=marker,
            )

        found = [
            stray(known.cinder_id, known.marker),
            stray("late", intent.marker),
            stray("lost", "n"),
            stray("sent twice", known.marker),
        ]
        taken = self.store.twins.take_in(found)

        self.assertEqual(tuple(found[2:]), taken)
        self.assertEqual(
            {"lost", "sent twice"},
            {o.cinder_id for o in self.held() if o.status is _S.DELETING},
        )
        self.assertEqual((), self.store.twins.take_in(found))
        # Its create is found after all: the one that was condemned is it.
        self.assertRaises(
            exception.LostRace, self.store.twins.attach, intent, "lost"
        )


class TwinsOnSqlite(TwinFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class TwinsOnMariadb(TwinFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class TwinsOnPostgresql(TwinFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
