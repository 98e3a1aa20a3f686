"""``cube-volpool-engine``: the daemon.

One process in the foreground.  SIGTERM and SIGINT stop it in an orderly way.
Exit status: 0 stopped, 1 a check refused to serve, 78 the configuration.
"""

import os
import queue
import signal
import sys
from collections.abc import Sequence
from typing import Any, Final

from oslo_config import cfg
from oslo_log import log

from cube_volpool import app, exception, secrecy, service, systemd
from cube_volpool import conf as options
from cube_volpool.conf import secret

LOG = log.getLogger(__name__)

#: sysexits.h: the configuration is wrong.
EX_CONFIG: Final = 78
#: How often the main thread looks after the others, in seconds.
_TICK: Final = 1.0
#: No turn of a duty takes longer than its Cinder calls; past this one of
#: them hangs, and systemd is to start us anew.
_HANGS_AFTER: Final = 900.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon until it is stopped; return the exit status."""
    conf = cfg.ConfigOpts()
    options.register(conf)
    try:
        conf(
            sys.argv[1:] if argv is None else argv,
            project="cube_volpool",
            prog="cube-volpool-engine",
        )
        log.setup(conf, "cube_volpool")
        secrecy.keep(secret.read(conf))
        secrecy.guard_logs()
        daemon = app.Daemon(conf, options.load(conf))
    except (cfg.Error, exception.InvalidConfiguration) as error:
        print(secrecy.masked(str(error)), file=sys.stderr)
        return EX_CONFIG
    graceful = conf.graceful_shutdown_timeout
    serving = service.PoolService(
        daemon.house.duties, daemon.rpc, daemon.check, graceful=graceful
    )
    return _run(serving, graceful=graceful)


def _run(serving: service.PoolService, *, graceful: int) -> int:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()

    def received(number: int, _frame: Any) -> None:
        signals.put(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, received)
    # Nothing is read anew yet, and by default it would end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    serving.start()
    systemd.notify("READY=1")
    while serving.failure is None:
        try:
            signals.get(timeout=_TICK)
        except queue.Empty:
            if serving.busy_for() < _HANGS_AFTER:
                systemd.notify("WATCHDOG=1")
            continue
        systemd.notify("STOPPING=1")
        _stop(serving, graceful=graceful)
        return 0
    print(secrecy.masked(f"not served: {serving.failure}"), file=sys.stderr)
    LOG.error("Not served: %s", serving.failure)
    return 1


def _stop(serving: service.PoolService, *, graceful: int) -> None:
    LOG.info("Stopping: claims that run are finished first")
    if graceful:
        # The last resort: a thread that hangs must not keep the process.
        signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
        signal.alarm(graceful + 5)
    serving.stop()


if __name__ == "__main__":
    sys.exit(main())
