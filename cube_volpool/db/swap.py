"""Compare-and-swap: the one way in which a row changes its state."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models
from cube_volpool.db.clock import FromNow, LedgerTime

_B = models.backup_volumes
_C = models.claims


def change_row(
    connection: sa.Connection,
    clock: LedgerTime,
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
    new = None if to is None else {"status": to, **values}
    if not _change(connection, clock, _B, row, new):
        raise exception.LostRace(what="the row of volume", id=row.volume_id)


def touch_row(
    connection: sa.Connection,
    clock: LedgerTime,
    *,
    row: model.PooledVolume,
    **values: Any,
) -> None:
    """Change columns other than the status.  Raises LostRace."""
    if not _change(connection, clock, _B, row, values):
        raise exception.LostRace(what="the row of marker", id=row.marker)


def change_claim(
    connection: sa.Connection,
    clock: LedgerTime,
    *,
    claim: model.Claim,
    to: model.ClaimStatus,
    only_with_row: bool = False,
    **values: Any,
) -> None:
    """Move a claim to another status; ``values`` as for ``touch_claim``.

    Raises LostRace when the claim changed since it was read, or has no row
    reserved though it should; and ForbiddenTransition when
    ``model.CLAIM_TRANSITIONS`` lacks the move.
    """
    if (claim.status, to) not in model.CLAIM_TRANSITIONS:
        raise exception.ForbiddenTransition(
            what=f"claim {claim.id}", seen=claim.status, wanted=to
        )
    touch_claim(
        connection,
        clock,
        claim=claim,
        only_with_row=only_with_row,
        status=to,
        **values,
    )


def touch_claim(
    connection: sa.Connection,
    clock: LedgerTime,
    *,
    claim: model.Claim,
    only_with_row: bool = False,
    **values: Any,
) -> None:
    """Change columns of a claim that is still as read.  Raises LostRace.

    A value of ``FromNow`` is a time of the ledger's.
    """
    if not _change(
        connection, clock, _C, claim, values, only_with_row=only_with_row
    ):
        raise exception.LostRace(what="claim", id=claim.id)


def bump(
    connection: sa.Connection,
    clock: LedgerTime,
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


def as_seen(found: model.PooledVolume | model.Claim) -> dict[str, Any]:
    """Return the columns by which a row is known to be as it was read."""
    return {
        "id": found.id,
        # SQLite gives the id of a deleted row, or a purged claim, away again.
        "marker": found.marker,
        "status": found.status,
        "generation": found.generation,
    }


def same_row(row: model.PooledVolume) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the condition "this row is as it was read"."""
    return tuple(_B.c[name] == seen for name, seen in as_seen(row).items())


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


def _change(
    connection: sa.Connection,
    clock: LedgerTime,
    table: sa.Table,
    found: model.PooledVolume | model.Claim,
    values: Mapping[str, Any] | None,
    *,
    only_with_row: bool = False,
) -> bool:
    """Set ``values``, or delete with None; False: it is not as it was seen."""
    seen = as_seen(found)
    new = {} if values is None else dict(values)
    times = tuple(
        (name, new.pop(name))
        for name, value in tuple(new.items())
        if isinstance(value, FromNow)
    )
    names = None if values is None else tuple(new)
    statement = clock.built(
        (table.name, tuple(seen), names, times, only_with_row),
        lambda: _statement(
            clock, table, seen, names, dict(times), only_with_row=only_with_row
        ),
    )
    parameters = {f"seen_{name}": value for name, value in seen.items()}
    parameters |= {f"new_{name}": value for name, value in new.items()}
    return connection.execute(statement, parameters).rowcount == 1


def _statement(
    clock: LedgerTime,
    table: sa.Table,
    seen: Iterable[str],
    names: Iterable[str] | None,
    times: Mapping[str, FromNow],
    *,
    only_with_row: bool,
) -> sa.Update | sa.Delete:
    """Build what :func:`_change` runs."""
    is_as_seen = [
        table.c[name] == sa.bindparam(f"seen_{name}") for name in seen
    ]
    if names is None:
        return sa.delete(table).where(*is_as_seen)
    if only_with_row:
        is_as_seen.append(_has_row())
    return (
        sa.update(table)
        .where(*is_as_seen)
        .values(
            updated_at=clock(),
            **{name: sa.bindparam(f"new_{name}") for name in names},
            **{name: clock(time.seconds) for name, time in times.items()},
        )
    )


def _has_row() -> sa.ColumnElement[bool]:
    """Return the condition "the claim has a row reserved"."""
    return (
        sa.select(_B.c.id)
        .where(
            _B.c.claim_id == sa.bindparam("seen_id"),
            _B.c.status == model.RowStatus.RESERVED,
        )
        .exists()
    )
