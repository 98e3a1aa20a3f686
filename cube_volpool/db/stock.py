"""The stock's side of the ledger: what reconcile does to its rows."""

import dataclasses
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from oslo_db import exception as db_exception

from cube_volpool import model
from cube_volpool.db import models, stocktaking, strangers, swap
from cube_volpool.db.ledger import transaction

_T = models.backup_volumes
_P = models.pools
_R = model.RowStatus
_BY = model.Actor.RECONCILE


@dataclass(frozen=True, kw_only=True)
class NewRow:
    """What the rows of a top-up, or an adopted volume, have in common."""

    pool: model.PoolName
    type: str
    os: str
    snapshot_id: model.SnapshotId
    size_gib: int
    availability_zone: str | None
    #: The twin that an adopted one was made of.
    twin_id: model.SnapshotId | None = None


class StockRecords(stocktaking.Stocktaking):
    """Rows of ``backup_volumes`` outside claims.

    Every method is one transaction; those that change a row raise LostRace
    when it changed since it was read.
    """

    @transaction
    def begin_creates(
        self,
        connection: sa.Connection,
        record: model.PoolRecord,
        *,
        new: NewRow,
        count: int,
        lanes: Sequence[model.SnapshotId] = (),
    ) -> tuple[model.PooledVolume, ...]:
        """Insert the intents of a top-up under the pool's generation.

        And under that of all pools: the room for creates was counted over
        all of them.  ``lanes`` has the twin of each; none: its source.
        Raises LostRace when another round topped up meanwhile.
        """
        swap.bump(connection, self._clock, model.FLEET, record)
        swap.bump(connection, self._clock, record.name, record)
        markers = [model.Marker(str(uuid.uuid4())) for _ in range(count)]
        for place, marker in enumerate(markers):
            lane = lanes[place] if lanes else None
            one = dataclasses.replace(new, twin_id=lane)
            self._insert(connection, one, marker, None, _R.CREATING)
        rows = connection.execute(
            sa.select(_T).where(_T.c.marker.in_(markers)).order_by(_T.c.id)
        )
        return tuple(models.pooled_volume(row) for row in rows)

    def adopt(
        self,
        new: NewRow,
        *,
        marker: str | None,
        volume_id: model.VolumeId,
        reason: str | None,
    ) -> bool:
        """Take a marked volume in that no row knows; ``reason`` condemns it.

        Without a marker of its own it gets one.  False when a row has its
        marker or id after all.  One transaction.
        """
        try:
            return self._adopt(new, marker, volume_id, reason)
        except db_exception.DBDuplicateEntry:
            # Another daemon's audit was first.
            return False

    @transaction
    def _adopt(
        self,
        connection: sa.Connection,
        new: NewRow,
        marker: str | None,
        volume_id: model.VolumeId,
        reason: str | None,
    ) -> bool:
        marker = model.Marker(marker or str(uuid.uuid4()))
        if strangers.is_known(connection, marker, volume_id):
            return False
        status = _R.CREATING if reason is None else _R.DELETING
        self._insert(connection, new, marker, volume_id, status, reason)
        return True

    @transaction
    def now(self, connection: sa.Connection) -> datetime:
        """Return the database's clock, naive UTC."""
        return connection.execute(sa.select(self._clock())).scalar_one()

    @transaction
    def unknown(
        self, connection: sa.Connection, found: Sequence[model.Volume]
    ) -> tuple[model.Volume, ...]:
        """Return the volumes that no row and no bound claim has."""
        return strangers.unknown(connection, found)

    @transaction
    def unpromised(
        self,
        connection: sa.Connection,
        found: Sequence[model.Volume],
        *,
        project_id: model.ProjectId,
    ) -> tuple[model.Volume, ...]:
        """Return the volumes that no row and no other project's claim has."""
        return strangers.unpromised(connection, found, project_id)

    @transaction
    def markers(
        self, connection: sa.Connection, found: Sequence[model.Volume]
    ) -> frozenset[str]:
        """Return which of the volumes' markers are a row's."""
        return strangers.markers(connection, found)

    @transaction
    def is_still_intent(
        self, connection: sa.Connection, row: model.PooledVolume
    ) -> bool:
        """Is a create of this row still wanted, right before its POST?"""
        if row.status is not _R.CREATING:
            return False
        found = connection.execute(
            sa.select(_T.c.id).where(
                *swap.same_row(row), _T.c.volume_id.is_(None)
            )
        ).one_or_none()
        return found is not None

    @transaction
    def attach(
        self,
        connection: sa.Connection,
        row: model.PooledVolume,
        volume_id: model.VolumeId,
    ) -> None:
        """Record the id that Cinder gave to an intent."""
        swap.touch_row(
            connection, self._clock, row=row, volume_id=volume_id
        )

    @transaction
    def promote(
        self,
        connection: sa.Connection,
        row: model.PooledVolume,
        *,
        availability_zone: str | None,
        volume_type_id: str | None = None,
    ) -> None:
        """Put a finished volume on the shelf.

        Its id is written once more: a database that lost its last commits
        may have forgotten it, and attaching it changed no generation.
        """
        swap.change_row(
            connection,
            self._clock,
            row=row,
            to=_R.AVAILABLE,
            actor=_BY,
            volume_id=row.volume_id,
            availability_zone=availability_zone,
            volume_type_id=volume_type_id,
        )

    @transaction
    def relabel(
        self, connection: sa.Connection, row: model.PooledVolume, *, type: str
    ) -> None:
        """Record the new name of a row's volume type."""
        swap.touch_row(connection, self._clock, row=row, type=type)

    @transaction
    def evict(
        self,
        connection: sa.Connection,
        row: model.PooledVolume,
        *,
        reason: str,
        volume_id: model.VolumeId | None = None,
    ) -> None:
        """Condemn a row; removing the volume is a later step."""
        swap.change_row(
            connection,
            self._clock,
            row=row,
            to=_R.DELETING,
            actor=_BY,
            evict_reason=reason[:255],
            volume_id=volume_id or row.volume_id,
        )

    @transaction
    def forget(
        self, connection: sa.Connection, row: model.PooledVolume
    ) -> None:
        """Delete the row of a volume that Cinder does not have."""
        swap.change_row(connection, self._clock, row=row, to=None, actor=_BY)

    @transaction
    def charge_delete(
        self, connection: sa.Connection, pool: model.PoolName, *, per_hour: int
    ) -> bool:
        """Count one DELETE; False when the hour's cap is used up."""
        hour = self._clock(-timedelta(hours=1).total_seconds())
        connection.execute(
            sa.update(_P)
            .where(
                _P.c.name == pool,
                sa.or_(
                    _P.c.deletes_since.is_(None), _P.c.deletes_since <= hour
                ),
            )
            .values(deletes_since=self._clock(), deletes=0)
        )
        counted = (
            sa.update(_P)
            .where(_P.c.name == pool, _P.c.deletes < per_hour)
            .values(deletes=_P.c.deletes + 1)
        )
        return swap.changed(connection, counted) == 1

    @transaction
    def refund_delete(
        self, connection: sa.Connection, pool: model.PoolName
    ) -> None:
        """Take back the count of a DELETE that Cinder refused."""
        connection.execute(
            sa.update(_P)
            .where(_P.c.name == pool, _P.c.deletes > 0)
            .values(deletes=_P.c.deletes - 1)
        )

    def _insert(
        self,
        connection: sa.Connection,
        new: NewRow,
        marker: model.Marker,
        volume_id: model.VolumeId | None,
        status: model.RowStatus,
        reason: str | None = None,
    ) -> None:
        if _BY not in model.TRANSITIONS[(None, status)]:
            raise AssertionError(status)
        connection.execute(
            sa.insert(_T).values(
                marker=marker,
                pool=new.pool,
                volume_id=volume_id,
                name=model.pooled_name(marker),
                type=new.type,
                os=new.os,
                snapshot_id=new.snapshot_id,
                twin_id=new.twin_id,
                size_gib=new.size_gib,
                availability_zone=new.availability_zone,
                status=status,
                held=False,
                evict_reason=reason,
                generation=1,
                created_at=self._clock(),
                updated_at=self._clock(),
            )
        )
