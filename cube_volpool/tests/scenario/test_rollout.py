"""A new image: built beside the old one, given once it is enough."""

import dataclasses
from datetime import timedelta

import fixtures

from cube_volpool import exception, model
from cube_volpool.tests import world
from cube_volpool.tests.scenario import rollout
from cube_volpool.tests.simulator import lab

_R = model.RowStatus
_POOL, _CREATED = model.Source.POOL, model.Source.CREATED


class SwitchCase(rollout.ImageCase):
    """Four volumes, all of a new image needed, the old ones stay a while."""

    pool = {"min_ready": 4}
    reconcile = {"drain_time": timedelta(minutes=15)}

    def setUp(self) -> None:
        super().setUp()
        self.stock = set(self.shelf())
        self.newer = self.publish("20261121")

    def test_claims_by_os_name_change_over_once_enough_are_ready(self):
        """Not one volume sooner, and then at once."""
        self.until(lambda: self.ready(self.newer) == 3)
        self.assertEqual(self.old, self.current)
        self.assert_answer(_POOL, self.old, self.by_os_name("before"))

        self.until(lambda: self.ready(self.newer) == 4)
        next(self.ticks(1, pause=0))

        self.assertEqual(self.newer, self.current)
        self.assert_answer(_POOL, self.newer, self.by_os_name("after"))

    def test_nothing_current_is_evicted_before_the_switch(self):
        """However long the new ones take."""
        for _ in self.ticks(60, pause=0.2):
            if self.current == self.newer:
                break
            self.assertLessEqual(self.stock, set(self.shelf()))
            self.assertEqual([], self.rows(_R.DELETING))

        self.assertEqual(self.newer, self.current)
        self.assertLessEqual(self.stock, set(self.shelf()))

    def test_the_old_ones_used_up_end_the_waiting(self):
        """One new volume is better than none."""
        self.until(lambda: self.ready(self.newer) == 1)
        for name in "abcd":
            self.assert_answer(_POOL, self.old, self.by_os_name(name))

        next(self.ticks(1, pause=0))

        self.assertEqual(self.newer, self.current)
        self.assert_answer(_POOL, self.newer, self.by_os_name("e"))

    def test_used_up_before_anything_new_is_ready(self):
        """A miss by OS name is still of the old image, like the others."""
        for name in "abcd":
            self.by_os_name(name)
        next(self.ticks(1, pause=0))

        self.assert_answer(_CREATED, self.old, self.by_os_name("e"))

    def test_named_snapshot_is_given_before_and_after_the_switch(self):
        """From the pool while it has one, whatever is current."""
        self.until(lambda: self.ready(self.newer) == 1)
        before = self.one.claim("a", snapshot_id=self.newer)
        self.until(lambda: self.current == self.newer)
        after = self.one.claim("b", snapshot_id=self.old)

        self.assert_answer(_POOL, self.newer, before)
        self.assert_answer(_POOL, self.old, after)

    def test_named_snapshot_that_is_not_ready_is_a_miss(self):
        """It is created from that snapshot, never taken from another."""
        self.assert_answer(
            _CREATED, self.newer, self.one.claim("a", snapshot_id=self.newer)
        )

        self.until(lambda: self.current == self.newer)
        self.clock.advance(900)
        self.until(lambda: self.ready(self.old) == 0)

        self.assert_answer(
            _CREATED, self.old, self.one.claim("b", snapshot_id=self.old)
        )

    def test_claims_between_two_daemons_get_the_same(self):
        """Which image is current is in the ledger, not in a daemon."""
        self.until(lambda: self.ready(self.newer) == 3)
        self.assert_answer(
            _POOL, self.old, self.by_os_name("a", daemon=self.two)
        )

        self.until(lambda: self.current == self.newer)

        for name, daemon in (("b", self.two), ("c", self.one)):
            self.assert_answer(
                _POOL, self.newer, self.by_os_name(name, daemon=daemon)
            )

    def test_two_daemons_switch_once(self):
        """Both saw that there are enough; one of them was first."""
        self.until(lambda: self.ready(self.newer) == 4)
        pools = self.one.house.store.pools
        switch = pools.switch

        def late(record: model.PoolRecord) -> None:
            self.two.house.reconciler.round()
            self.first = self.pool_record()
            self.clock.advance(5)
            switch(record)

        self.useFixture(fixtures.MockPatchObject(pools, "switch", late))
        next(self.ticks(1))

        self.assertEqual(self.newer, self.first.current_snapshot_id)
        self.assertEqual(self.first, self.pool_record())
        self.assertEqual(1, self.logged("claims by OS name get snapshot"))

    def test_an_image_that_was_overtaken_is_not_shelved(self):
        """A third one before the switch: nothing waits for the second."""
        self.until(lambda: self.ready(self.newer) == 1)
        newest = self.publish("20261122")
        self.until(lambda: self.current == newest)

        self.assertEqual(0, self.ready(self.newer))
        self.assertEqual(4, self.ready(newest))


class SurgeCase(rollout.ImageCase):
    """There is room for one more volume than the pool has."""

    pool = {
        "min_ready": 4,
        "max_creating": 4,
        "surge": rollout.volumes(1),
        "switch_at": rollout.volumes(1),
    }
    reconcile = {"drain_time": timedelta(hours=1)}
    most = 5

    def test_never_more_than_the_surge_and_never_fewer_ready(self):
        """The old ones make room one for one, sooner than their time."""
        newer = self.publish("20261121")

        for _ in self.ticks(120, pause=0.5):
            self.assertLessEqual(self.alive(), self.most)
            self.assertGreaterEqual(self.ready(), 4)

        self.assertEqual(newer, self.current)
        self.assertEqual((4, self.most), (self.ready(newer), self.ready()))

    def test_the_rest_goes_when_its_time_is_over(self):
        """What is in nobody's way serves as long as any old one."""
        newer = self.publish("20261121")
        self.until(lambda: self.ready(newer) == 4)
        self.clock.advance(3600)

        self.until(lambda: self.ready(self.old) == 0)

        self.assertEqual(4, self.ready(newer))

    def test_it_switches_at_the_first_volumes(self):
        """The new stock starts small."""
        newer = self.publish("20261121")
        first = self.most - 4

        self.until(lambda: self.current == newer)

        self.assertEqual(first, self.ready(newer))

    def test_claims_meanwhile_are_made_up_for_within_the_surge(self):
        """What is reserved or given makes no more room than it takes."""
        newer = self.publish("20261121")

        for tick in self.ticks(120, pause=0.5):
            if tick % 20 == 0:
                self.by_os_name(f"vm{tick}")
            self.assertLessEqual(self.alive(), self.most)

        self.assertEqual((4, self.most), (self.ready(newer), self.ready()))


class HalfSurgeCase(SurgeCase):
    """There is room for half as many again."""

    pool = {
        "min_ready": 4,
        "max_creating": 4,
        "surge": rollout.percent(50),
        "switch_at": rollout.percent(50),
    }
    most = 6


class DrainCase(rollout.ImageCase):
    """The old stock after the switch."""

    pool = {"min_ready": 4, "max_creating": 4}
    reconcile = {"drain_time": timedelta(minutes=15), "drain_per_round": 1}

    def setUp(self) -> None:
        super().setUp()
        self.newer = self.publish("20261121")
        self.until(lambda: self.current == self.newer)

    def test_it_serves_who_names_it_for_the_drain_time(self):
        """All of it, to the end."""
        for _ in self.ticks(29, pause=30):
            self.assertEqual(4, self.ready(self.old))

        answer = self.one.claim(snapshot_id=self.old)

        self.assert_answer(_POOL, self.old, answer)

    def test_then_it_goes_a_few_in_each_round(self):
        """And the pool is at its target all the time."""
        self.clock.advance(900)
        seen = []
        for _ in self.ticks(6):
            seen.append(self.ready(self.old))
            self.assertEqual(4, self.ready(self.newer))

        self.assertEqual([3, 2, 1, 0, 0, 0], seen)

    def test_it_stands_in_for_what_is_not_ready(self):
        """The shelf does not fall below its target for the old ones."""
        for name in "abc":
            self.by_os_name(name)
        self.cloud.backend.plan("create", "stuck", times=None,
                                lock=self.newer)
        self.clock.advance(900)

        for _ in self.ticks(10):
            self.assertGreaterEqual(self.ready(), 4)

        self.assertEqual(3, self.ready(self.old))


class RollingRestartCase(rollout.ImageCase):
    """One daemon has another size in its configuration than the others."""

    def test_daemons_that_disagree_do_not_undo_each_others_work(self):
        """The size is the record's, as the last sync has it."""
        larger = world.settings_of(world.spec(size_gib=2))
        self.two = self.world.daemon("two", config=larger)
        self.two.house.duties.sync()
        self.cloud.journal.clear()
        for _ in range(30):
            for daemon in (self.one, self.two):
                self.clock.advance(5)
                daemon.house.reconciler.round()
                daemon.house.reconciler.audit()

        made = [c for c in self.calls() if c == "POST /volumes"]
        self.assertEqual(2, len(made))
        sizes = [self.cloud.volume(ident).size for ident in self.shelf()]
        self.assertEqual([2, 2], sizes)


class AnotherOsCase(rollout.ImageCase):
    """The section of a pool has another OS name now."""

    def start(self, os_name: str) -> None:
        self.one = self.world.daemon(
            "new",
            config=dataclasses.replace(
                self.world.settings, pools=(world.spec(os_name=os_name),)
            ),
        )

    def ask(self, name: str, os_name: str) -> str:
        answer = self.one.claim(name, snapshot_id=None, os_name=os_name)
        return str(answer.volume["snapshot_id"])

    def test_claims_get_no_other_os_at_any_time(self):
        """Neither before the sync nor while the first ones are built."""
        newer = lab.seed_source(self.cloud, "debian-13", "ssd", size=1)
        self.start("debian-13")
        self.assertRaises(
            exception.InvalidRequest, self.ask, "early", "debian-13"
        )

        self.sync()

        self.assertEqual(newer, self.current)
        self.assertEqual(newer, self.ask("soon", "debian-13"))
        self.one.fill()
        self.assertEqual((2, 2), (self.ready(newer), self.ready()))
        self.assertEqual(newer, self.ask("late", "debian-13"))

    def test_os_without_an_image_gives_nothing(self):
        """And what there is stays for who names its snapshot."""
        self.start("plan-9")
        self.sync()

        self.assertRaises(
            exception.InvalidRequest, self.ask, "web", "plan-9"
        )
        self.assertIsNone(self.current)
        self.assertEqual(2, self.ready(self.old))
        self.assert_answer(_POOL, self.old, self.one.claim("named"))
