"""Where images come from, and when they are read."""

import pathlib
import re
from typing import Any

import fixtures
import sqlalchemy as sa

from cube_volpool import exception, model, settings
from cube_volpool.tests import world
from cube_volpool.tests.scenario import rollout
from cube_volpool.tests.simulator import lab

_POOL = model.Source.POOL
_GOLDEN = re.compile(r"src-(?P<os>.+)_(?P<type>[^_]+)_(?P<version>[^_]+)")


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


class TableCase(rollout.ImageCase):
    """A table of another system names the images."""

    fills = False

    def setUp(self) -> None:
        folder = self.useFixture(fixtures.TempDir()).path
        self.file = pathlib.Path(folder) / "other.sqlite"
        self.engine = sa.create_engine(f"sqlite:///{self.file}")
        self.addCleanup(self.engine.dispose)
        self.say("CREATE TABLE os (name, type, snapshot_id, version)")
        self.catalogue = {
            "source": settings.ImageSource.TABLE,
            "table": settings.TableSettings(
                connection=f"sqlite:///{self.file}",
                version_column="version",
            ),
        }
        super().setUp()

    def say(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def name(self, snapshot_id: str, system: str = "debian-12") -> None:
        """Let the table name an image of the pool's type."""
        self.say("DELETE FROM os WHERE name = :os", os=system)
        self.say(
            "INSERT INTO os VALUES (:os, 'ssd', :snapshot, '7')",
            os=system,
            snapshot=snapshot_id,
        )

    def test_table_says_more_than_names(self):
        """What it names is built, newer or older, whatever it is called."""
        volume = self.cloud.volume("src-debian-12_ssd_20261120")
        made = self.cloud.add_snapshot(volume, "any").id
        self.publish("20261121", sync=False)
        self.name(made)

        self.one.fill()

        self.assertEqual((made, 2), (self.current, self.ready(made)))

    def test_changed_row_is_a_change_of_images(self):
        """Built beside, switched, drained."""
        self.name(self.old)
        self.one.fill()
        newer = self.publish("20261121", sync=False)
        self.name(newer)

        self.one.fill()

        self.assertEqual((newer, 2), (self.current, self.ready()))

    def test_missing_row_falls_back_on_cinder_and_says_so(self):
        """An image that the other system does not know yet."""
        self.name(self.old, system="plan-9")

        self.one.fill()
        self.sync()

        self.assertEqual((self.old, 2), (self.source, self.ready()))
        self.assertEqual(
            1,
            self.logged(
                "is taken from Cinder: the table has no OS debian-12, "
                "type ssd"
            ),
        )

    def test_row_without_its_snapshot_is_not_guessed_at(self):
        """Cinder has one of that OS; the table means another."""
        self.name(self.old)
        self.one.fill()
        before = self.shelf()
        self.name("00000000-0000-0000-0000-000000000009")

        for _ in range(2):
            self.sync()
            self.one.house.reconciler.audit()

        self.assertEqual((None, self.old), (self.source, self.current))
        self.assertEqual(before, self.shelf())
        self.assertEqual(1, self.logged("is named by the table"))
        self.assertIn("debian-12", self.pool_record().last_error or "")

    def test_unreadable_table_changes_nothing(self):
        """The sync waits; what is there is given, and replaced."""
        self.name(self.old)
        self.one.fill()
        before = self.pool_record(), self.world.store.images.list()
        self.say("ALTER TABLE os RENAME TO away")

        self.assertRaises(exception.ImagesUnavailable, self.sync)
        self.assertRaises(
            exception.ImagesUnavailable, self.one.house.refresher.plan
        )

        self.assertEqual(
            before, (self.pool_record(), self.world.store.images.list())
        )
        self.assert_answer(_POOL, self.old, self.by_os_name("a"))
        self.until(lambda: self.ready() == 2)
        self.say("ALTER TABLE away RENAME TO os")
        self.sync()

    def test_neither_table_nor_cinder_has_it(self):
        """The pool waits, and comes alive with either."""
        self.drop_snapshot(self.old)
        self.one.fill()
        self.assertEqual((None, []), (self.source, self.rows()))
        self.assertIn("debian-12", self.pool_record().last_error or "")

        made = lab.seed_source(self.cloud, "debian-12", "ssd", size=1)
        self.one.fill()

        self.assertEqual((made, 2), (self.current, self.ready(made)))
        self.assertIsNone(self.pool_record().last_error)
