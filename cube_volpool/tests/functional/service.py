"""A daemon with a real broker and a real database, on the simulator."""

import pathlib
from collections.abc import Mapping
from typing import Any

import fixtures

from cube_volpool.tests import engine, simulator
from cube_volpool.tests.functional import broker, installation

#: One pool, which is soon filled.
POOLS = {"deb": installation.POOL}


class Service(fixtures.Fixture):
    """Started, and not waited for; everything goes with the fixture.

    :param vhost: a virtual host of its own, so that daemons of other tests
        do not take what is asked of this one.
    :param pools: their options by name.
    :param changes: further options, or others, by group.
    """

    def __init__(
        self,
        vhost: str,
        pools: Mapping[str, Mapping[str, object]] = POOLS,
        changes: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        super().__init__()
        self.broker_url = broker.broker_url(vhost=vhost)
        self._pools = pools
        self._changes = changes or {}

    def _setUp(self) -> None:
        self.cloud = simulator.Cloud.lab(
            simulator.RealClock(), build_seconds=0.1, build_seconds_per_gib=0.1
        )
        serving = simulator.serve(self.cloud)
        self.auth_url = serving.__enter__().auth_url
        self.addCleanup(serving.__exit__, None, None, None)
        database = self.useFixture(installation.Database())
        database.sync()
        #: What the file says, by group.
        self.config: dict[str, Any] = installation.sections(
            auth_url=self.auth_url,
            database=database.url(),
            broker=self.broker_url,
            pools=self._pools,
        )
        for group, options in self._changes.items():
            self.config.setdefault(group, {}).update(options)
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = engine.write(self.folder / "engine.conf", self.config)
        self.daemon = self.useFixture(engine.Engine(self.file))
