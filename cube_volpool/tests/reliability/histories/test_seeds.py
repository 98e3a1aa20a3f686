"""Seeds in every test run, and how a run is repeated."""

import itertools
import subprocess
import sys

from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.histories import blocks, runs

#: Claims of one block; there are four of them.
_CLAIMS = 2700
_PRINT = (
    "from cube_volpool.tests.reliability.histories import runs;"
    "print(runs.run({seed}).trace)"
)


class Seeds(base.BaseTestCase):
    """A block of seeds; each class has its own, for workers side by side."""

    first = 0

    def test_no_invariant_breaks(self):
        """Whatever the seed brings, every invariant holds at every step."""
        block = blocks.Block()
        for seed in itertools.count(self.first):
            found = runs.run(seed)
            self.assertEqual([], found.problems, blocks.told(found))
            block.add(found)
            if block.claims >= _CLAIMS:
                break
        figures.record("simulated claims", good=block.claims)
        figures.record("simulated seeds", good=block.seeds)
        figures.record("simulated steps", good=block.steps)


class FirstSeeds(Seeds):
    """The first block."""


class SecondSeeds(Seeds):
    """The second block."""

    first = 100


class ThirdSeeds(Seeds):
    """The third block."""

    first = 200


class FourthSeeds(Seeds):
    """The fourth block."""

    first = 300


# The base would be the first block once more.
del Seeds


class RepeatTest(base.BaseTestCase):
    """One seed is one run."""

    def test_a_seed_is_the_same_run_again(self):
        """Every step of it, in this process and in a new one."""
        once, again = runs.run(7), runs.run(7)
        # In a process with another order of sets.
        command = [sys.executable, "-W", "ignore", "-c", _PRINT.format(seed=7)]
        other = subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.strip()

        self.assertEqual(once.trace, again.trace)
        self.assertEqual(once.history, again.history)
        self.assertEqual(once.trace, other)

    def test_another_seed_is_another_run(self):
        """Two seeds have nothing in common."""
        self.assertNotEqual(runs.run(7).trace, runs.run(8).trace)
