"""How many rows there are of each kind, without reading the rows.

One index has all that is asked here, ``ix_backup_volumes_kind``.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models

_V = models.backup_volumes


def counting(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Build what counts the rows for which all is true, by their kind."""
    kind = (
        _V.c.pool,
        _V.c.status,
        _V.c.snapshot_id,
        _V.c.size_gib,
        _V.c.held,
    )
    return (
        sa.select(
            *kind,
            sa.func.count().label("count"),
            sa.func.min(_V.c.created_at).label("oldest"),
        )
        .where(*conditions)
        .group_by(*kind)
        .order_by(*kind)
    )


def read(
    connection: sa.Connection,
    query: sa.Select[Any],
    parameters: Mapping[str, Any] | None = None,
) -> tuple[model.Tally, ...]:
    """Run what :func:`counting` has built."""
    found = connection.execute(query, parameters)
    return tuple(
        model.Tally(
            pool=row.pool,
            status=model.RowStatus(row.status),
            snapshot_id=row.snapshot_id,
            size_gib=row.size_gib,
            held=bool(row.held),
            count=int(row._mapping["count"]),
            oldest=row.oldest,
        )
        for row in found
    )
