"""The world is not what the ledger says: restored, or Cinder out of order."""

import pathlib

from cube_volpool import exception, model, settings
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
    """The ledger is put back to what it was an hour ago."""

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
