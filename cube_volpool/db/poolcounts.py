"""The numbers of the pools, as one reading of the ledger has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models

_P = models.pools
_V = models.backup_volumes
_C = models.claims
_IS_HELD = _V.c.held.is_(True)


@dataclass(frozen=True, kw_only=True)
class PoolCounts:
    """One pool's record and its numbers."""

    record: model.PoolRecord
    by_status: Mapping[model.RowStatus, int]
    #: Of the available rows, those that an operator holds.
    held: int
    #: And those, not held, that are not of the source snapshot.
    stale: int
    #: What all its volumes take up in Cinder.
    size_gib: int
    hits: int
    misses: int


def read(connection: sa.Connection) -> tuple[PoolCounts, ...]:
    """Return the numbers of every pool, by name."""
    by_status = connection.execute(
        sa.select(
            _V.c.pool,
            _V.c.status,
            sa.func.count(),
            sa.func.sum(_V.c.size_gib),
        )
        .group_by(_V.c.pool, _V.c.status)
    ).all()
    held = _by_pool(connection, _IS_HELD)
    stale = _by_pool(
        connection,
        ~_IS_HELD,
        _V.c.status == model.RowStatus.AVAILABLE,
        _V.c.snapshot_id != _P.c.source_snapshot_id,
    )
    claims = connection.execute(of_claims()).all()
    served = {(pool, source): int(n) for pool, source, n in claims}
    pools = (
        sa.select(_P).where(_P.c.name != model.FLEET).order_by(_P.c.name)
    )
    return tuple(
        PoolCounts(
            record=models.pool_record(row),
            by_status={
                model.RowStatus(status): int(n)
                for pool, status, n, _ in by_status
                if pool == row.name
            },
            size_gib=sum(
                int(size)
                for pool, _, _, size in by_status
                if pool == row.name
            ),
            held=held.get(row.name, 0),
            stale=stale.get(row.name, 0),
            hits=row.counted_hits
            + served.get((row.name, model.Source.POOL), 0),
            misses=row.counted_misses
            + served.get((row.name, model.Source.CREATED), 0),
        )
        for row in connection.execute(pools)
    )


def of_claims(ids: Sequence[int] | None = None) -> sa.Select[Any]:
    """Return the query for hits and misses: pool, source, how many.

    Of the claims with these ids, or of all.
    """
    query = (
        sa.select(_C.c.pool, _C.c.source, sa.func.count())
        .where(
            _C.c.status == model.ClaimStatus.BOUND,
            _C.c.pool.is_not(None),
            _C.c.source.in_((model.Source.POOL, model.Source.CREATED)),
        )
        .group_by(_C.c.pool, _C.c.source)
    )
    return query if ids is None else query.where(_C.c.id.in_(ids))


def _by_pool(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> Mapping[str, int]:
    query = (
        sa.select(_V.c.pool, sa.func.count())
        .join(_P, _P.c.name == _V.c.pool)
        .where(*conditions)
        .group_by(_V.c.pool)
    )
    return {pool: int(n) for pool, n in connection.execute(query)}
