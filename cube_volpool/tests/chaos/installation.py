"""One installation: a cloud, a ledger, a broker and three daemons."""

import contextlib
import os
import pathlib
import shutil
import signal
import time
from collections.abc import Iterator

import fixtures

from cube_volpool import client, exception
from cube_volpool.tests import engine, simulator
from cube_volpool.tests.chaos import ledgers, servers
from cube_volpool.tests.functional import broker
from cube_volpool.tests.simulator import lab

DAEMONS = 3
DEPLOYMENT = "chaos"
SNAPSHOTS = {"ssd": "debian-12_ssd_20261120", "sas": "debian-12_sas_20261120"}
#: What the real lab takes, divided: two cores carry everything here.
_FASTER = 4
#: The logs of all daemons share a small disk, which a nemesis fills.
_LOG_MEBIBYTES = 96

#: The time-outs, in seconds: as short as the checks of a configuration let
#: them be, so that a take-over happens within a fault.
LEASE = 3.0
GRACE = 6.0
#: The longest pause of a duty: the one after a turn that failed.
TICK = 5.0
_CALL = 4
#: A pool keeps this many volumes.
MIN_READY = 30


class Daemon(engine.Engine):
    """A daemon that can be frozen and be given another time of day."""

    def __init__(self, configuration: pathlib.Path, log: pathlib.Path):
        super().__init__(configuration)
        self.log = log

    def said(self) -> str:
        """Return everything it wrote, to its log or before it had one."""
        logged = ""
        if self.log.exists():
            logged = self.log.read_text(encoding="utf-8", errors="replace")
        return logged + super().said()

    def restart(self) -> None:
        """Kill it and start it, as its supervisor would."""
        self.kill()
        self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it in the middle of whatever it does, then let it go on."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


class Installation(fixtures.Fixture):
    """Everything that a nemesis can hurt.

    The daemons reach the broker through ``daemons_door``, the callers of
    this process through ``callers_door``.
    """

    def __init__(self, kind: type[ledgers.LedgerDatabase]) -> None:
        self._kind = kind

    def _setUp(self) -> None:
        self.servers = self.useFixture(servers.Servers())
        self.ledger = self.useFixture(self._kind(self.servers))
        self.cloud = self._cloud()
        served = simulator.serve(self.cloud)
        self.auth_url = served.__enter__().auth_url
        self.addCleanup(served.__exit__, None, None, None)
        self._open_doors()
        self._folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.log_disk = self.useFixture(
            servers.Tmpfs(self._folder / "logs", mebibytes=_LOG_MEBIBYTES)
        )
        self.daemons = [self._start(number) for number in range(DAEMONS)]
        client.configure(
            transport_url=self._transport_url(self.callers_door),
            max_calls=256,
            accept_timeout=_CALL,
        )
        engine.wait_until(
            lambda: self.ready() == MIN_READY * len(SNAPSHOTS),
            "the shelves are full",
        )

    def _cloud(self) -> simulator.Cloud:
        cloud = simulator.Cloud.lab(
            simulator.RealClock(),
            build_seconds=0.02, build_seconds_per_gib=0.02,
            delete_seconds=0.05,
        )
        for project in ("skyline-a", "skyline-b"):
            cloud.set_quota(project, volumes=-1, gigabytes=-1)
        cloud.latency = {
            call: seconds / _FASTER for call, seconds in lab.LATENCY.items()
        }
        return cloud

    def _open_doors(self) -> None:
        url = self.servers.urls[broker.VARIABLE]
        self.useFixture(fixtures.EnvironmentVariable(broker.VARIABLE, url))
        self.daemons_door = self.useFixture(broker.Door())
        self.callers_door = self.useFixture(broker.Door())
        for door in (self.daemons_door, self.callers_door):
            door.open()

    def ready(self) -> int:
        """Return how many volumes are on the shelves, 0 without an answer."""
        context = {"project_id": self.cloud.project_id("skyline-a")}
        try:
            found = client.get_pools(context, timeout=5)
        except exception.Busy:
            return 0
        return sum(pool["ready"] for pool in found["pools"])

    def keep_logs(self, folder: pathlib.Path) -> None:
        """Copy what the daemons said to a folder of this installation."""
        shutil.copytree(self.log_disk.path, folder / self.ledger.name)

    def another(self, host: str) -> Daemon:
        """Start one more daemon, under this host name."""
        return self._start(len(self.daemons), host=host)

    def _start(self, number: int, host: str | None = None) -> Daemon:
        name = f"engine-{number}"
        log = self.log_disk.path / f"{name}.log"
        config = self._config(host or name)
        config["DEFAULT"]["log_file"] = log
        written = engine.write(self._folder / f"{name}.conf", config)
        return self.useFixture(Daemon(written, log))

    def _transport_url(self, door: broker.Door) -> str:
        # As an operator has it: without what makes other tests quick.
        return broker.broker_url(port=door.port).partition("?")[0]

    def _config(self, host: str) -> dict[str, dict[str, object]]:
        account = {
            "auth_type": "password",
            "auth_url": self.auth_url,
            "password": lab.PASSWORD,
            "user_domain_name": "Default",
            "region_name": "RegionOne",
            "timeout": _CALL,
        }
        return {
            "DEFAULT": {
                "enabled_pools": ",".join(SNAPSHOTS),
                "deployment_id": DEPLOYMENT,
                "host": host,
                "transport_url": self._transport_url(self.daemons_door),
                "graceful_shutdown_timeout": 10,
            },
            "database": {"connection": self.ledger.url},
            "pool_project": {
                **account,
                "username": "volpool",
                "project_name": "volpool",
                "project_domain_name": "Default",
            },
            "tenant": {**account, "username": "skyline"},
            # Several daemons run on this host.
            "status": {"port": 0},
            "claim": {
                "lease": LEASE,
                "look_pause": 0.5,
                "rescue_interval": 1,
                "accept_timeout": _CALL,
                "miss_grace": GRACE,
                "default_budget": 5,
                "max_outstanding_per_project": 64,
            },
            "reconcile": {
                "interval": 1,
                "audit_interval": 3,
                "intent_grace": GRACE,
                "build_timeout": 20,
                "max_creating": 64,
                "max_creating_per_snapshot": 32,
                # The faults make orphans all the time.
                "deletes_per_hour": 100000,
            },
            **{
                f"pool:{kind}": {
                    "os_name": "debian-12",
                    "volume_type": kind,
                    "min_ready": MIN_READY,
                    "max_creating": MIN_READY,
                }
                for kind in SNAPSHOTS
            },
        }


def hold(seconds: float) -> None:
    """Let a fault last; nothing is awaited."""
    time.sleep(seconds)
