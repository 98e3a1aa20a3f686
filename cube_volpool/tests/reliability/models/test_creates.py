"""The top-up protocol holds in every state that it can reach."""

from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.models import runs
from cube_volpool.tests.reliability.models.run import StockRun


class Creates(base.BaseTestCase):
    """Invariants I6 and I8 in every state; I5 from every state."""

    def _result(self, run: StockRun):
        result = run.explore()
        print(f"{run.name}: {result}")
        figures.record("model states", good=result.states)
        return result

    def test_the_pool_fills_and_nothing_is_left_behind(self):
        """Daemons side by side, each fault once."""
        for run in runs.CREATES:
            result = self._result(run)

            self.assertIsNone(result.problem, f"{run.name}: {result}")

    def test_an_audit_by_marker_alone_would_leave_a_twin(self):
        """A marker that is known is not a volume that is known."""
        result = self._result(runs.TWINS)

        self.assertIn("I5", result.problem or "")

    def test_a_create_that_was_sent_twice_leaves_no_twin(self):
        """The audit compares the id, once the row has one."""
        result = self._result(runs.TWINS_SEEN)

        self.assertIsNone(result.problem, str(result))

    if runs.IS_LONG:

        def test_long(self):
            """The same with more faults at a time: VOLPOOL_MODELS=long."""
            for run in runs.LONG_CREATES:
                result = self._result(run)

                self.assertIsNone(result.problem, f"{run.name}: {result}")
