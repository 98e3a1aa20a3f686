"""The world is not what the ledger says: restored, or Cinder out of order."""

import pathlib

import sqlalchemy as sa

from cube_volpool import exception, model, settings
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base

_R = model.RowStatus
_SIZE = 6


class _Six(base.ScenarioCase):
    """A filled pool of six."""

    def configure(self) -> settings.Settings:
        return world.settings_of(world.spec(min_ready=_SIZE))

    def audit(self, minutes: int) -> None:
        """Let time pass and the second daemon look at everything."""
        self.clock.advance(minutes * 60)
        self.two.house.reconciler.audit()

    def count(self, status: _R) -> int:
        """Return how many rows have a status."""
        return len(self.rows(status))


class MassAbsenceCase(_Six):
    """Cinder shows nothing of the pool."""

    def setUp(self) -> None:
        super().setUp()
        self.hidden = [self.cloud.volume(v) for v in self.shelf()]
        self.pool_project = self.world.project("volpool")

    def hide(self, count: int) -> None:
        """Let some volumes look as if they were in no project of ours."""
        for volume in self.hidden[:count]:
            volume.project_id = self.world.project("skyline-b")

    def show(self) -> None:
        """Let Cinder be well again."""
        for volume in self.hidden:
            volume.project_id = self.pool_project

    def told(self) -> str | None:
        """Return what the pool says of itself."""
        records = self.world.store.pools.list()
        return records[model.PoolName("deb")].last_error

    def test_nothing_is_built_for_a_pool_that_is_hidden(self) -> None:
        """It comes back as it was: the same volumes, not one more."""
        before = self.shelf()
        self.hide(_SIZE)

        self.audit(5)
        self.audit(5)

        self.assertEqual(before, self.shelf())
        self.assertIn("6 of 6 volumes are missing", str(self.told()))
        self.assertNotIn("POST /volumes", self.calls())
        self.show()
        self.audit(60)
        self.assertEqual(before, self.shelf())

    def test_an_absence_that_lasts_is_believed(self) -> None:
        """Nobody has to do anything: the pool is built anew."""
        self.hide(_SIZE)
        self.audit(0)

        self.audit(16)

        self.assertEqual([], self.shelf())
        self.two.fill()
        self.assertEqual(_SIZE, len(self.shelf()))

    def test_a_few_missing_ones_are_replaced_at_once(self) -> None:
        """Somebody deleted them."""
        self.hide(3)

        self.audit(0)

        self.assertEqual(_SIZE - 3, len(self.shelf()))

    def test_a_claim_meanwhile_gets_nothing_wrong(self) -> None:
        """It tries a few, condemns them, and tells its caller the truth."""
        self.hide(_SIZE)

        self.assertRaises(exception.Busy, self.two.claim)

        self.assertEqual([], self.named("web_sys"))
        self.show()
        self.rest()
        self.assertEqual(_SIZE, len(self.shelf()))


class RestoredLedgerCase(_Six):
    """The ledger is put back to what it was an hour ago, or lost rows."""

    def restore(self, kept: bytes) -> None:
        """Put the ledger's file back and start a new daemon on it."""
        self.two = self.world.daemon("after")
        self._file().write_bytes(kept)

    def _file(self) -> pathlib.Path:
        return pathlib.Path(self.world.url.removeprefix("sqlite:///"))

    def test_what_was_given_stays_given(self) -> None:
        """Volumes handed out since are nobody else's, and asked for again."""
        kept = self._file().read_bytes()
        given = {
            name: self.one.claim(name).volume["id"] for name in ("a", "b")
        }
        self.one.fill()

        self.restore(kept)

        for name, volume_id in given.items():
            self.assertEqual(volume_id, self.two.claim(name).volume["id"])
        other = self.two.claim("a", project="skyline-b").volume["id"]
        self.assertNotIn(other, given.values())

    def test_volumes_made_since_are_adopted_not_deleted(self) -> None:
        """And no more are made than are missing; the surplus goes slowly."""
        kept = self._file().read_bytes()
        for name in "abcd":
            self.one.claim(name)
        self.one.fill()
        made_since = set(self.shelf())
        self.clock.advance(3600)

        self.restore(kept)
        self.cloud.journal.clear()
        self.audit(0)
        self.two.fill()

        self.assertEqual(made_since, set(self.shelf()))
        self.assertNotIn("POST /volumes", self.calls())
        self.assertNotIn("DELETE /volumes/*", self.calls())

    def test_an_empty_ledger_takes_the_whole_pool_in(self) -> None:
        """A new database, and nothing is lost."""
        before = set(self.shelf())
        claimed = self.one.claim("a").volume["id"]
        before.discard(claimed)
        self.clock.advance(3600)

        self.restore(self._empty())
        self.two.house.duties.sync()
        self.cloud.journal.clear()
        self.audit(0)
        self.two.fill()

        self.assertEqual(set(), before - set(self.shelf()))
        self.assertEqual(_SIZE, len(self.shelf()))
        self.assertEqual(claimed, self.two.claim("a").volume["id"])

    def _empty(self) -> bytes:
        fresh = self.useFixture(world.World())
        return pathlib.Path(
            fresh.url.removeprefix("sqlite:///")
        ).read_bytes()

    def forget(self, *volume_ids: str) -> None:
        with self.world.store.ledger.write() as session:
            session.execute(
                sa.delete(models.backup_volumes).where(
                    models.backup_volumes.c.volume_id.in_(volume_ids)
                )
            )

    def later(self) -> None:
        """Let the grace of an unknown volume pass."""
        self.clock.advance(1000)

    def test_marked_volumes_are_adopted_not_deleted(self) -> None:
        """Shelf markers and a pool that wants them: back on the shelf."""
        config = world.settings_of(world.spec(min_ready=_SIZE + 2))
        daemon = self.world.daemon("big", config=config)
        before = set(self.shelf())
        self.forget(*before)
        self.later()

        daemon.house.reconciler.audit()
        daemon.fill()

        self.assertLessEqual(before, set(self.shelf()))
        self.assertEqual(_SIZE + 2, len(self.shelf()))
        self.assertNotIn("DELETE /volumes/*", self.calls())
        self.assertEqual(2, self.calls().count("POST /volumes"))
        self.assert_at_rest()

    def test_adopted_volumes_above_the_target_are_a_surplus(self) -> None:
        """The top-up was quicker: the target holds, nothing is left over."""
        self.forget(*self.shelf())
        self.one.fill()
        self.later()

        self.one.house.reconciler.audit()
        self.rest()

        self.assertEqual(_SIZE, len(self.shelf()))

    def test_young_volume_is_not_adopted(self) -> None:
        """Its row may be about to be written."""
        young = self.shelf()
        self.forget(*young)

        self.one.house.reconciler.audit()

        self.assertEqual(
            [None] * _SIZE, [self.row_of(v) for v in young]
        )

    def test_renamed_volume_without_a_claim_goes_to_the_bin(self) -> None:
        """A claim's leftover is of no use to anybody."""
        first = self.shelf()[0]
        self.abandon("PUT", "/volumes/*", "after")
        self.forget(first)
        with self.world.store.ledger.write() as session:
            session.execute(sa.delete(models.claims))
        self.later()

        self.one.house.reconciler.audit()

        self.assert_condemned(first)
        self.rest()
        self.assertNotIn(first, self.cloud.volumes)

    def test_volume_of_no_known_pool_goes_to_the_bin(self) -> None:
        """Its pool was taken out of the configuration."""
        first = self.shelf()[0]
        self.forget(first)
        self.cloud.volume(first).metadata[model.POOL_KEY] = "old"
        self.later()

        self.one.house.reconciler.audit()

        self.assert_condemned(first)

    def test_given_volume_is_not_adopted(self) -> None:
        """What a bound claim names is in another project, and stays."""
        volume_id = self.one.claim().volume["id"]
        self.forget(*self.shelf())
        self.later()

        self.one.house.reconciler.audit()

        self.assertIsNone(self.row_of(volume_id))
        self.assert_given()

    def test_foreign_volumes_are_never_touched(self) -> None:
        """Golden volumes, another installation's, look-alikes: hands off."""
        strangers = [
            v for v in self.cloud.volumes_of("volpool")
            if model.DEPLOYMENT_KEY not in v.metadata
        ]
        strangers.append(
            self.cloud.add_volume(
                "volpool", "volpool-look-alike", volume_type="ssd",
                metadata={model.DEPLOYMENT_KEY: "another",
                          model.POOL_KEY: "deb", model.MARKER_KEY: "m"},
            )
        )
        strangers.append(self.cloud.add_volume("volpool", "volpool-x"))
        self.later()

        self.one.house.reconciler.audit()
        self.one.fill()
        self.one.claim()
        self.rest_of_the_day()

        for volume in strangers:
            self.assertIn(volume.id, self.cloud.volumes)
            self.assertEqual("available", volume.status)
            touched = {
                seen.method
                for seen in self.cloud.requests
                if seen.touches(volume.id)
            }
            self.assertLessEqual(touched, {"GET"})

    def rest_of_the_day(self) -> None:
        for _ in range(12):
            self.clock.advance(600)
            self.rescue()
            self.one.house.reconciler.round()
            self.one.house.reconciler.audit()
