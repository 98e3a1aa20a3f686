"""The ledger's side of lanes: rows of ``twins``.

A row never returns to a status that it had: so its marker and its status
say whether it is as it was read, and no generation is needed.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception

from cube_volpool import exception, model, twin
from cube_volpool.db import creation, models, stocktaking, swap
from cube_volpool.db.ledger import Ledger, transaction

_W = models.twins
_V = models.backup_volumes
_P = models.pools
_S = twin.Status


@dataclass(frozen=True, kw_only=True)
class Held:
    """What one pool has for its lanes, read in one transaction."""

    record: model.PoolRecord
    twins: tuple[twin.Twin, ...]
    #: The database's clock at the reading.
    now: datetime
    #: In creation: over all pools, and by the snapshot they are made of.
    creating: int
    creating_by_snapshot: Mapping[model.SnapshotId, int]
    #: Of what rows may still be made, now or by a create that is late.
    busy: frozenset[model.SnapshotId]


class TwinRecords:
    """Carriers and twins.

    Every method is one transaction; those that change a row raise LostRace
    when it changed since it was read.
    """

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
    ) -> Held:
        """Read what a pool has.  Raises LostRace when it has no record."""
        records = stocktaking.read_records(connection, self._clock, pool)
        if not records:
            raise exception.LostRace(what="pool", id=pool)
        [(record, now)] = records
        rows = connection.execute(
            sa.select(_W).where(_W.c.pool == pool).order_by(_W.c.id)
        )
        by_snapshot = creation.count(
            connection, self._clock, counted or creation.Counted()
        )
        return Held(
            record=record,
            twins=tuple(models.twin_of(row) for row in rows),
            now=now,
            creating=sum(by_snapshot.values()),
            creating_by_snapshot=by_snapshot,
            busy=frozenset(connection.scalars(_busy(pool))),
        )

    @transaction
    def lanes(
        self,
        connection: sa.Connection,
        pool: model.PoolName,
        source_id: model.SnapshotId,
    ) -> tuple[model.SnapshotId, ...]:
        """Return what creates of a source may go to: its twins that are ready.

        In the order in which they were begun.  Read it after the pool's
        record: whoever condemns one moves that one's generation, so a top-up
        under an older one comes to nothing.
        """
        ready = (
            sa.select(_W.c.cinder_id)
            .where(
                _W.c.pool == pool,
                _W.c.kind == twin.Kind.TWIN,
                _W.c.source_id == source_id,
                _W.c.status == _S.AVAILABLE,
            )
            .order_by(_W.c.id)
        )
        return tuple(connection.scalars(ready))

    @transaction
    def pools(self, connection: sa.Connection) -> frozenset[model.PoolName]:
        """Return the pools that have a carrier or a twin."""
        return frozenset(
            connection.scalars(sa.select(_W.c.pool).distinct())
        )

    @transaction
    def begin(
        self,
        connection: sa.Connection,
        record: model.PoolRecord,
        *,
        source_id: model.SnapshotId,
        carrier: twin.Twin | None = None,
        count: int = 1,
    ) -> tuple[twin.Twin, ...]:
        """Insert the intents of twins of a carrier; without one, of a carrier.

        Under the pool's generation, and a carrier under that of all pools as
        well: it is one of their creates.  Raises LostRace when another round
        was first.
        """
        kind = twin.Kind.CARRIER if carrier is None else twin.Kind.TWIN
        if carrier is None:
            swap.bump(connection, self._clock, model.FLEET, record)
        swap.bump(connection, self._clock, record.name, record)
        markers = [str(uuid.uuid4()) for _ in range(count)]
        for marker in markers:
            self._insert(
                connection,
                marker=marker,
                pool=record.name,
                kind=kind,
                source_id=source_id,
                carrier=None if carrier is None else carrier.marker,
                status=_S.CREATING,
            )
        rows = connection.execute(
            sa.select(_W).where(_W.c.marker.in_(markers)).order_by(_W.c.id)
        )
        return tuple(models.twin_of(row) for row in rows)

    @transaction
    def is_still_intent(
        self, connection: sa.Connection, one: twin.Twin
    ) -> bool:
        """Is a create of this row still wanted, right before its POST?"""
        found = connection.execute(
            sa.select(_W.c.id).where(
                *_same(one),
                _W.c.status == _S.CREATING,
                _W.c.cinder_id.is_(None),
            )
        ).one_or_none()
        return found is not None

    def attach(self, one: twin.Twin, cinder_id: str) -> None:
        """Record the id that Cinder gave to an intent.  One transaction."""
        try:
            self._attach(one, cinder_id)
        except db_exception.DBDuplicateEntry:
            # An audit took it for one that no row knows.
            raise exception.LostRace(what="twin", id=one.marker) from None

    @transaction
    def _attach(
        self, connection: sa.Connection, one: twin.Twin, cinder_id: str
    ) -> None:
        self._touch(
            connection, one, _W.c.cinder_id.is_(None), cinder_id=cinder_id
        )

    @transaction
    def promote(self, connection: sa.Connection, one: twin.Twin) -> None:
        """Let a finished one serve.

        Its id is written once more: a database that lost its last commits
        may have forgotten it.
        """
        self._move(connection, one, _S.AVAILABLE, cinder_id=one.cinder_id)

    @transaction
    def condemn(
        self, connection: sa.Connection, one: twin.Twin, *, reason: str
    ) -> None:
        """Let nothing be made of it any more; deleting it is a later step.

        The pool's generation grows: a round that has read it already begins
        no create of it.
        """
        connection.execute(
            sa.update(_P)
            .where(_P.c.name == one.pool)
            .values(
                generation=_P.c.generation + 1, updated_at=self._clock()
            )
        )
        self._move(connection, one, _S.DELETING, reason=reason[:255])

    @transaction
    def forget(self, connection: sa.Connection, one: twin.Twin) -> None:
        """Delete the row of what Cinder does not have."""
        self._allow(one, None)
        statement = sa.delete(_W).where(*_same(one))
        swap.change_one(connection, statement, what="twin", id=one.marker)

    @transaction
    def count_build(
        self,
        connection: sa.Connection,
        pool: model.PoolName,
        lane: model.SnapshotId,
        *,
        failed: bool,
    ) -> None:
        """Count what became of a build of a twin, for its carrier as well.

        A success ends the count.
        """
        carrier = sa.select(_W.c.carrier).where(
            _W.c.pool == pool, _W.c.cinder_id == lane
        )
        markers = connection.scalars(carrier).all()
        is_meant = sa.or_(
            _W.c.cinder_id == lane, _W.c.marker.in_(markers)
        )
        connection.execute(
            sa.update(_W)
            .where(
                _W.c.pool == pool,
                is_meant,
                sa.true() if failed else _W.c.failures > 0,
            )
            .values(
                failures=_W.c.failures + 1 if failed else 0,
                updated_at=self._clock(),
            )
        )

    def take_in(
        self, found: Sequence[twin.Stray]
    ) -> tuple[twin.Stray, ...]:
        """Condemn those that no row knows; return them.

        One with the marker of an intent is the intent's.  One transaction.
        """
        try:
            return self._take_in(found)
        except db_exception.DBDuplicateEntry:
            # Another daemon's audit was first.
            return ()

    @transaction
    def _take_in(
        self, connection: sa.Connection, found: Sequence[twin.Stray]
    ) -> tuple[twin.Stray, ...]:
        known = connection.execute(
            sa.select(_W.c.marker, _W.c.cinder_id)
        ).all()
        ids = {row.cinder_id for row in known}
        intents = {row.marker for row in known if row.cinder_id is None}
        markers = {row.marker for row in known}
        taken = [
            stray
            for stray in found
            if stray.cinder_id not in ids and stray.marker not in intents
        ]
        for stray in taken:
            # A proxy may have sent its create twice.
            is_new = stray.marker not in markers
            self._insert(
                connection,
                marker=stray.marker if is_new else str(uuid.uuid4()),
                pool=stray.pool,
                kind=stray.kind,
                source_id=stray.source_id,
                cinder_id=stray.cinder_id,
                status=_S.DELETING,
                reason="no row knew it",
            )
        return tuple(taken)

    def _insert(self, connection: sa.Connection, **values: Any) -> None:
        if (None, values["status"]) not in twin.TRANSITIONS:
            raise AssertionError(values["status"])
        now = self._clock()
        connection.execute(
            sa.insert(_W).values(
                failures=0, created_at=now, updated_at=now, **values
            )
        )

    def _move(
        self,
        connection: sa.Connection,
        one: twin.Twin,
        to: twin.Status,
        **values: Any,
    ) -> None:
        self._allow(one, to)
        self._touch(connection, one, status=to, **values)

    def _allow(self, one: twin.Twin, to: twin.Status | None) -> None:
        if (one.status, to) not in twin.TRANSITIONS:
            raise exception.ForbiddenTransition(
                what=f"twin {one.marker}", seen=one.status, wanted=to or "gone"
            )

    def _touch(
        self,
        connection: sa.Connection,
        one: twin.Twin,
        *conditions: sa.ColumnElement[bool],
        **values: Any,
    ) -> None:
        statement = (
            sa.update(_W)
            .where(*_same(one), *conditions)
            .values(updated_at=self._clock(), **values)
        )
        swap.change_one(connection, statement, what="twin", id=one.marker)


def _same(one: twin.Twin) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the condition "this row is as it was read"."""
    return (
        _W.c.id == one.id,
        # SQLite gives the id of a deleted row to the next one.
        _W.c.marker == one.marker,
        _W.c.status == one.status,
    )


def _busy(pool: model.PoolName) -> sa.Select[Any]:
    """Return the query for the twins that a pool's rows are made of.

    A condemned intent's create may still be on its way.
    """
    return (
        sa.select(_V.c.twin_id)
        .where(
            _V.c.pool == pool,
            _V.c.twin_id.is_not(None),
            sa.or_(
                _V.c.status == model.RowStatus.CREATING,
                sa.and_(
                    _V.c.status == model.RowStatus.DELETING,
                    _V.c.volume_id.is_(None),
                ),
            ),
        )
        .distinct()
    )
