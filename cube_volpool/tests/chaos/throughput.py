"""Hits a second, before a fault and after it."""

import statistics
import time

from cube_volpool import model
from cube_volpool.tests.chaos.history import History

#: One window, in seconds, and how many make a measurement.
WINDOW = 2.5
WINDOWS = 3


def median(history: History) -> float:
    """Return the median of the last windows, in hits a second."""
    now = time.monotonic()
    return statistics.median(
        _hits(history, now - (back + 1) * WINDOW, now - back * WINDOW)
        for back in range(WINDOWS)
    )


def fill_windows() -> None:
    """Wait until the windows hold nothing of what was before."""
    time.sleep(WINDOWS * WINDOW)


def await_share(
    history: History, baseline: float, *, least: float, within: float
) -> float:
    """Wait until the throughput is back; return its share of the baseline.

    No window begins before the call.  Returns the best there was when that
    does not come to ``least`` within so many seconds.
    """
    end = time.monotonic() + within
    fill_windows()
    best = median(history) / baseline
    while best < least and time.monotonic() < end:
        time.sleep(0.5)
        best = max(best, median(history) / baseline)
    return best


def _hits(history: History, begin: float, end: float) -> float:
    """Return the hits a second of that time."""
    hits = sum(
        attempt.source == model.Source.POOL
        for attempt in history.between(begin, end)
    )
    return hits / (end - begin)
