"""The numbers of the pools, as one reading of the ledger has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cube_volpool import model, twin
from cube_volpool.db import models, tallies

_P = models.pools
_C = models.claims
_W = models.twins


@dataclass(frozen=True, kw_only=True)
class PoolCounts:
    """One pool's record and its numbers."""

    record: model.PoolRecord
    by_status: Mapping[model.RowStatus, int]
    #: Of the available rows, those that an operator holds.
    held: int
    #: And those, not held, that are not of the source snapshot.
    stale: int
    #: Twins of its source that volumes may be made of.
    lanes: int
    #: What all its volumes take up in Cinder.
    size_gib: int
    hits: int
    misses: int


def read(connection: sa.Connection) -> tuple[PoolCounts, ...]:
    """Return the numbers of every pool, by name."""
    lanes = {pool: int(n) for pool, n in connection.execute(_lanes())}
    claims = connection.execute(of_claims()).all()
    served = {(pool, source): int(n) for pool, source, n in claims}
    by_pool: dict[str, list[model.Tally]] = {}
    for tally in tallies.read(connection, tallies.counting()):
        by_pool.setdefault(tally.pool, []).append(tally)
    pools = (
        sa.select(_P).where(_P.c.name != model.FLEET).order_by(_P.c.name)
    )
    return tuple(
        _of_pool(
            row, by_pool.get(row.name, ()), served, lanes.get(row.name, 0)
        )
        for row in connection.execute(pools)
    )


def _of_pool(
    row: sa.Row[Any],
    found: Sequence[model.Tally],
    served: Mapping[tuple[str, str], int],
    lanes: int,
) -> PoolCounts:
    """Return the numbers of a pool, whose record is ``row``."""
    by_status: dict[model.RowStatus, int] = {}
    for tally in found:
        by_status[tally.status] = (
            by_status.get(tally.status, 0) + tally.count
        )
    # Only what is available can be held.
    given = [
        tally
        for tally in found
        if tally.status is model.RowStatus.AVAILABLE and not tally.held
    ]
    source = row.source_snapshot_id
    return PoolCounts(
        record=models.pool_record(row),
        by_status=by_status,
        size_gib=sum(tally.count * tally.size_gib for tally in found),
        held=sum(tally.count for tally in found if tally.held),
        stale=sum(
            tally.count
            for tally in given
            if source is not None and tally.snapshot_id != source
        ),
        lanes=lanes,
        hits=row.counted_hits + served.get((row.name, model.Source.POOL), 0),
        misses=row.counted_misses
        + served.get((row.name, model.Source.CREATED), 0),
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


def _lanes() -> sa.Select[Any]:
    """Return the query for the lanes that are ready: pool, how many."""
    is_source = sa.and_(
        _P.c.name == _W.c.pool, _P.c.source_snapshot_id == _W.c.source_id
    )
    return (
        sa.select(_W.c.pool, sa.func.count())
        .join(_P, is_source)
        .where(
            _W.c.kind == twin.Kind.TWIN,
            _W.c.status == twin.Status.AVAILABLE,
        )
        .group_by(_W.c.pool)
    )
