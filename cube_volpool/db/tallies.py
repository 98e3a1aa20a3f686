"""How many rows there are of each kind, without reading the rows.

One index has all that is asked here, ``ix_backup_volumes_kind``.
"""

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models

_V = models.backup_volumes


def read(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> tuple[model.Tally, ...]:
    """Count the rows for which all conditions are true, by their kind."""
    kind = (
        _V.c.pool,
        _V.c.status,
        _V.c.snapshot_id,
        _V.c.size_gib,
        _V.c.held,
    )
    found = connection.execute(
        sa.select(
            *kind,
            sa.func.count().label("count"),
            sa.func.min(_V.c.created_at).label("oldest"),
        )
        .where(*conditions)
        .group_by(*kind)
        .order_by(*kind)
    )
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
