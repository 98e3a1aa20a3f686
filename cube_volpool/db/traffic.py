"""What callers are doing just now, that refill should not be in the way of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models
from cube_volpool.db.clock import LedgerTime

_C = models.claims
_P = models.pools
_S = model.ClaimStatus


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Claims and creates under way, of all daemons."""

    #: Claims whose volume is being handed over.
    claims: int = 0
    #: Ordinary creates after a miss, by the snapshot that claims of their
    #: pool get by its OS name.
    creates: Mapping[model.SnapshotId, int] = field(default_factory=dict)


def read(connection: sa.Connection, clock: LedgerTime) -> Traffic:
    """Count the claims that callers wait for.

    A miss is answered when Cinder has taken its create, and nobody is told
    when that is done: it counts until its lease would have been over.
    """
    found = connection.execute(
        clock.built("callers that wait", lambda: _waiting(clock))
    )
    claims = 0
    creates: dict[model.SnapshotId, int] = {}
    for status, snapshot_id, count in found:
        if status in (_S.PENDING, _S.OFFERED):
            claims += count
        elif snapshot_id is not None:
            creates[snapshot_id] = creates.get(snapshot_id, 0) + count
    return Traffic(claims=claims, creates=creates)


def _waiting(clock: LedgerTime) -> sa.Select[Any]:
    """Build what counts claims by status, and by what their pool gives."""
    return (
        sa.select(_C.c.status, _P.c.current_snapshot_id, sa.func.count())
        .select_from(_C.outerjoin(_P, _P.c.name == _C.c.pool))
        .where(
            _C.c.status.in_(
                (_S.PENDING, _S.OFFERED, _S.CREATING, _S.BOUND)
            ),
            _C.c.lease_until > clock(),
            sa.or_(
                _C.c.status != _S.BOUND,
                _C.c.source == model.Source.CREATED,
            ),
        )
        .group_by(_C.c.status, _P.c.current_snapshot_id)
    )
