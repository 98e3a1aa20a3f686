"""What was asked and what was answered, with times."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Key(NamedTuple):
    """One claim: the project's id and the name of the volume."""

    project_id: str
    name: str


class Outcome(StrEnum):
    """What an answer says."""

    #: A volume.
    OK = "ok"
    #: Nothing was given, and nothing will be for this attempt.
    FAIL = "fail"
    #: Nobody knows yet.
    INFO = "info"
    #: An answer that is in no contract.
    STRANGE = "strange"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One call.  Times are of the monotonic clock, in seconds."""

    key: Key
    #: ``claim`` or ``worker``, which may also create by itself.
    way: str
    begun: float
    ended: float
    outcome: Outcome
    volume_id: str | None = None
    #: Where the volume came from, where the answer says it.
    source: str | None = None
    #: The class and the words of the error.
    error: str = ""


class History:
    """An append-only list of attempts, for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []

    def add(self, attempt: Attempt) -> None:
        """Note an attempt that has ended."""
        with self._lock:
            self._attempts.append(attempt)

    def __iter__(self) -> Iterator[Attempt]:
        with self._lock:
            return iter(tuple(self._attempts))

    def between(self, begin: float, end: float) -> Iterator[Attempt]:
        """Return the attempts that ended in that time, newest first."""
        with self._lock:
            count = len(self._attempts)
        # Appended in the order of their ends, but for a thread's moment.
        for place in range(count - 1, -1, -1):
            attempt = self._attempts[place]
            if attempt.ended < begin - 1:
                return
            if begin <= attempt.ended < end:
                yield attempt

    def delivered(self) -> dict[Key, set[str]]:
        """Return the volumes that each key was told."""
        told: dict[Key, set[str]] = {}
        for attempt in self:
            if attempt.outcome is Outcome.OK and attempt.volume_id:
                told.setdefault(attempt.key, set()).add(attempt.volume_id)
        return told
