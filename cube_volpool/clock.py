"""The process's own clock, for budgets and pauses; a test has another.

Nothing in the ledger is ever compared with it.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class SystemClock:
    """The machine's monotonic clock."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        time.sleep(seconds)
