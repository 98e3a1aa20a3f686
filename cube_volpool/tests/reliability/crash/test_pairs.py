"""A second crash during the recovery from a first one; a third recovers.

Every run does a sample of all pairs, from a seed that a failure prints and
``VOLPOOL_SWEEP_SEED`` repeats.  ``VOLPOOL_SWEEP=long`` does all pairs of the
main journeys here; all pairs of all journeys are a command of their own, see
:mod:`cube_volpool.tests.reliability.crash.pairs`.
"""

import os
import pathlib
import random

import fixtures
from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.crash import case, journeys, pairs

#: First crashes, and second ones after each: about a minute of one core.
_FIRST, _EACH = 120, 3


class PairSweep(case.SweepCase):
    """On SQLite."""

    figure = "crash pairs, SQLite"

    def test_a_second_crash_does_no_harm_either(self):
        """Some pairs of all calls of all journeys."""
        seed = int(
            os.environ.get("VOLPOOL_SWEEP_SEED") or random.randrange(2**32)
        )
        tally = pairs.sample(
            self.place,
            random.Random(seed),
            first_crashes=_FIRST,
            each=_EACH,
        )
        self._record(tally)

        self.assertEqual([], tally.problems, f"VOLPOOL_SWEEP_SEED={seed}")
        self.assertGreater(tally.pairs, _FIRST)

    if case.IS_LONG:

        def test_no_pair_of_the_main_journeys_does_harm(self):
            """All pairs of moments."""
            for first in pairs.firsts(self.place, list(journeys.MAIN)):
                tally = pairs.all_of(self.place, first)
                self._record(tally)
                self.assertEqual([], tally.problems)

    def _record(self, tally: pairs.Tally) -> None:
        good = tally.pairs - tally.bad
        figures.record(self.figure, good=good, of=tally.pairs)


class RecordCase(base.BaseTestCase):
    """What the long form has done is not done again."""

    def test_record_counts_for_its_code_alone(self):
        """Half a line is none; other code may behave otherwise."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = folder / "pairs.jsonl"
        self.assertEqual({}, pairs.recorded(path, "x"))
        line = '{"code": "%s", "first": "%s", "pairs": %d}\n'
        path.write_text(
            line % ("x", "a", 3) + line % ("y", "b", 4)
            + line % ("x", "c", 5) + '{"code": "x", "fir'
        )

        self.assertEqual({"a": 3, "c": 5}, pairs.recorded(path, "x"))
