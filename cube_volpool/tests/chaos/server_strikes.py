"""What is done to the broker and the database."""

import time

from cube_volpool.tests import engine
from cube_volpool.tests.chaos import ledgers
from cube_volpool.tests.chaos.installation import hold
from cube_volpool.tests.chaos.scene import Scene

#: MariaDB writes its log once a second; more, for it may be late.
_LOST = 3.0


def restart_broker(scene: Scene) -> None:
    with scene.house.servers.away("rabbitmq"):
        hold(2)


def shut_broker_door(scene: Scene) -> None:
    scene.house.daemons_door.shut()
    hold(5)
    scene.house.daemons_door.open()


def deafen_broker_door(scene: Scene) -> None:
    scene.house.daemons_door.make_deaf()
    hold(5)
    scene.house.daemons_door.open()


def cut_broker_off(scene: Scene) -> None:
    """Connections stay; what was sent arrives late and all at once."""
    door = scene.chance.choice(
        (scene.house.daemons_door, scene.house.callers_door)
    )
    door.hold()
    hold(8)
    door.let_go()


def restart_database(scene: Scene) -> None:
    with scene.house.servers.away(scene.house.ledger.server):
        hold(2)


def crash_database(scene: Scene) -> None:
    scene.house.ledger.keep_commits()
    with scene.house.servers.away(scene.house.ledger.server, crash=True):
        hold(2)


def lose_commits(scene: Scene) -> None:
    """A crash that takes the commits of the last second along.

    As a failover to a replica that lags, or a Galera that lost some.
    """
    scene.house.ledger.execute(
        "SET GLOBAL innodb_flush_log_at_trx_commit = 0"
    )
    hold(1)
    begun = time.monotonic() - _LOST
    with scene.house.servers.away(scene.house.ledger.server, crash=True):
        scene.forgotten.append((begun, time.monotonic()))
        hold(1)


def hang_up_database(scene: Scene) -> None:
    ended = 0
    for _ in range(3):
        ended += scene.house.ledger.hang_up()
        hold(1)
    assert ended, "the daemons had no connection"


def make_database_read_only(scene: Scene) -> None:
    with scene.house.ledger.read_only():
        hold(5)


def fill_database_disk(scene: Scene) -> None:
    ledger = scene.house.ledger
    assert isinstance(ledger, ledgers.PostgresqlLedger)
    log = scene.house.servers.folder / "logs" / "postgresql.out"
    words = "No space left on device"
    before = log.read_text(errors="replace").count(words)
    with ledger.space.full():
        engine.wait_until(
            lambda: log.read_text(errors="replace").count(words) > before,
            "the database has no room",
        )
        hold(4)
