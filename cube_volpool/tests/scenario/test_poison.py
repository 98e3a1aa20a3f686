"""An image that cannot be built from is given up."""

import dataclasses
import pathlib
import re
import sqlite3
from datetime import timedelta

import fixtures

from cube_volpool import model, settings
from cube_volpool.tests import world
from cube_volpool.tests.scenario import rollout
from cube_volpool.tests.simulator import faults

_UUID = "[0-9a-f-]{36}"


class _PoisonCase(rollout.ImageCase):
    """Three failed builds in a row are enough."""

    reconcile = {"drain_time": timedelta(0), "poison_after": 3}

    def setUp(self) -> None:
        super().setUp()
        self.stock = self.shelf()

    def publish_bad(self, *, times: int | None = None) -> model.SnapshotId:
        """Publish an image whose builds end in error, all or so many."""
        bad = self.publish("20261121", sync=False)
        self.cloud.backend.plan("create", "error", times=times, lock=bad)
        self.sync()
        return bad

    def run_for(self, minutes: int) -> None:
        """Let both daemons work, and look for images every minute."""
        for _ in range(minutes):
            for daemon in (self.one, self.two):
                for _ in range(3):
                    self.clock.advance(10)
                    daemon.house.reconciler.round()
                daemon.house.duties.sync()

    def failures(self) -> int:
        return self.pool_record().build_failures

    def assert_builds_failed(self, times: int) -> None:
        """At least so many of the pool were given up for their errors."""
        told = f"Pool deb: volume {_UUID}: Cinder says error"
        self.assertGreaterEqual(
            len(re.findall(told, self.log.output)), times
        )

    def rejected(self) -> dict[model.SnapshotId, str]:
        return dict(self.world.store.images.rejected())


class PoisonCase(_PoisonCase):
    """A pool that follows the names of snapshots."""

    def test_failures_in_a_row_reject_it(self):
        """Once, however many daemons count."""
        bad = self.publish_bad()

        self.run_for(30)

        self.assertEqual([bad], list(self.rejected()))
        self.assertIn("3 builds failed in a row", self.rejected()[bad])
        self.assertEqual(1, self.logged("is rejected after"))
        self.assertEqual((self.old, self.old), (self.source, self.current))

    def test_old_stock_is_not_touched(self):
        """Not one volume of it, and nothing of the new one is left."""
        self.publish_bad()

        self.run_for(30)

        self.assertEqual(self.stock, self.shelf())
        self.assertEqual(2, self.alive())
        self.rest()

    def test_the_pool_says_what_went_wrong(self):
        """The operator finds the volume and Cinder's word for it."""
        self.publish_bad()

        self.until(lambda: bool(self.failures()))

        trouble = self.pool_record().last_error or ""
        self.assertIn("Cinder says error", trouble)

    def test_success_in_between_begins_anew(self):
        """Two failures, a volume, two failures: no row of three."""
        bad = self.publish("20261121", sync=False)
        for outcome in ("error", "error", "ok", "error", "error"):
            self.cloud.backend.plan("create", outcome, lock=bad)
        self.sync()

        self.run_for(30)

        self.assertEqual({}, self.rejected())
        self.assertEqual((bad, 2), (self.current, self.ready(bad)))

    def test_success_between_failures_of_one_round_counts(self):
        """The ledger's count of before the round is not asked."""
        bad = self.publish("20261121", sync=False)
        for outcome in ("error", "ok"):
            self.cloud.backend.plan("create", outcome, lock=bad)
        self.sync()
        self.one.house.reconciler.round()
        self.clock.advance(30)

        self.one.house.reconciler.round()

        self.assertEqual(1, self.ready(bad))
        self.assertEqual(0, self.failures())

    def test_failures_of_the_current_image_reject_nothing(self):
        """It has proved itself; there is nothing better to go back to."""
        self.cloud.backend.plan("create", "error", times=None,
                                lock=self.old)
        self.one.claim()

        self.run_for(60)

        self.assert_builds_failed(3)
        self.assertEqual({}, self.rejected())
        self.assertEqual(self.old, self.source)

    def test_full_quota_is_no_failure_of_the_image(self):
        """No volume was made of it at all."""
        self.cloud.set_quota("volpool", volumes=0)
        newer = self.publish("20261121")

        self.run_for(30)

        self.assertEqual((0, {}), (self.failures(), self.rejected()))
        self.assertEqual(newer, self.source)

    def test_unreachable_cinder_is_no_failure_of_the_image(self):
        """Nor is an answer that says nothing."""
        newer = self.publish("20261121")
        for act in (faults.refuse(503), faults.throttle(), faults.hang()):
            down = self.cloud.fault("*", "/volume**", act)
            for _ in self.ticks(20, pause=60):
                pass
            self.cloud.faults.remove(down)

        self.assertEqual((0, {}), (self.failures(), self.rejected()))
        self.assertEqual(newer, self.source)

    def test_allowed_again_it_is_built_again(self):
        """From a count of none."""
        bad = self.publish_bad(times=3)
        self.run_for(30)
        self.assertEqual([bad], list(self.rejected()))

        self.one.house.refresher.allow(bad)
        self.run_for(10)

        self.assertEqual((bad, 2), (self.current, self.ready(bad)))


class PinnedCase(rollout.ImageCase):
    """A pool whose new image the configuration names."""

    reconcile = {"drain_time": timedelta(0), "poison_after": 1}

    def test_failures_of_a_pin_reject_nothing(self):
        """Other pools may build that image well, and the pin stays."""
        bad = self.publish("20261121", sync=False)
        self.cloud.backend.plan("create", "error", times=None, lock=bad)
        [pool] = self.world.settings.pools
        pinned = self.world.daemon(
            "pinned",
            config=dataclasses.replace(
                self.world.settings,
                pools=(dataclasses.replace(pool, snapshot_id=bad),),
            ),
        )
        pinned.house.duties.sync()
        for _ in range(30):
            self.clock.advance(30)
            pinned.house.reconciler.round()

        self.assertEqual({}, self.world.store.images.rejected())
        self.assertEqual((bad, self.old), (self.source, self.current))
        trouble = self.pool_record().last_error or ""
        self.assertIn("Cinder says error", trouble)


class NeverCase(_PoisonCase):
    """The guard is off."""

    reconcile = {"drain_time": timedelta(0), "poison_after": 0}

    def test_no_number_of_failures_rejects(self):
        """The operator wants to decide."""
        bad = self.publish_bad()

        for _ in self.ticks(120, pause=30):
            pass

        self.assert_builds_failed(3)
        self.assertEqual({}, self.world.store.images.rejected())
        self.assertEqual((bad, self.old), (self.source, self.current))
        self.assertEqual(2, self.ready(self.old))


class OneRowCase(_PoisonCase):
    """A table has one row of each OS, and it says another snapshot now."""

    def setUp(self) -> None:
        super().setUp()
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / "t"
        self.table = sqlite3.connect(path)
        self.addCleanup(self.table.close)
        self.table.execute("CREATE TABLE os (name, type, snapshot_id)")
        self.name_image(self.old)
        config = self.world.settings
        config = dataclasses.replace(
            config,
            catalogue=dataclasses.replace(
                config.catalogue,
                source=settings.ImageSource.TABLE,
                table=settings.TableSettings(connection=f"sqlite:///{path}"),
            ),
        )
        self.one = self.world.daemon("one", config=config)
        self.two = self.world.daemon("two", config=config)

    def name_image(self, snapshot_id: str) -> None:
        self.table.execute("DELETE FROM os")
        self.table.execute(
            "INSERT INTO os VALUES ('debian-12', 'ssd', ?)", (snapshot_id,)
        )
        self.table.commit()

    def publish_bad(self, *, times: int | None = None) -> model.SnapshotId:
        bad = self.publish("20261121", sync=False)
        self.cloud.backend.plan("create", "error", times=times, lock=bad)
        self.name_image(bad)
        self.sync()
        return bad

    def test_pool_goes_on_with_the_one_that_nothing_names(self):
        """It is built from, too: the shelf is filled up again."""
        self.publish_bad()
        self.run_for(30)
        self.empty_the_shelf()

        self.run_for(5)

        self.assertEqual((self.old, self.old), (self.source, self.current))
        self.assertEqual(2, self.ready(self.old))


class TwoPoolsCase(_PoisonCase):
    """Another pool gives the image already; only this one cannot build it."""

    def configure(self) -> settings.Settings:
        config = super().configure()
        return dataclasses.replace(
            config,
            pools=(
                *config.pools,
                world.spec("sound", availability_zone="nova"),
            ),
        )

    def test_failures_of_one_take_it_from_nobody(self):
        """What is given has proved itself."""
        newer = self.publish("20261121")
        for _ in range(40):
            self.clock.advance(5)
            self.one.house.reconciler.round([model.PoolName("sound")])
        self.assertEqual(
            newer, self.pool_record("sound").current_snapshot_id
        )
        self.cloud.backend.plan("create", "error", times=6, lock=newer)

        self.run_for(60)

        self.assert_builds_failed(3)
        self.assertEqual({}, self.rejected())
        for pool in ("deb", "sound"):
            record = self.pool_record(pool)
            self.assertEqual(newer, record.source_snapshot_id)
            self.assertEqual(newer, record.current_snapshot_id)

    def test_sibling_proves_it_with_an_empty_shelf_too(self):
        """It could be built there, whatever became of the volumes."""
        newer = self.publish("20261121")
        sound = model.PoolName("sound")
        for _ in range(40):
            self.clock.advance(5)
            self.one.house.reconciler.round([sound])
        for row in self.world.store.stock.load(sound).rows:
            self.world.store.stock.evict(row, reason="taken")
        self.cloud.backend.plan("create", "error", times=9, lock=newer)

        self.run_for(60)

        self.assert_builds_failed(3)
        self.assertEqual({}, self.rejected())
        self.assertEqual((newer, newer), (self.source, self.current))

    def test_sibling_that_never_built_it_proves_nothing(self):
        """A pool that keeps none gives it at once, and by OS name alone."""
        config = self.world.settings
        deb, sound = config.pools
        config = dataclasses.replace(
            config, pools=(deb, dataclasses.replace(sound, min_ready=0))
        )
        self.one = self.two = self.world.daemon("none", config=config)
        for _ in self.ticks(5):
            pass
        bad = self.publish_bad()

        self.run_for(30)

        self.assertEqual([bad], list(self.rejected()))
        self.assertEqual((self.old, self.old), (self.source, self.current))
