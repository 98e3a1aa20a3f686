"""The ledger's time in a test: told when a statement runs, not before."""

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa


def told(
    now: Callable[[], datetime], offset: float
) -> sa.BindParameter[datetime]:
    """Return ``now``, a naive UTC time, plus ``offset`` seconds, as SQL."""
    return sa.bindparam(
        None,
        type_=sa.DateTime(),
        callable_=lambda: now() + timedelta(seconds=offset),
    )
