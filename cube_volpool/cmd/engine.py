"""``cube-volpool-engine``: the daemon.

One process in the foreground.  SIGTERM and SIGINT stop it in an orderly way.
Exit status: 0 stopped, 1 a check refused to serve, 78 the configuration.
"""

import contextlib
import os
import queue
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from oslo_config import cfg
from oslo_log import log

from cube_volpool import conf as options
from cube_volpool import daemon, exception, secrecy, service, settings, systemd
from cube_volpool.conf import secret
from cube_volpool.status import web

LOG = log.getLogger(__name__)

#: sysexits.h: the configuration is wrong.
EX_CONFIG: Final = 78
#: How often the main thread looks after the others, in seconds.
_TICK: Final = 1.0

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
        loaded = options.load(conf)
        made = daemon.Daemon(conf, loaded)
    except (cfg.Error, exception.InvalidConfiguration) as error:
        print(secrecy.masked(str(error)), file=sys.stderr)
        return EX_CONFIG
    graceful = conf.graceful_shutdown_timeout
    serving = service.PoolService(
        made.house.duties, made.rpc, made.check, graceful=graceful
    )
    with _shown(made.site(serving), loaded.status):
        return _run(serving, graceful=graceful)


@contextlib.contextmanager
def _shown(
    site: web.Site, where: settings.StatusSettings
) -> Iterator[None]:
    """Show metrics and health; whoever cannot be seen still serves."""
    if where.port is None:
        yield
        return
    try:
        server = web.Server(site, host=where.host, port=where.port)
    except OSError as error:
        LOG.error(
            "[status]: nothing is shown, %s:%s cannot be had: %s",
            where.host,
            where.port,
            error,
        )
        yield
        return
    server.start()
    LOG.info("Metrics and health are at %s:%s", where.host, where.port)
    try:
        yield
    finally:
        server.stop()


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
            if serving.busy_for() < daemon.HANGS_AFTER:
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
