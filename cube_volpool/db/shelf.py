"""Taking a row off the shelf, inside a transaction of a claim."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from oslo_db import exception as db_exception

from cube_volpool import exception, model
from cube_volpool.db import models, swap
from cube_volpool.db.ledger import Ledger

_T = models.backup_volumes

#: How many candidates there are: one row of many means few lost races, and no
#: lock clause of any dialect; the head row alone wastes three of four tries.
CANDIDATES: Final = 64
#: How many of them are read beyond those that are wanted, for lost races.  All
#: of them would take longer to read than the rest of the claim's statements.
_SPARE: Final = 3
#: A prime: ids times a number below it, modulo it, are the ids in disorder.
_PRIME: Final = 65537

#: The largest number that may be drawn.
MOST: Final = _PRIME - 1
#: Draws a number from 1 to ``MOST``; 1 leaves the candidates in the order of
#: their ids.
Draw = Callable[[], int]


class Shelf:
    """The available rows.  By ``draw`` the candidates are put in disorder."""

    def __init__(self, ledger: Ledger, draw: Draw) -> None:
        self._clock = ledger.clock
        self._draw = draw

    def reserve(
        self,
        connection: sa.Connection,
        claim_id: int,
        wanted: model.Wanted | None,
    ) -> model.PooledVolume | None:
        """Reserve one of the oldest fitting rows for a claim.

        None when no row fits.
        """
        return self.reserve_all(connection, [(claim_id, wanted)]).get(claim_id)

    def reserve_all(
        self,
        connection: sa.Connection,
        claims: Iterable[tuple[int, model.Wanted | None]],
    ) -> dict[int, model.PooledVolume]:
        """Reserve a row for each claim that there is one for; by claim.

        Those that want the same are served from one list of candidates.
        """
        groups: dict[model.Wanted, list[int]] = {}
        for claim_id, wanted in claims:
            if wanted is not None:
                groups.setdefault(wanted, []).append(claim_id)
        reserved: dict[int, model.PooledVolume] = {}
        for wanted, claim_ids in groups.items():
            reserved |= self._reserve_alike(connection, claim_ids, wanted)
        return reserved

    def _reserve_alike(
        self,
        connection: sa.Connection,
        claim_ids: Sequence[int],
        wanted: model.Wanted,
    ) -> dict[int, model.PooledVolume]:
        """Reserve for claims that want the same, as far as rows go.

        When it is others that took them, the whole transaction is tried
        again, for on MariaDB it would go on to see the old rows.
        """
        left = list(claim_ids)
        reserved: dict[int, model.PooledVolume] = {}
        while left:
            candidates = self._candidates(connection, wanted, len(left))
            if not candidates:
                break
            is_lost = False
            while left and candidates:
                for row in _picked(candidates, len(left)):
                    if self._take(connection, row, left[0]):
                        reserved[left.pop(0)] = row
                    else:
                        is_lost = True
            if left and is_lost:
                raise db_exception.RetryRequest(
                    exception.Busy(
                        reason="every ready volume was taken by another claim",
                        retry_after=1,
                    )
                )
        return {
            claim_id: dataclasses.replace(
                row, status=model.RowStatus.RESERVED, claim_id=claim_id
            )
            for claim_id, row in reserved.items()
        }

    def _take(
        self,
        connection: sa.Connection,
        row: model.PooledVolume,
        claim_id: int,
    ) -> bool:
        """Reserve a row; False when another claim was quicker."""
        try:
            swap.change_row(
                connection,
                self._clock,
                row=row,
                to=model.RowStatus.RESERVED,
                actor=model.Actor.CLAIMANT,
                claim_id=claim_id,
            )
        except exception.LostRace:
            return False
        return True

    def fence(self, connection: sa.Connection, claim_id: int) -> None:
        """Void what others have read of the row of a claim, if it has one.

        Without reading it first: on MariaDB the transaction may have begun
        before its worker reserved it, and would not see it.  A row that it
        has changed itself it does see.
        """
        connection.execute(
            sa.update(_T)
            .where(_T.c.claim_id == claim_id)
            .values(generation=_T.c.generation + 1, updated_at=self._clock())
        )

    def give_up(self, connection: sa.Connection, claim_id: int) -> None:
        """Condemn the row that a claim which had ended still has.

        By a commit that the database lost; the claim opens again now, and
        nobody knows any more what became of that volume.
        """
        row = self.of_claim(connection, claim_id)
        if row is not None:
            swap.change_row(
                connection,
                self._clock,
                row=row,
                to=model.RowStatus.DELETING,
                actor=model.Actor.CLAIMANT,
                claim_id=None,
                evict_reason="its claim had ended",
            )

    def of_claim(
        self, connection: sa.Connection, claim_id: int
    ) -> model.PooledVolume | None:
        """Return the row that a claim has reserved."""
        query = sa.select(_T).where(_T.c.claim_id == claim_id)
        found = connection.execute(query).one_or_none()
        return None if found is None else models.pooled_volume(found)

    def _candidates(
        self, connection: sa.Connection, wanted: model.Wanted, count: int
    ) -> list[sa.Row[Any]]:
        """Return some of the oldest rows that fit, in disorder."""
        is_sized = wanted.size_gib is not None
        may_grow = is_sized and bool(wanted.growing)
        in_zone = wanted.availability_zone is not None
        query = self._clock.built(
            ("candidates", is_sized, may_grow, in_zone, count),
            lambda: _query(
                count, is_sized=is_sized, may_grow=may_grow, in_zone=in_zone
            ),
        )
        parameters: dict[str, Any] = {
            "snapshot_id": wanted.snapshot_id,
            "type": wanted.type,
            "draw": self._draw(),
        }
        if is_sized:
            parameters["size_gib"] = wanted.size_gib
        if may_grow:
            parameters["growing"] = sorted(wanted.growing)
        if in_zone:
            parameters["zone"] = wanted.availability_zone
        found = list(connection.execute(query, parameters))
        # A smaller one only when there is none of the very size.
        largest = found[0].size_gib if wanted.growing and found else None
        return [row for row in found if largest in (None, row.size_gib)]


def _picked(
    candidates: list[sa.Row[Any]], count: int
) -> list[model.PooledVolume]:
    """Take so many out of the candidates; in the order of their ids.

    Else of two requests each could wait for a row that the other has.
    """
    picked = [models.pooled_volume(found) for found in candidates[:count]]
    del candidates[:count]
    return sorted(picked, key=lambda row: row.id)


def _query(
    count: int, *, is_sized: bool, may_grow: bool, in_zone: bool
) -> sa.Select[Any]:
    """Build the query for candidates, enough for so many claims."""
    conditions = [
        _T.c.snapshot_id == sa.bindparam("snapshot_id"),
        _T.c.status == model.RowStatus.AVAILABLE,
        _T.c.type == sa.bindparam("type"),
        _T.c.held.is_(False),
    ]
    if is_sized:
        conditions.append(_sized(may_grow=may_grow))
    if in_zone:
        conditions.append(_T.c.availability_zone == sa.bindparam("zone"))
    oldest = (
        sa.select(_T)
        .where(*conditions)
        .order_by(*_nearest(may_grow, _T.c), _T.c.created_at, _T.c.id)
        .limit(CANDIDATES + count - 1)
        .subquery()
    )
    ident = sa.cast(oldest.c.id, sa.BigInteger)
    return (
        sa.select(oldest)
        .order_by(
            *_nearest(may_grow, oldest.c),
            ident * sa.bindparam("draw", type_=sa.Integer) % _PRIME,
            oldest.c.id,
        )
        .limit(count + _SPARE)
    )


def _sized(*, may_grow: bool) -> sa.ColumnElement[bool]:
    size_gib: sa.BindParameter[int] = sa.bindparam("size_gib")
    fits = _T.c.size_gib == size_gib
    if not may_grow:
        return fits
    grows = sa.and_(
        _T.c.size_gib < size_gib,
        _T.c.pool.in_(sa.bindparam("growing", expanding=True)),
    )
    return sa.or_(fits, grows)


def _nearest(
    may_grow: bool, columns: Any
) -> tuple[sa.ColumnElement[int], ...]:
    """Return what puts the largest first, where a smaller one would do."""
    return (columns.size_gib.desc(),) if may_grow else ()
