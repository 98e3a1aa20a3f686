"""Single troubles whose cure is written down: what Cinder saw of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cube_volpool import exception, model, volumeapi
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults


class CureCase(base.ScenarioCase):
    """A claim from the shelf, and one request that is turned away."""

    def sent(self, method: str, route: str) -> list[float]:
        """Return when such requests were sent, in seconds."""
        return [
            seen.at.timestamp()
            for seen in self.cloud.requests
            if (seen.method, seen.route) == (method, route)
        ]

    def test_throttled_call_waits_as_long_as_it_was_told(self) -> None:
        """And is then sent again, once."""
        self.cloud.journal.clear()
        self.cloud.fault(
            "POST", "/volume-transfers", faults.throttle(7), times=1
        )

        self.one.claim()

        first, second = self.sent("POST", "/volume-transfers")
        self.assertEqual(7, second - first)

    def test_wait_beyond_the_budget_is_no_wait(self) -> None:
        """The caller is told at once, and the volume stays on the shelf."""
        before = self.shelf()
        self.cloud.journal.clear()
        self.cloud.fault(
            "POST", "/volume-transfers", faults.throttle(600), times=1
        )

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assertEqual(1, len(self.sent("POST", "/volume-transfers")))
        self.assertEqual(before, self.shelf())
        self.assert_on_shelf(before[0])

    def test_token_that_is_refused_is_fetched_anew_once(self) -> None:
        """The call goes out again with it."""
        self.one.claim("before")
        self.cloud.journal.clear()
        self.cloud.fault(
            "POST", "/volume-transfers", faults.refuse(401), times=1
        )

        self.one.claim()

        self.assertEqual(2, len(self.sent("POST", "/volume-transfers")))
        self.assertEqual(1, len(self.sent("POST", "/identity/auth/tokens")))

    def test_quota_refusal_costs_no_volume(self) -> None:
        """Cinder's 413 to an accept is for the caller to hear."""
        before = self.shelf()
        self.cloud.fault(
            "POST", "/volume-transfers/*/accept", faults.refuse(413), times=1
        )

        self.assertRaises(exception.QuotaExceeded, self.one.claim)

        self.assert_nothing_given()
        self.assertEqual(before, self.shelf())
        self.assert_on_shelf(before[0])

    def test_drip_is_given_up_after_the_time_of_its_call(self) -> None:
        """The clock shows the bound; the effect is there, and unclear."""
        pool = self.world.keyring("volpool", self.world.project("volpool"))
        volume_id = model.VolumeId(self.shelf()[0])
        self.cloud.fault("*", "/volume**", faults.slow_drip(120))

        offer = self.lasts(60, lambda: pool.offer(volume_id, name="drip"))
        brief = pool.bounded(timedelta(seconds=7))
        self.lasts(7, lambda: brief.get_volume(volume_id))
        self.lasts(90, lambda: pool.accept(offer))

        self.assertEqual(1, len(self.cloud.transfers))

    def lasts(self, seconds: float, call: Callable[[], Any]) -> model.Offer:
        """The call is unclear after so long; returns some offer."""
        began = self.clock.monotonic()
        self.assertRaises(volumeapi.Unclear, call)
        self.assertEqual(seconds, self.clock.monotonic() - began)
        return model.Offer(
            transfer_id=model.TransferId(next(iter(self.cloud.transfers))),
            auth_key="invented",
        )

    def test_lasting_outage_of_offers_costs_no_create(self) -> None:
        """All volumes are condemned; the next claim may be a miss."""
        self.cloud.fault("POST", "/volume-transfers", faults.refuse(503))

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assert_nothing_given()

    def test_call_that_was_turned_away_costs_no_volume(self) -> None:
        """Renamed, and never offered: both are back as they were."""
        before = self.shelf()
        for act in (faults.throttle(600), faults.refuse(401)):
            down = self.cloud.fault("POST", "/volume-transfers", act)

            self.assertRaises(exception.CinderUnavailable, self.one.claim)

            self.cloud.faults.remove(down)
            self.assertEqual(before, self.shelf())
            self.assert_on_shelf(before[0])
        self.rest()
