"""The journeys of a change of images, and of the way back."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cube_volpool import model, settings
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import evidence, scenes
from cube_volpool.tests.reliability.crash.sweep import Journey

_ONE: Final = settings.Share(volumes=1)
_NEWER: Final = "debian-12_ssd_20261201"
#: Longer than the pauses after a few failed builds.
_LATER: Final = 120


def _settings(
    spec: Mapping[str, Any] | None = None, **reconcile: Any
) -> settings.Settings:
    made = world.settings_of(world.spec(**(spec or {})))
    limits = dataclasses.replace(made.reconcile, **reconcile)
    return dataclasses.replace(made, reconcile=limits)


def _unasked() -> settings.Settings:
    made = _settings()
    catalogue = dataclasses.replace(made.catalogue, automatic=False)
    return dataclasses.replace(made, catalogue=catalogue)


def _another_type_catalogued(target: world.World) -> None:
    name = "debian-12_sas_20261120"
    target.store.images.replace(
        [
            model.CatalogueEntry(
                os="debian-12",
                type="sas",
                snapshot_id=model.SnapshotId(target.cloud.snapshot_id(name)),
                name=name,
                version="20261120",
                role=model.Role.CURRENT,
                volume_type="sas",
                size_gib=1,
            )
        ]
    )


_WAITS: Final = _settings(drain_time=timedelta(minutes=15))


def _spoiled(target: world.World) -> None:
    """Nothing can be built from the newer image."""
    scenes.stock(target)
    scenes.newer_snapshot(target)
    target.cloud.backend.plan(
        "create", "error", times=None, lock=target.cloud.snapshot_id(_NEWER)
    )


def _switched(target: world.World) -> None:
    """The newer image is given by OS name; the old stock is still there."""
    scenes.stock(target)
    scenes.newer_snapshot(target)
    target.daemon("before").fill()


def _switched_long_ago(target: world.World) -> None:
    _switched(target)
    target.clock.advance(900)


def _rolled_back(target: world.World) -> None:
    _switched(target)
    daemon = target.daemon("before")
    _roll_back(daemon)


def _roll_back(daemon: world.Daemon) -> None:
    daemon.house.refresher.rollback("debian-12", "ssd")
    daemon.house.reconciler.round()


def _allow(daemon: world.Daemon) -> None:
    newer = daemon.world.cloud.snapshot_id(_NEWER)
    daemon.house.refresher.allow(model.SnapshotId(newer))
    daemon.house.reconciler.round()


def _used_up_and_gone(target: world.World) -> None:
    """All is given away; the image of it is deleted, a newer one is there."""
    scenes.stock(target, 1)
    target.daemon("before").claim("other", project="skyline-b")
    del target.cloud.snapshots[target.cloud.snapshot_id(evidence.SNAPSHOT)]
    scenes.newer_snapshot(target)


def _until_rejected(daemon: world.Daemon) -> None:
    """Two builds are begun, and both fail."""
    daemon.house.duties.sync()
    for _ in range(2):
        daemon.house.reconciler.round()
        daemon.world.clock.advance(_LATER)
    daemon.house.duties.sync()
    daemon.house.reconciler.round()


JOURNEYS: Final[Mapping[str, Journey]] = {
    "refresh_one_by_one": Journey(
        about="A newer image, and room for one volume more than the pool has.",
        act=world.Daemon.fill,
        prepare=scenes.after(scenes.stock, scenes.newer_snapshot),
        config=_settings({"surge": _ONE, "switch_at": _ONE}),
        asks=None,
        surge=2,
        makes=("pools.switch", "stock.evict", "stock.begin_creates"),
    ),
    "first_image_unasked": Journey(
        about="A new pool begins, and nobody reads images by himself.",
        act=world.Daemon.fill,
        prepare=_another_type_catalogued,
        config=_unasked(),
        asks=None,
        makes=("images.add", "pools.set_source", "pools.prove"),
    ),
    "drain": Journey(
        about="The time of the old stock is over.",
        act=world.Daemon.fill,
        prepare=_switched_long_ago,
        config=_WAITS,
        asks=None,
        surge=2,
        makes=("stock.evict", "pool.delete_volume", "stock.forget"),
    ),
    "rejection_by_the_poison_guard": Journey(
        about="Two builds of a newer image fail; it is given up.",
        act=_until_rejected,
        prepare=_spoiled,
        config=_settings(poison_after=2),
        asks=None,
        surge=3,
        turns=20,
        makes=("pools.count_build", "images.reject_new", "pools.set_source"),
    ),
    "rollback": Journey(
        about="An operator goes back to the image before.",
        act=_roll_back,
        prepare=_switched,
        config=_WAITS,
        asks=None,
        surge=2,
        makes=("images.reject", "pools.set_source", "pools.switch"),
    ),
    "rejection_taken_back": Journey(
        about="And forth again: the newer one is allowed.",
        act=_allow,
        prepare=_rolled_back,
        config=_WAITS,
        asks=None,
        surge=2,
        makes=("images.allow", "pools.set_source", "pools.switch"),
    ),
    "current_image_is_gone": Journey(
        about="Nothing is left of an image that was deleted.",
        act=lambda daemon: daemon.house.duties.sync(),
        prepare=_used_up_and_gone,
        asks=None,
        keeps=True,
        makes=("pools.set_source", "pools.abandon", "images.replace"),
    ),
}
