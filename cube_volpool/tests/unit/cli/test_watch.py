"""What ``watch`` says of builds: how long, and how far."""

import datetime
import io

from oslotest import base
from rich import console, progress_bar

from cube_volpool.cli import watch

_NOW = datetime.datetime(2026, 1, 1, 12, 0, 30, tzinfo=datetime.UTC)


def _volume(began, ended, **changes):
    return {
        "id": "v-1", "pool": "deb", "held": False,
        "created_at": f"2026-01-01T12:00:{began:02}Z",
        "updated_at": f"2026-01-01T12:00:{ended:02}Z",
        **changes,
    }


def _drawn(table):
    drawn = io.StringIO()
    console.Console(width=120, file=drawn).print(table)
    return drawn.getvalue()


class TestUsual(base.BaseTestCase):
    def test_it_is_the_median_of_each_pool(self):
        """One that was slow does not tell what is usual."""
        ready = [_volume(0, took) for took in (2, 4, 59)]

        self.assertEqual(
            {"deb": 4.0, "suse": 9.0},
            watch.build_seconds([*ready, _volume(0, 9, pool="suse")]),
        )

    def test_what_was_held_tells_nothing(self):
        """An operator wrote its row, whenever that was."""
        self.assertEqual(
            {}, watch.build_seconds([_volume(0, 59, held=True)])
        )


class TestBuilds(base.BaseTestCase):
    def test_a_bar_says_how_far(self):
        """By the usual time of its pool."""
        for seconds, done in ((0, 0), (10, 0.5), (19, 0.95), (400, 0.95)):
            bar = watch._progress(seconds, 20.0)

            assert isinstance(bar, progress_bar.ProgressBar)
            self.assertEqual(done, bar.completed)

    def test_without_a_usual_time_there_is_none(self):
        """How long it has been built is told all the same."""
        table = watch._builds([_volume(10, 10)], {}, _NOW)

        self.assertIn("20 s", _drawn(table))
        self.assertEqual("", watch._progress(10, None))

    def test_a_clock_that_is_behind_gives_nought(self):
        """And not less."""
        table = watch._builds([_volume(59, 59)], {"deb": 9.0}, _NOW)

        self.assertIn(" 0 s", _drawn(table))
