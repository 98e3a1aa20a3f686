"""Lanes as a daemon would have left them: in the ledger and in the cloud."""

import dataclasses
import uuid

import sqlalchemy as sa

from cube_volpool import model, twin
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash.evidence import SNAPSHOT


def make(target: world.World, count: int = 2) -> list[model.SnapshotId]:
    """Have a carrier of the stock's image, and twins; return these."""
    snapshot_id = model.SnapshotId(target.cloud.snapshot_id(SNAPSHOT))
    one = _kept(target, snapshot_id, None)
    volume = target.cloud.add_volume(
        "volpool",
        one.name,
        size=1,
        volume_type=target.settings.pools[0].volume_type,
        user="volpool",
        bootable=True,
        snapshot_id=snapshot_id,
        metadata=twin.metadata(one, world.DEPLOYMENT),
    )
    made = [dataclasses.replace(one, cinder_id=volume.id)]
    for _ in range(count):
        other = _kept(target, snapshot_id, one.marker)
        snapshot = target.cloud.add_snapshot(
            volume,
            other.name,
            metadata=twin.metadata(other, world.DEPLOYMENT),
        )
        made.append(dataclasses.replace(other, cinder_id=snapshot.id))
    with target.store.ledger.write() as session:
        for each in made:
            values = {k: v for k, v in vars(each).items() if k != "id"}
            session.execute(sa.insert(models.twins).values(**values))
    return [each.lane for each in made[1:]]


def _kept(
    target: world.World,
    source_id: model.SnapshotId,
    carrier: model.Marker | None,
) -> twin.Twin:
    now = target.clock.now().replace(tzinfo=None)
    return twin.Twin(
        id=0,
        marker=model.Marker(str(uuid.uuid4())),
        pool=target.settings.pools[0].name,
        kind=twin.Kind.CARRIER if carrier is None else twin.Kind.TWIN,
        source_id=source_id,
        carrier=carrier,
        cinder_id=None,
        status=twin.Status.AVAILABLE,
        reason=None,
        failures=0,
        created_at=now,
        updated_at=now,
    )


def shelve(target: world.World, lane: model.SnapshotId) -> None:
    """Let what is on the shelf have been made of a twin."""
    pool = target.settings.pools[0].name
    for row in target.store.stock.load(pool).rows:
        volume = target.cloud.volumes[str(row.volume_id)]
        volume.snapshot_id = lane
        volume.metadata[twin.SOURCE_KEY] = row.snapshot_id
    with target.store.ledger.write() as session:
        session.execute(sa.update(models.backup_volumes).values(twin_id=lane))
