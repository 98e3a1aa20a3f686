"""The caller's quota: Cinder's words arrive, the volume stays on the shelf."""

from cube_volpool import exception, model
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults


class QuotaCase(base.ScenarioCase):
    """The project may not have one more volume."""

    def setUp(self) -> None:
        super().setUp()
        self.first, self.second = self.shelf()
        self.cloud.set_quota("skyline-a", volumes=0)

    def refused(self) -> exception.QuotaExceeded:
        error = self.assertRaises(exception.QuotaExceeded, self.one.claim)
        assert isinstance(error, exception.QuotaExceeded)
        return error

    def test_volume_is_back_under_its_pool_name(self) -> None:
        """Cancelled, renamed back, its markers restored."""
        error = self.refused()

        self.assertIn("number of volumes allowed", error.cinder_message)
        self.assert_nothing_given()
        self.assert_on_shelf(self.first)
        self.assert_at_rest()

    def test_refusal_is_no_miss(self) -> None:
        """Over quota for the pool is over quota for a create."""
        self.refused()

        self.assertNotIn("POST /volumes", self.calls())

    def test_volume_serves_the_next_caller(self) -> None:
        """What was handed back is as good as new."""
        self.refused()

        answer = self.one.claim(project="skyline-b")

        self.assertEqual(self.first, answer.volume["id"])
        self.assert_given(project="skyline-b")

    def test_claim_opens_again_once_there_is_room(self) -> None:
        """The same name is served when the quota was raised."""
        self.refused()
        self.cloud.set_quota("skyline-a", volumes=5)

        answer = self.one.claim()

        self.assertEqual(self.first, answer.volume["id"])
        self.assert_given()
        self.rest()

    def test_unclear_cancel_condemns_the_volume(self) -> None:
        """Without cancel's answer the volume is not put back."""
        self.cloud.fault(
            "DELETE", "/volume-transfers/*", faults.lose(500), times=1
        )

        self.refused()

        self.assert_condemned(self.first)
        self.assert_nothing_given()
        self.rest()

    def test_unclear_rename_back_condemns_the_volume(self) -> None:
        """Without the answer to the rename neither."""
        self.cloud.fault("PUT", "/volumes/*", faults.hang(), nth=2)

        self.refused()

        self.assert_condemned(self.first)
        self.rest()

    def test_refusal_after_an_unclear_accept_is_looked_into(self) -> None:
        """The first accept is still running, and it has used the quota."""
        self.cloud.set_quota("skyline-a", volumes=5)
        self.cloud.fault("POST", base.ACCEPT, faults.late(), nth=1)
        self.cloud.fault("POST", base.ACCEPT, faults.refuse(413), nth=2)
        self.at(
            "DELETE", "/volume-transfers/*", "before", self.cloud.run_late
        )

        answer = self.one.claim()

        self.assertEqual(self.first, answer.volume["id"])
        self.assertEqual(self.first, self.assert_given().id)
        self.rest()

    def test_volume_of_an_unclear_accept_is_not_put_back(self) -> None:
        """What was ever offered under doubt never returns to the shelf."""
        self.cloud.fault("POST", base.ACCEPT, faults.late(), nth=1)

        self.refused()
        [late] = self.cloud.run_late()

        self.assertEqual(404, late.status)
        self.assert_condemned(self.first)
        self.assert_nothing_given()
        self.rest()

    def test_private_type_is_an_error_and_no_loss(self) -> None:
        """Accept is refused each time, the offer open: handed back."""
        self.cloud.set_quota("skyline-a", volumes=5)
        self.cloud.fault("POST", base.ACCEPT, faults.refuse(404))

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assert_nothing_given()
        self.assert_on_shelf(self.first)
        self.assertEqual(
            model.ClaimStatus.FAILED, self.record().status
        )


class MissQuotaCase(base.ScenarioCase):
    """Over quota at a miss."""

    def test_cinders_words_arrive_and_nothing_else(self) -> None:
        """The create is refused: the claim has failed, nothing is left."""
        self.empty_the_shelf()
        self.cloud.set_quota("skyline-a", volumes=2)

        error = self.assertRaises(exception.QuotaExceeded, self.one.claim)

        self.assertIn("number of volumes allowed", error.cinder_message)
        self.assert_nothing_given()
        self.rest()
