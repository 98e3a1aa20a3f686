"""The claim protocol holds in every state that it can reach."""

from collections.abc import Iterable

from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.models import runs
from cube_volpool.tests.reliability.models.claim_guards import Proposal
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

    def test_long(self):
        """The same with more faults at a time: VOLPOOL_MODELS=long."""
        if not runs.IS_LONG:
            self.skipTest("VOLPOOL_MODELS=long runs it")
        self._hold(runs.LONG_CLAIMS)


class LostCommits(base.BaseTestCase):
    """A database cluster forgets the last commit of a claim.

    Nothing is given twice even so (I1, I2).  With the ledger as it is, three
    promises are weaker for that one claim:

    * I3, I11: a lost reservation puts the row back on the shelf, while its
      claimant records the offer and accepts; the claim is then settled
      without a row, as failed.
    * I4: two claimants rename one volume, until one of them loses.
    """

    def _result(self, run: Run):
        result = run.explore()
        print(f"{run.name}: {result}")
        figures.record("model states", good=result.states)
        return result

    def test_nothing_is_given_twice(self):
        """I1, I2, I8; and I5, once stray rows are looked after."""
        for run in runs.LOST_COMMITS:
            result = self._result(run)

            self.assertIsNone(result.problem, f"{run.name}: {result}")

    def test_comparing_the_row_too_leaves_the_name_alone_in_doubt(self):
        """What ``mark_offered`` should prove: I3 and I11 hold again."""
        for run in runs.LOST_COMMITS_CURED:
            result = self._result(run)

            self.assertIsNone(result.problem, f"{run.name}: {result}")

    def test_a_row_of_a_claim_that_is_over_is_stranded(self):
        """A known hole: the evict is lost, the claim fails, nobody looks.

        When the code gets a guard for it, this test says so.
        """
        result = self._result(runs.STRANDED_ROW)

        self.assertIn("I5", result.problem or "")

    def test_a_lost_intent_can_give_a_second_volume(self):
        """Nothing else knows of the create, so I2 and I11 need the intent."""
        result = self._result(runs.LOST_INTENT)

        self.assertRegex(result.problem or "", "I2|I11")


class KnownHoles(base.BaseTestCase):
    """What the protocol does not keep; a test that fails here is good news."""

    def test_pool_empty_while_an_earlier_request_lingers(self):
        """The retry is told PoolEmpty, so its caller creates by itself.

        The first request is read only then, and the pool has a volume again.
        """
        result = runs.LINGERING_REQUEST.explore()

        print(f"{runs.LINGERING_REQUEST.name}: {result}")
        self.assertIn("I2", result.problem or "")


class Proposals(base.BaseTestCase):
    """The guards that the code does not have are each shown to be needed."""

    def test_all_are_modelled(self):
        """None is left over."""
        used: set[Proposal] = set()
        for run in (*runs.LOST_COMMITS, *runs.LOST_COMMITS_CURED):
            used |= run.scenario.proposed

        self.assertEqual(set(Proposal), used)
