"""A periodic duty: one thread, one beat, trouble told once in a while."""

import threading
import time
from collections.abc import Callable
from typing import Final

from oslo_context import context
from oslo_log import log

from cube_volpool import exception, volumeapi

LOG = log.getLogger(__name__)

#: A lasting trouble is one line in this many seconds.
_REMIND: Final = 60.0
#: Long enough for a claim's answer to leave, short beside any create.
_SETTLE: Final = 0.1
_EXPECTED: Final = (exception.VolpoolError, volumeapi.VolumeAPIError)


class Duty:
    """Runs ``work`` again and again until it is stopped.

    ``work`` returns the seconds to its next turn.  A known trouble is a
    warning, anything else a traceback; neither ends the duty, and the next
    turn comes after ``pause`` seconds.
    """

    def __init__(
        self, name: str, work: Callable[[], float], *, pause: float
    ) -> None:
        self.name = name
        self._work = work
        self._pause = pause
        self._wake = threading.Event()
        self._stopping = False
        self._busy_since: float | None = None
        self._told_at: float | None = None
        #: When the work was last done, in seconds since the epoch.
        self.done_at: float | None = None

    def wake(self) -> None:
        """Let the next turn come at once."""
        self._wake.set()

    def stop(self) -> None:
        """Let the turn that runs be the last."""
        self._stopping = True
        self._wake.set()

    def busy_for(self) -> float:
        """Return for how many seconds the present turn has run."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def run(self) -> None:
        """Do the duty; returns once it was stopped."""
        while not self._stopping:
            self._busy_since = time.monotonic()
            # The logs of a turn, and of Cinder, carry one id.
            context.RequestContext()
            delay = self._turn()
            self._busy_since = None
            if self._wake.wait(delay) and not self._stopping:
                # Whoever woke us has an answer to give first, and often
                # wakes us again: what came meanwhile is one turn.
                time.sleep(_SETTLE)
            self._wake.clear()

    def _turn(self) -> float:
        try:
            delay = self._work()
        except _EXPECTED as error:
            self._tell(error)
            return self._pause
        except Exception:
            # The outermost frame of this thread.
            LOG.exception("%s failed; it goes on", self.name)
            return self._pause
        self.done_at = time.time()
        if self._told_at is not None:
            LOG.info("%s works again", self.name)
            self._told_at = None
        return delay

    def _tell(self, error: Exception) -> None:
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= _REMIND:
            LOG.warning("%s has to wait: %s", self.name, error)
            self._told_at = now
