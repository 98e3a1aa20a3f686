"""``cube-volpool-engine``: the daemon.

One process in the foreground.  SIGTERM and SIGINT stop it in an orderly way,
SIGHUP lets it read its configuration anew, and on SIGUSR2 it reports what it
is doing.
Exit status: 0 stopped, 1 a check refused to serve, 78 the configuration.
"""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

from oslo_log import log

from cube_volpool import daemon, secrecy, systemd
from cube_volpool.cmd import life

LOG = log.getLogger(__name__)

#: sysexits.h: the configuration is wrong.
EX_CONFIG: Final = 78
#: How often the main thread looks after the others, in seconds.
_TICK: Final = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon until it is stopped; return the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    # Before anything else: by default a hangup would end the process.
    signals = _received(
        signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2
    )
    try:
        lives = life.Life(given, clock=time.monotonic)
    except life.BAD_CONFIGURATION as error:
        print(secrecy.masked(str(error)), file=sys.stderr)
        return EX_CONFIG
    return _run(lives, signals)


def _received(*numbers: int) -> "queue.SimpleQueue[int]":
    """Return where the signals will be found."""
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()

    def received(number: int, _frame: Any) -> None:
        signals.put(number)

    for number in numbers:
        signal.signal(number, received)
    return signals


def _run(lives: life.Life, signals: "queue.SimpleQueue[int]") -> int:
    lives.start()
    systemd.notify("READY=1")
    while lives.failure is None:
        try:
            number = signals.get(timeout=_TICK)
        except queue.Empty:
            _look(lives)
            continue
        if number == signal.SIGHUP:
            _reload(lives)
            continue
        if number == signal.SIGUSR2:
            threading.Thread(
                target=_report, args=(lives,), name="report", daemon=True
            ).start()
            continue
        systemd.notify("STOPPING=1")
        _stop(lives)
        return 0
    print(secrecy.masked(f"not served: {lives.failure}"), file=sys.stderr)
    LOG.error("Not served: %s", lives.failure)
    return 1


def _look(lives: life.Life) -> None:
    """Look after the reload, and tell systemd that all is well."""
    was_reloading = lives.is_reloading
    lives.look()
    if was_reloading and not lives.is_reloading:
        systemd.notify("READY=1")
    if lives.busy_for() < daemon.HANGS_AFTER:
        systemd.notify("WATCHDOG=1")


def _reload(lives: life.Life) -> None:
    LOG.info("The configuration is read anew")
    usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    systemd.notify("RELOADING=1", f"MONOTONIC_USEC={usec}")
    lives.reload()
    if not lives.is_reloading:
        # Refused: what was in force goes on.
        systemd.notify("READY=1")


def _report(lives: life.Life) -> None:
    """Report; it asks a database that may be away, so nobody waits for it."""
    try:
        print(lives.report(), file=sys.stderr, flush=True)
    except Exception:
        LOG.exception("The report could not be made")


def _stop(lives: life.Life) -> None:
    LOG.info("Stopping: claims that run are finished first")
    if lives.graceful:
        # The last resort: a thread that hangs must not keep the process.
        signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
        signal.alarm(lives.graceful + 5)
    lives.stop()


if __name__ == "__main__":
    sys.exit(main())
