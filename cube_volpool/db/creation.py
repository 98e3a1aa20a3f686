"""What is in creation, over all pools: the caps are common."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models
from cube_volpool.db.clock import LedgerClock

_T = models.backup_volumes


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Which rows in creation hold a place in Cinder's queue."""

    #: An older intent got lost.
    intents_since: timedelta = timedelta(minutes=1)
    #: The pools that this daemon settles; None: all.
    pools: frozenset[model.PoolName] | None = None
    #: An older row of another pool has nobody who settles it.
    others_since: timedelta = timedelta()


def count(
    connection: sa.Connection, clock: LedgerClock, counted: Counted
) -> Mapping[model.SnapshotId, int]:
    """Count the rows that hold a place, by source snapshot."""
    counts = connection.execute(
        sa.select(_T.c.snapshot_id, sa.func.count())
        .where(*_hold_places(clock, counted))
        .group_by(_T.c.snapshot_id)
    )
    return {snapshot: int(n) for snapshot, n in counts}


def _hold_places(
    clock: LedgerClock, counted: Counted
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield what is true of every row that holds a place."""

    def since(age: timedelta) -> sa.ColumnElement[bool]:
        return _T.c.created_at >= clock(-age.total_seconds())

    yield _T.c.status == model.RowStatus.CREATING
    yield sa.or_(_T.c.volume_id.is_not(None), since(counted.intents_since))
    if counted.pools is not None:
        yield sa.or_(
            _T.c.pool.in_(sorted(counted.pools)),
            since(counted.others_since),
        )
