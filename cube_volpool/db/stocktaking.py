"""The stock as a round reads it: records, rows under way, and counts."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

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
        found = self._records(connection, counted, _P.c.name == pool)
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
        found = self._records(
            connection,
            counted,
            _P.c.name != model.FLEET if pool is None else _P.c.name == pool,
        )
        ours = () if pool is None else (_T.c.pool == pool,)
        # Before the others: on PostgreSQL each statement sees what has come
        # to pass until it, and what is promoted between the two must rather
        # be counted twice than not at all, and be built once more.
        rows = _by_pool(_under_way(connection, ours))
        others = _by_pool(_at_rest(connection, ours))
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
        which: sa.ColumnElement[bool],
    ) -> Mapping[model.PoolName, Stock]:
        """Read pools' records, and what is in creation; no rows yet."""
        records = read_records(connection, self._clock, which)
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
    which: sa.ColumnElement[bool],
) -> list[tuple[model.PoolRecord, datetime]]:
    """Return pools' records, with the database's clock at the reading.

    And with the generation of all pools, under which the caps were counted.
    """
    fleet = (
        sa.select(_P.c.generation)
        .where(_P.c.name == model.FLEET)
        .scalar_subquery()
    )
    query = sa.select(_P, clock().label("now"), fleet.label("fleet"))
    return [
        (
            dataclasses.replace(
                models.pool_record(found),
                fleet_generation=found._mapping["fleet"],
            ),
            found._mapping["now"],
        )
        for found in connection.execute(query.where(which))
    ]


def _under_way(
    connection: sa.Connection, which: Sequence[sa.ColumnElement[bool]]
) -> Iterable[model.PooledVolume]:
    """Read the rows of what is being made or removed."""
    is_it = _T.c.status.in_((_R.CREATING, _R.DELETING))
    query = sa.select(_T).where(is_it, *which).order_by(_T.c.id)
    return map(models.pooled_volume, connection.execute(query).all())


def _at_rest(
    connection: sa.Connection, which: Sequence[sa.ColumnElement[bool]]
) -> Iterable[model.Tally]:
    """Count the rows of all else."""
    is_it = _T.c.status.in_((_R.AVAILABLE, _R.RESERVED))
    return tallies.read(connection, is_it, *which)


def _by_pool(found: Iterable[_Kind]) -> Mapping[model.PoolName, list[_Kind]]:
    by_pool: dict[model.PoolName, list[_Kind]] = {}
    for one in found:
        by_pool.setdefault(one.pool, []).append(one)
    return by_pool
