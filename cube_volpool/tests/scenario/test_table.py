"""Images that a table of another system names."""

import dataclasses
import pathlib
from typing import Any

import fixtures
import sqlalchemy as sa

from cube_volpool import exception, model, report, settings
from cube_volpool.tests import world
from cube_volpool.tests.scenario import rollout
from cube_volpool.tests.simulator import lab

_POOL = model.Source.POOL


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

    def name(
        self, snapshot_id: str, system: str = "debian-12", version: str = "7"
    ) -> None:
        """Let the table name one image of the pool's type."""
        self.say("DELETE FROM os WHERE name = :os", os=system)
        self.say(
            "INSERT INTO os VALUES (:os, 'ssd', :snapshot, :version)",
            os=system,
            snapshot=snapshot_id,
            version=version,
        )

    def follow(self, snapshot_id: str, **said: str) -> None:
        """Let the table name an image, and the pool take it up."""
        self.name(snapshot_id, **said)
        self.one.fill()

    def roll_back(self) -> None:
        """Let an operator go back to the image before."""
        self.one.house.refresher.rollback("debian-12", "ssd")
        self.one.fill()

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
        self.follow(self.old)
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
        self.follow(self.old)
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
        self.follow(self.old)
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

    def test_rollback_goes_to_what_was_named_just_before(self):
        """Of many, whatever their versions are."""
        made = [self.old]
        self.follow(self.old, version="8")
        for day, version in (("1", "9"), ("2", "7"), ("3", "8")):
            self.clock.advance(60)
            made.append(self.publish(f"2026112{day}", sync=False))
            self.follow(made[-1], version=version)

        for before in reversed(made[:-1]):
            self.roll_back()
            self.assertEqual((before, before), (self.source, self.current))


class OneRowCase(TableCase):
    """The table has no versions: one row of each OS and type."""

    def setUp(self) -> None:
        super().setUp()
        rules = self.world.settings.catalogue
        assert rules.table is not None
        self.rules = dataclasses.replace(
            rules,
            table=dataclasses.replace(rules.table, version_column=None),
        )
        self.start()

    def start(self, *more: settings.PoolSpec, **changes: Any) -> None:
        """Begin anew with other rules, or more pools."""
        config = self.world.settings
        self.one = self.world.daemon(
            "one",
            config=dataclasses.replace(
                config,
                pools=(*config.pools, *more),
                catalogue=dataclasses.replace(self.rules, **changes),
            ),
        )

    def test_changed_row_rolls_out_when_it_was_asked_for(self):
        """What the row said before does not count beside it."""
        self.start(automatic=False)
        self.follow(self.old)
        newer = self.publish("20261121", sync=False)
        self.name(newer)
        self.one.house.refresher.sync()

        for _ in range(2):
            self.one.fill()

        self.assertEqual((newer, newer), (self.source, self.current))
        self.assertEqual(2, self.ready(newer))

    def test_rollback_goes_to_what_the_row_said_before(self):
        """It is kept, and so is its stock for a while."""
        self.follow(self.old)
        newer = self.publish("20261121", sync=False)
        self.follow(newer)
        self.assertEqual(newer, self.current)

        self.roll_back()

        self.assertEqual((self.old, self.old), (self.source, self.current))

    def test_snapshot_that_is_of_another_os_now_is_kept_for_none_before(self):
        """A claim by OS name would get the other one's volumes."""
        self.follow(self.old)
        wrong = self.publish("20261121", sync=False)
        self.follow(wrong)
        self.name(wrong, "ubuntu-24.04")
        right = self.publish("20261122", sync=False)
        self.name(right)

        self.one.fill()
        self.roll_back()

        self.assertEqual((self.old, self.old), (self.source, self.current))

    def test_rejection_goes_along_to_the_other_os_and_is_taken_back(self):
        """First rolled back, then told of under its right name."""
        self.follow(self.old)
        wrong = self.publish("20261121", sync=False)
        self.follow(wrong)
        self.one.house.refresher.rollback("debian-12", "ssd")
        self.name(wrong, "ubuntu-24.04")
        self.follow(self.old)
        [told] = [
            entry
            for entry in self.world.store.images.list()
            if (entry.os, entry.snapshot_id) == ("ubuntu-24.04", wrong)
        ]
        self.assertIsNotNone(told.rejected)

        self.one.house.refresher.allow(wrong)

        self.assertEqual({}, self.world.store.images.rejected())

    def test_each_pool_stays_with_its_own(self):
        """What another one gives yet is no image of this one."""
        self.name(self.old)
        slow = world.spec("slow", availability_zone="nova", min_ready=1)
        self.start(slow)
        self.one.fill()
        middle = self.publish("20261121", sync=False)
        self.name(middle)
        self.sync()
        for _ in range(60):
            self.clock.advance(5)
            self.one.house.reconciler.round([model.PoolName("deb")])
        self.assertEqual(middle, self.current)
        newer = self.publish("20261122", sync=False)
        self.name(newer)
        self.sync()
        self.world.store.images.reject(newer, reason="bad")

        self.sync()

        self.assertEqual((middle, middle), (self.source, self.current))
        slow_record = self.pool_record("slow")
        self.assertEqual(self.old, slow_record.current_snapshot_id)
        self.assertEqual(self.old, slow_record.source_snapshot_id)

    def test_snapshot_of_two_types_is_held_for_both(self):
        """None of them may be shown as free."""
        for kind in ("ssd", "sas"):
            self.say(
                "INSERT INTO os VALUES ('debian-12', :kind, :snapshot, '')",
                kind=kind,
                snapshot=self.old,
            )
        self.one.fill()

        shown = report.images(self.world.store, self.world.settings)

        held = [
            (image["type"], image["held_by"])
            for image in shown
            if image["snapshot_id"] == self.old
        ]
        self.assertEqual(
            [("sas", {"available": 2}), ("ssd", {"available": 2})], held
        )
