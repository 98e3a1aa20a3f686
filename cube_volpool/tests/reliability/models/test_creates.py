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

    def test_a_replayed_create_leaves_a_twin_while_its_row_lives(self):
        """A known hole: the audit takes a known marker for a known volume.

        When the code gets a guard for it, this test says so.
        """
        result = self._result(runs.TWINS)

        self.assertIn("I5", result.problem or "")

    def test_an_audit_of_twins_would_remove_it(self):
        """What the audit should compare: the id, once the row has one."""
        result = self._result(runs.TWINS_CURED)

        self.assertIsNone(result.problem, str(result))

    def test_long(self):
        """The same with more faults at a time: VOLPOOL_MODELS=long."""
        if not runs.IS_LONG:
            self.skipTest("VOLPOOL_MODELS=long runs it")
        for run in runs.LONG_CREATES:
            result = self._result(run)

            self.assertIsNone(result.problem, f"{run.name}: {result}")
