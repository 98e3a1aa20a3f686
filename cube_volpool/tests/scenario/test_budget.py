"""The caller's patience ends on the way."""

from typing import Any

import fixtures

from cube_volpool import exception
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_CREATE = "/volumes"


class BudgetCase(base.ScenarioCase):
    """The caller's patience ends on the way."""

    def test_slow_look_up_hands_the_volume_back(self) -> None:
        """Rename and offer were answered, the look-up took too long."""
        first = self.shelf()[0]
        self.at(
            "POST", "/volume-transfers", "after",
            lambda: self.clock.advance(40),
        )

        self.assertRaises(exception.Busy, self.one.claim)

        self.assert_on_shelf(first)
        self.assert_nothing_given()

    def test_budget_is_not_looked_at_after_accept(self) -> None:
        """Past the commit point the claim rolls forward."""
        self.cloud.fault("POST", base.ACCEPT, faults.slow(60))

        answer = self.one.claim(budget=5)

        self.assertEqual(answer.volume["id"], self.assert_given().id)

    def test_budget_over_before_a_create_creates_nothing(self) -> None:
        """A miss is not begun for a caller who has gone."""
        config = world.settings_of(world.spec(min_ready=0))
        daemon = self.world.daemon("empty", config=config)
        daemon.fill()
        self.cloud.journal.clear()
        self.cloud.fault("GET", "/volumes/detail", faults.slow(2))

        self.assertRaises(exception.VolpoolError, daemon.claim, budget=1)

        self.assertNotIn("POST /volumes", self.calls())
        self.assert_nothing_given()

    def test_no_accept_is_sent_once_the_budget_is_over(self) -> None:
        """An offer that is still open is withdrawn, not accepted again."""
        first, second = self.shelf()
        self.at("POST", base.ACCEPT, "before", self.wait)
        self.cloud.fault("POST", base.ACCEPT, faults.hang(), times=1)

        self.assertRaises(exception.Busy, self.one.claim)

        self.assertEqual(1, self.calls().count(f"POST {base.ACCEPT}"))
        self.assert_condemned(first)
        self.assert_on_shelf(second)
        self.assert_nothing_given()
        self.rest()

    def test_slow_ledger_before_the_accept_hands_back(self) -> None:
        """The budget is looked at again right before the commit point."""
        first = self.shelf()[0]
        self.slow_down("mark_offered")

        self.assertRaises(exception.Busy, self.one.claim)

        self.assertEqual(0, self.calls().count(f"POST {base.ACCEPT}"))
        self.assert_on_shelf(first)
        self.assert_nothing_given()

    def test_slow_ledger_before_the_create_creates_nothing(self) -> None:
        """The budget is looked at again right before the POST."""
        self.empty_the_shelf()
        self.cloud.journal.clear()
        self.slow_down("begin_miss")

        self.assertRaises(exception.Busy, self.one.claim)

        self.assertNotIn("POST /volumes", self.calls())
        self.assert_nothing_given()

    def wait(self) -> None:
        """Let the budget of a claim run out."""
        self.clock.advance(40)

    def slow_down(self, method: str) -> None:
        """Let one method of the ledger answer after the budget."""
        claims = self.one.house.store.claims
        quick = getattr(claims, method)

        def slow(*args: Any, **kwargs: Any) -> Any:
            result = quick(*args, **kwargs)
            self.wait()
            return result

        self.useFixture(fixtures.MockPatchObject(claims, method, slow))
