"""What serves in this process: one configuration, and for a moment two.

A reload is a new daemon beside the old one, which is what this service can do
anyway: several daemons share pools and claims.  Once the new one serves, the
old one takes no more claims, finishes those that run, and ends.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from oslo_config import cfg
from oslo_log import log

from cube_volpool import conf as options
from cube_volpool import daemon, exception, secrecy, service, settings
from cube_volpool.cmd import meditation
from cube_volpool.conf import secret
from cube_volpool.status import meters, web

LOG = log.getLogger(__name__)

#: What a configuration may be refused with; a file that is no UTF-8 too.
BAD_CONFIGURATION: Final = (
    cfg.Error,
    exception.InvalidConfiguration,
    UnicodeDecodeError,
)
_NOT_READ: Final = (
    "The configuration is not read anew, what is in force stays"
)
#: How long a new configuration may take until it serves, in seconds; then the
#: one before stays.
_PATIENCE: Final = 120.0


class Instance:
    """One configuration, and the daemon that it comes to.

    Raises cfg.Error and InvalidConfiguration for a bad one.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        meter: meters.Meters,
        is_first: bool = True,
    ) -> None:
        conf = self._conf = cfg.ConfigOpts()
        options.register(conf)
        conf(argv, project="cube_volpool", prog="cube-volpool-engine")
        secrecy.keep(secret.read(conf))
        if is_first:
            # Once: handlers that are set up anew would not mask at first.
            log.setup(conf, "cube_volpool")
            secrecy.guard_logs()
        self.settings: settings.Settings = options.load(conf)
        self.graceful: int = conf.graceful_shutdown_timeout
        self._daemon = daemon.Daemon(conf, self.settings, meter=meter)
        self.service = service.PoolService(
            self._daemon.house.duties,
            self._daemon.rpc,
            self._daemon.check,
            graceful=self.graceful,
            # Else two configurations would look after the pools by turns.
            works_at_once=is_first,
        )
        self.site = self._daemon.site(self.service)

    @property
    def serves(self) -> bool:
        """Are claims taken?"""
        return self.service.is_serving and self._daemon.rpc.is_serving

    def show(self) -> None:
        """Let the metrics be of this one from now on."""
        self._daemon.show_pools()

    def report(self) -> str:
        """Return the Guru Meditation Report."""
        return meditation.text(
            self._conf,
            {
                "Pools": self._daemon.pools_shown,
                "Claims under way": self._daemon.claims_shown,
                "Duties": self.service.done_at,
            },
        )

    def end(self) -> None:
        """Finish what runs, and let go of everything."""
        self.service.stop()
        self._daemon.close()


class Life:
    """The instance that serves, and the one that is about to.

    ``clock`` returns seconds that only go forward.
    """

    def __init__(
        self, argv: Sequence[str], *, clock: Callable[[], float]
    ) -> None:
        self._argv = argv
        self._clock = clock
        self._meter = meters.Meters()
        self._current = Instance(argv, meter=self._meter)
        self._next: Instance | None = None
        self._give_up_at = 0.0
        self._ending: list[threading.Thread] = []
        self._server: web.Server | None = None

    @property
    def graceful(self) -> int:
        """How long a stop may take, in seconds; 0: for ever."""
        return self._current.graceful

    @property
    def failure(self) -> exception.StartupRefused | None:
        """Why nothing is served, and nothing will be."""
        return self._current.service.failure

    @property
    def is_reloading(self) -> bool:
        """Is a new configuration about to serve?"""
        return self._next is not None

    def busy_for(self) -> float:
        """Return how long the slowest present turn has been running."""
        return self._current.service.busy_for()

    def start(self) -> None:
        """Begin to serve."""
        self._current.service.start()
        self._current.show()
        self._show(self._current)

    def reload(self) -> None:
        """Read the configuration anew; a bad one is told, and left."""
        try:
            begun = Instance(self._argv, meter=self._meter, is_first=False)
        except BAD_CONFIGURATION as error:
            LOG.error("%s: %s", _NOT_READ, error)
            return
        except Exception:
            # Whatever it was, what serves goes on.
            LOG.exception(_NOT_READ)
            return
        if self._next is not None:
            self._end(self._next)
        self._next = begun
        self._give_up_at = self._clock() + _PATIENCE
        begun.service.start()

    def look(self) -> None:
        """See whether the new instance serves; to be called now and then."""
        begun = self._next
        if begun is None:
            return
        if begun.serves:
            LOG.info("The new configuration is in force")
            self._next = None
            self._end(self._current)
            begun.service.work()
            self._current = begun
            begun.show()
            self._show(begun)
            return
        failure = begun.service.failure
        is_late = self._clock() >= self._give_up_at
        if failure is not None or is_late:
            LOG.error(
                "The new configuration cannot be served, the one before "
                "stays: %s",
                failure or f"it does not serve after {_PATIENCE:.0f} s",
            )
            self._next = None
            self._end(begun)

    def report(self) -> str:
        """Return what this process is doing."""
        return self._current.report()

    def stop(self) -> None:
        """Finish what runs, and end."""
        if self._next is not None:
            self._end(self._next)
        self._current.end()
        for ending in self._ending:
            ending.join()
        self._hide()

    def _end(self, instance: Instance) -> None:
        """End an instance beside what goes on."""
        self._ending = [one for one in self._ending if one.is_alive()]
        ending = threading.Thread(
            target=instance.end, name="reload-end", daemon=True
        )
        self._ending.append(ending)
        ending.start()

    # -- metrics and health ---------------------------------------------------

    def _show(self, instance: Instance) -> None:
        """Show an instance where it wants to be shown."""
        where = instance.settings.status
        if self._server is not None and self._server.is_at(
            where.host, where.port
        ):
            self._server.show(instance.site)
            return
        self._hide()
        if where.port is None:
            return
        try:
            self._server = web.Server(
                instance.site, host=where.host, port=where.port
            )
        except OSError as error:
            # Whoever cannot be seen still serves.
            LOG.error(
                "[status]: nothing is shown, %s:%s cannot be had: %s",
                where.host,
                where.port,
                error,
            )
            return
        self._server.start()
        LOG.info("Metrics and health are at %s:%s", where.host, where.port)

    def _hide(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
