"""An installation of the service on the lab: configuration, ledger, names.

The lab has one database and one virtual host for it, so there is one
installation at a time.  Its deployment id, its pools and its volumes have
names of their own, and what it made is removed at the end.
"""

import contextlib
import functools
import pathlib
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import fixtures
import sqlalchemy as sa
from kombu import connection

from cube_volpool.db import migration, models, shelf
from cube_volpool.db.store import Store
from cube_volpool.rpc import api
from cube_volpool.tests import engine
from cube_volpool.tests.integration import lab

#: How long Cinder may take to remove what an installation made, in seconds.
PATIENCE = 180.0
#: Who owns volumes of an installation, and with whose account they go.
_OWNERS = (
    ("volpool", "volpool"), ("alice", "skyline-a"), ("bob", "skyline-b"),
)


class Installation(fixtures.Fixture):
    """An empty ledger, names of its own, configuration files."""

    def __init__(self, where: lab.Lab, prefix: str = "it") -> None:
        super().__init__()
        self.lab = where
        #: In front of every name in Cinder that is made here.
        self.tag = f"{prefix}-{uuid.uuid4().hex[:8]}"

    def _setUp(self) -> None:
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        refuse_company(self.lab.amqp_url)
        self.store = Store(
            {"connection": self.lab.db_url},
            draw=functools.partial(random.randint, 1, shelf.MOST),
        )
        self.addCleanup(self.store.close)
        self._empty_ledger()
        self.addCleanup(self.remove_volumes)

    def pool(self, name: str) -> str:
        """Return the full name of a pool."""
        return f"{self.tag}.{name}"

    def configure(
        self,
        name: str,
        pools: engine.Sections,
        changes: engine.Sections | None = None,
    ) -> pathlib.Path:
        """Write a configuration file and return its path.

        Args:
            name: of the daemon.
            pools: their options by short name.
            changes: further options, or others, by group.
        """
        sections: dict[str, dict[str, object]] = {
            "DEFAULT": {
                "enabled_pools": ",".join(map(self.pool, pools)),
                "deployment_id": self.tag,
                "host": name,
                "transport_url": self.lab.amqp_url,
                "graceful_shutdown_timeout": 20,
            },
            "database": {"connection": self.lab.db_url},
            "reconcile": {
                "interval": 1,
                "audit_interval": 5,
                "max_creating_per_snapshot": 16,
            },
            "pool_project": {
                **account(self.lab, "volpool"), **project("volpool"),
            },
            "tenant": account(self.lab, "skyline"),
            # Several daemons run on this host.
            "status": {"port": 0},
        }
        for short, options in pools.items():
            sections[f"pool:{self.pool(short)}"] = dict(options)
        for group, options in (changes or {}).items():
            sections.setdefault(group, {}).update(options)
        return engine.write(self.folder / f"{name}.conf", sections)

    def hold_refill(self, held: bool = True) -> None:
        """Let no pool create a volume, until told otherwise."""
        with self.store.ledger.write() as session:
            session.execute(sa.update(models.pools).values(paused=held))

    def volumes(self) -> Iterator[tuple[lab.Account, dict[str, Any]]]:
        """Return what belongs to this installation, with who may delete."""
        for user, place in _OWNERS:
            account = self.lab.account(user, place)
            for volume in account.volumes():
                if self.owns(volume):
                    yield account, volume

    def owns(self, volume: Mapping[str, Any]) -> bool:
        """Was this volume made for this installation?"""
        return (
            volume["metadata"].get("cube_volpool_deployment") == self.tag
            or (volume["name"] or "").startswith(self.tag)
        )

    def remove_volumes(self) -> None:
        """Delete every volume of this installation and wait for it."""
        end = time.monotonic() + PATIENCE
        while left := list(self.volumes()):
            for account, volume in left:
                account.delete(volume["id"])
            if time.monotonic() > end:
                raise AssertionError(
                    f"not removed: {[volume['id'] for _, volume in left]}"
                )
            time.sleep(0.5)

    def _empty_ledger(self) -> None:
        migration.sync(self.store.ledger.engine)
        with self.store.ledger.write() as session:
            for table in reversed(models.METADATA.sorted_tables):
                session.execute(sa.delete(table))


def account(where: lab.Lab, user: str) -> dict[str, object]:
    """Return the options of a user of the lab; without any project."""
    return {
        "auth_type": "password",
        "auth_url": where.auth_url,
        "username": user,
        "password": where.users[user],
        "user_domain_name": "Default",
        "region_name": where.region,
    }


def project(name: str) -> dict[str, object]:
    """Return the options of a project of the lab."""
    return {"project_name": name, "project_domain_name": "Default"}





def refuse_company(amqp_url: str) -> None:
    """Fail when another daemon listens on the lab's bus.

    It would take claims that are meant for ours.  Requests that nobody took
    are dropped.
    """
    url = amqp_url.replace("rabbit:", "amqp:", 1)
    # Without a queue nobody listens: the channel ends in an error.
    with (
        connection.Connection(url) as opened,
        contextlib.suppress(*opened.channel_errors),
    ):
        channel = opened.default_channel
        declared = channel.queue_declare(api.TOPIC, passive=True)
        if declared.consumer_count:
            raise AssertionError(
                f"{declared.consumer_count} daemons listen on the lab's "
                "message bus already; stop them first"
            )
        channel.queue_purge(api.TOPIC)
