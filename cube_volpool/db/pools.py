"""What all daemons agree on: pools, the catalogue, the counts, the purge."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception

from cube_volpool import model
from cube_volpool.db import models, poolcounts, swap
from cube_volpool.db.ledger import Ledger, transaction

_P = models.pools
_V = models.backup_volumes
_C = models.claims


class PoolRecords:
    """Rows of ``pools`` and ``os_images``.  Every method: one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._clock = ledger.clock

    def ensure(self, names: Sequence[model.PoolName]) -> None:
        """Insert the records that are missing.  Safe to repeat."""
        for name in (model.FLEET, *names):
            try:
                self._add(name)
            except db_exception.DBDuplicateEntry:
                continue

    @transaction
    def _add(self, connection: sa.Connection, name: model.PoolName) -> None:
        found = connection.execute(
            sa.select(_P.c.name).where(_P.c.name == name)
        ).one_or_none()
        if found is not None:
            return
        connection.execute(
            sa.insert(_P).values(
                name=name,
                generation=1,
                paused=False,
                drained=False,
                counted_hits=0,
                counted_misses=0,
                deletes=0,
                created_at=self._clock(),
                updated_at=self._clock(),
            )
        )

    @transaction
    def list(
        self, connection: sa.Connection
    ) -> Mapping[model.PoolName, model.PoolRecord]:
        """Return all records by name."""
        rows = connection.execute(
            sa.select(_P).where(_P.c.name != model.FLEET)
        )
        records = [models.pool_record(row) for row in rows]
        return {record.name: record for record in records}

    @transaction
    def set_source(
        self,
        connection: sa.Connection,
        name: model.PoolName,
        *,
        snapshot_id: model.SnapshotId | None,
        size_gib: int | None,
        volume_type_id: str | None,
        os_name: str | None = None,
    ) -> None:
        """Record what a pool is built from; the first one is current too.

        So is that of another OS at once: nobody who asks for it may get what
        the pool gave before.
        """
        is_same = sa.or_(
            _P.c.os_name.is_(None), _P.c.os_name == os_name
        )
        connection.execute(
            sa.update(_P)
            .where(_P.c.name == name)
            .ordered_values(
                # First: MariaDB sets one column after the other, and the
                # failures counted are those of one source.
                (
                    _P.c.build_failures,
                    sa.case(
                        (
                            _P.c.source_snapshot_id == snapshot_id,
                            _P.c.build_failures,
                        ),
                        else_=0,
                    ),
                ),
                (
                    _P.c.current_snapshot_id,
                    sa.case(
                        (
                            is_same,
                            sa.func.coalesce(
                                _P.c.current_snapshot_id, snapshot_id
                            ),
                        ),
                        else_=snapshot_id,
                    ),
                ),
                (_P.c.os_name, os_name),
                (_P.c.source_snapshot_id, snapshot_id),
                (_P.c.source_size_gib, size_gib),
                (_P.c.volume_type_id, volume_type_id),
                (_P.c.updated_at, self._clock()),
            )
        )

    @transaction
    def switch(
        self, connection: sa.Connection, record: model.PoolRecord
    ) -> None:
        """Give what is built to claims by OS name from now on.

        Raises LostRace when the source or the current snapshot is another
        by now.
        """
        statement = (
            sa.update(_P)
            .where(
                _P.c.name == record.name,
                _P.c.source_snapshot_id == record.source_snapshot_id,
                _P.c.current_snapshot_id.is_not_distinct_from(
                    record.current_snapshot_id
                ),
            )
            .values(**self._switched(record.source_snapshot_id))
        )
        swap.change_one(connection, statement, what="pool", id=record.name)

    @transaction
    def abandon(
        self,
        connection: sa.Connection,
        name: model.PoolName,
        *,
        current: model.SnapshotId,
        source: model.SnapshotId,
    ) -> bool:
        """Switch from a snapshot that is no more, once no volume is left.

        Whatever is ready of the source: a miss can be created from it.
        False when there is nothing to do, now or any more.
        """
        is_on_shelf = sa.exists().where(
            _V.c.pool == name,
            _V.c.snapshot_id == current,
            _V.c.status == model.RowStatus.AVAILABLE,
            _V.c.held.is_(False),
        )
        statement = (
            sa.update(_P)
            .where(
                _P.c.name == name,
                _P.c.source_snapshot_id == source,
                _P.c.current_snapshot_id == current,
                ~is_on_shelf,
            )
            .values(**self._switched(source))
        )
        return swap.changed(connection, statement) == 1

    def _switched(self, source: model.SnapshotId | None) -> dict[str, Any]:
        """Return what a switch writes, whatever brought it about."""
        return {
            "current_snapshot_id": source,
            "switched_at": self._clock(),
            "build_failures": 0,
            "updated_at": self._clock(),
        }

    @transaction
    def count_build(
        self,
        connection: sa.Connection,
        name: model.PoolName,
        snapshot_id: model.SnapshotId,
        *,
        failed: bool,
    ) -> int:
        """Count a failed build of the source, or begin anew after a good one.

        Returns how many failed in a row; 0 for a snapshot that is no more
        the source.
        """
        of_source = (
            _P.c.name == name,
            _P.c.source_snapshot_id == snapshot_id,
        )
        connection.execute(
            sa.update(_P)
            .where(*of_source)
            .values(build_failures=_P.c.build_failures + 1 if failed else 0)
        )
        counted = connection.execute(
            sa.select(_P.c.build_failures).where(*of_source)
        ).scalar_one_or_none()
        return int(counted or 0)

    @transaction
    def prove(
        self,
        connection: sa.Connection,
        name: model.PoolName,
        snapshot_id: model.SnapshotId,
    ) -> None:
        """Record that a volume could be built of a snapshot."""
        connection.execute(
            sa.update(_P)
            .where(_P.c.name == name)
            .values(proven_snapshot_id=snapshot_id)
        )

    @transaction
    def note_error(
        self, connection: sa.Connection, name: model.PoolName, text: str | None
    ) -> bool:
        """Record why a pool does not get on; None when it does again.

        True when that is news.
        """
        text = None if text is None else text[:255]
        statement = (
            sa.update(_P)
            .where(_P.c.name == name, _P.c.last_error.is_distinct_from(text))
            .values(last_error=text, updated_at=self._clock())
        )
        return swap.changed(connection, statement) == 1

    @transaction
    def counts(
        self, connection: sa.Connection
    ) -> tuple[poolcounts.PoolCounts, ...]:
        """Count every pool.  Four statements, whatever the stock."""
        return poolcounts.read(connection)

    @transaction
    def purge(
        self, connection: sa.Connection, *, older_than: timedelta, limit: int
    ) -> int:
        """Delete finished claims; their hits and misses stay counted.

        Returns how many were deleted; call again while it is ``limit``.
        """
        ids = self._ended(connection, older_than, limit)
        served = connection.execute(poolcounts.of_claims(ids)).all()
        for pool, source, n in served:
            column = (
                _P.c.counted_hits
                if source == model.Source.POOL
                else _P.c.counted_misses
            )
            connection.execute(
                sa.update(_P)
                .where(_P.c.name == pool)
                .values({column: column + n})
            )
        connection.execute(sa.delete(_C).where(_C.c.id.in_(ids)))
        return len(ids)

    def _ended(
        self, connection: sa.Connection, older_than: timedelta, limit: int
    ) -> Sequence[int]:
        """Find claims that ended so long ago, and lock them."""
        # One status after the other, so that an index has them in order; and
        # locked by their ids, for MariaDB locks whatever it looks at.
        is_old = _C.c.updated_at <= self._clock(-older_than.total_seconds())
        found: list[int] = []
        for status in (model.ClaimStatus.BOUND, model.ClaimStatus.FAILED):
            query = (
                sa.select(_C.c.id)
                .where(_C.c.status == status, is_old)
                .order_by(_C.c.updated_at)
                .limit(limit - len(found))
            )
            found += connection.scalars(query)
            if len(found) == limit:
                break
        # A caller may be opening one of them again just now.
        return connection.scalars(
            sa.select(_C.c.id)
            .where(
                _C.c.id.in_(found),
                _C.c.status.in_(
                    (model.ClaimStatus.BOUND, model.ClaimStatus.FAILED)
                ),
                is_old,
            )
            .order_by(_C.c.id)
            .with_for_update()
        ).all()
