"""Where images come from, and when they are read."""

import dataclasses
import re
from typing import Any

from cube_volpool import model, settings
from cube_volpool.tests import world
from cube_volpool.tests.scenario import rollout
from cube_volpool.tests.simulator import lab

_POOL = model.Source.POOL
_GOLDEN = re.compile(r"src-(?P<os>.+)_(?P<type>[^_]+)_(?P<version>[^_]+)")


class MarkedSnapshotCase(rollout.ImageCase):
    """Snapshots that a daemon made are among those of the pool project."""

    def test_snapshot_of_a_deployment_is_no_image(self):
        """Whatever its name says, and whichever deployment's it is."""
        golden = self.cloud.snapshots[self.old].volume_id
        for deployment in (world.DEPLOYMENT, "another"):
            self.cloud.add_snapshot(
                self.cloud.volumes[golden],
                f"debian-12_ssd_2099{len(deployment)}",
                metadata={model.DEPLOYMENT_KEY: deployment},
            )

        self.sync()

        self.assertEqual((self.old, self.old), (self.source, self.current))
        self.assertEqual(
            [self.old],
            [
                entry.snapshot_id
                for entry in self.world.store.images.list()
                if (entry.os, entry.type) == ("debian-12", "ssd")
            ],
        )


class WhenAskedCase(rollout.ImageCase):
    """``automatic`` is off: somebody says when images are read."""

    catalogue = {"automatic": False}

    def reads(self) -> int:
        return self.calls().count("GET /snapshots/detail")

    def test_first_time_it_is_read_without_being_asked(self):
        """An empty catalogue helps nobody."""
        self.assertEqual((self.old, 2), (self.source, self.ready(self.old)))

    def test_new_image_waits_to_be_asked_for(self):
        """Then it is a change like any other."""
        newer = self.publish("20261121")
        self.assertEqual((self.old, 0), (self.source, self.reads()))

        self.one.house.refresher.sync()
        self.until(lambda: self.current == newer)

        self.assertEqual(1, self.reads())

    def test_rejection_is_followed_without_cinder(self):
        """What the poison guard of another daemon did counts at once."""
        newer = self.publish("20261121")
        self.one.house.refresher.sync()
        self.world.store.images.reject(newer, reason="bad")
        self.cloud.journal.clear()

        self.sync()

        self.assertEqual((self.old, 0), (self.source, self.reads()))


class LaterPoolCase(rollout.ImageCase):
    """``automatic`` is off, and a pool is added to the configuration."""

    catalogue = {"automatic": False}

    def add(self, **changes: Any) -> None:
        """Start again with a second pool, of another type."""
        config = self.world.settings
        values = {
            "name": "later", "volume_type": "sas", "type_aliases": frozenset()
        }
        later = world.spec(**(values | changes))
        self.one = self.world.daemon(
            "new",
            config=dataclasses.replace(
                config, pools=(*config.pools, later)
            ),
        )
        for _ in range(2):
            self.one.fill()

    def test_new_pool_begins_by_itself(self):
        """And the image that nobody has asked for stays where it is."""
        self.publish("20261121", sync=False)
        self.add()

        sas = self.cloud.snapshot_id("debian-12_sas_20261120")
        later = self.pool_record("later")
        self.assertEqual(
            (sas, 2), (later.current_snapshot_id, len(self.shelf("later")))
        )
        self.assertEqual((self.old, self.old), (self.source, self.current))

    def test_new_pin_is_followed(self):
        """It is somebody's word already."""
        sas = self.cloud.snapshot_id("debian-12_sas_20261120")
        self.add(snapshot_id=model.SnapshotId(sas))

        self.assertEqual(sas, self.pool_record("later").source_snapshot_id)
        self.assertEqual(2, len(self.shelf("later")))

    def test_pool_beside_an_old_one_begins_with_what_that_builds(self):
        """Nobody has asked for the newer image, for neither of them."""
        self.publish("20261121", sync=False)
        self.add(volume_type="ssd", availability_zone="nova")

        for pool in ("deb", "later"):
            record = self.pool_record(pool)
            self.assertEqual(
                (self.old, self.old),
                (record.source_snapshot_id, record.current_snapshot_id),
            )

    def test_what_is_catalogued_and_gone_is_not_begun_with(self):
        """Whether somebody had rejected it or not."""
        store = self.world.store
        sas = self.cloud.snapshot_id("debian-12_sas_20261120")
        for is_rejected in (False, True):
            newer = lab.seed_source(
                self.cloud, "debian-12", "sas", size=1,
                date=f"2026112{1 + is_rejected}",
            )
            if is_rejected:
                store.images.reject(model.SnapshotId(sas), reason="bad")
            self.drop_snapshot(sas)
            name = f"later{is_rejected:d}"
            zone = "nova" if is_rejected else None
            self.add(name=name, availability_zone=zone)

            self.assertEqual(
                newer, self.pool_record(name).current_snapshot_id
            )
            sas = newer

    def test_new_pin_beside_an_old_pool_is_its_own(self):
        """The pool that follows the names stays."""
        newer = self.publish("20261121", sync=False)
        self.add(
            volume_type="ssd", availability_zone="nova", snapshot_id=newer
        )

        self.assertEqual(newer, self.pool_record("later").source_snapshot_id)
        self.assertEqual((self.old, self.old), (self.source, self.current))

    def test_changed_size_of_a_pin_is_followed(self):
        """By itself too: the configuration has asked for it."""
        sas = self.cloud.snapshot_id("debian-12_sas_20261120")
        for size in (1, 2):
            self.clock.advance(3600)
            self.add(snapshot_id=model.SnapshotId(sas), size_gib=size)

        self.assertEqual(2, self.pool_record("later").source_size_gib)


class DryRunCase(rollout.ImageCase):
    """What a sync would do is said without doing it."""

    def test_plan_is_what_sync_then_does(self):
        """Word for word, and the ledger is as before."""
        newer = self.publish("20261121", sync=False)
        for _ in "ab":
            self.publish("20261122", sync=False)
        before = self.pool_record(), self.world.store.images.list()

        planned = self.one.house.refresher.plan()

        self.assertEqual(
            before, (self.pool_record(), self.world.store.images.list())
        )
        self.assertEqual(0, self.logged("Images:"))
        self.assertEqual(planned, self.one.house.refresher.sync())
        self.assertEqual(newer, self.source)
        self.assertEqual((), self.one.house.refresher.plan().changes)


class FindingsCase(rollout.ImageCase):
    """What is odd is said once, and disturbs nothing."""

    def assert_told_once(self, text: str) -> None:
        for _ in range(3):
            self.sync()

        self.assertEqual(1, self.logged(text))
        self.assertEqual(self.old, self.source)

    def test_twins_are_not_chosen_from(self):
        """Which of them is meant, nobody knows."""
        for _ in "ab":
            self.publish("20261121", sync=False)

        self.sync()
        self.sync()

        self.assertEqual(2, self.logged("is one of 2 with version 20261121"))
        self.assertEqual(self.old, self.source)

    def test_twin_of_what_is_used_changes_nothing(self):
        """A pool stays with the one that it has."""
        self.publish("20261120", sync=False)

        self.assert_told_once("is one of 2 with version 20261120")

    def test_unfinished_snapshot_waits(self):
        """Once it is available it is built from."""
        newer = self.publish("20261121", sync=False)
        self.cloud.snapshots[newer].status = "creating"
        self.assert_told_once("is creating")

        self.cloud.snapshots[newer].status = "available"
        self.sync()

        self.assertEqual(newer, self.source)

    def test_snapshot_of_another_name_is_none_of_ours(self):
        """It is told, but as no trouble."""
        volume = self.cloud.add_volume("volpool", "mine", size=1)
        self.cloud.add_snapshot(volume, "backup")

        self.assert_told_once("does not follow the naming rule")


class VolumesCase(rollout.ImageCase):
    """Images are volumes of the pool project."""

    catalogue = {
        "source": settings.ImageSource.VOLUMES,
        "naming_rule": _GOLDEN,
    }

    def golden(self, name: str, **fields: Any) -> str:
        values: dict[str, Any] = {
            "size": 1, "volume_type": "ssd", "bootable": True
        }
        return self.cloud.add_volume("volpool", name, **values, **fields).id

    def test_newest_volume_by_name_is_the_image(self):
        """What is built is its snapshot, whatever that is called."""
        volume = self.golden("src-debian-12_ssd_20261121")
        made = self.cloud.add_snapshot(self.cloud.volume(volume), "any").id

        self.one.fill()

        self.assertEqual((made, 2), (self.current, self.ready(made)))

    def test_newest_finished_snapshot_of_the_volume_counts(self):
        """One that is being taken is not waited for."""
        volume = self.cloud.volume(self.golden("src-debian-12_ssd_20261121"))
        self.cloud.add_snapshot(volume, "first")
        self.clock.advance(1)
        second = self.cloud.add_snapshot(volume, "second").id
        self.clock.advance(1)
        self.cloud.add_snapshot(volume, "third", status="creating")

        self.sync()

        self.assertEqual(second, self.source)

    def test_volume_without_a_snapshot_points_to_its_own_source(self):
        """It is a copy of that snapshot."""
        volume = self.cloud.volume(self.golden("unnamed"))
        made = self.cloud.add_snapshot(volume, "any").id
        self.golden("src-debian-12_ssd_20261121", snapshot_id=made)

        self.sync()

        self.assertEqual(made, self.source)

    def test_volume_without_any_finished_snapshot_is_reported(self):
        """By its name, once: somebody thinks that it is an image."""
        volume = self.cloud.volume(self.golden("src-debian-12_ssd_20261121"))
        self.cloud.add_snapshot(volume, "broken", status="error")
        for _ in range(2):
            self.sync()

        self.assertEqual(self.old, self.source)
        self.assertEqual(
            1,
            self.logged(
                "volume 'src-debian-12_ssd_20261121' "
                f"({volume.id}) has no finished snapshot"
            ),
        )

    def test_pooled_volumes_are_no_images(self):
        """Whatever somebody calls them."""
        made = self.cloud.add_snapshot(
            self.cloud.volume(self.golden("unnamed")), "any"
        )
        self.golden(
            "src-debian-12_ssd_20261121",
            snapshot_id=made.id,
            metadata={model.DEPLOYMENT_KEY: world.DEPLOYMENT},
        )

        self.sync()

        self.assertEqual(self.old, self.source)

    def test_image_volume_that_is_gone_changes_no_stock(self):
        """The pool says what it lacks, and goes on when it is back."""
        before = self.shelf()
        volume = self.cloud.volume("src-debian-12_ssd_20261120")
        del self.cloud.volumes[volume.id]
        self.sync()
        self.one.house.reconciler.audit()
        self.assertIn("debian-12", self.pool_record().last_error or "")
        self.assertEqual((None, before), (self.source, self.shelf()))

        self.cloud.volumes[volume.id] = volume
        self.sync()

        self.assertEqual(self.old, self.source)
        self.assertIsNone(self.pool_record().last_error)


class TypeOfTheVolumeCase(rollout.ImageCase):
    """The names of snapshots do not tell the type."""

    catalogue = {
        "naming_rule": re.compile(r"(?P<os>debian-\d+)-(?P<version>\d+)")
    }
    fills = False

    def taken_of(self, kind: str, name: str) -> str:
        volume = self.cloud.add_volume(
            "volpool", f"source of {kind}", size=1, volume_type=kind,
            bootable=True,
        )
        return self.cloud.add_snapshot(volume, name).id

    def test_type_is_that_of_the_source_volume(self):
        """Two snapshots of one name are images of two types."""
        self.taken_of("sas", "debian-12-20261121")
        made = self.taken_of("ssd", "debian-12-20261121")

        self.one.fill()

        self.assertEqual((made, 2), (self.current, self.ready(made)))

    def test_source_volume_that_is_gone_is_a_finding(self):
        """Nothing tells the type any more: nothing is built from it."""
        made = self.taken_of("ssd", "debian-12-20261121")
        self.one.fill()
        newer = self.taken_of("ssd", "debian-12-20261122")
        del self.cloud.volumes[self.cloud.snapshots[newer].volume_id]

        self.sync()

        self.assertEqual(made, self.source)
        self.assertEqual(1, self.logged("has no type"))
