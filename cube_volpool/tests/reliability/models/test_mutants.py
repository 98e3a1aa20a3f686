"""A model that cannot fail proves nothing: guards and moves taken away."""

from oslotest import base

from cube_volpool.model import Actor
from cube_volpool.tests import figures
from cube_volpool.tests.reliability.models import (
    claim_guards,
    create_state,
    ledger,
    moves,
    mutants,
)


class Guards(base.BaseTestCase):
    """Every guard is needed, or it is said what for."""

    def _caught(self, chosen: tuple[mutants.Mutant, ...]) -> None:
        for mutant in chosen:
            result = mutant.explore()

            print(f"without {mutant.guard}: {result}")
            caught = (result.problem or "").startswith(mutant.broken)
            figures.record("model mutants caught", good=caught, of=1)
            self.assertTrue(caught, f"without {mutant.guard}: {result}")

    def test_claims_need_each_guard(self):
        """The shortest trace of each is printed."""
        self._caught(mutants.CLAIMS)

    def test_top_ups_need_each_guard(self):
        """The shortest trace of each is printed."""
        self._caught(mutants.STOCK)

    def test_no_guard_is_left_out(self):
        """Every guard of the models has its mutant."""
        guards = {*claim_guards.Guard, *create_state.Guard}
        tried = {m.guard for m in (*mutants.CLAIMS, *mutants.STOCK)}

        self.assertEqual(guards, tried | set(mutants.REDUNDANT))

    def test_guards_that_save_work_alone(self):
        """No invariant needs them; if one does, the reason given is wrong."""
        for guard, (run, why) in mutants.REDUNDANT.items():
            result = run.without(guard).explore()

            self.assertIsNone(result.problem, f"{guard}: {why}: {result}")


class Moves(base.BaseTestCase):
    """Every move of the tables that the code obeys is needed."""

    def test_the_moves_that_are_not_modelled(self):
        """An operator's: a deletion by hand, that of reconcile otherwise."""
        used = {move for _, needed in moves.NEEDED for move in needed}

        self.assertEqual(
            {
                ledger.Move("creating", "deleting", Actor.OPERATOR),
                ledger.Move("available", "deleting", Actor.OPERATOR),
            },
            ledger.all_moves() - used,
        )

    def test_without_any_one_move_a_run_fails(self):
        """The ledger says no, or something is never settled."""
        for run, needed in moves.NEEDED:
            whole = ledger.Tables()
            self.assertIsNone(run.explore(whole).problem, run.name)
            for move in needed:
                tables = ledger.Tables(without=frozenset({move}))

                result = run.explore(tables)

                self.assertIn(move, whole.used)
                self.assertIsNotNone(result.problem, f"without {move}")
                figures.record("model moves that are needed", good=1, of=1)
