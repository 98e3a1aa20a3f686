"""The back-off of a pool whose builds fail."""

from datetime import datetime, timedelta

from oslotest import base

from cube_volpool.backoff import Backoff

_NOW = datetime(2026, 11, 20)


def _end(backoff: Backoff) -> datetime:
    assert backoff.not_before is not None
    return backoff.not_before


class BackoffTest(base.BaseTestCase):
    """Waiting longer, but never for ever."""

    def waits(self, failures):
        """Return the wait after each of so many failures, in seconds."""
        backoff, found = Backoff(), []
        for _ in range(failures):
            backoff = backoff.failed(_NOW)
            found.append((_end(backoff) - _NOW).total_seconds())
        return found

    def test_without_a_failure_there_is_no_wait(self):
        """A pool may build at once."""
        self.assertTrue(Backoff().is_over(_NOW))

    def test_each_failure_in_a_row_doubles_the_wait_up_to_five_minutes(self):
        """Also after a thousand of them."""
        waits = self.waits(1000)

        self.assertEqual([5, 10, 20, 40, 80, 160, 300], waits[:7])
        self.assertEqual({300}, set(waits[6:]))

    def test_the_wait_is_over_at_its_end(self):
        """Not a moment before."""
        backoff = Backoff().failed(_NOW)
        moment = timedelta(microseconds=1)

        self.assertFalse(backoff.is_over(_end(backoff) - moment))
        self.assertTrue(backoff.is_over(_end(backoff)))
