"""What the world is like before a journey: stock, leavings, bad luck."""

import uuid
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from cube_volpool import model, settings
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, sweep
from cube_volpool.tests.reliability.crash.evidence import SNAPSHOT
from cube_volpool.tests.simulator import faults, lab, records

ACCEPT: Final = "/volume-transfers/*/accept"

#: What it returns is nobody's business but another scene's.
Scene = Callable[[world.World], object]


def stock(target: world.World, count: int = 2) -> None:
    """Put volumes on the shelf, as a daemon would have left them.

    Straight into the ledger and the cloud: every crash has a world anew.
    """
    now = target.clock.now().replace(tzinfo=None)
    times = {"created_at": now, "updated_at": now}
    snapshot_id = target.cloud.snapshot_id(SNAPSHOT)
    spec = target.settings.pools[0]
    record = {
        "generation": 1,
        "paused": False,
        "drained": False,
        "counted_hits": 0,
        "counted_misses": 0,
        "deletes": 0,
        **times,
    }
    source = {
        "source_snapshot_id": snapshot_id,
        "source_size_gib": 1,
        "current_snapshot_id": snapshot_id,
    }
    rows = [_shelved(target, spec, snapshot_id) for _ in range(count)]
    with target.store.ledger.write() as session:
        session.execute(
            sa.insert(models.pools).values(name=model.FLEET, **record)
        )
        session.execute(
            sa.insert(models.pools).values(name=spec.name, **record, **source)
        )
        if rows:
            session.execute(
                sa.insert(models.backup_volumes),
                [{**row, **times} for row in rows],
            )


def _shelved(
    target: world.World, spec: settings.PoolSpec, snapshot_id: str
) -> dict[str, Any]:
    """Make a volume; return the columns of its row."""
    marker = model.Marker(str(uuid.uuid4()))
    name = model.pooled_name(marker)
    volume = target.cloud.add_volume(
        "volpool",
        name,
        size=1,
        volume_type=spec.volume_type,
        user="volpool",
        bootable=True,
        snapshot_id=snapshot_id,
        metadata={
            model.DEPLOYMENT_KEY: world.DEPLOYMENT,
            model.MARKER_KEY: marker,
            model.POOL_KEY: spec.name,
        },
    )
    return {
        "marker": marker,
        "pool": spec.name,
        "volume_id": volume.id,
        "name": name,
        "type": spec.volume_type,
        "os": spec.os_name,
        "snapshot_id": snapshot_id,
        "size_gib": 1,
        "availability_zone": "nova",
        "status": model.RowStatus.AVAILABLE,
        "held": False,
        "generation": 1,
    }


def stock_of(count: int) -> Scene:
    """Return the scene with so many volumes on the shelf."""
    return lambda target: stock(target, count)


def nothing(_target: world.World) -> None:
    """Leave the world as it begins: a pool of which nobody knows."""


def after(*scenes: Scene) -> Scene:
    """Return the scenes one after the other."""

    def scene(target: world.World) -> None:
        for one in scenes:
            one(target)

    return scene


def first(target: world.World) -> records.Volume:
    """Return the volume that the next claim takes."""
    name = target.settings.pools[0].name
    row = target.store.stock.load(name).rows[0]
    return target.cloud.volumes[str(row.volume_id)]


def with_fault(
    before: Scene, method: str, path: str, *acts: faults.Act, **where: Any
) -> Scene:
    """Return a scene after which such requests go wrong, once each."""

    def scene(target: world.World) -> None:
        before(target)
        for act in acts:
            target.cloud.fault(
                method, path, act, **{"times": 1, **where}
            )

    return scene


def abandoned(
    call: str,
    side: doors.Side,
    *,
    before: Scene = stock,
    waits: float = sweep.LEASE_OVER,
    then: Scene = nothing,
) -> Scene:
    """Return the scene that a daemon left which died in its claim.

    Args:
        call: the first call of this name is its last one.
        side: where in it; a late one arrives as late as it can.
        before: what was before that.
        waits: seconds since then.
        then: what happened after that.
    """

    def scene(target: world.World) -> None:
        before(target)
        process = doors.Process(doors.Point(0, call, side))
        daemon = target.daemon("before", wrap=process.wrap)
        try:
            sweep.claim(daemon)
        except doors.Crash:
            target.cloud.late.append(process.land)
            target.clock.advance(waits)
            then(target)
            return
        raise AssertionError(f"no daemon died at {call}")

    return scene


def bound(target: world.World) -> records.Volume:
    """Let the caller have his volume; return it."""
    stock(target)
    answer = sweep.claim(target.daemon("before"))
    # Later than a lagging replica of Cinder could be.
    target.clock.advance(120)
    return target.cloud.volumes[answer.volume["id"]]


def bound_and_gone(target: world.World) -> None:
    """The caller deleted his volume."""
    target.cloud.drop_volume(bound(target))


def bound_and_renamed(target: world.World) -> None:
    """The caller renamed his volume."""
    bound(target).name = "renamed"


def bound_long_ago(target: world.World) -> None:
    """The claim is older than the ledger remembers."""
    bound(target)
    target.clock.advance(31 * 86400)


def failed_without_its_row(target: world.World) -> None:
    """The claim has failed; that its row was let go of, was lost."""
    with target.store.ledger.write() as session:
        session.execute(
            sa.update(models.claims).values(status=model.ClaimStatus.FAILED)
        )


def without_its_row(target: world.World) -> None:
    """The claim is on record as offered; its row was lost."""
    rows = models.backup_volumes
    with target.store.ledger.write() as session:
        session.execute(sa.delete(rows).where(rows.c.claim_id.is_not(None)))


def moved_by_hand(target: world.World) -> None:
    """The reserved volume was given to somebody else, by hand."""
    volume = first(target)
    target.cloud.drop_transfers(volume.id)
    volume.project_id = target.cloud.project_id("skyline-b")
    volume.status, volume.name, volume.metadata = "available", "taken", {}


def deleted_by_hand(target: world.World) -> None:
    """The next volume was deleted, by hand."""
    target.cloud.drop_volume(first(target))


def offered_by_hand(target: world.World) -> None:
    """The next volume was offered to somebody, by hand."""
    volume = first(target)
    target.cloud.transfers["by-hand"] = records.Transfer(
        "by-hand", volume.id, "0" * 16, volume.project_id, volume.created_at
    )
    volume.status = "awaiting-transfer"


def unbootable(target: world.World) -> None:
    """The next volume is of no use to anybody."""
    first(target).bootable = False


def named_alike(target: world.World) -> None:
    """The caller has a volume of that name already."""
    target.cloud.add_volume(
        "skyline-a", "web_sys", size=1, volume_type="ssd", bootable=True
    )


def over_quota(target: world.World) -> None:
    """The caller may have no volume at all."""
    target.cloud.set_quota("skyline-a", volumes=0)


def quota_for_one(target: world.World) -> None:
    """The caller may have one volume."""
    target.cloud.set_quota("skyline-a", volumes=1)


def within_quota(target: world.World) -> None:
    """The caller may have volumes again."""
    target.cloud.set_quota("skyline-a", volumes=5000)


def newer_snapshot(target: world.World) -> None:
    """A newer snapshot of the pool's OS is published."""
    lab.seed_source(
        target.cloud, "debian-12", "ssd", size=1, date="20261201"
    )


def synced(target: world.World) -> None:
    """There is stock, and the ledger has the catalogue."""
    stock(target)
    target.daemon("before").house.duties.sync()


def other_catalogue(target: world.World) -> None:
    """One snapshot came, one went; the ledger has those before."""
    synced(target)
    lab.seed_source(
        target.cloud, "ubuntu-24.04", "ssd", size=4, date="20261201"
    )
    old = target.cloud.snapshot_id("debian-12_sas_20261120")
    del target.cloud.snapshots[old]


def restored_ledger(target: world.World) -> None:
    """The ledger is a backup from before the stock and the claim."""
    bound(target)
    with target.store.ledger.write() as session:
        session.execute(sa.delete(models.backup_volumes))
        session.execute(sa.delete(models.claims))
    target.clock.advance(3600)


def left_by_a_claim(target: world.World) -> None:
    """A volume of the pool project carries a claim's marker, and no row."""
    stock(target)
    target.cloud.add_volume(
        "volpool",
        "web_sys",
        size=1,
        volume_type="ssd",
        user="volpool",
        bootable=True,
        snapshot_id=target.cloud.snapshot_id(SNAPSHOT),
        metadata={
            model.DEPLOYMENT_KEY: world.DEPLOYMENT,
            model.POOL_KEY: target.settings.pools[0].name,
            model.CLAIM_KEY: "0" * 36,
        },
    )
    target.clock.advance(3600)
