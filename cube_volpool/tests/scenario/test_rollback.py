"""Back to the image before, and forth again."""

import dataclasses
from datetime import timedelta

from cube_volpool import exception, model
from cube_volpool.tests.scenario import rollout

_POOL = model.Source.POOL


class _RollbackCase(rollout.ImageCase):
    """A newer image; the old stock is still there after the switch."""

    reconcile = {"drain_time": timedelta(minutes=15)}

    def setUp(self) -> None:
        super().setUp()
        self.newer = self.publish("20261121")

    def roll_back(self) -> None:
        self.one.house.refresher.rollback("debian-12", "ssd")

    def creates(self) -> int:
        return self.calls().count("POST /volumes")


class AfterTheSwitchCase(_RollbackCase):
    """The newer image is current."""

    def setUp(self) -> None:
        super().setUp()
        self.until(lambda: self.current == self.newer)
        self.cloud.journal.clear()

    def test_the_image_before_is_current_in_the_next_round(self):
        """Its stock is still there: not one volume is made."""
        self.roll_back()

        next(self.ticks(1))

        self.assertEqual(self.old, self.current)
        self.assert_answer(_POOL, self.old, self.by_os_name("web_sys"))
        self.assertEqual(0, self.creates())

    def test_it_goes_by_an_alias_of_the_type(self):
        """As claims do."""
        self.one.house.refresher.rollback("debian-12", "FAST")

        next(self.ticks(1))

        self.assertEqual(self.old, self.current)

    def test_other_daemons_follow(self):
        """The rejection is in the ledger: no sync undoes it."""
        self.roll_back()
        self.two.house.duties.sync()
        self.two.house.reconciler.round()
        self.sync()

        self.assertEqual((self.old, self.old), (self.source, self.current))
        answer = self.by_os_name("web_sys", daemon=self.two)
        self.assert_answer(_POOL, self.old, answer)

    def test_allowed_again_the_newer_one_is_back(self):
        """Once the cause is mended; its stock is still there, too."""
        self.roll_back()
        next(self.ticks(1))

        self.one.house.refresher.allow(self.newer)
        next(self.ticks(1))

        self.assertEqual(self.newer, self.current)
        self.assert_answer(_POOL, self.newer, self.by_os_name("web_sys"))
        self.assertEqual(0, self.creates())

    def test_a_still_newer_one_is_not_held_up(self):
        """What was rejected is one image, not the road ahead."""
        self.roll_back()
        newest = self.publish("20261122")

        self.until(lambda: self.current == newest)

        self.assertEqual(2, self.ready(newest))

    def test_old_stock_that_is_gone_is_built_first(self):
        """Then the rollback is a change like any other."""
        self.clock.advance(900)
        self.until(lambda: self.ready(self.old) == 0)
        self.roll_back()

        for _ in self.ticks(60):
            if self.current == self.old:
                break
            self.assertEqual(2, self.ready(self.newer))

        self.assertEqual((self.old, 2), (self.current, self.ready(self.old)))

    def test_nothing_before_it_is_an_error(self):
        """And rejects nothing."""
        self.roll_back()

        self.assertRaises(exception.NoImage, self.roll_back)

        self.assertEqual(self.old, self.source)
        self.assertEqual([self.newer], list(self.rejected()))

    def rejected(self) -> list[model.SnapshotId]:
        return list(self.world.store.images.rejected())

    def test_rejection_outlasts_a_snapshot_that_is_busy(self):
        """One that is backed up for a moment is out of the catalogue."""
        self.roll_back()
        self.until(lambda: self.current == self.old)
        snapshot = self.cloud.snapshots[self.newer]
        snapshot.status = "backing-up"
        self.sync()
        snapshot.status = "available"

        self.sync()

        self.assertEqual(self.old, self.source)
        self.assertEqual([self.newer], self.rejected())

    def test_rejection_goes_a_week_after_its_snapshot(self):
        """The catalogue does not grow for ever; a listing may be wrong."""
        self.roll_back()
        self.until(lambda: self.current == self.old)
        self.drop_snapshot(self.newer)

        for days, expected in ((0, [self.newer]), (6, [self.newer]), (2, [])):
            self.clock.advance(days * 86400)
            self.sync()
            self.assertEqual(expected, self.rejected())

    def test_one_wrong_listing_does_not_bring_it_back(self):
        """Of another region, say: everything is missing for a moment."""
        self.roll_back()
        self.until(lambda: self.current == self.old)
        listed = dict(self.cloud.snapshots)
        self.cloud.snapshots.clear()
        self.sync()
        self.cloud.snapshots.update(listed)

        self.sync()

        self.assertEqual([self.newer], self.rejected())
        self.assertEqual((self.old, self.old), (self.source, self.current))


class DuringAChangeCase(_RollbackCase):
    """The newer image is being built."""

    def test_the_change_is_stopped(self):
        """What was built of it goes, and claims notice nothing."""
        self.until(lambda: self.ready(self.newer) == 1)
        before = set(self.shelf()) - {
            row.volume_id
            for row in self.rows()
            if row.snapshot_id == self.newer
        }

        self.roll_back()

        for _ in self.ticks(20):
            self.assertEqual(self.old, self.current)
            self.assertLessEqual(before, set(self.shelf()))
        self.assertEqual((2, 2), (self.ready(self.old), self.alive()))
        self.assert_at_rest()


class NothingToGoBackToCase(rollout.ImageCase):
    """There was never another image."""

    def test_first_image_cannot_be_rolled_back(self):
        """Better that one than none."""
        self.assertRaises(
            exception.NoImage,
            self.one.house.refresher.rollback,
            "debian-12",
            "ssd",
        )

        self.sync()
        self.assertEqual(self.old, self.source)

    def test_unknown_os_or_type_cannot_be_rolled_back(self):
        """No pool is of it."""
        for wanted in (("plan-9", "ssd"), ("debian-12", "nvme")):
            self.assertRaises(
                exception.NoImage,
                self.one.house.refresher.rollback,
                *wanted,
            )

    def test_what_nobody_rejected_cannot_be_allowed(self):
        """Nor what nobody knows."""
        for wanted in (self.old, model.SnapshotId("x")):
            self.assertRaises(
                exception.NoImage, self.one.house.refresher.allow, wanted
            )


class PinnedCase(rollout.ImageCase):
    """The configuration names the snapshot."""

    fills = False

    def setUp(self) -> None:
        super().setUp()
        newer = self.publish("20261121", sync=False)
        self.publish("20261122", sync=False)
        [pool] = self.world.settings.pools
        self.newer = newer
        config = dataclasses.replace(
            self.world.settings,
            pools=(dataclasses.replace(pool, snapshot_id=newer),),
        )
        self.one = self.world.daemon("pinned", config=config)
        self.one.fill()

    def test_pin_is_kept(self):
        """A rollback is refused: the configuration would undo it."""
        self.assertRaises(
            exception.NoImage,
            self.one.house.refresher.rollback,
            "debian-12",
            "ssd",
        )

        self.sync()
        self.assertEqual(self.newer, self.source)
        self.assertEqual({}, self.world.store.images.rejected())

    def test_pin_is_not_the_newest(self):
        """It is what is given by OS name."""
        answer = self.by_os_name("web_sys")

        self.assert_answer(_POOL, self.newer, answer)


class KeptCase(_RollbackCase):
    """The catalogue keeps two versions of each."""

    catalogue = {"keep": 2}

    def test_rejection_outlives_newer_versions(self):
        """It is listed all the time, and must never come back by itself."""
        self.roll_back()
        others = [self.publish(f"2026112{n}") for n in (2, 3)]
        for _ in range(9):
            self.clock.advance(86400)
            self.sync()
        for ident in others:
            self.drop_snapshot(ident)

        self.sync()

        rejected = self.world.store.images.rejected()
        self.assertEqual([self.newer], list(rejected))
        self.assertEqual(self.old, self.source)
