"""The last hours of this daemon's claims, minute by minute.

A listener of the doors, see ``doors``.  In memory alone: who wants to know of
last week asks Prometheus.
"""

import statistics
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cube_volpool import model

#: How far back, in minutes.
MINUTES: Final = 360
#: What is kept of one minute's hits: enough for its 95th percentile.
_KEPT: Final = 500


@dataclass
class Minute:
    """One minute; ``began`` is in minutes since the epoch."""

    began: int
    hits: int = 0
    misses: int = 0
    errors: int = 0
    #: What hits took, in seconds.
    took: list[float] = field(default_factory=list)

    @property
    def hit_ratio(self) -> float | None:
        """Hits against hits and misses; None without any."""
        served = self.hits + self.misses
        return self.hits / served if served else None

    @property
    def slow(self) -> float | None:
        """What one hit in twenty took longer than; None without any."""
        if len(self.took) < 2:
            return self.took[0] if self.took else None
        return statistics.quantiles(self.took, n=20, method="inclusive")[-1]


class History:
    """Minutes of claims.  ``clock`` returns seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minutes: deque[Minute] = deque(maxlen=MINUTES)

    def claim_ended(
        self,
        _caller: model.Caller,
        _request: model.ClaimRequest,
        *,
        outcome: str,
        volume: Mapping[str, Any] | None,
        seconds: float,
    ) -> None:
        """A claim has an answer, or an error."""
        del volume
        with self._lock:
            minute = self._present()
            if outcome == model.Source.POOL:
                minute.hits += 1
                if len(minute.took) < _KEPT:
                    minute.took.append(seconds)
            elif outcome == model.Source.CREATED:
                minute.misses += 1
            elif outcome != model.Source.EXISTING:
                minute.errors += 1

    def minutes(self) -> list[Minute]:
        """Return the minutes in which there were claims, the oldest first."""
        oldest = int(self._clock() // 60) - MINUTES
        with self._lock:
            return [one for one in self._minutes if one.began > oldest]

    def _present(self) -> Minute:
        began = int(self._clock() // 60)
        if not self._minutes or self._minutes[-1].began < began:
            self._minutes.append(Minute(began))
        return self._minutes[-1]
