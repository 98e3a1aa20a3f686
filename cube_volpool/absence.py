"""Most of a pool missing at once: is that so, or is Cinder out of order?

Another region, an old copy of Cinder's database or a wrong project all look
as if every volume were gone.  To believe that at once would fill the storage
a second time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cube_volpool import model, planner

#: Fewer than this are believed at once: somebody deleted them by hand.
_FEW: Final = 5
_LIVING: Final = (model.RowStatus.CREATING, model.RowStatus.AVAILABLE)


@dataclass(frozen=True)
class Missing:
    """How many of the volumes that were looked at have no volume."""

    missing: int
    looked_at: int

    @property
    def is_mass(self) -> bool:
        """Are they so many that they had better be looked at again?"""
        return self.missing >= _FEW and 2 * self.missing > self.looked_at


def missing(
    rows: Iterable[model.PooledVolume],
    observed: planner.Observation,
    *,
    well: int = 0,
) -> Missing:
    """Count the rows that Cinder answers 404 for, condemned ones aside.

    ``well`` more were looked at, and are there.
    """
    shown = [
        observed.volumes[row.volume_id]
        for row in rows
        if row.status in _LIVING
        and row.volume_id is not None
        and row.volume_id in observed.volumes
    ]
    absent = sum(volume is None for volume in shown)
    return Missing(absent, len(shown) + well)


class Doubts:
    """Since when each pool misses most of its volumes; in memory alone.

    A daemon that starts anew waits anew, which errs on the safe side.
    """

    def __init__(self, grace: timedelta) -> None:
        self._grace = grace
        self._since: dict[model.PoolName, datetime] = {}

    def is_believed(
        self,
        pool: model.PoolName,
        seen: Missing,
        *,
        now: datetime,
        is_audit: bool,
    ) -> bool:
        """May the missing volumes of a pool be given up?

        Only an audit sees the whole pool, so only one ends a doubt.
        """
        if seen.is_mass:
            since = self._since.setdefault(pool, now)
            return now - since >= self._grace
        if is_audit:
            self._since.pop(pool, None)
        return pool not in self._since
