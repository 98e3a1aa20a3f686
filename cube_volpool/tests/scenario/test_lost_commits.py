"""A database that lost its last commits: what it forgot is found again."""

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

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


class StrayCase(base.ScenarioCase):
    """A claim on record as offered, and no row of it in the ledger."""

    def lose_row(self) -> None:
        """Let the ledger have no row of the volume that was offered."""
        with self.world.store.ledger.write() as session:
            session.execute(
                sa.delete(_ROWS).where(_ROWS.c.claim_id.is_not(None))
            )

    def leave(self, moment: str) -> str:
        """Die about the accept, and lose the row; return the volume."""
        first = self.shelf()[0]
        self.abandon("POST", base.ACCEPT, moment)
        self.lose_row()
        return first

    def adopt(self) -> None:
        """Let the audit take in what no row knows, when it is old enough."""
        self.clock.advance(3600)
        self.two.house.reconciler.audit()

    def test_retry_finds_what_was_accepted(self) -> None:
        """The volume is the caller's already; there is no second one."""
        first = self.leave("after")

        answer = self.two.claim()

        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(first, answer.volume["id"])
        self.assert_given()
        self.rest()

    def test_rescue_finds_what_was_accepted(self) -> None:
        """Its caller need not come back."""
        first = self.leave("after")

        self.rescue()

        self.assertEqual(first, self.assert_given().id)
        self.assertEqual(model.Source.POOL, self.record().source)
        self.rest()

    def test_retry_withdraws_the_offer_and_takes_another(self) -> None:
        """Not accepted: the offer goes, the volume is taken in to be gone."""
        first = self.leave("before")

        self.two.claim()

        self.assertEqual({}, self.cloud.transfers)
        self.assertNotEqual(first, self.assert_given().id)
        self.adopt()
        self.assert_condemned(first)
        self.rest()

    def test_rescue_withdraws_the_offer(self) -> None:
        """Nothing was given, and nothing can arrive any more."""
        first = self.leave("before")

        self.rescue()

        self.assertEqual({}, self.cloud.transfers)
        self.assert_nothing_given()
        self.adopt()
        self.assert_condemned(first)
        self.rest()

    def test_offer_of_a_volume_that_lost_its_marker_is_void(self) -> None:
        """It is not found by the marker, and could yet be accepted."""
        first = self.leave("before")
        self.cloud.volume(first).metadata.pop(model.CLAIM_KEY)

        self.two.claim()

        self.assertEqual({}, self.cloud.transfers)
        self.assertNotEqual(first, self.assert_given().id)

    def test_offer_that_cannot_be_withdrawn_settles_nothing(self) -> None:
        """An accept could still arrive."""
        first = self.leave("before")
        self.cloud.volume(first).metadata.pop(model.CLAIM_KEY)
        self.cloud.fault(
            "DELETE", "/volume-transfers/*", faults.refuse(400), times=1
        )

        self.assertRaises(exception.ClaimInProgress, self.two.claim)

        self.assertEqual([], self.named())
        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)

    def test_late_accept_is_void_or_counts(self) -> None:
        """Whenever the accept of the dead lands, there is one volume."""
        for number, (method, path, moment) in enumerate(
            (
                ("GET", "/volumes/detail", "before"),
                ("GET", "/volumes/detail", "after"),
                ("GET", "/volume-transfers", "after"),
                ("DELETE", "/volume-transfers/*", "before"),
                ("DELETE", "/volume-transfers/*", "after"),
                ("GET", "/volumes/*", "after"),
            )
        ):
            with self.subTest(f"{moment} {method} {path}"):
                self._land(f"late{number}", method, path, moment)

    def _land(self, name: str, method: str, path: str, moment: str) -> None:
        self.cloud.fault("POST", base.ACCEPT, faults.late(), times=1)
        self.die("GET", "/volume**", "before", user="volpool")
        self.assertRaises(base.Died, self.one.claim, name)
        self.clock.advance(base.LEASE)
        self.lose_row()
        self.at(method, path, moment, self.cloud.run_late, user="volpool")

        given = self.two.claim(name).volume["id"]

        self.cloud.run_late()
        self.assertEqual(given, self.assert_given(name).id)
        self.adopt()
        self.two.fill()
        self.assert_at_rest()

    def test_cinder_that_does_not_answer_settles_nothing(self) -> None:
        """The claim stays as it is until somebody can look."""
        first = self.leave("after")
        down = self.cloud.fault("*", "/volume**", faults.refuse(503))

        self.assertRaises(exception.ClaimInProgress, self.two.claim)
        self.clock.advance(base.LEASE)
        self.rescue()

        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)
        self.cloud.faults.remove(down)
        self.clock.advance(base.LEASE)
        self.assertEqual(first, self.two.claim().volume["id"])

    def test_lagging_replica_hides_it_from_the_first_look_alone(self) -> None:
        """Not there once is not "not given"."""
        first = self.leave("after")
        volume = self.cloud.volumes.pop(first)

        def appear() -> None:
            self.cloud.volumes[first] = volume

        self.at("GET", "/volumes/detail", "before", appear, nth=3,
                user="skyline")

        self.assertEqual(first, self.two.claim().volume["id"])
        self.assert_given()

    def test_namesake_that_somebody_made_is_existing(self) -> None:
        """It carries no marker of the claim, so the pool did not give it."""
        self.leave("before")
        made = self.cloud.add_volume("skyline-a", "web_sys")
        self.cloud.transfers.clear()

        answer = self.two.claim()

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(made.id, answer.volume["id"])
