"""What a daemon of the tests is installed with: options, a database."""

import os
import uuid
from urllib import parse

import fixtures
import sqlalchemy as sa

from cube_volpool.db import migration

POOL = {"os_name": "debian-12", "volume_type": "ssd", "min_ready": 2}


def sections(*, auth_url, database, broker, pools):
    """Return a configuration for the accounts of the lab's world."""
    account = {
        "auth_type": "password",
        "auth_url": auth_url,
        "password": "labadmin",
        "user_domain_name": "Default",
        "region_name": "RegionOne",
    }
    return {
        "DEFAULT": {
            "enabled_pools": ",".join(pools),
            "deployment_id": "test",
            "transport_url": broker,
            "graceful_shutdown_timeout": 10,
        },
        "database": {"connection": database},
        "pool_project": {
            **account,
            "username": "volpool",
            "project_name": "volpool",
            "project_domain_name": "Default",
        },
        "tenant": {**account, "username": "skyline"},
        # Several daemons run on this host.
        "status": {"port": 0},
        "reconcile": {"interval": 1},
        **{f"pool:{name}": dict(pool) for name, pool in pools.items()},
    }


class Database(fixtures.Fixture):
    """A database of its own on the real MariaDB."""

    VARIABLE = "VOLPOOL_TEST_MYSQL_URL"

    def _setUp(self) -> None:
        server = os.environ.get(self.VARIABLE)
        if not server:
            raise AssertionError(f"{self.VARIABLE} is not set")
        self._server = parse.urlsplit(server)
        self._name = f"volpool_{uuid.uuid4().hex[:12]}"
        self.host = self._server.hostname
        self.port = self._server.port or 3306
        self._run(f"CREATE DATABASE {self._name} CHARACTER SET utf8mb4")
        self.addCleanup(self._run, f"DROP DATABASE {self._name}")

    def url(self, *, port: int | None = None) -> str:
        """Return the URL, through ``port`` when given."""
        account = self._server.netloc.rpartition("@")[0]
        return self._server._replace(
            netloc=f"{account}@127.0.0.1:{port or self.port}",
            path=f"/{self._name}",
        ).geturl()

    def sync(self) -> None:
        """Make the tables."""
        made = sa.create_engine(self.url())
        migration.sync(made)
        made.dispose()

    def _run(self, statement: str) -> None:
        made = sa.create_engine(self._server.geturl())
        with made.begin() as connection:
            connection.execute(sa.text(statement))
        made.dispose()
