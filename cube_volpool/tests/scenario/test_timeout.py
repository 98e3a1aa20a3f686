"""A slow Cinder: every call has its time, and a claim its budget."""

from cube_volpool import exception
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults


class SlowCinderCase(base.ScenarioCase):
    """Requests take longer than anybody waits."""

    def spent(self, error: type[Exception], **claim: float) -> float:
        """Claim, and return the seconds it took to fail."""
        start = self.clock.monotonic()
        self.assertRaises(error, self.one.claim, **claim)
        return self.clock.monotonic() - start

    def test_slow_offer_costs_one_volume_and_the_budget(self) -> None:
        """Out of time with an unclear offer: no second volume is tried."""
        first, second = self.shelf()
        self.cloud.fault("POST", "/volume-transfers", faults.slow(600))

        self.assertLess(self.spent(exception.Busy, budget=5), 6)

        self.assert_condemned(first)
        self.assert_on_shelf(second)
        self.assert_nothing_given()
        self.cloud.faults.clear()
        self.rest()

    def test_slow_look_up_is_cinder_unavailable(self) -> None:
        """No look-up, no volume: handed back within the budget."""
        first = self.shelf()[0]
        self.cloud.fault("GET", "/volumes/detail", faults.slow(600))

        self.assertLess(
            self.spent(exception.CinderUnavailable, budget=5), 6
        )

        self.assert_on_shelf(first)
        self.assert_nothing_given()

    def test_slow_create_is_in_progress_within_the_budget(self) -> None:
        """The create arrives after the caller was answered: it is found."""
        self.empty_the_shelf()
        self.cloud.fault("POST", "/volumes", faults.slow(600), times=1)
        start = self.clock.monotonic()

        answer = self.one.claim(budget=10)

        self.assertLess(self.clock.monotonic() - start, 11)
        self.clock.advance(60)
        self.assertEqual(answer.volume["id"], self.assert_given().id)

    def test_accept_has_more_time_than_cinders_own_call(self) -> None:
        """An accept of 80 s is answered, not looked into."""
        self.cloud.fault("POST", base.ACCEPT, faults.slow(80))

        answer = self.one.claim(budget=5)

        self.assertEqual(answer.volume["id"], self.assert_given().id)
        self.assertEqual("POST /volume-transfers/*/accept", self.calls()[-1])

    def test_accept_that_never_ends_is_looked_into(self) -> None:
        """Past its own time-out the volume's owner says what happened."""
        self.cloud.fault("POST", base.ACCEPT, faults.slow(3600), times=1)
        start = self.clock.monotonic()

        answer = self.one.claim(budget=5)

        self.assertEqual(90, self.clock.monotonic() - start)
        self.assertEqual(answer.volume["id"], self.assert_given().id)
        self.assertNotEqual(
            "POST /volume-transfers/*/accept", self.calls()[-1]
        )

    def test_repeated_claim_is_answered_within_its_budget(self) -> None:
        """The look at a bound volume is bounded, too."""
        self.one.claim()
        self.cloud.fault("GET", "/volumes/*", faults.slow(600))

        self.assertLess(
            self.spent(exception.ClaimInProgress, budget=5), 6
        )
