"""Volumes of the pool project that no row knows; within a transaction."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models

_T = models.backup_volumes


def unknown(
    connection: sa.Connection, found: Sequence[model.Volume]
) -> tuple[model.Volume, ...]:
    """Return the volumes that no row and no bound claim has.

    One with the marker of an intent is the intent's.  One with the marker of
    a row that has another volume is a twin: a proxy sent the create twice.
    """
    left = {volume.id: volume for volume in found}
    rows = sa.select(_T.c.volume_id).where(_T.c.volume_id.in_(left))
    for volume_id in connection.scalars(rows):
        del left[volume_id]
    if not left:
        return ()
    bound = sa.select(models.claims.c.volume_id).where(
        models.claims.c.status == model.ClaimStatus.BOUND,
        models.claims.c.volume_id.in_(left),
    )
    ids = set(connection.scalars(bound))
    intents = set(
        connection.scalars(
            sa.select(_T.c.marker).where(
                _T.c.marker.in_(_markers(left.values())),
                _T.c.volume_id.is_(None),
            )
        )
    )
    return tuple(
        volume
        for volume in left.values()
        if volume.id not in ids
        and volume.metadata.get(model.MARKER_KEY) not in intents
    )


def unpromised(
    connection: sa.Connection,
    found: Sequence[model.Volume],
    project_id: model.ProjectId,
) -> tuple[model.Volume, ...]:
    """Return the volumes that no row and no other project's claim has."""
    ids = [volume.id for volume in found]
    rows = sa.select(_T.c.volume_id).where(_T.c.volume_id.in_(ids))
    bound = sa.select(models.claims.c.volume_id).where(
        models.claims.c.status == model.ClaimStatus.BOUND,
        models.claims.c.volume_id.in_(ids),
        models.claims.c.project_id != project_id,
    )
    known = {*connection.scalars(rows), *connection.scalars(bound)}
    return tuple(volume for volume in found if volume.id not in known)


def markers(
    connection: sa.Connection, found: Sequence[model.Volume]
) -> frozenset[str]:
    """Return which of the volumes' markers are a row's."""
    known = connection.scalars(
        sa.select(_T.c.marker).where(_T.c.marker.in_(_markers(found)))
    )
    return frozenset(known)


def _markers(found: Iterable[model.Volume]) -> list[str]:
    """Return the markers of those volumes that have one."""
    asked = (volume.metadata.get(model.MARKER_KEY) for volume in found)
    return [marker for marker in asked if marker is not None]


def is_known(
    connection: sa.Connection, marker: model.Marker, volume_id: model.VolumeId
) -> bool:
    """Has a row this marker, or this volume?"""
    row = connection.execute(
        sa.select(_T.c.id).where(
            sa.or_(_T.c.marker == marker, _T.c.volume_id == volume_id)
        )
    ).first()
    return row is not None
