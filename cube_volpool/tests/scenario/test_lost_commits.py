"""A database that lost its last commits: what it forgot is found again."""

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models
from cube_volpool.tests.scenario import base

_ROWS = models.backup_volumes


class LostCommitCase(base.ScenarioCase):
    """Rows and claims that no longer agree."""

    def rewrite(self, volume_id: str, **values: object) -> None:
        """Let a row be what it was before the commit that was lost."""
        with self.world.store.ledger.write() as session:
            session.execute(
                sa.update(_ROWS)
                .where(_ROWS.c.volume_id == volume_id)
                .values(**values)
            )

    def test_row_whose_claim_has_ended_is_given_up(self) -> None:
        """The eviction was lost, and the claim failed: nobody has the row."""
        first, _ = self.shelf()
        claim = self.abandon("POST", base.ACCEPT, "before")
        self.rescue()
        self.assertEqual(model.ClaimStatus.FAILED, self.record().status)
        self.rewrite(
            first, status=model.RowStatus.RESERVED, claim_id=claim.id
        )

        self.rescue()

        self.assert_condemned(first)
        self.two.claim()
        self.assert_given()
        self.rest()

    def test_row_of_a_claim_that_opens_again_is_given_up(self) -> None:
        """Its caller need not wait for rescue."""
        first, second = self.shelf()
        claim = self.abandon("POST", base.ACCEPT, "before")
        self.rescue()
        self.rewrite(
            first, status=model.RowStatus.RESERVED, claim_id=claim.id
        )

        answer = self.two.claim()

        self.assertEqual(second, answer.volume["id"])
        self.assert_condemned(first)
        self.rest()

    def test_row_that_went_back_to_the_shelf_is_not_accepted(self) -> None:
        """The reservation was lost between the offer and its record."""
        first, _ = self.shelf()

        def lose(_seen: object) -> None:
            self.rewrite(
                first, status=model.RowStatus.AVAILABLE, claim_id=None
            )

        self.at("POST", "/volume-transfers", "after", lambda: lose(None))

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assertEqual([], self.named())
        self.clock.advance(base.LEASE)
        self.two.claim()
        self.assert_given()
        self.two.house.reconciler.audit()
        self.rest()
