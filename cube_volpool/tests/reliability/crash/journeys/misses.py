"""Claims that the shelf cannot serve, or served before."""

from collections.abc import Mapping
from typing import Any, Final

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import scenes, sweep
from cube_volpool.tests.reliability.crash.sweep import Journey
from cube_volpool.tests.simulator import faults


def _by_os_name(daemon: world.Daemon) -> Any:
    return daemon.claim(
        metadata={"mine": "yes"},
        volume_type="sas",
        snapshot_id=None,
        os_name="debian-12",
    )


def _own(daemon: world.Daemon) -> Any:
    # Named like a golden volume, which the judge takes for no stock.
    return daemon.claim("src-own_sys", project="volpool")


def _own_volume(target: world.World) -> None:
    """The pool's own project has a volume that is no stock."""
    target.cloud.identity.grant("skyline", "volpool", "admin")
    target.cloud.add_volume(
        "volpool", "src-own_sys", size=1, volume_type="ssd", bootable=True
    )


JOURNEYS: Final[Mapping[str, Journey]] = {
    "miss": Journey(
        about="A claim that the empty pool cannot serve.",
        act=sweep.claim,
        prepare=scenes.nothing,
        makes=("claims.begin_miss", "tenant.create_volume", "endings.bind"),
    ),
    "miss_by_os_name": Journey(
        about="No pool has that type; the catalogue knows the snapshot.",
        act=_by_os_name,
        asks=_by_os_name,
        prepare=scenes.synced,
        gives="debian-12_sas_20261120",
        makes=("images.list", "tenant.create_volume"),
    ),
    "miss_with_existing_name": Journey(
        about="The pool is empty, and the caller has that name already.",
        act=sweep.claim,
        prepare=scenes.named_alike,
        makes=("endings.bind",),
    ),
    "existing_name_in_the_pools_project": Journey(
        about="Its own claim: what is there may be somebody else's stock.",
        act=_own,
        prepare=_own_volume,
        asks=None,
        makes=("stock.unpromised", "endings.bind"),
    ),
    "miss_whose_create_is_late": Journey(
        about="The POST times out and is executed after the crash.",
        act=sweep.claim,
        prepare=scenes.with_fault(
            scenes.nothing,
            "POST",
            "/volumes",
            faults.late(),
            project="skyline-a",
        ),
        makes=("tenant.create_volume",),
        times_out=True,
    ),
    "miss_whose_create_is_not_answered": Journey(
        about="The POST times out after it took effect.",
        act=sweep.claim,
        prepare=scenes.with_fault(
            scenes.nothing,
            "POST",
            "/volumes",
            faults.lose("timeout"),
            project="skyline-a",
        ),
        makes=("tenant.create_volume", "endings.bind"),
        times_out=True,
    ),
    "miss_over_quota": Journey(
        about="The create is refused; later it would not be.",
        act=sweep.claim,
        prepare=scenes.over_quota,
        relieve=scenes.within_quota,
        makes=("tenant.create_volume", "endings.fail_empty"),
    ),
    "miss_refused": Journey(
        about="Misses are refused by configuration.",
        act=sweep.claim,
        prepare=scenes.nothing,
        config=world.settings_of(create_on_miss=False),
        makes=("endings.fail_empty",),
    ),
    "unbind_of_a_deleted_volume": Journey(
        about="A claim bound before, its volume deleted by its owner.",
        act=sweep.claim,
        prepare=scenes.bound_and_gone,
        keeps=True,
        makes=("tenant.get_volume", "claims.unbind", "endings.bind"),
    ),
    "unbind_of_a_renamed_volume": Journey(
        about="A claim bound before, its volume renamed by its owner.",
        act=sweep.claim,
        prepare=scenes.bound_and_renamed,
        keeps=True,
        makes=("stock.now", "claims.unbind", "endings.bind"),
    ),
    "repeat": Journey(
        about="A claim bound before, asked again.",
        act=sweep.claim,
        prepare=scenes.bound,
        makes=("claims.open", "tenant.get_volume"),
    ),
}
