"""The two clocks of the simulator: one a test moves, one that runs."""
import datetime
import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What the simulator asks of time."""

    def now(self) -> datetime.datetime:
        """The present as an aware datetime in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""

    def watch(self, callback: Callable[[], None]) -> None:
        """Call back after time was moved by hand."""


class SimClock:
    """Time that stands still until somebody moves it.

    ``sleep`` moves the clock as well: a slow answer in a test of one
    thread takes simulated time, and no real time at all.
    """

    START = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)

    def __init__(self, start: datetime.datetime = START) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def now(self) -> datetime.datetime:
        """The present as an aware datetime in UTC."""
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """Seconds since the epoch; never goes back."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Move on; everything due until then has happened on return.

        Raises ValueError when asked to go back.
        """
        if seconds < 0:
            raise ValueError(f"time cannot go back by {seconds} s")
        with self._lock:
            self._now += datetime.timedelta(seconds=seconds)
        for callback in tuple(self._callbacks):
            callback()

    def sleep(self, seconds: float) -> None:
        """Move on, as ``advance`` does."""
        self.advance(max(seconds, 0.0))

    def watch(self, callback: Callable[[], None]) -> None:
        """Call back after each move."""
        self._callbacks.append(callback)


class RealClock:
    """The machine's own time."""

    def now(self) -> datetime.datetime:
        """The present as an aware datetime in UTC."""
        return datetime.datetime.now(datetime.UTC)

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        if seconds > 0:
            time.sleep(seconds)

    def watch(self, callback: Callable[[], None]) -> None:
        """Nobody moves this clock by hand, so nothing is called."""
