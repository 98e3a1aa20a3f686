"""The claim protocol holds in every state that it can reach."""

from collections.abc import Iterable

from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.models import runs
from cube_volpool.tests.reliability.models.claim_guards import Lesson
from cube_volpool.tests.reliability.models.run import Run


class Claims(base.BaseTestCase):
    """Invariants I1 to I4, I8 and I11 in every state; I5 from every state."""

    def _hold(self, named: Iterable[Run]) -> None:
        for run in named:
            result = run.explore()

            print(f"{run.name}: {result}")
            self.assertIsNone(result.problem, f"{run.name}: {result}")
            figures.record("model states", good=result.states)

    def test_two_projects_contend_for_one_row(self):
        """A timeout, a death, a zombie, side by side."""
        self._hold(runs.CONTENDED)

    def test_a_claim_has_another_row_to_go_to(self):
        """What could give one name two volumes."""
        self._hold(runs.TWO_ROWS)

    def test_a_name_is_asked_for_again(self):
        """Retries, take-overs by the caller, volumes deleted since."""
        self._hold(runs.ASKED_AGAIN)

    def test_a_miss_creates_once(self):
        """An empty pool that fills up in between."""
        self._hold(runs.MISSES)

    def test_the_callers_own_fallback_never_makes_a_second_volume(self):
        """It waits, and looks once more."""
        self._hold(runs.FALLBACK)

    def test_rescue_without_a_tenant_keyring_settles_what_it_can(self):
        """A create that is out waits for its caller alone."""
        self._hold(runs.BLIND_RESCUE)

    if runs.IS_LONG:

        def test_long(self):
            """The same with more faults at a time: VOLPOOL_MODELS=long."""
            self._hold(runs.LONG_CLAIMS)


class LostCommits(base.BaseTestCase):
    """A database cluster forgets the last commit of a claim.

    Nothing is given twice even so (I1, I2).  One promise is weaker for that
    one claim:

    * I4: two claimants rename one volume, until one of them loses.
    """

    def _result(self, run: Run):
        result = run.explore()
        print(f"{run.name}: {result}")
        figures.record("model states", good=result.states)
        return result

    def test_nothing_is_given_twice(self):
        """I1, I2, I8; and I5. Even if the record of an offer left the row out.

        Then I3 and I11 would be weak: a lost reservation puts the row back
        on the shelf, while its claimant records the offer and accepts.
        """
        for run in runs.LOST_COMMITS:
            result = self._result(run)

            self.assertIsNone(result.problem, f"{run.name}: {result}")

    def test_the_name_alone_is_in_doubt(self):
        """Because the record of an offer compares the row: I3, I11 hold."""
        for run in runs.LOST_COMMITS_WHOLE:
            result = self._result(run)

            self.assertIsNone(result.problem, f"{run.name}: {result}")

    def test_without_rescue_of_rows_one_is_stranded(self):
        """The evict is lost, the claim fails, and nobody else would look."""
        result = self._result(runs.STRANDED_ROW)

        self.assertIn("I5", result.problem or "")

    def test_a_lost_intent_can_give_a_second_volume(self):
        """Nothing else knows of the create, so I2 and I11 need the intent."""
        result = self._result(runs.LOST_INTENT)

        self.assertRegex(result.problem or "", "I2|I11")


class LateRequests(base.BaseTestCase):
    """A request is read after a later one of the same task."""

    def test_pool_empty_of_a_retry_is_no_leave_to_create(self):
        """It speaks for its own request alone.

        The first one is read only then, and the pool has a volume again.
        """
        result = runs.LINGERING_REQUEST.explore()

        print(f"{runs.LINGERING_REQUEST.name}: {result}")
        self.assertIn("I2", result.problem or "")


class Lessons(base.BaseTestCase):
    """The guards that came out of here are each shown to be needed."""

    def test_all_are_modelled(self):
        """None is left over."""
        used: set[Lesson] = set()
        for run in (*runs.LOST_COMMITS, *runs.LOST_COMMITS_WHOLE):
            used |= run.scenario.learnt

        self.assertEqual(set(Lesson), used)
