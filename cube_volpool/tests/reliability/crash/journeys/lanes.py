"""The journeys of lanes: they are made, built by and retired."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from cube_volpool import settings, twin
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, lane_scenes, scenes
from cube_volpool.tests.reliability.crash.sweep import Journey
from cube_volpool.tests.simulator import faults

_POOL: Final = world.spec().name


def _settings(**changes: Any) -> settings.Settings:
    values = {"lanes": 2, **changes}
    return world.settings_of(world.spec(**values))


_LANES: Final = _settings()
_ONE: Final = _settings(lanes=1)


def _laned(target: world.World) -> None:
    """There is stock, and there are two lanes."""
    scenes.stock(target)
    lane_scenes.make(target)


def _by_lanes(target: world.World) -> None:
    """All that the shelf has was made of the first of them."""
    scenes.stock(target)
    lane_scenes.shelve(target, lane_scenes.make(target)[0])


def _given_away(target: world.World) -> None:
    """The lanes are there; the shelf is empty."""
    scenes.stock(target, 0)
    lane_scenes.make(target)


def _rounds(daemon: world.Daemon) -> None:
    """Reconcile until nothing is under way; the images are known."""
    for _ in range(40):
        if not daemon.house.reconciler.round():
            return
        daemon.world.clock.advance(5)


def _audit(daemon: world.Daemon) -> None:
    daemon.house.duties.audit()
    _rounds(daemon)


def _without_rows(target: world.World) -> None:
    """The ledger is a backup from before the lanes."""
    _by_lanes(target)
    with target.store.ledger.write() as session:
        session.execute(sa.delete(models.twins))
        session.execute(sa.delete(models.backup_volumes))
    target.clock.advance(3600)


def _spoiled(target: world.World) -> None:
    """Two builds of the first twin have failed, and so will the next."""
    scenes.stock(target, 0)
    first, _ = lane_scenes.make(target)
    for _time in range(2):
        target.store.twins.count_build(_POOL, first, failed=True)
    target.cloud.backend.plan("create", "error", lock=first)


def _lost_twin(target: world.World) -> None:
    """Somebody deleted a twin by hand."""
    _laned(target)
    one = next(
        snapshot
        for snapshot in target.cloud.snapshots.values()
        if twin.KIND_KEY in snapshot.metadata
    )
    target.cloud.drop_snapshot(one)


def _with_bad_post(path: str) -> scenes.Scene:
    return scenes.with_fault(
        scenes.stock, "POST", path, faults.late(), project="volpool"
    )


def _few_rounds(daemon: world.Daemon) -> None:
    daemon.house.duties.sync()
    for _ in range(4):
        daemon.house.reconciler.round()
        daemon.world.clock.advance(5)


JOURNEYS: Final[Mapping[str, Journey]] = {
    "lanes_made": Journey(
        about="A full pool gets a carrier and two twins of it.",
        act=_rounds,
        prepare=scenes.stock,
        config=_LANES,
        asks=None,
        keeps=True,
        makes=(
            "twins.load",
            "twins.begin",
            "twins.is_still_intent",
            "pool.create_volume",
            "twins.attach",
            "twins.promote",
            "pool.create_snapshot",
            "pool.get_snapshot",
        ),
    ),
    "carrier_whose_create_is_late": Journey(
        about="Its POST times out and is executed after the crash.",
        act=_few_rounds,
        prepare=_with_bad_post("/volumes"),
        config=_LANES,
        asks=None,
        surge=2,
        makes=("pool.create_volume", "pool.list_volumes"),
        times_out=True,
    ),
    "twin_whose_create_is_late": Journey(
        about="Its POST times out and is executed after the crash.",
        act=_few_rounds,
        prepare=_with_bad_post("/snapshots"),
        config=_LANES,
        asks=None,
        makes=("pool.create_snapshot", "pool.list_snapshots"),
        times_out=True,
    ),
    "twin_whose_create_comes_after_its_grace": Journey(
        about="Nobody waits for it any more; the audit finds it.",
        act=_few_rounds,
        prepare=scenes.stock,
        config=_LANES,
        asks=None,
        lands_last=True,
        sides=(doors.Side.LATE,),
        turns=20,
        makes=("pool.create_snapshot",),
    ),
    "top_up_by_lanes": Journey(
        about="An empty shelf is filled with volumes of twins.",
        act=_rounds,
        prepare=_given_away,
        config=_LANES,
        asks=None,
        keeps=True,
        makes=(
            "twins.lanes",
            "stock.begin_creates",
            "pool.create_volume",
            "twins.count_build",
        ),
    ),
    "hit_of_a_volume_of_a_twin": Journey(
        about="A claim gets what was made of a twin.",
        act=lambda daemon: daemon.claim("web_sys", metadata={"mine": "yes"}),
        prepare=_by_lanes,
        config=_LANES,
        keeps=True,
        makes=("pool.update_volume", "tenant.accept", "endings.bind"),
    ),
    "lanes_retired": Journey(
        about="The configuration wants no lanes any more.",
        act=_audit,
        prepare=_laned,
        config=_ONE,
        asks=None,
        turns=20,
        makes=(
            "twins.pools",
            "twins.condemn",
            "pool.delete_snapshot",
            "twins.forget",
            "stock.charge_delete",
            "pool.delete_volume",
        ),
    ),
    "carrier_delete_refused": Journey(
        about="A snapshot that nobody knew keeps Cinder from it.",
        act=_audit,
        prepare=scenes.after(
            _laned,
            scenes.with_fault(
                scenes.nothing, "DELETE", "/volumes/*", faults.refuse(400)
            ),
        ),
        config=_ONE,
        asks=None,
        turns=30,
        makes=("stock.refund_delete", "pool.list_snapshots"),
    ),
    "lanes_of_a_new_image": Journey(
        about="A newer image gets lanes, while its first volumes are built.",
        act=_few_rounds,
        prepare=scenes.after(_laned, scenes.newer_snapshot),
        config=_LANES,
        asks=None,
        surge=3,
        turns=30,
        makes=("pools.set_source", "twins.begin", "pool.create_snapshot"),
    ),
    "twin_that_fails": Journey(
        about="A third build in a row of one fails; it is replaced.",
        act=_rounds,
        prepare=_spoiled,
        config=_LANES,
        asks=None,
        keeps=True,
        surge=2,
        turns=20,
        makes=("stock.evict", "twins.count_build", "twins.condemn"),
    ),
    "twin_deleted_by_hand": Journey(
        about="The audit finds one missing, and it is replaced.",
        act=_audit,
        prepare=_lost_twin,
        config=_LANES,
        asks=None,
        turns=20,
        makes=("pool.get_snapshot", "twins.condemn", "twins.forget"),
    ),
    "audit_of_a_ledger_without_twins": Journey(
        about="Strays are condemned, and what was made of them is taken in.",
        act=_audit,
        prepare=_without_rows,
        config=_LANES,
        asks=None,
        keeps=True,
        surge=3,
        turns=30,
        makes=("twins.take_in", "stock.adopt", "pool.delete_snapshot"),
    ),
}
