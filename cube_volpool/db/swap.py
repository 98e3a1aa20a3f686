"""Compare-and-swap: the one way in which a row changes its state."""

from typing import Any

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models
from cube_volpool.db.clock import LedgerClock


def change_row(
    connection: sa.Connection,
    clock: LedgerClock,
    *,
    row: model.PooledVolume,
    to: model.RowStatus | None,
    actor: model.Actor,
    **values: Any,
) -> None:
    """Move a pooled volume to another status; ``to=None`` deletes the row.

    Raises LostRace when the row changed since it was read, and
    ForbiddenTransition when ``model.TRANSITIONS`` does not have the move.
    """
    if actor not in model.TRANSITIONS.get((row.status, to), frozenset()):
        raise exception.ForbiddenTransition(
            what=f"volume {row.volume_id} ({actor})",
            seen=row.status,
            wanted=to or "gone",
        )
    seen = same_row(row)
    statement: sa.Delete | sa.Update
    if to is None:
        statement = sa.delete(models.backup_volumes).where(*seen)
    else:
        statement = (
            sa.update(models.backup_volumes)
            .where(*seen)
            .values(status=to, updated_at=clock(), **values)
        )
    change_one(
        connection, statement, what="the row of volume", id=row.volume_id
    )


def touch_row(
    connection: sa.Connection,
    clock: LedgerClock,
    *,
    row: model.PooledVolume,
    **values: Any,
) -> None:
    """Change columns other than the status.  Raises LostRace."""
    statement = (
        sa.update(models.backup_volumes)
        .where(*same_row(row))
        .values(updated_at=clock(), **values)
    )
    change_one(connection, statement, what="the row of marker", id=row.marker)


def change_claim(
    connection: sa.Connection,
    clock: LedgerClock,
    *,
    claim: model.Claim,
    to: model.ClaimStatus,
    only_if: sa.ColumnElement[bool] | None = None,
    **values: Any,
) -> None:
    """Move a claim to another status.

    Raises LostRace when the claim changed since it was read or ``only_if``
    does not hold, and ForbiddenTransition when ``model.CLAIM_TRANSITIONS``
    lacks the move.
    """
    if (claim.status, to) not in model.CLAIM_TRANSITIONS:
        raise exception.ForbiddenTransition(
            what=f"claim {claim.id}", seen=claim.status, wanted=to
        )
    touch_claim(
        connection, clock, claim=claim, only_if=only_if, status=to, **values
    )


def touch_claim(
    connection: sa.Connection,
    clock: LedgerClock,
    *,
    claim: model.Claim,
    only_if: sa.ColumnElement[bool] | None = None,
    **values: Any,
) -> None:
    """Change columns of a claim that is still as read.  Raises LostRace."""
    statement = (
        sa.update(models.claims)
        .where(
            models.claims.c.id == claim.id,
            # SQLite gives the id of a purged claim to another one.
            models.claims.c.marker == claim.marker,
            models.claims.c.status == claim.status,
            models.claims.c.generation == claim.generation,
            sa.true() if only_if is None else only_if,
        )
        .values(updated_at=clock(), **values)
    )
    change_one(connection, statement, what="claim", id=claim.id)


def bump(
    connection: sa.Connection,
    clock: LedgerClock,
    name: model.PoolName,
    record: model.PoolRecord,
) -> None:
    """Move the generation of a pool, or of all pools together, on.

    Raises LostRace when it moved since ``record`` was read.
    """
    is_fleet = name == model.FLEET
    seen = record.fleet_generation if is_fleet else record.generation
    statement = (
        sa.update(models.pools)
        .where(models.pools.c.name == name, models.pools.c.generation == seen)
        .values(generation=seen + 1, updated_at=clock())
    )
    change_one(connection, statement, what="pool", id=name)


def same_row(row: model.PooledVolume) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the condition "this row is as it was read"."""
    table = models.backup_volumes.c
    return (
        table.id == row.id,
        # SQLite gives the id of a deleted row to the next one.
        table.marker == row.marker,
        table.status == row.status,
        table.generation == row.generation,
    )


def changed(
    connection: sa.Connection, statement: sa.Update | sa.Delete
) -> int:
    """Run a conditional statement; return how many rows it changed."""
    return connection.execute(statement).rowcount


def change_one(
    connection: sa.Connection, statement: sa.Update | sa.Delete, **what: Any
) -> None:
    """Run a statement that must change one row.  Raises LostRace."""
    if changed(connection, statement) != 1:
        raise exception.LostRace(**what)
