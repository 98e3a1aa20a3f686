"""The last hours of claims, and their plots."""

from typing import Any

from oslotest import base

from cube_volpool import model
from cube_volpool.status import history, page

_CALLER = model.Caller(project_id=model.ProjectId("p"))
_REQUEST = model.ClaimRequest(name="web", volume_type="ssd")


class TestHistory(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = 600_000.0
        self.history = history.History(lambda: self.now)

    def end(self, outcome: str, seconds: float = 0.1) -> None:
        """Let a claim end."""
        self.history.claim_ended(
            _CALLER, _REQUEST, outcome=outcome, volume=None, seconds=seconds
        )

    def test_claims_are_counted_minute_by_minute(self) -> None:
        """A volume that was there before is neither hit nor miss."""
        for outcome in ("pool", "pool", "created", "existing", "busy"):
            self.end(outcome)
        self.now += 60
        self.end("pool")

        first, second = self.history.minutes()
        self.assertEqual(
            (2, 1, 1), (first.hits, first.misses, first.errors)
        )
        self.assertEqual(second.began, first.began + 1)
        self.assertAlmostEqual(2 / 3, first.hit_ratio or 0)
        self.assertEqual(1.0, second.hit_ratio)

    def test_a_minute_without_hits_has_no_latency(self) -> None:
        """Nor has one without hits and misses a ratio."""
        self.end("busy")
        [minute] = self.history.minutes()

        self.assertIsNone(minute.slow)
        self.assertIsNone(minute.hit_ratio)

    def test_the_slowest_of_twenty(self) -> None:
        """The 95th percentile; of a single hit that one."""
        self.end("pool", 7)
        self.assertEqual(7, self.history.minutes()[0].slow)
        self.now += 60
        for number in range(1, 101):
            self.end("pool", number)

        self.assertAlmostEqual(95.05, self.history.minutes()[1].slow or 0)

    def test_only_the_last_hours_are_kept(self) -> None:
        """However long it runs."""
        for _ in range(history.MINUTES + 10):
            self.end("pool")
            self.now += 60

        self.assertLessEqual(len(self.history.minutes()), history.MINUTES)
        self.now += 3600 * 24
        self.assertEqual([], self.history.minutes())


class TestPlots(base.BaseTestCase):
    def plots(self, *minutes: history.Minute) -> list[page.Plot]:
        """Return the plots, minute 1000 being the present one."""
        return page.plots(minutes, 60_000.0)

    def minute(self, began: int, **values: Any) -> history.Minute:
        """Return a minute."""
        return history.Minute(began, **values)

    def test_the_present_is_at_the_right_and_all_hits_at_the_top(self) -> None:
        """Down and to the left otherwise."""
        ratio, slow = self.plots(
            self.minute(1000 - history.MINUTES // 2, misses=3),
            self.minute(1000, hits=1, took=[0.2]),
        )

        self.assertEqual("360.0,120.0 720.0,0.0", ratio.points)
        self.assertEqual("720.0,0.0 720.0,0.0", slow.points)
        self.assertEqual("0.20 s", slow.highest)

    def test_without_claims_there_is_no_line(self) -> None:
        """And nothing to divide by."""
        self.assertEqual(["", ""], [plot.points for plot in self.plots()])
