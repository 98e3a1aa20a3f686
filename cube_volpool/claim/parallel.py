"""Calls side by side, each with an answer of its own."""

from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass
from typing import Any, Protocol

from oslo_context import context as oslo_context

from cube_volpool import volumeapi


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one call came to: a value, or the volume API's error."""

    value: Any = None
    error: volumeapi.VolumeAPIError | None = None

    @property
    def is_done(self) -> bool:
        """Did the call succeed?"""
        return self.error is None

    @property
    def is_refused(self) -> bool:
        """Did Cinder refuse what was asked, and not us?"""
        return isinstance(
            self.error, volumeapi.Refused | volumeapi.OverQuota
        ) and not isinstance(self.error, volumeapi.Forbidden)

    @property
    def is_never_sent(self) -> bool:
        """Is it certain that Cinder did not even get the call?"""
        return isinstance(self.error, volumeapi.Unreachable)

    @property
    def is_turned_away(self) -> bool:
        """Would the same call of another volume fare no better?"""
        return self.is_never_sent or isinstance(
            self.error, volumeapi.Forbidden
        )


Call = Callable[[], Any]


class Runner(Protocol):
    """Runs calls and waits for all of them."""

    def run(self, *calls: Call) -> tuple[Outcome, ...]:
        """Return the outcomes in the order of the calls."""


class Serial:
    """One after the other: for tests that must be repeatable."""

    def run(self, *calls: Call) -> tuple[Outcome, ...]:
        """Return the outcomes in the order of the calls."""
        return tuple(_outcome(call) for call in calls)


class Threads:
    """Each call in a thread of a pool.

    None of them may wait for another of the same pool: all threads could do
    so, and none would be left for what they wait for.
    """

    def __init__(self, workers: int, *, name: str = "cinder") -> None:
        self._pool = futures.ThreadPoolExecutor(
            workers, thread_name_prefix=name
        )

    def run(self, *calls: Call) -> tuple[Outcome, ...]:
        """Return the outcomes; the first call runs in this thread."""
        context = oslo_context.get_current()
        later = [
            self._pool.submit(_in_context, context, call)
            for call in calls[1:]
        ]
        first = _outcome(calls[0])
        return first, *(future.result() for future in later)

    def close(self) -> None:
        """Wait for the calls under way and end the threads."""
        self._pool.shutdown()


def _in_context(
    context: oslo_context.RequestContext | None, call: Call
) -> Outcome:
    # oslo.context is thread-local: without this the call would go out
    # without the request's id.
    if context is not None:
        context.update_store()
    return _outcome(call)


def _outcome(call: Call) -> Outcome:
    try:
        return Outcome(value=call())
    except volumeapi.VolumeAPIError as error:
        return Outcome(error=error)
