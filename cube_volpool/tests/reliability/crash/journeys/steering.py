"""The journeys of operators: a volume that goes, one that is kept, a drain."""

from collections.abc import Mapping
from typing import Final

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import scenes
from cube_volpool.tests.reliability.crash.sweep import Journey, claim


def _evict(daemon: world.Daemon) -> None:
    daemon.house.steering.evict(
        scenes.first(daemon.world).id, reason="odd"
    )
    daemon.fill()


def _hold(daemon: world.Daemon) -> None:
    held = scenes.first(daemon.world).id
    daemon.house.steering.hold(held)
    daemon.fill()
    daemon.house.steering.evict(held, reason=None)
    daemon.fill()


def _hold_and_claim(daemon: world.Daemon) -> None:
    daemon.house.steering.hold(scenes.first(daemon.world).id)
    claim(daemon)


def _drain(daemon: world.Daemon) -> None:
    [spec] = daemon.world.settings.pools
    daemon.house.steering.drain(spec.name)
    daemon.fill()
    daemon.house.steering.resume(spec.name)
    daemon.fill()


JOURNEYS: Final[Mapping[str, Journey]] = {
    "operator_evicts": Journey(
        about="An operator gives a volume up; another one is built.",
        act=_evict,
        prepare=scenes.stock,
        asks=None,
        makes=("steering.evict", "pool.delete_volume", "pool.create_volume"),
    ),
    "operator_holds": Journey(
        about="A volume is kept for study, replaced, and given up at last.",
        act=_hold,
        prepare=scenes.stock,
        asks=None,
        makes=("steering.hold", "pool.create_volume", "steering.evict"),
    ),
    "operator_holds_beside_a_claim": Journey(
        about="The next volume is held while a claim is served.",
        act=_hold_and_claim,
        prepare=scenes.stock,
        makes=("steering.hold", "tenant.accept"),
    ),
    "pool_drained_and_resumed": Journey(
        about="All stock is given up, and built anew.",
        act=_drain,
        prepare=scenes.stock,
        asks=None,
        surge=2,
        makes=(
            "steering.set_pool",
            "stock.evict",
            "pool.delete_volume",
            "pool.create_volume",
        ),
    ),
}
