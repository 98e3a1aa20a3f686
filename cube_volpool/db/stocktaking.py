"""The stock as a round reads it: records, rows under way, and counts."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import creation, models, tallies
from cube_volpool.db import traffic as db_traffic
from cube_volpool.db.clock import LedgerTime
from cube_volpool.db.ledger import Ledger, transaction

_T = models.backup_volumes
_P = models.pools
_R = model.RowStatus
_Kind = TypeVar("_Kind", model.PooledVolume, model.Tally)


@dataclass(frozen=True, kw_only=True)
class Stock:
    """One pool as the ledger has it, read in one transaction."""

    record: model.PoolRecord
    rows: tuple[model.PooledVolume, ...]
    #: Rows that were not read, but counted.
    others: tuple[model.Tally, ...] = ()
    #: The database's clock at the reading.
    now: datetime
    #: In creation: over all pools, and by the snapshot they are made of.
    creating: int
    creating_by_snapshot: Mapping[model.SnapshotId, int]
    #: What callers wait for.
    traffic: db_traffic.Traffic = field(default_factory=db_traffic.Traffic)

    @property
    def ready(self) -> int:
        """How many volumes a claim may get."""
        return sum(
            row.status is _R.AVAILABLE and not row.held for row in self.rows
        ) + sum(
            tally.count
            for tally in self.others
            if tally.status is _R.AVAILABLE and not tally.held
        )


class Stocktaking:
    """Reads of pools and of their rows.  Every method is one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._clock = ledger.clock

    @transaction
    def load(
        self,
        connection: sa.Connection,
        pool: model.PoolName,
        *,
        counted: creation.Counted | None = None,
    ) -> Stock:
        """Read a pool with every row of it.

        Raises LostRace when its record is not there.
        """
        found = self._records(connection, counted, pool)
        if pool not in found:
            raise exception.LostRace(what="pool", id=pool)
        query = sa.select(_T).where(_T.c.pool == pool).order_by(_T.c.id)
        rows = connection.execute(query)
        return dataclasses.replace(
            found[pool],
            rows=tuple(models.pooled_volume(row) for row in rows),
        )

    @transaction
    def glance(
        self,
        connection: sa.Connection,
        pool: model.PoolName | None = None,
        *,
        counted: creation.Counted | None = None,
    ) -> Mapping[model.PoolName, Stock]:
        """Read a pool, or all, with those rows that are under way.

        The others are counted.  Five statements, whatever there is.
        """
        found = self._records(connection, counted, pool)
        # Before the others: on PostgreSQL each statement sees what has come
        # to pass until it, and what is promoted between the two must rather
        # be counted twice than not at all, and be built once more.
        rows = _by_pool(_under_way(connection, self._clock, pool))
        others = _by_pool(_at_rest(connection, self._clock, pool))
        return {
            name: dataclasses.replace(
                stock,
                rows=tuple(rows.get(name, ())),
                others=tuple(others.get(name, ())),
            )
            for name, stock in found.items()
        }

    def _records(
        self,
        connection: sa.Connection,
        counted: creation.Counted | None,
        pool: model.PoolName | None,
    ) -> Mapping[model.PoolName, Stock]:
        """Read pools' records, and what is in creation; no rows yet."""
        records = read_records(connection, self._clock, pool)
        by_snapshot = creation.count(
            connection, self._clock, counted or creation.Counted()
        )
        callers = db_traffic.read(connection, self._clock)
        return {
            record.name: Stock(
                record=record,
                rows=(),
                now=now,
                creating=sum(by_snapshot.values()),
                creating_by_snapshot=by_snapshot,
                traffic=callers,
            )
            for record, now in records
        }

    @transaction
    def shelved(
        self, connection: sa.Connection, pool: model.PoolName
    ) -> frozenset[int]:
        """Return which rows of a pool are on the shelf: the numbers alone."""
        query = sa.select(_T.c.id).where(
            _T.c.pool == pool, _T.c.status == _R.AVAILABLE
        )
        return frozenset(connection.scalars(query))

    @transaction
    def of_volumes(
        self, connection: sa.Connection, found: Iterable[model.Volume]
    ) -> tuple[model.PooledVolume, ...]:
        """Return the rows that these volumes have."""
        ids = [volume.id for volume in found]
        query = sa.select(_T).where(_T.c.volume_id.in_(ids))
        rows = connection.execute(query)
        return tuple(models.pooled_volume(row) for row in rows)


def read_records(
    connection: sa.Connection,
    clock: LedgerTime,
    pool: model.PoolName | None,
) -> list[tuple[model.PoolRecord, datetime]]:
    """Return a pool's record, or all, and the database's clock just then.

    And with the generation of all pools, under which the caps were counted.
    """
    query = clock.built(
        ("records", pool is None),
        lambda: _records_of(clock, is_all=pool is None),
    )
    return [
        (
            dataclasses.replace(
                models.pool_record(found),
                fleet_generation=found._mapping["fleet"],
            ),
            found._mapping["now"],
        )
        for found in connection.execute(query, _named(pool))
    ]


def _records_of(clock: LedgerTime, *, is_all: bool) -> sa.Select[Any]:
    """Build what reads all pools' records, or that of the named one."""
    fleet = (
        sa.select(_P.c.generation)
        .where(_P.c.name == model.FLEET)
        .scalar_subquery()
    )
    query = sa.select(_P, clock().label("now"), fleet.label("fleet"))
    if is_all:
        return query.where(_P.c.name != model.FLEET)
    return query.where(_P.c.name == sa.bindparam("pool"))


def _under_way(
    connection: sa.Connection, clock: LedgerTime, pool: model.PoolName | None
) -> Iterable[model.PooledVolume]:
    """Read the rows of what is being made or removed."""
    query = clock.built(
        ("under way", pool is None),
        lambda: sa.select(_T)
        .where(*_of_pool(_R.CREATING, _R.DELETING, is_all=pool is None))
        .order_by(_T.c.id),
    )
    found = connection.execute(query, _named(pool)).all()
    return map(models.pooled_volume, found)


def _at_rest(
    connection: sa.Connection, clock: LedgerTime, pool: model.PoolName | None
) -> Iterable[model.Tally]:
    """Count the rows of all else."""
    query = clock.built(
        ("at rest", pool is None),
        lambda: tallies.counting(
            *_of_pool(_R.AVAILABLE, _R.RESERVED, is_all=pool is None)
        ),
    )
    return tallies.read(connection, query, _named(pool))


def _of_pool(
    *statuses: model.RowStatus, is_all: bool
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield what is true of rows in a status, of all pools or the named."""
    yield _T.c.status.in_(statuses)
    if not is_all:
        yield _T.c.pool == sa.bindparam("pool")


def _named(pool: model.PoolName | None) -> dict[str, str]:
    """Return the parameter of what is read of one pool, or of all."""
    return {} if pool is None else {"pool": pool}


def _by_pool(found: Iterable[_Kind]) -> Mapping[model.PoolName, list[_Kind]]:
    by_pool: dict[model.PoolName, list[_Kind]] = {}
    for one in found:
        by_pool.setdefault(one.pool, []).append(one)
    return by_pool
