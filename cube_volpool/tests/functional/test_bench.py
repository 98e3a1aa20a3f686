"""The benchmarks run, and count what they are to count.

Seconds are never looked at: this machine is busy with other tests.
"""

import json
import os
import pathlib
import subprocess
import sys

import fixtures
from oslotest import base

_ROOT = pathlib.Path(__file__).parents[3]
#: Those that are short enough.
_NAMES = ("counts", "hits", "latency")


class ShortForms(base.BaseTestCase):
    """``tools/bench/run.sh --short``, on the servers of the tests."""

    def test_each_tells_its_figures(self) -> None:
        """As a table, and as JSON; the counts are what they should be."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        done = subprocess.run(
            [
                _ROOT / "tools/bench/run.sh", *_NAMES, "--short",
                "--json", folder,
            ],
            env={**os.environ, "PYTHON": sys.executable},
            capture_output=True, text=True, check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr[-4000:])
        found = {
            name: json.loads((folder / f"{name}.json").read_text())
            for name in _NAMES
        }

        self.assertTrue(found["counts"]["reached"], found["counts"])
        self.assertEqual(2, found["latency"]["calls in a row"])
        for name in ("one at a time", "32 callers", "1 to 64 callers"):
            self.assertGreater(found["hits"][name]["ratio"], 0, name)
        self.assertIn("calls in a row", done.stdout)
