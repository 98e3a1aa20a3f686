"""The look table: a daemon died in a claim, and another one looks.

Every row of the table is reached twice: by rescue, and by the caller's retry
at another daemon.
"""

from cube_volpool import exception, model
from cube_volpool.tests.scenario import base, look_rows
from cube_volpool.tests.simulator import faults

_OFFER = "/volume-transfers"
_VOLUME = "/volumes/*"


class RescueCase(look_rows.RowsCase):
    """Rescue looks; the caller's next call finds what it left."""

    def recover(self, name: str = "web_sys") -> str:
        self.assertEqual(1, self.rescue())
        answer = self.two.claim(name, budget=2)
        return str(answer.volume["id"])

    def test_rescue_says_why_a_claim_has_failed(self) -> None:
        """Nothing was published: ``abandoned``."""
        self.abandon("POST", base.ACCEPT, "before")

        self.rescue()

        self.assert_nothing_given()
        self.assertEqual("abandoned", self.record().reason)

    def test_rescue_records_a_lost_volume(self) -> None:
        """Seen nowhere: ``lost``, and the row is gone."""
        first = self.shelf()[0]
        self.abandon("POST", base.ACCEPT, "after")
        self.cloud.drop_volume(self.cloud.volume(first))

        self.rescue()

        self.assert_nothing_given()
        self.assertEqual("lost", self.record().reason)
        self.assertIsNone(self.row_of(first))

    def test_bound_by_rescue_is_existing_to_the_caller(self) -> None:
        """The retry finds it bound, and asks Cinder once."""
        self.abandon("POST", base.ACCEPT, "after")
        self.rescue()
        since = len(self.cloud.requests)

        answer = self.one.claim()

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(["GET /volumes/*"], self.calls(since=since))
        self.assertEqual(model.Source.POOL, self.record().source)

    def test_live_lease_is_left_alone(self) -> None:
        """As long as the lease lives, nobody looks."""
        self.die("POST", base.ACCEPT, "after")
        self.assertRaises(base.Died, self.one.claim)

        self.assertEqual(0, self.rescue())

        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)

    def test_claim_without_a_row_fails(self) -> None:
        """Death before anything was reserved leaves nothing to look at."""
        self.die("GET", "/volumes/detail", "before")
        self.assertRaises(
            base.Died, self.one.claim, snapshot_id=None, size_gib=1
        )
        self.clock.advance(base.LEASE)

        self.rescue()

        self.assert_nothing_given()
        self.rest()


class RetryCase(look_rows.RowsCase):
    """The caller asks again, at another daemon, and that one looks."""

    def recover(self, name: str = "web_sys") -> str:
        try:
            answer = self.two.claim(name)
        except exception.Busy:
            answer = self.two.claim(name)
        return str(answer.volume["id"])

    def test_taken_over_hit_is_an_answer_from_the_pool(self) -> None:
        """The retry that finds the volume given says where it is from."""
        self.abandon("POST", base.ACCEPT, "after")

        answer = self.two.claim()

        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual("web_sys", answer.volume["name"])

    def test_lost_volume_is_an_error_that_asks_for_a_retry(self) -> None:
        """A volume that got lost on its way was not given."""
        first = self.shelf()[0]
        self.abandon("POST", base.ACCEPT, "after")
        self.cloud.drop_volume(self.cloud.volume(first))

        self.assertRaises(exception.Busy, self.two.claim)

        self.assert_nothing_given()
        self.assertEqual("lost", self.record().reason)


class SameDaemonCase(base.ScenarioCase):
    """The key is still at hand."""

    def test_unanswered_accept_without_effect_is_repeated(self) -> None:
        """Still offered, key at hand: accept again, the same volume."""
        for number, act in enumerate(
            (faults.hang(), faults.drop(), faults.refuse(500))
        ):
            first = self.shelf()[0]
            self.cloud.fault("POST", base.ACCEPT, act, times=1)

            answer = self.one.claim(f"web{number}")

            self.assertEqual(first, answer.volume["id"])
            self.assertEqual(first, self.assert_given(f"web{number}").id)
            self.one.fill()
        self.rest()

    def test_unanswered_accept_with_effect_is_seen(self) -> None:
        """The answer is lost, the effect is not: bound without a second."""
        ways: tuple[int | str, ...] = ("timeout", "reset", 500)
        for number, how in enumerate(ways):
            first = self.shelf()[0]
            self.cloud.fault("POST", base.ACCEPT, faults.lose(how), times=1)
            since = len(self.cloud.requests)

            answer = self.one.claim(f"web{number}")

            self.assertEqual(first, answer.volume["id"])
            self.assert_given(f"web{number}")
            accepts = self.calls(since=since).count(f"POST {base.ACCEPT}")
            self.assertEqual(1, accepts)
            self.one.fill()

    def test_accept_refused_after_it_landed_is_given(self) -> None:
        """A proxy sent it twice; 404 to the second says nothing of owners."""
        first = self.shelf()[0]
        self.cloud.fault("POST", base.ACCEPT, faults.lose(404), times=1)

        answer = self.one.claim()

        self.assertEqual(first, answer.volume["id"])
        self.assertEqual(first, self.assert_given().id)

    def test_accept_that_is_never_answered_is_in_progress(self) -> None:
        """After a few tries the outcome is left to a later look."""
        self.cloud.fault("POST", base.ACCEPT, faults.hang())

        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)
        self.cloud.faults.clear()
        self.rest()
        self.assert_nothing_given()

    def test_offer_that_vanished_is_evicted(self) -> None:
        """Somebody cancelled the offer: ours, not offered, so to the bin."""
        first, second = self.shelf()

        def cancel() -> None:
            self.cloud.drop_transfers(first)
            self.cloud.volume(first).status = "available"

        self.at("POST", base.ACCEPT, "before", cancel)

        answer = self.one.claim()

        self.assertEqual(second, answer.volume["id"])
        self.assert_condemned(first)
        self.assert_given()
