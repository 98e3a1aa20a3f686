"""The catalogue in the ledger, and the sources of pools; three databases."""

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import POOL

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object

_OLD = model.SnapshotId("old")
_NEW = model.SnapshotId("new")


def _entry(snapshot_id: str, version: str) -> model.CatalogueEntry:
    return model.CatalogueEntry(
        os="debian-12",
        type="ssd",
        snapshot_id=model.SnapshotId(snapshot_id),
        name=f"debian-12_ssd_{version}",
        version=version,
        role=model.Role.CURRENT,
        volume_type="ssd",
        size_gib=1,
    )


class ImageFacts(_Case):
    """What is true of images and sources, whatever the database."""

    def images(self, **wanted):
        found = self.store.images.list(**wanted)
        return sorted(found, key=lambda entry: entry.snapshot_id)

    def source(self, snapshot_id):
        self.store.pools.set_source(
            POOL, snapshot_id=snapshot_id, size_gib=1, volume_type_id="t"
        )

    def record(self):
        return self.store.pools.list()[POOL]

    def test_the_catalogue_is_replaced_as_a_whole(self):
        """New ones come, changed ones change, others go."""
        self.store.images.replace([_entry("s1", "1"), _entry("s2", "2")])
        changed = [_entry("s2", "2b"), _entry("s3", "3")]
        self.store.images.replace(changed)

        self.assertEqual(changed, self.images())
        self.assertEqual(changed, self.images(role=model.Role.CURRENT))
        self.assertEqual([], self.images(role=model.Role.NEXT))
        self.store.images.replace([])
        self.assertEqual([], self.images())

    def test_a_rejection_outlives_the_next_reading(self):
        """It is news once, and so is its end."""
        images = self.store.images
        images.replace([_entry("s1", "1"), _entry("s2", "2")])
        told = [images.reject("s1", reason="r" * 300) for _ in range(2)]
        images.replace([_entry("s1", "1"), _entry("s2", "2")])

        self.assertEqual([True, False], told)
        self.assertEqual({"s1": "r" * 255}, images.rejected())
        self.assertEqual("r" * 255, self.images()[0].rejected)
        self.assertEqual(
            [True, False], [images.allow("s1") for _ in range(2)]
        )
        self.assertEqual({}, images.rejected())
        self.assertFalse(images.reject("unknown", reason="r"))

    def test_a_rejection_outlives_a_listing_that_lacks_its_snapshot(self):
        """A wrong one must not bring it back; after a week it is no more."""
        images = self.store.images
        bad, good = _entry("s1", "1"), _entry("s2", "2")
        images.replace([bad, good])
        images.reject("s1", reason="r")
        for _ in range(2):
            images.replace([])
            [kept] = self.images()
            self.assertEqual("r", kept.rejected)
            self.assertEqual(model.Role.PREVIOUS, kept.role)
        images.replace([bad, good])
        self.assertEqual("r", self.images()[0].rejected)
        images.replace([good])
        long_ago = datetime(2000, 1, 1)
        self.sql(
            sa.update(models.os_images)
            .where(models.os_images.c.missing_since.is_not(None))
            .values(missing_since=long_ago)
        )

        images.replace([good])

        self.assertEqual([good], self.images())

    def test_one_snapshot_may_be_the_image_of_two_types(self):
        """Rejected, it is so for both."""
        both = [
            _entry("s1", "1"),
            dataclasses.replace(_entry("s1", "1"), type="hdd"),
            dataclasses.replace(_entry("s1", "1"), os="Debian-12"),
        ]
        for _ in range(2):
            self.store.images.replace(both)
            self.assertEqual(
                {(e.os, e.type) for e in both},
                {(e.os, e.type) for e in self.images()},
            )

        self.assertTrue(self.store.images.reject("s1", reason="r"))

        self.assertEqual(["r"] * 3, [e.rejected for e in self.images()])

    def test_what_the_pool_gives_is_not_rejected_by_failures(self):
        """Nor what is no news."""
        self.store.images.replace([_entry(_OLD, "1"), _entry(_NEW, "2")])
        self.source(_OLD)
        self.source(_NEW)

        told = [
            self.store.images.reject_new(ident, pool=POOL, reason="r")
            for ident in (_OLD, _NEW, _NEW)
        ]

        self.assertEqual([False, True, False], told)
        self.assertEqual({_NEW: "r"}, self.store.images.rejected())

    def test_what_another_pool_has_built_is_not_rejected_by_failures(self):
        """What it merely gives, built or not, proves nothing."""
        other = model.PoolName("other")
        image = databases.SNAPSHOT
        self.store.images.replace([_entry(image, "1")])
        self.store.pools.ensure([other])
        self.store.pools.set_source(
            other, snapshot_id=image, size_gib=1, volume_type_id="t"
        )

        def reject(pool):
            return self.store.images.reject_new(image, pool=pool, reason="r")

        self.assertTrue(reject(POOL))
        self.store.images.allow(image)
        self.store.pools.prove(POOL, image)
        self.assertFalse(reject(model.PoolName("third")))
        self.assertTrue(reject(POOL))

    def test_what_is_on_the_shelf_of_another_pool_could_be_built(self):
        """Though that has built another one since."""
        image = databases.SNAPSHOT
        self.store.images.replace([_entry(image, "1")])
        [row] = self.shelve()
        self.store.pools.prove(POOL, _OLD)

        def reject():
            return self.store.images.reject_new(
                image, pool=model.PoolName("third"), reason="r"
            )

        self.assertFalse(reject())
        self.store.stock.evict(row, reason="r")
        self.assertTrue(reject())

    def test_what_is_added_leaves_the_rest_as_it_is(self):
        """Even what it says otherwise of what is there."""
        first, second = (_entry(f"s{i}", str(i)) for i in "12")
        self.store.images.replace([first])
        [known] = self.store.images.list()

        self.store.images.add([dataclasses.replace(first, size_gib=9), second])

        found = {e.snapshot_id: e for e in self.store.images.list()}
        self.assertEqual({"s1", "s2"}, set(found))
        self.assertEqual(known, found["s1"])

    def test_a_rejection_of_what_is_gone_is_not_taken_back(self):
        """There is nothing to build from."""
        self.store.images.replace([_entry("s1", "1")])
        self.store.images.reject("s1", reason="r")
        self.store.images.replace([])

        self.assertFalse(self.store.images.allow("s1"))

        self.store.images.replace([_entry("s1", "1")])
        self.assertTrue(self.store.images.allow("s1"))

    def test_when_an_image_was_named_last_is_kept(self):
        """From the first reading that did not name it, until one does."""
        named = _entry("s1", "1")
        unnamed = dataclasses.replace(named, is_named=False)
        self.store.images.replace([named])
        self.assertTrue(self.images()[0].is_named)
        for _ in range(2):
            self.store.images.replace([unnamed])
            [found] = self.images()
            self.assertFalse(found.is_named)
            since = found.named_until
            self.assertIsNotNone(since)
            self.store.images.replace([found])
            self.assertEqual(since, self.images()[0].named_until)
        self.store.images.replace([named])
        self.assertEqual([named], self.images())

    def test_another_os_of_a_pool_is_current_at_once(self):
        """Who asks for it must not be given the one before."""
        def source(snapshot_id, os_name):
            self.store.pools.set_source(
                POOL, snapshot_id=snapshot_id, size_gib=1,
                volume_type_id="t", os_name=os_name,
            )
            return self.record().current_snapshot_id

        self.assertEqual(_OLD, source(_OLD, "debian-12"))
        self.assertEqual(_OLD, source(_NEW, "debian-12"))
        self.assertEqual(_NEW, source(_NEW, "debian-13"))
        self.assertIsNone(source(None, "plan-9"))
        self.assertEqual("plan-9", self.record().os_name)

    def test_the_first_source_is_current_at_once(self):
        """A later one waits for the switch, none changes nothing."""
        self.source(_OLD)
        self.assertEqual(_OLD, self.record().current_snapshot_id)
        for later in (_NEW, None):
            self.source(later)
            record = self.record()
            self.assertEqual(later, record.source_snapshot_id)
            self.assertEqual(_OLD, record.current_snapshot_id)

    def test_a_switch_counts_once(self):
        """And not for a source that is no more."""
        self.source(_OLD)
        self.source(_NEW)
        seen = self.record()
        self.source(_OLD)
        self.assertRaises(
            exception.LostRace, self.store.pools.switch, seen
        )
        self.source(_NEW)
        self.store.pools.switch(seen)

        record = self.record()
        self.assertEqual(_NEW, record.current_snapshot_id)
        self.assertIsNotNone(record.switched_at)
        self.assertRaises(
            exception.LostRace, self.store.pools.switch, seen
        )

    def test_failures_are_those_of_one_source_in_a_row(self):
        """A good build ends them, and so does another source."""
        count = self.store.pools.count_build
        self.source(_NEW)
        self.assertEqual(
            [1, 2, 0, 1],
            [count(POOL, _NEW, failed=failed) for failed in (1, 1, 0, 1)],
        )
        self.assertEqual(0, count(POOL, _OLD, failed=True))
        self.source(_NEW)
        self.assertEqual(1, self.record().build_failures)
        self.source(_OLD)
        self.assertEqual(0, self.record().build_failures)
        self.source(None)
        self.assertEqual(0, self.record().build_failures)


class RaceFacts(_Case):
    """And where transactions run side by side, which SQLite's do not."""

    def test_two_daemons_may_catalogue_the_same_image_at_once(self):
        """Whoever comes second finds it there, and goes on with the rest."""
        for name in ("replace", "add"):
            first, second = _entry(f"{name}1", "1"), _entry(f"{name}2", "2")
            self._overtake_with(first)
            getattr(self.store.images, name)([first, second])

            found = self.store.images.list()
            self.assertLessEqual({first, second}, set(found))
            self.assertEqual(len(found), len(set(found)))

    def _overtake_with(self, entry):
        """Let another daemon be quicker with an image, once."""
        records = self.store.images
        other, insert = self.new_store(), records._add

        def overtaken(*arguments):
            records._add = insert
            other.images.add([entry])
            return insert(*arguments)

        records._add = overtaken


class OnSqlite(ImageFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(ImageFacts, RaceFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(ImageFacts, RaceFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
