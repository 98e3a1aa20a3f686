"""A take-over while a call is in flight: whoever is late changes nothing."""


from cube_volpool import exception
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_OFFER = "/volume-transfers"
_VOLUME = "/volumes/*"


class TakeOverCase(base.ScenarioCase):
    """Daemon one hangs in a call; two takes over; one wakes up."""

    def two_serves(self) -> None:
        """The lease ends and the caller's retry is served by two."""
        self.clock.advance(base.LEASE)
        self.given = self.two.claim(budget=90).volume["id"]
        self.since = len(self.cloud.requests)

    def two_rescues(self) -> None:
        """The lease ends and two's rescue settles the claim."""
        self.clock.advance(base.LEASE)
        self.assertEqual(1, self.rescue())

    def test_offer_in_flight_is_never_accepted_after_take_over(self) -> None:
        """One's offer lands on a condemned volume; recording it fails."""
        first, second = self.shelf()
        self.at("POST", _OFFER, "before", self.two_serves, user="volpool")

        self.assertRaises(
            exception.ClaimInProgress, self.one.claim, budget=300
        )

        self.assertEqual(second, self.given)
        self.assertEqual(second, self.assert_given().id)
        self.assert_condemned(first)
        self.assertEqual(
            ["POST /volume-transfers/*/accept"], self.accepts()
        )
        self.rest()

    def test_answered_offer_is_not_accepted_after_take_over(self) -> None:
        """The offer's answer comes after the take-over: one stops."""
        first, second = self.shelf()
        self.at("POST", _OFFER, "after", self.two_serves, user="volpool")

        self.assertRaises(
            exception.ClaimInProgress, self.one.claim, budget=300
        )

        self.assertEqual(second, self.assert_given().id)
        self.assert_condemned(first)
        self.assertEqual(1, len(self.accepts()))
        self.rest()

    def test_rename_in_flight_changes_no_given_volume(self) -> None:
        """One's rename lands late, on a condemned volume of the pool."""
        first, second = self.shelf()
        self.at("PUT", _VOLUME, "before", self.two_serves, user="volpool")

        self.assertRaises(
            exception.ClaimInProgress, self.one.claim, budget=300
        )

        self.assertEqual(second, self.assert_given().id)
        self.assert_condemned(first)
        self.rest()

    def test_accept_in_flight_is_void_after_take_over(self) -> None:
        """Cancelled between accept's check and its commit: 404, two's look."""
        first, second = self.shelf()
        self.at("POST", base.ACCEPT, "during", self.two_serves)

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assertEqual(second, self.given)
        self.assertEqual(second, self.assert_given().id)
        self.assert_condemned(first)
        self.assertEqual([], self.calls(since=self.since))
        self.rest()

    def test_accept_in_flight_that_wins_is_bound_by_the_other(self) -> None:
        """Accept commits, its answer is late: two finds the owner."""
        first = self.shelf()[0]
        self.at("POST", base.ACCEPT, "after", self.two_serves)

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assertEqual(first, self.given)
        self.assertEqual(first, self.assert_given().id)
        self.rest()

    def test_accept_in_flight_is_void_after_rescue(self) -> None:
        """Rescue is a take-over like any other."""
        first = self.shelf()[0]
        self.at("POST", base.ACCEPT, "during", self.two_rescues)

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assert_nothing_given()
        self.assert_condemned(first)
        self.rest()
        self.assert_nothing_given()

    def test_late_accept_after_rescue_is_void(self) -> None:
        """Accept times out, rescue settles, then accept arrives: 404."""
        self.cloud.fault("POST", base.ACCEPT, faults.late(), times=1)
        self.die("GET", "/volume**", "before", user="volpool")
        self.assertRaises(base.Died, self.one.claim)
        self.two_rescues()

        [late] = self.cloud.run_late()

        self.assertEqual(404, late.status)
        self.assert_nothing_given()
        self.rest()

    def test_sleeping_daemons_hand_back_is_lost(self) -> None:
        """One is refused for quota, sleeps, and comes too late."""
        first = self.shelf()[0]
        self.cloud.set_quota("skyline-a", volumes=0)
        self.at(
            "DELETE", "/volume-transfers/*", "before", self.two_rescues
        )

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assert_nothing_given()
        self.assert_condemned(first)
        self.rest()

    def test_sleeping_daemons_bind_of_a_name_is_lost(self) -> None:
        """One found the name, sleeps; two answers; one changes nothing."""
        there = self.cloud.add_volume("skyline-a", "web_sys")
        self.at(
            "DELETE", "/volume-transfers/*", "before", self.two_serves
        )

        self.assertRaises(
            exception.ClaimInProgress, self.one.claim, budget=300
        )

        self.assertEqual(there.id, self.given)
        self.assertEqual(there.id, self.assert_given().id)
        self.rest()

    def test_sleeping_daemons_create_is_never_sent_twice(self) -> None:
        """A miss in flight: two waits for it and finds it, by marker."""
        self.empty_the_shelf()
        since = len(self.cloud.requests)

        def rescue_in_vain() -> None:
            self.clock.advance(base.LEASE)
            self.rescue()

        self.at("POST", "/volumes", "before", rescue_in_vain)

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assertEqual(1, self.calls(since=since).count("POST /volumes"))
        self.clock.advance(base.LEASE)
        self.rescue()
        self.assert_given()
        self.rest()

    def accepts(self) -> list[str]:
        return [c for c in self.calls() if c.endswith("/accept")]
