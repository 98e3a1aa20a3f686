"""The simulation can fail: guards taken away are found by a few seeds.

With VOLPOOL_MUTANTS=all it looks for all of them, which takes some minutes.
"""

import os

from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.histories import mutants, runs

#: Guards of every kind whose absence shows at once.
_QUICK = (
    "an accept's error is taken for a failure",
    "no compare-and-swap of a claim",
    "no generation of a pool",
    "the offer is not recorded before accept",
    "whatever is taken back counts as certain",
    "handed back without a cancel",
    "handed back under the caller's name",
    "absence from a listing is believed",
    "deleted at once, not evicted",
    "a condemned row comes back",
)
_ALL = os.environ.get("VOLPOOL_MUTANTS") == "all"
#: Seeds after which a mutant counts as missed.
_SEEDS = 300 if _ALL else 20


class MutantTest(base.BaseTestCase):
    """Each guard by itself."""

    def test_missing_guards_are_found(self):
        """Without the guard some invariant breaks, within a few seeds."""
        names = [
            name
            for name in mutants.ALL
            if name in _QUICK or (_ALL and name not in mutants.EQUIVALENT)
        ]
        seeds = {name: _first(mutants.ALL[name]) for name in names}
        missed = [name for name, seed in seeds.items() if seed is None]
        figures.record(
            "simulation mutants caught",
            good=len(seeds) - len(missed),
            of=len(seeds),
        )

        self.assertEqual([], missed)
        # What found them finds nothing when the guards are there.
        for seed in {seed for seed in seeds.values() if seed is not None}:
            self.assertEqual([], runs.run(seed).problems)


def _first(mutant: mutants.Mutant) -> int | None:
    """Return the first seed that finds a mutant."""
    for seed in range(_SEEDS):
        with mutant():
            if runs.run(seed).problems:
                return seed
    return None
