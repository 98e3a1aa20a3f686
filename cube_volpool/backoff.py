"""When what failed, a build or a delete, may be tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_FIRST: Final = timedelta(seconds=5)
#: Long enough not to trouble a sick Cinder, short enough that nobody has to
#: restart a daemon once it is well.
_LONGEST: Final = timedelta(minutes=5)
_DOUBLINGS: Final = 10


@dataclass(frozen=True)
class Backoff:
    """Doubles with each failure in a row; a success ends it."""

    failures: int = 0
    not_before: datetime | None = None

    def failed(
        self, now: datetime, *, longest: timedelta = _LONGEST
    ) -> "Backoff":
        """Return the back-off after one more failure."""
        delay = _FIRST * 2 ** min(self.failures, _DOUBLINGS)
        return Backoff(self.failures + 1, now + min(delay, longest))

    def is_over(self, now: datetime) -> bool:
        """May the next try begin?"""
        return self.not_before is None or now >= self.not_before
