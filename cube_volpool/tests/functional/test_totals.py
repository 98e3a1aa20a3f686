"""What a run of tests says at its end."""

import pathlib
import subprocess
import sys

import fixtures
from oslotest import base

_TOTALS = pathlib.Path(__file__).resolve().parents[3] / "tools/totals.py"
_TESTS = """\
import unittest


class TestSome(unittest.TestCase):
    def test_good(self): pass

    @unittest.skip("no time")
    def test_left_out(self): pass

    def test_bad(self):
        self.assertEqual("ready", "stale", "volume 7")

    @unittest.expectedFailure
    def test_better_than_expected(self): pass
"""


class TestTotals(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.folder / "test_some.py").write_text(_TESTS, encoding="utf-8")

    def count(self, stream: bytes) -> str:
        """Count a stream; return what was printed."""
        done = subprocess.run(
            [sys.executable, _TOTALS, self.totals, self.failures],
            input=stream,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode()

    @property
    def totals(self) -> pathlib.Path:
        return self.folder / "totals"

    @property
    def failures(self) -> pathlib.Path:
        return self.folder / "failures"

    def stream(self) -> bytes:
        """Run the tests as a worker of stestr does."""
        return subprocess.run(
            [sys.executable, "-m", "subunit.run", "test_some"],
            cwd=self.folder,
            capture_output=True,
            check=False,
        ).stdout

    def test_every_outcome_is_counted_and_failures_are_told(self) -> None:
        """With the name of the test and the end of what it said."""
        printed = self.count(self.stream())

        self.assertEqual("1 2 1\n", self.totals.read_text())
        self.assertIn("SKIPPED test_some.TestSome.test_left_out: no time",
                      printed)
        told = self.failures.read_text()
        self.assertIn("FAILED test_some.TestSome.test_bad\n", told)
        self.assertIn("AssertionError: 'ready' != 'stale'", told)
        self.assertIn("FAILED test_some.TestSome.test_better", told)
        self.assertNotIn("test_good", told)

    def test_failures_of_two_streams_are_kept(self) -> None:
        """A layer of two suites loses none."""
        for _ in range(2):
            self.count(self.stream())

        told = self.failures.read_text()
        self.assertEqual(2, told.count("FAILED test_some.TestSome.test_bad\n"))

    def test_no_test_is_a_failure(self) -> None:
        """Nothing ran, which is not what was asked for."""
        self.count(b"")

        self.assertEqual("0 1 0\n", self.totals.read_text())
