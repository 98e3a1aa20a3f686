"""What an installation needs, looked at one by one."""

import datetime
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oslo_config import cfg

from cube_volpool import (
    app,
    exception,
    secrecy,
    settings,
    volumeapi,
)
from cube_volpool import conf as options
from cube_volpool.cli import daemon
from cube_volpool.client import connection
from cube_volpool.conf import broker, secret
from cube_volpool.rpc import policy

#: By how much two clocks may differ: a little of a lease, in seconds.
_SKEW: Final = 5.0
#: For a daemon to answer, in seconds.
_PATIENCE: Final = 10.0


class Result(StrEnum):
    """What a look came to."""

    OK = "ok"
    #: Serving goes on, and somebody should look.
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One look."""

    check: str
    result: Result
    #: What was seen, or what is wrong and how to mend it.
    told: str


class _Warning(Exception):
    """Not as it should be, and no reason not to serve."""


class Checkup:
    """Looks at an installation from the host of a daemon.

    ``files`` are its configuration; None: where a daemon would find it.
    """

    def __init__(self, files: list[str] | None) -> None:
        self._files = files
        self._conf = cfg.ConfigOpts()
        self._checks: dict[str, Callable[[], str]] = {
            "policy": self._policy,
            "database": self._database,
            "database clock": self._database_clock,
            "broker and daemon": self._daemon,
            "pool account": self._pool_account,
            "keystone clock": self._keystone_clock,
            "tenant account": self._tenant_account,
            "cinder microversion": self._microversion,
            "cinder filters": self._filters,
            "pool quota": self._quota,
            "images": self._images,
        }

    def findings(self) -> Iterator[Finding]:
        """Look; without a configuration there is nothing else to look at."""
        first = _look("configuration", self._configuration)
        yield first
        if first.result is Result.FAILED:
            return
        for name, check in self._checks.items():
            yield _look(name, check)

    # -- here -----------------------------------------------------------------

    def _configuration(self) -> str:
        options.register(self._conf)
        self._read()
        secrecy.keep(secret.read(self._conf))
        self._settings = options.load(self._conf)
        broker.check(self._conf)
        self._sessions = app.open_sessions(self._conf, self._settings)
        return f"{len(self._settings.pools)} pools are enabled"

    def _read(self) -> None:
        try:
            self._conf(
                [],
                project="cube_volpool",
                prog="cube-volpool-engine",
                default_config_files=self._files,
            )
        except cfg.ConfigFileParseError as error:
            # Its text repeats the line, and that may be a password's.
            raise exception.StartupRefused(
                f"{error.config_file} cannot be read: a line of it is no "
                "[group] and no option = value"
            ) from None

    def _policy(self) -> str:
        policy.Policy(self._conf).check()
        return "its rules can be read"

    # -- the database ---------------------------------------------------------

    def _database(self) -> str:
        with closing(app.open_store(self._conf)) as store:
            store.check_schema()
        return "its tables are of this release"

    def _database_clock(self) -> str:
        with closing(app.open_store(self._conf)) as store:
            return _compared("the database's", store.stock.now())

    # -- the message broker ---------------------------------------------------

    def _daemon(self) -> str:
        try:
            daemon.Daemon(self._conf, url=None, login=None).call(
                "get_pools", timeout=_PATIENCE
            )
        except (connection.NobodyListens, connection.NoAnswer) as error:
            raise _Warning(
                f"the broker is there, and no daemon answers: {error}; start "
                "cube-volpool-engine"
            ) from error
        except connection.NotSent as error:
            raise exception.StartupRefused(
                f"[DEFAULT] transport_url: {error}; is RabbitMQ running, and "
                "may this account use its virtual host?"
            ) from error
        return "a daemon answers"

    # -- Keystone and Cinder --------------------------------------------------

    def _pool_account(self) -> str:
        roles = self._sessions.pool_probe().roles()
        return f"[pool_project] has the roles {', '.join(sorted(roles))}"

    def _keystone_clock(self) -> str:
        issued = self._sessions.pool_probe().issued()
        return _compared("Keystone's", issued.replace(tzinfo=None))

    def _tenant_account(self) -> str:
        return f"{self._sessions.tenant_access()} is let in"

    def _microversion(self) -> str:
        return f"Cinder has {self._sessions.pool_probe().microversion()}"

    def _filters(self) -> str:
        found = self._sessions.pool_probe().filters()
        return f"volumes are listed by {', '.join(sorted(found))}"

    def _quota(self) -> str:
        limits = self._sessions.pool_probe().limits()
        wanted = sum(map(_most, self._settings.pools))
        return _room(limits.get("maxTotalVolumes", -1), wanted)

    def _images(self) -> str:
        with app.open_refresher(self._conf) as refresher:
            planned = refresher.plan()
        if planned.without:
            raise exception.StartupRefused(
                "; ".join(
                    f"pool {pool}: {why}"
                    for pool, why in planned.without.items()
                )
            )
        troubles = [str(f) for f in planned.findings if f.is_trouble]
        if troubles:
            raise _Warning("; ".join(troubles))
        return "every pool has one"


def _look(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, Result.OK, check())
    except _Warning as warning:
        return Finding(name, Result.WARNING, secrecy.masked(str(warning)))
    except (
        cfg.Error,
        exception.VolpoolError,
        volumeapi.VolumeAPIError,
    ) as error:
        return Finding(name, Result.FAILED, secrecy.masked(str(error)))
    except Exception as error:
        # Whatever a library says: the other looks are worth having.
        text = f"{type(error).__name__}: {error}"
        return Finding(name, Result.FAILED, secrecy.masked(text))


def _compared(whose: str, seen: datetime.datetime) -> str:
    """Compare a clock, naive UTC, with this host's."""
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    ahead = (seen - now).total_seconds()
    told = f"{whose} clock is {abs(ahead):.0f} s"
    told += " ahead of this host's" if ahead > 0 else " behind this host's"
    if abs(ahead) > _SKEW:
        raise _Warning(f"{told}; let both follow the same time server")
    return told


def _most(spec: settings.PoolSpec) -> int:
    return spec.min_ready + spec.surge.of(spec.min_ready)


def _room(limit: int, wanted: int) -> str:
    if limit < 0:
        return "the pool project has no limit of volumes"
    if limit < wanted:
        raise _Warning(
            f"the pool project may have {limit} volumes, the pools may come "
            f"to {wanted} in a change of images; raise its quota, or lower "
            "min_ready or surge"
        )
    return f"the pools may come to {wanted} of {limit} volumes"
