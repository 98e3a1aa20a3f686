"""Places in Cinder's queues: one queue for each snapshot that is built from.

Pure.  A *lane* is such a snapshot; how many creates one may have in flight is
capped, for each of them holds a worker of cinder-volume while it waits.
"""

from collections.abc import Iterable, Mapping

from cube_volpool import model

#: How many more creates each lane may have in flight, in their order.
Free = Mapping[model.SnapshotId, int]


def freed(free: Free, built: Iterable[model.PooledVolume]) -> Free:
    """Return the places once these volumes have left their queues.

    What was built elsewhere, of the source or of a lane that is closed,
    leaves the open ones as they are.
    """
    after = dict(free)
    for row in built:
        if row.made_of in after:
            after[row.made_of] += 1
    return after


def total(free: Free) -> int:
    """Return how many creates may begin; a lane that is too full has none."""
    return sum(max(0, places) for places in free.values())


def dealt(free: Free, count: int) -> tuple[model.SnapshotId, ...]:
    """Deal creates out to the lanes, the least busy first.

    ``count`` of them, or as many as there are places.
    """
    left = dict(free)
    hands: list[model.SnapshotId] = []
    for _ in range(min(count, total(free))):
        lane = max(left, key=lambda one: left[one])
        left[lane] -= 1
        hands.append(lane)
    return tuple(hands)
