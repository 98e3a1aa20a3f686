"""What a plan starts from: what a pool is to have, has, and may do.

Values alone; ``supply`` says what follows from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cube_volpool import model, places, settings

_R = model.RowStatus

#: By how much of ``max_age`` volumes of one age differ.
JITTER: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a pool is built from now."""

    snapshot_id: model.SnapshotId
    size_gib: int


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one round may do."""

    #: How many more creates may be in flight, over all pools.
    room: int
    #: And how many more of the source snapshot.
    room_of_source: int
    #: Of its twins that are ready, instead of it: how many more of each.
    lanes: places.Free = field(default_factory=dict)
    intent_grace: timedelta
    build_timeout: timedelta
    #: And how many may begin beside what callers wait for: the claims, and
    #: ordinary creates from the source; None: there is nothing to mind.
    beside_claims: int | None = None
    beside_creates: int | None = None
    #: False: a 404 of a volume that nobody condemned proves nothing now.
    believes_absence: bool = True
    #: How many volumes may be given up for their image.
    drain: int = 2
    drain_time: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """One pool, as specified and as the ledger has it."""

    spec: settings.PoolSpec
    deployment: str
    #: None: no snapshot is known, so nothing is built and nothing is stale.
    source: Source | None
    rows: tuple[model.PooledVolume, ...]
    #: Rows that were counted and not read: all that are on the shelf or
    #: reserved, or none.
    others: tuple[model.Tally, ...] = ()
    now: datetime
    #: Nothing on the shelf is too old before; None: not known.
    young_until: datetime | None = None
    paused: bool = False
    #: Is all of its stock to be given up?
    drained: bool = False
    #: What claims by OS name get; another one than the source in a change.
    current: model.SnapshotId | None = None
    #: Of the type that the configuration names, as the last sync knew it.
    volume_type_id: str | None = None
    switched_at: datetime | None = None

    def is_fresh(self, row: model.PooledVolume | model.Tally) -> bool:
        """Is a row as they are built now: of the source, in its size?"""
        return self.source is not None and (
            (row.snapshot_id, row.size_gib)
            == (self.source.snapshot_id, self.source.size_gib)
        )

    def is_stale(self, row: model.PooledVolume | model.Tally) -> bool:
        """Is a row neither as they are built nor, in a change, given?"""
        if self.source is None or self.is_fresh(row):
            return False
        return not self.is_changing or row.snapshot_id != self.current

    @property
    def is_changing(self) -> bool:
        """Do claims by OS name still get another snapshot?"""
        return (
            self.source is not None
            and self.current is not None
            and self.current != self.source.snapshot_id
        )

    def is_expired(self, row: model.PooledVolume) -> bool:
        """Is a row on the shelf too old?  Each a little sooner or later.

        By its marker, so that every daemon says the same.
        """
        if row.status is not _R.AVAILABLE:
            return False
        limit = self._limit_of_age(row)
        return limit is not None and self.now - row.created_at > limit

    def _limit_of_age(self, row: model.PooledVolume) -> timedelta | None:
        if self.spec.max_age is None:
            return None
        share = int(row.marker[:8], 16) / 0xFFFFFFFF
        return self.spec.max_age * (1 - JITTER * share)

    def first_too_old(self) -> datetime | None:
        """Return until when no row on the shelf is too old; None: for ever.

        Of all rows, for a reserved one may be handed back; and of one that
        is begun now, whose time may be shorter.
        """
        if self.spec.max_age is None:
            return None
        first = self.now + self.spec.max_age * (1 - JITTER)
        for row in self.rows:
            limit = self._limit_of_age(row)
            if limit is not None:
                first = min(first, row.created_at + limit)
        return first

    def shelved(self) -> Sequence[model.Tally]:
        """Return what was counted of the shelf, held volumes aside."""
        return [
            tally
            for tally in self.others
            if tally.status is _R.AVAILABLE and not tally.held
        ]
