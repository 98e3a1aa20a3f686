"""A circuit breaker for one HTTP endpoint.

Own code, because the libraries at hand hold their lock while a call runs
(pybreaker 1.4), which would put the calls of all claims in a row, or know no
clock but the machine's.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from oslo_log import log

from cube_volpool.clock import Clock

LOG = log.getLogger(__name__)

#: One sick volume fails under one or two paths, a sick service under many.
_PATHS: Final = 3
#: The longest pause, in units of the first.
_LONGEST: Final = 12


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a breaker opens, and for how long.

    ``failures`` in a row, over several paths, open it; 0 never does.
    ``pause`` is the first pause in seconds; it doubles while the endpoint
    stays sick.
    """

    failures: int = 10
    pause: float = 5.0


class Open(Exception):  # noqa: N818 - a state, told as an exception
    """The breaker is open; the call was not made."""


class Passage:
    """One call through a breaker; ``fail`` says that it failed."""

    def __init__(self) -> None:
        self.is_failure = False

    def fail(self) -> None:
        """Count this call as a failure of the endpoint."""
        self.is_failure = True


class Breaker:
    """Closed, open, or half open: then one call at a time is the probe.

    ``chance`` returns a number from 0 to 1: pauses are drawn from their
    upper half, so that daemons do not probe in step.
    """

    def __init__(
        self,
        name: str,
        limits: Limits,
        *,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._name = name
        self._limits = limits
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._failures = 0
        self._paths: set[str] = set()
        self._openings = 0
        self._open_until: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Are calls refused, the probe left aside?"""
        return self._open_until is not None

    @contextlib.contextmanager
    def passing(self, path: str) -> Iterator[Passage]:
        """Let one call through.  Raises Open, and what the call raises.

        An exception is a failure of the endpoint.  One that is no Exception
        says nothing of it.
        """
        is_probe = self._admit()
        passage = Passage()
        try:
            yield passage
        except Exception:
            self._failed(path, is_probe=is_probe)
            raise
        except BaseException:
            self._release(is_probe=is_probe)
            raise
        if passage.is_failure:
            self._failed(path, is_probe=is_probe)
        else:
            self._succeeded()

    def _admit(self) -> bool:
        with self._lock:
            if self._open_until is None:
                return False
            left = self._open_until - self._clock.monotonic()
            if left <= 0 and not self._is_probing:
                self._is_probing = True
                return True
        raise Open(
            f"{self._name} failed {self._limits.failures} times in a row and "
            f"is left alone for another {max(left, 0.0):.0f} s"
        )

    def _release(self, *, is_probe: bool) -> None:
        with self._lock:
            if is_probe:
                self._is_probing = False

    def _succeeded(self) -> None:
        with self._lock:
            was_open = self._open_until is not None
            self._failures = self._openings = 0
            self._paths.clear()
            self._open_until = None
            self._is_probing = False
        if was_open:
            LOG.warning("%s answers again", self._name)

    def _failed(self, path: str, *, is_probe: bool) -> None:
        with self._lock:
            if is_probe:
                self._is_probing = False
            elif self._open_until is not None:
                # Sent before it opened.
                return
            self._failures += 1
            self._paths.add(path)
            if not (is_probe or self._is_sick()):
                return
            doubled = min(2**self._openings, _LONGEST)
            pause = self._limits.pause * doubled
            pause *= 0.5 + 0.5 * self._chance()
            self._openings += 1
            self._open_until = self._clock.monotonic() + pause
        LOG.warning(
            "%s fails; it is left alone for %.1f s", self._name, pause
        )

    def _is_sick(self) -> bool:
        most = self._limits.failures
        return 0 < most <= self._failures and len(self._paths) >= _PATHS
