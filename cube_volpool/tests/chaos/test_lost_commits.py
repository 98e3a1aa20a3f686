"""A database that lost its last commits, and what that can leave behind."""

from typing import Any

import sqlalchemy as sa

from cube_volpool import exception, model, settings
from cube_volpool.claim import rescue
from cube_volpool.db import models
from cube_volpool.tests.functional.db import databases

_VOLUME = model.VolumeId("5f3c0a60-0000-4000-8000-0000000000aa")


class LostCommitsTest(databases.StoreCase):
    """What a daemon read before the loss does no harm after it."""

    def begin(self):
        """Begin a create; return its row, with the volume attached."""
        record = self.store.stock.load(databases.POOL).record
        (intent,) = self.store.stock.begin_creates(
            record, new=databases.NEW_ROW, count=1
        )
        self.store.stock.attach(intent, _VOLUME)
        return self.row()

    def test_row_is_not_shelved_without_its_volume(self) -> None:
        """The volume that was looked at goes on the shelf, by its id."""
        read = self.begin()
        self.sql(sa.update(models.backup_volumes).values(volume_id=None))

        self.store.stock.promote(read, availability_zone="nova")

        self.assertEqual(_VOLUME, self.row().volume_id)

    def test_row_that_took_the_place_of_a_lost_one_is_let_be(self) -> None:
        """A number that is used again belongs to another marker."""
        read = self.begin()
        self.sql(
            sa.update(models.backup_volumes).values(
                marker="another", volume_id=None
            )
        )

        self.assertRaises(
            exception.LostRace,
            self.store.stock.promote,
            read,
            availability_zone="nova",
        )


class OneBrokenClaimTest(databases.StoreCase):
    """A claim that nothing in the ledger or in Cinder makes sense of."""

    def test_other_claims_are_rescued_all_the_same(self) -> None:
        """One that cannot be settled does not keep the rest waiting."""
        broken = self.open("broken", project_id="p1", lease=databases.OVER)
        left = self.open("left", project_id="p2", lease=databases.OVER)

        self.rescuer(broken="p1").round()

        self.assertIs(
            model.ClaimStatus.PENDING, self.claim(broken).status
        )
        self.assertIs(model.ClaimStatus.FAILED, self.claim(left).status)

    def rescuer(self, *, broken: str) -> rescue.Rescuer:
        """Return a rescuer that stumbles over the claims of a project."""

        class Tenants:
            def for_rescue(self, project_id):
                if project_id == broken:
                    raise AssertionError("this cannot be")

        parts: Any = Tenants()
        return rescue.Rescuer(
            self.store, parts, parts, parts, settings.ClaimSettings(),
            owner_token="rescuer",
        )
