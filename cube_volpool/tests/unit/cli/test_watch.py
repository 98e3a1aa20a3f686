"""What ``watch`` says of builds: how long, and how far."""

import datetime
import io

from oslotest import base
from rich import console, progress_bar

from cube_volpool.cli import watch

_NOW = datetime.datetime(2026, 1, 1, 12, 0, 30, tzinfo=datetime.UTC)


def _volume(began):
    return {
        "id": "v-1", "pool": "deb",
        "created_at": f"2026-01-01T12:00:{began:02}Z",
    }


def _drawn(table):
    drawn = io.StringIO()
    console.Console(width=120, file=drawn).print(table)
    return drawn.getvalue()


class TestBuilds(base.BaseTestCase):
    def test_a_bar_says_how_far(self):
        """By the usual time of its pool."""
        for seconds, done in ((0, 0), (10, 0.5), (19, 0.95), (400, 0.95)):
            bar = watch._progress(seconds, 20.0)

            assert isinstance(bar, progress_bar.ProgressBar)
            self.assertEqual(done, bar.completed)

    def test_without_a_usual_time_there_is_none(self):
        """How long it has been built is told all the same."""
        table = watch._builds([_volume(10)], {}, _NOW)

        self.assertIn("20 s", _drawn(table))
        self.assertEqual("", watch._progress(10, None))

    def test_a_clock_that_is_behind_gives_nought(self):
        """And not less."""
        table = watch._builds([_volume(59)], {"deb": 9.0}, _NOW)

        self.assertIn(" 0 s", _drawn(table))
