"""The same name again: the same volume, as long as it is there."""

from cube_volpool import exception, model
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults
from cube_volpool.tests.simulator.journal import Seen


class BoundCase(base.ScenarioCase):
    """The claim was answered before."""

    def setUp(self) -> None:
        super().setUp()
        self.first, self.second = self.shelf()
        self.one.claim()

    def test_same_name_is_the_same_volume(self) -> None:
        """At any daemon, and nothing is taken from the shelf."""
        for daemon in (self.one, self.two):
            answer = daemon.claim()

            self.assertEqual(model.Source.EXISTING, answer.source)
            self.assertEqual(self.first, answer.volume["id"])
        self.assertEqual([self.second], self.shelf())
        self.assert_given()

    def test_volume_in_use_is_still_the_answer(self) -> None:
        """The caller booted from it meanwhile."""
        self.cloud.volume(self.first).status = "in-use"

        self.assertEqual(self.first, self.one.claim().volume["id"])

    def test_another_body_is_ignored(self) -> None:
        """After bound the volume is there, whatever is asked."""
        answer = self.one.claim(size_gib=7, metadata={"other": "body"})

        self.assertEqual(self.first, answer.volume["id"])
        self.assertEqual([self.second], self.shelf())

    def test_deleted_volume_is_replaced(self) -> None:
        """Gone for longer than a replica lags: the claim opens again."""
        self.clock.advance(120)
        self.cloud.drop_volume(self.cloud.volume(self.first))
        start = self.clock.monotonic()

        answer = self.one.claim()

        self.assertEqual(start, self.clock.monotonic())
        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(self.second, answer.volume["id"])
        self.assert_given()
        self.rest()

    def test_volume_on_its_way_out_is_replaced(self) -> None:
        """Deleting, or in error: of no use any more."""
        self.clock.advance(120)
        self.cloud.volume(self.first).status = "error"

        self.assertEqual(self.second, self.one.claim().volume["id"])

    def test_renamed_volume_is_replaced_and_left_alone(self) -> None:
        """A volume of another name is the caller's for another purpose."""
        self.clock.advance(120)
        self.cloud.volume(self.first).name = "kept"
        since = len(self.cloud.requests)

        answer = self.one.claim()

        self.assertEqual(self.second, answer.volume["id"])
        self.assert_given()
        self.assert_untouched(self.first, since)

    def test_volume_that_moved_on_is_replaced(self) -> None:
        """Given away by its owner: an admin token sees it, it is not here."""
        self.clock.advance(120)
        volume = self.cloud.volume(self.first)
        volume.project_id = self.world.project("skyline-b")

        self.assertEqual(self.second, self.one.claim().volume["id"])

    def test_absence_right_after_the_bind_is_looked_at_twice(self) -> None:
        """A lagging replica says 404 once: still the same volume."""
        self.cloud.fault("GET", "/volumes/*", faults.refuse(404), times=1)
        start = self.clock.monotonic()

        answer = self.one.claim()

        self.assertEqual(5, self.clock.monotonic() - start)
        self.assertEqual(self.first, answer.volume["id"])
        self.assertEqual([self.second], self.shelf())

    def test_absence_right_after_the_bind_seen_twice_counts(self) -> None:
        """The caller really deleted it at once."""
        self.cloud.drop_volume(self.cloud.volume(self.first))

        self.assertEqual(self.second, self.one.claim().volume["id"])

        self.assert_given()

    def test_unclear_answer_opens_nothing(self) -> None:
        """Without Cinder's word the volume counts as there."""
        self.clock.advance(120)
        self.cloud.fault("GET", "/volumes/*", faults.refuse(500))

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assertEqual(model.ClaimStatus.BOUND, self.record().status)
        self.assertEqual([self.second], self.shelf())

    def test_two_daemons_open_it_again_once(self) -> None:
        """Both see it gone; one replaces it, the other waits."""
        self.clock.advance(120)
        self.cloud.drop_volume(self.cloud.volume(self.first))
        given: list[str] = []

        def other(_seen: Seen) -> None:
            given.append(self.two.claim().volume["id"])

        self.cloud.fault(
            "GET", "/volumes/*", faults.hook(after=other), times=1,
            when=lambda seen: self.first in seen.route,
        )

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assertEqual([self.second], given)
        self.assert_given()

    def test_name_serves_again_and_again(self) -> None:
        """Claimed, deleted, claimed: each time one volume, no leak."""
        for _ in range(4):
            self.one.fill()
            self.clock.advance(120)
            self.cloud.drop_volume(self.cloud.volume("web_sys"))

            self.one.claim()

            self.assert_given()
        self.rest()


class UnderWayCase(base.ScenarioCase):
    """The claim is still being worked on."""

    def meanwhile(self, act) -> None:
        self.at("POST", base.ACCEPT, "before", act)
        self.one.claim()

    def test_another_body_is_a_mismatch(self) -> None:
        """Two bodies under one name cannot both be served."""
        self.meanwhile(
            lambda: self.assertRaises(
                exception.ClaimMismatch, self.two.claim, size_gib=7
            )
        )

        self.assertEqual(1, len(self.shelf()))
        self.assert_given()

    def test_wait_ends_with_the_budget(self) -> None:
        """In progress elsewhere: an answer in time, nothing reserved."""
        waited = []

        def ask() -> None:
            start = self.clock.monotonic()
            error = self.assertRaises(
                exception.ClaimInProgress, self.two.claim, budget=4
            )
            waited.append(self.clock.monotonic() - start)
            self.assertGreater(error.retry_after, 0)

        self.meanwhile(ask)

        self.assertAlmostEqual(4, waited[0], delta=0.3)
        self.assertEqual(1, len(self.shelf()))
        self.assert_given()

    def test_renewed_lease_keeps_others_out(self) -> None:
        """A worker that renews its lease is not taken over."""

        def ask() -> None:
            for _ in range(4):
                self.clock.advance(20)
                self.one.house.duties.renew_leases()
                self.assertEqual(0, self.rescue())
            self.assertRaises(
                exception.ClaimInProgress, self.two.claim, budget=4
            )

        self.meanwhile(ask)

        self.assertEqual(1, len(self.shelf()))
        self.assert_given()

    def test_failed_claim_may_come_with_another_body(self) -> None:
        """What was refused is forgotten."""
        self.assertRaises(
            exception.InvalidRequest, self.one.claim, availability_zone="moon"
        )

        answer = self.one.claim()

        self.assertEqual(model.Source.POOL, answer.source)
        self.assert_given()


class LedgerGoneCase(base.ScenarioCase):
    """The database goes away in the middle of a claim."""

    def setUp(self) -> None:
        super().setUp()
        self.first = self.shelf()[0]

    def test_gone_at_the_start_gives_nothing(self) -> None:
        """No ledger, no call to Cinder."""
        with self.ledger_gone():
            self.assertRaises(exception.LedgerUnavailable, self.one.claim)

        self.assertEqual([], self.calls())
        self.assert_on_shelf(self.first)
        self.assertEqual([], self.claims())

    def test_gone_before_the_offer_is_recorded_gives_nothing(self) -> None:
        """Accept is not sent, so nothing can arrive; rescue clears up."""
        self.at(
            "POST", "/volume-transfers", "after", self.take_ledger_away
        )

        self.assertRaises(exception.LedgerUnavailable, self.one.claim)

        self.bring_ledger_back()
        self.assertNotIn("POST /volume-transfers/*/accept", self.calls())
        self.assertEqual([], self.named())
        self.rest()
        self.assert_nothing_given()

    def test_gone_after_accept_is_in_progress_and_rescued(self) -> None:
        """Not "nothing was given": it was. Rescue binds it."""
        self.at("POST", base.ACCEPT, "after", self.take_ledger_away)

        error = self.assertRaises(exception.VolpoolError, self.one.claim)

        self.assertIsInstance(error, exception.ClaimInProgress)
        self.bring_ledger_back()
        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)
        self.clock.advance(base.LEASE)
        self.rescue()
        self.assertEqual(self.first, self.assert_given().id)
        self.rest()

    def test_hit_of_a_volume_that_is_gone_stays_counted(self) -> None:
        """A claim that opens again adds to the count and loses none."""
        answer = self.one.claim()
        self.cloud.drop_volume(self.cloud.volume(answer.volume["id"]))
        self.clock.advance(120)

        self.assertEqual(model.Source.POOL, self.one.claim().source)

        (counts,) = self.one.house.store.pools.counts()
        self.assertEqual(2, counts.hits)

    def test_gone_after_a_create_is_in_progress_and_rescued(self) -> None:
        """The same for a miss."""
        self.empty_the_shelf()
        self.at("POST", "/volumes", "after", self.take_ledger_away)

        error = self.assertRaises(exception.VolpoolError, self.one.claim)

        self.assertIsInstance(error, exception.ClaimInProgress)
        self.bring_ledger_back()
        self.clock.advance(base.LEASE)
        self.rescue()
        self.assert_given()
        self.rest()

    def test_gone_during_a_quota_refusal_is_in_progress(self) -> None:
        """Whether the row went back is not known."""
        self.cloud.set_quota("skyline-a", volumes=0)
        self.at(
            "DELETE", "/volume-transfers/*", "after", self.take_ledger_away
        )

        error = self.assertRaises(exception.VolpoolError, self.one.claim)

        self.assertIsInstance(error, exception.ClaimInProgress)
        self.bring_ledger_back()
        self.rest()
        self.assert_nothing_given()
