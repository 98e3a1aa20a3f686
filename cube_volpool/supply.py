"""The pure plan of a pool's supply: how many to build, which to give up.

A change of the image, and of volumes that grew too old, is in here: build
beside the old stock, switch, drain.  See "A new image: build, switch, drain"
among the decisions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cube_volpool import model, places
from cube_volpool.actions import (
    Action,
    Attach,
    Evict,
    Forget,
    Promote,
    Switch,
)
from cube_volpool.premises import JITTER, Limits, Pool

_R = model.RowStatus

#: An intent older than this holds no place any more, neither on the shelf
#: nor in Cinder's queue: its create got lost, or would have been found.
INTENT_COUNTS: Final = timedelta(seconds=60)
#: Why a volume is given up that is as it should be: of another image than is
#: given or built, or of a pool that gives all up.
STALE: Final = "stale"
DRAINED: Final = "drained"


def needs_shelf(pool: Pool) -> bool:
    """Are the rows themselves needed of a shelf that was only counted?

    Which to give up is told by them, and how many are too old.  So it is
    true whenever one may be given up or be too old, and at times although
    none is.
    """
    shelf = pool.shelved()
    if pool.drained:
        return bool(shelf)
    if pool.source is None:
        return False
    ready = sum(tally.count for tally in shelf)
    stale = sum(tally.count for tally in shelf if pool.is_stale(tally))
    fresh = sum(tally.count for tally in shelf if pool.is_fresh(tally))
    target = pool.spec.min_ready
    return (
        (stale > 0 and ready > target)
        or fresh > target
        or ready - stale - fresh > target
        or any(_may_be_expired(pool, tally) for tally in shelf)
    )


def _may_be_expired(pool: Pool, tally: model.Tally) -> bool:
    """May one of these be too old?"""
    if pool.spec.max_age is None:
        return False
    if pool.young_until is not None and pool.now <= pool.young_until:
        return False
    return pool.now - tally.oldest >= pool.spec.max_age * (1 - JITTER)


def switch(pool: Pool, decided: Iterable[Action]) -> Switch | None:
    """Say whether claims by OS name are to get the source from now on.

    Once enough of it are ready, or some and nothing else is left to give.
    """
    if not pool.is_changing or pool.source is None:
        return None
    shelf = _shelf_after(pool, decided)
    fresh = sum(pool.is_fresh(row) for row in shelf)
    given = sum(row.snapshot_id == pool.current for row in shelf)
    for tally in pool.shelved():
        fresh += tally.count * pool.is_fresh(tally)
        given += tally.count * (tally.snapshot_id == pool.current)
    # More than the target is never built, whatever switch_at says.
    needed = min(
        pool.spec.switch_at.of(pool.spec.min_ready), pool.spec.min_ready
    )
    if fresh >= needed or (fresh > 0 and given == 0):
        return Switch(pool.source.snapshot_id, ready=fresh)
    return None


def trim(
    pool: Pool, decided: Sequence[Action], limits: Limits
) -> list[Evict]:
    """Evict what is too much, too old or of another image."""
    shelf = _shelf_after(pool, decided)
    if pool.drained:
        return [Evict(row, DRAINED) for row in shelf]
    if pool.source is None:
        return []
    counts = _count(pool, decided)
    is_cramped = counts.alive >= _most(pool) and counts.missing(pool) > 0
    return [
        *_drain(pool, shelf, limits, is_cramped=is_cramped),
        *_surplus(pool, shelf),
    ]


def _drain(
    pool: Pool,
    shelf: Sequence[model.PooledVolume],
    limits: Limits,
    *,
    is_cramped: bool,
) -> list[Evict]:
    """Evict old images, the oldest rows first.

    Never what claims by OS name still get, never below ``min_ready``; and
    not before their time, unless they take the room to build.
    """
    stale = [row for row in shelf if pool.is_stale(row)]
    since = pool.switched_at
    is_over = since is None or pool.now - since >= limits.drain_time
    if not is_over and not is_cramped:
        return []
    spare = max(0, len(shelf) - pool.spec.min_ready)
    oldest = sorted(stale, key=lambda row: (row.created_at, row.id))
    return [
        Evict(row, STALE) for row in oldest[: min(spare, limits.drain)]
    ]


def _surplus(
    pool: Pool, shelf: Sequence[model.PooledVolume]
) -> list[Evict]:
    """Evict more than the target, of what is built and of what is given.

    In a change too much of the current image would leave no room to build,
    after a target that was lowered for example, and it would never end.
    """
    given = [
        row
        for row in shelf
        if not pool.is_fresh(row) and not pool.is_stale(row)
    ]
    fresh = [row for row in shelf if pool.is_fresh(row)]
    return [*_beyond_target(pool, fresh), *_beyond_target(pool, given)]


def _beyond_target(
    pool: Pool, rows: Sequence[model.PooledVolume]
) -> list[Evict]:
    """Evict what is too much of one image: the expired, then the newest."""
    spare = len(rows) - pool.spec.min_ready
    if spare <= 0:
        return []
    newest = sorted(
        rows, key=lambda row: (row.created_at, row.id), reverse=True
    )
    expired = [row for row in reversed(newest) if pool.is_expired(row)]
    order = expired + [row for row in newest if row not in expired]
    return [
        Evict(row, "too old" if row in expired else "surplus")
        for row in order[:spare]
    ]


def deficit(pool: Pool, decided: Sequence[Action], limits: Limits) -> int:
    """Return how many creates to begin.

    A reserved row counts as supply until its claim is settled: most are
    bound within a second, and one that is handed back would be a surplus.
    One expired row does not count: the shelf is renewed one by one.
    """
    if pool.source is None or pool.paused or pool.drained:
        return 0
    counts = _count(pool, decided)
    bounds = _bounds(pool, counts, decided, limits)
    return min(counts.missing(pool), *(most for most, _ in bounds))


def lanes(
    decided: Sequence[Action], limits: Limits, *, count: int
) -> tuple[model.SnapshotId, ...]:
    """Return the twin for each of the creates to begin; none: the source."""
    return places.dealt(places.freed(limits.lanes, _built(decided)), count)


def _built(decided: Iterable[Action]) -> list[model.PooledVolume]:
    """Return the rows whose builds have ended well."""
    return [a.row for a in decided if isinstance(a, Promote)]


def held_back(
    pool: Pool,
    decided: Sequence[Action],
    limits: Limits,
    *,
    is_pausing: bool = False,
) -> str | None:
    """Say why fewer volumes are built than are missing; None: they are not.

    ``is_pausing``: there is no room because builds pause after a failure.
    """
    counts = _count(pool, decided)
    missing = counts.missing(pool)
    if pool.drained:
        return "it is drained"
    if missing <= 0:
        return None
    if pool.source is None:
        return "no image to build from is known"
    if pool.paused:
        return "it is paused"
    if is_pausing:
        return "its builds pause after one that failed"
    most, why = min(_bounds(pool, counts, decided, limits))
    return why if most < missing else None


def _bounds(
    pool: Pool, counts: "_Counts", decided: Sequence[Action], limits: Limits
) -> tuple[tuple[int, str], ...]:
    """Return how many creates may begin for each reason there is."""
    built = _built(decided)
    return (
        *_courtesies(limits, _fresh(pool, built)),
        (
            _most(pool) - counts.alive,
            f"of at most {_most(pool)} volumes, by its surge, it has "
            f"{counts.alive}",
        ),
        (
            pool.spec.max_creating - counts.building,
            f"of at most {pool.spec.max_creating} at a time, by its "
            f"max_creating, {counts.building} are being built",
        ),
        (
            limits.room + len(built),
            "as many are being built as [reconcile] max_creating lets",
        ),
        (
            _room_of_source(pool, built, limits),
            "as many are being built from its image as [reconcile] "
            "max_creating_per_snapshot lets",
        ),
    )


def _courtesies(limits: Limits, fresh: int) -> Iterator[tuple[int, str]]:
    """Yield how many creates may begin beside what callers wait for."""
    if limits.beside_claims is not None:
        yield (
            limits.beside_claims,
            "claims are under way, and come first",
        )
    if limits.beside_creates is not None:
        yield (
            limits.beside_creates + fresh,
            "an ordinary create from its image is under way, and comes first",
        )


def _room_of_source(
    pool: Pool, built: Sequence[model.PooledVolume], limits: Limits
) -> int:
    """Return the places that are left in the queues of the source.

    With twins it is left to others, and has none.
    """
    if limits.lanes:
        return places.total(places.freed(limits.lanes, built))
    return limits.room_of_source + _fresh(pool, built)


def _fresh(pool: Pool, built: Sequence[model.PooledVolume]) -> int:
    """Count what was built of the source itself.

    What was built of the old image, or of a twin, leaves the new one's queue
    as it was.
    """
    return sum(pool.is_fresh(row) and not row.twin_id for row in built)


def _most(pool: Pool) -> int:
    """Return how many volumes there may be at all."""
    return pool.spec.min_ready + pool.spec.surge.of(pool.spec.min_ready)


@dataclass(kw_only=True)
class _Counts:
    """A pool's volumes once what was decided is done."""

    #: In creation.
    building: int = 0
    #: All but the condemned.
    alive: int = 0
    #: Of these, of the source.
    fresh: int = 0
    #: Of the source, on the shelf, and too old.
    expired: int = 0

    def missing(self, pool: Pool) -> int:
        """Return how many more of the source the pool wants."""
        return pool.spec.min_ready - self.fresh + min(1, self.expired)


def _count(pool: Pool, decided: Sequence[Action]) -> _Counts:
    left = {a.row.id for a in decided if isinstance(a, Evict | Forget)}
    built = {a.row.id for a in decided if isinstance(a, Promote)}
    found = {a.row.id for a in decided if isinstance(a, Attach)}
    counts = _Counts()
    for row in pool.rows:
        if row.id not in found and _is_lost(pool, row):
            continue
        if row.status is _R.CREATING and row.id not in left | built:
            counts.building += 1
        if row.id in left or row.status is _R.DELETING or row.held:
            continue
        counts.alive += 1
        if pool.is_fresh(row):
            counts.fresh += 1
            counts.expired += pool.is_expired(row)
    for tally in pool.others:
        if not tally.held:
            counts.alive += tally.count
            counts.fresh += tally.count * pool.is_fresh(tally)
    return counts


def _shelf_after(
    pool: Pool, decided: Iterable[Action]
) -> list[model.PooledVolume]:
    """Return the rows on the shelf once ``decided`` is done."""
    left = {a.row.id for a in decided if isinstance(a, Evict | Forget)}
    return [
        row
        for row in pool.rows
        if row.status is _R.AVAILABLE
        and not row.held
        and row.id not in left
    ]


def _is_lost(pool: Pool, row: model.PooledVolume) -> bool:
    return row.volume_id is None and (
        pool.now - row.created_at > INTENT_COUNTS
    )
