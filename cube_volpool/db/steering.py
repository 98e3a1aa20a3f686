"""What operators do to pools and volumes, and what they are shown of both."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models, swap
from cube_volpool.db.ledger import Ledger, transaction

_P = models.pools
_V = models.backup_volumes
_C = models.claims
_R = model.RowStatus

#: What an operator may not condemn, and why.
_WHY_NOT: Final = {
    _R.RESERVED: "is reserved: a claim has it, and settles it",
    _R.CREATING: "is still being built, and Cinder deletes nothing before: "
    "wait until it is available, or drain its pool",
}


class SteeringRecords:
    """Operators' side of the ledger.  Every method is one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._clock = ledger.clock

    @transaction
    def set_pool(
        self,
        connection: sa.Connection,
        name: model.PoolName,
        *,
        paused: bool,
        drained: bool,
    ) -> None:
        """Say whether a pool builds, and whether it gives its stock up.

        Its generation grows: a round that has read it already begins no more
        creates.  Raises NotKnown when no daemon has served the pool yet.
        """
        statement = (
            sa.update(_P)
            .where(_P.c.name == name)
            .values(
                paused=paused,
                drained=drained,
                generation=_P.c.generation + 1,
                updated_at=self._clock(),
            )
        )
        if name == model.FLEET or not swap.changed(connection, statement):
            raise exception.NotKnown(what="pool", id=name)

    @transaction
    def hold(
        self, connection: sa.Connection, ident: str
    ) -> model.PooledVolume:
        """Keep a ready volume from claims and from the planner.

        Until it is evicted: nobody knows what is done to it meanwhile.  Its
        generation grows, so that a claim which has read it already loses it.
        Raises NotKnown, Refused when it is not ready, and LostRace.
        """
        row = self._row(connection, ident)
        if row.status is not _R.AVAILABLE:
            raise exception.Refused(
                what="volume",
                id=ident,
                reason=f"is {row.status}; only an available one can be held",
            )
        swap.touch_row(
            connection,
            self._clock,
            row=row,
            held=True,
            generation=row.generation + 1,
        )
        return row

    @transaction
    def evict(
        self, connection: sa.Connection, ident: str, *, reason: str
    ) -> model.PooledVolume:
        """Condemn a volume, held or not; deleting it is a later step.

        One that is condemned already stays so, for the first reason.  One
        that Cinder still builds keeps its place in Cinder's queue, which only
        a row in creation is counted for.  Raises NotKnown, Refused for such a
        one and for what a claim has, and LostRace.
        """
        row = self._row(connection, ident)
        if row.status is _R.DELETING:
            return row
        if row.status in _WHY_NOT:
            raise exception.Refused(
                what="volume", id=ident, reason=_WHY_NOT[row.status]
            )
        swap.change_row(
            connection,
            self._clock,
            row=row,
            to=_R.DELETING,
            actor=model.Actor.OPERATOR,
            evict_reason=reason[:255],
            held=False,
        )
        return row

    @transaction
    def volumes(
        self,
        connection: sa.Connection,
        *,
        ident: str | None = None,
        pool: model.PoolName | None = None,
        status: model.RowStatus | None = None,
        after: int = 0,
        limit: int,
    ) -> Sequence[model.PooledVolume]:
        """Return pooled volumes by id, at most ``limit`` from ``after`` on.

        ``ident`` is the id of one in Cinder, or its marker.
        """
        query = sa.select(_V).where(_V.c.id > after)
        if ident is not None:
            query = query.where(_is(ident))
        if pool is not None:
            query = query.where(_V.c.pool == pool)
        if status is not None:
            query = query.where(_V.c.status == status)
        rows = connection.execute(query.order_by(_V.c.id).limit(limit))
        return [models.pooled_volume(row) for row in rows]

    @transaction
    def claims(
        self,
        connection: sa.Connection,
        *,
        project_id: model.ProjectId | None = None,
        name: str | None = None,
        pool: model.PoolName | None = None,
        status: model.ClaimStatus | None = None,
        before: int | None = None,
        limit: int,
    ) -> Sequence[model.Claim]:
        """Return claims, the newest first, at most ``limit`` below ``before``.

        The last is an id.
        """
        query = sa.select(_C)
        if name is not None:
            query = query.where(_C.c.name == name)
        if project_id is not None:
            query = query.where(_C.c.project_id == project_id)
        if pool is not None:
            query = query.where(_C.c.pool == pool)
        if status is not None:
            query = query.where(_C.c.status == status)
        if before is not None:
            query = query.where(_C.c.id < before)
        rows = connection.execute(query.order_by(_C.c.id.desc()).limit(limit))
        return [models.claim(row) for row in rows]

    def _row(
        self, connection: sa.Connection, ident: str
    ) -> model.PooledVolume:
        found = connection.execute(
            sa.select(_V).where(_is(ident))
        ).one_or_none()
        if found is None:
            raise exception.NotKnown(what="volume", id=ident)
        return models.pooled_volume(found)


def _is(ident: str) -> sa.ColumnElement[bool]:
    return sa.or_(_V.c.volume_id == ident, _V.c.marker == ident)
