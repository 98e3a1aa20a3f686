"""When a volume is made beside the pool, and when never."""

import testscenarios

from cube_volpool import exception
from cube_volpool.tests.unit.client import cloud

load_tests = testscenarios.load_tests_apply_scenarios


class TestFallback(cloud.ClientCase):
    def test_empty_pool_makes_skylines_volume(self):
        """PoolEmpty promises that no volume comes, so one may be made."""
        self.pool.error = exception.PoolEmpty(name="n", reason="r")

        self.assertEqual("made", self.create())
        self.assertEqual([cloud.BODY], self.cloud.posted)

    def test_empty_pool_of_a_later_try_makes_none_yet(self):
        """It speaks for its own request; an earlier one may still be read."""
        self.pool.error = exception.PoolEmpty(name="n", reason="r")

        for first_tried_at in (cloud.NOW, cloud.NOW - 99):
            self.assertRaises(
                exception.ClaimInProgress,
                self.create,
                first_tried_at=first_tried_at,
            )

        self.assertEqual([], self.cloud.posted)
        self.assertEqual(
            "made", self.create(first_tried_at=cloud.NOW - 1000)
        )

    def test_first_request_that_was_never_sent_makes_a_volume(self):
        """Nothing sent can have no effect."""
        self.pool.error = cloud.not_sent()

        self.assertEqual("made", self.create())
        self.assertEqual([cloud.BODY], self.cloud.posted)

    def test_later_request_that_was_never_sent_makes_none(self):
        """An earlier try may have sent one that still has an effect."""
        self.pool.error = cloud.not_sent()

        error = self.assertRaises(
            exception.ClaimInProgress,
            self.create,
            first_tried_at=cloud.NOW - 1,
        )

        self.assertEqual(("vm-1_sys", 5), (error.name, error.retry_after))
        self.assertEqual([], self.cloud.posted)

    def test_os_name_alone_is_never_made_here(self):
        """Cinder cannot make a volume from the name of a system."""
        for error in (
            exception.PoolEmpty(name="n", reason="r"),
            cloud.not_sent(),
        ):
            self.pool.error = error
            raised = self.assertRaises(
                type(error),
                self.create,
                snapshot_id=None,
                os_name="debian",
                first_tried_at=cloud.NOW - 1000,
            )
            self.assertIs(error, raised)
        self.assertEqual([], self.cloud.posted)


class TestRefusals(cloud.ClientCase):
    error: exception.VolpoolError
    scenarios = [
        (type(error).__name__, {"error": error})
        for error in (
            exception.InvalidRequest(field="f", reason="r"),
            exception.ProjectMismatch(token_project="a", project_id="b"),
            exception.ClaimMismatch(name="n"),
            exception.NotPermitted(method="claim_volume", rule="r"),
            exception.QuotaExceeded(cinder_message="m"),
            exception.Busy(reason="r", retry_after=1),
            exception.LedgerUnavailable(reason="r", retry_after=1),
            exception.CinderUnavailable(reason="r"),
        )
    ]

    def test_refusal_is_raised_and_nothing_made(self):
        """A refusal is the caller's to hear, no reason to go around it."""
        self.pool.error = self.error

        raised = self.assertRaises(type(self.error), self.create)

        self.assertIs(self.error, raised)
        self.assertEqual([], self.cloud.posted)

    def test_refusal_of_a_later_try_settles_nothing(self):
        """It speaks for its own request; an earlier one may have given.

        But a quota is told once the claim was looked at, with all requests.
        """
        self.pool.error = self.error
        if isinstance(self.error, exception.QuotaExceeded):
            told = self.assertRaises(
                exception.QuotaExceeded, self.create, first_tried_at=cloud.NOW
            )
            self.assertIs(self.error, told)
            return

        for first_tried_at in (cloud.NOW, cloud.NOW - 99):
            raised = self.assertRaises(
                exception.ClaimInProgress,
                self.create,
                first_tried_at=first_tried_at,
            )
            self.assertIs(self.error, raised.__cause__)
        self.assertEqual([], self.cloud.posted)

    def test_refusal_is_heard_when_nothing_can_come_any_more(self):
        """Where Cinder cannot help, the pool has the last word."""
        self.pool.error = self.error
        asked = {"snapshot_id": None, "os_name": "debian"}

        if not isinstance(self.error, exception.QuotaExceeded):
            self.assertRaises(
                exception.ClaimInProgress,
                self.create,
                first_tried_at=cloud.NOW - 200,
                **asked,
            )
        raised = self.assertRaises(
            type(self.error),
            self.create,
            first_tried_at=cloud.NOW - 1000,
            **asked,
        )

        self.assertIs(self.error, raised)
        self.assertEqual([], self.cloud.posted)


class TestInProgress(cloud.ClientCase):
    def test_claim_in_progress_is_raised_as_it_is(self):
        """The daemon knows best how long to wait."""
        self.pool.error = exception.ClaimInProgress(name="n", retry_after=1)

        for first_tried_at in (None, cloud.NOW - 99):
            raised = self.assertRaises(
                exception.ClaimInProgress,
                self.create,
                first_tried_at=first_tried_at,
            )
            self.assertIs(self.pool.error, raised)
        self.assertEqual([], self.cloud.posted)


class TestTime(cloud.ClientCase):
    def test_pool_is_asked_until_patience_ends(self):
        """The last request leaves a moment before."""
        self.create(first_tried_at=cloud.NOW - 99.9)

        self.assertEqual(1, len(self.pool.asked))

    def test_clock_behind_the_first_try_still_asks(self):
        """Two hosts of one task may differ in their clocks."""
        self.create(first_tried_at=cloud.NOW + 50)

        self.assertEqual(1, len(self.pool.asked))

    def test_nothing_is_sent_nor_made_while_the_last_request_may_act(self):
        """Twice the budget, accept and margin, counted from patience."""
        for ago, retry_after in ((100, 30), (200, 30), (269.5, 1)):
            error = self.assertRaises(
                exception.ClaimInProgress,
                self.create,
                first_tried_at=cloud.NOW - ago,
            )
            self.assertEqual(retry_after, error.retry_after)
        self.assertEqual([], self.pool.asked)
        self.assertEqual([], self.cloud.posted)

    def test_longer_budget_is_waited_for(self):
        """A request that was given more time may act for longer."""
        self.assertRaises(
            exception.ClaimInProgress,
            self.create,
            first_tried_at=cloud.NOW - 270,
            budget=31,
        )

    def test_volume_that_came_late_is_found_while_waiting(self):
        """Every try looks the name up first."""
        self.cloud.volumes = [cloud.make_volume("late")]

        self.assertEqual("late", self.create(first_tried_at=cloud.NOW - 200))

    def test_volume_is_made_when_the_last_request_can_not_act(self):
        """After the second look-up, and without asking once more."""
        self.assertEqual("made", self.create(first_tried_at=cloud.NOW - 270))

        self.assertEqual(
            ["GET", "POST"], [call[0] for call in self.cloud.calls]
        )
        self.assertEqual([], self.pool.asked)
