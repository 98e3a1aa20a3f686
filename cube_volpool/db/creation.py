"""What is in creation, over all pools: the caps are common."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cube_volpool import model, twin
from cube_volpool.db import models
from cube_volpool.db.clock import LedgerTime

_T = models.backup_volumes
_W = models.twins


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
    connection: sa.Connection, clock: LedgerTime, counted: Counted
) -> Mapping[model.SnapshotId, int]:
    """Count what holds a place, by the snapshot that it is made of.

    Carriers of twins are made of their source, in the same queue.
    """
    pools = counted.pools
    since = counted.intents_since, counted.others_since
    query = clock.built(
        ("creation", *since, pools is None), lambda: _query(clock, counted)
    )
    parameters = {} if pools is None else {"pools": sorted(pools)}
    counts: Counter[model.SnapshotId] = Counter()
    for snapshot, n in connection.execute(query, parameters):
        counts[snapshot] += int(n)
    return counts


def _query(
    clock: LedgerTime, counted: Counted
) -> sa.CompoundSelect[Any]:
    """Build what counts; which pools are meant is a parameter of it."""
    made_of = sa.func.coalesce(_T.c.twin_id, _T.c.snapshot_id)
    volumes = (
        sa.select(made_of, sa.func.count())
        .where(
            _T.c.status == model.RowStatus.CREATING,
            *_hold_places(_T, _T.c.volume_id, clock, counted),
        )
        .group_by(made_of)
    )
    carriers = (
        sa.select(_W.c.source_id, sa.func.count())
        .where(
            _W.c.kind == twin.Kind.CARRIER,
            _W.c.status == twin.Status.CREATING,
            *_hold_places(_W, _W.c.cinder_id, clock, counted),
        )
        .group_by(_W.c.source_id)
    )
    return sa.union_all(volumes, carriers)


def _hold_places(
    table: sa.Table,
    ident: sa.ColumnElement[Any],
    clock: LedgerTime,
    counted: Counted,
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield what is true of every row in creation that holds a place.

    ``ident`` is the column of Cinder's id.
    """

    def since(age: timedelta) -> sa.ColumnElement[bool]:
        return table.c.created_at >= clock(-age.total_seconds())

    yield sa.or_(ident.is_not(None), since(counted.intents_since))
    if counted.pools is not None:
        yield sa.or_(
            table.c.pool.in_(sa.bindparam("pools", expanding=True)),
            since(counted.others_since),
        )
