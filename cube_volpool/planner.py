"""The pure planner: what should happen to one pool, and why.

It reads nothing and changes nothing: rows, what Cinder showed, the time and
the limits go in, actions come out.  The plan of an applied plan is empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cube_volpool import model, origin, supply, twin
from cube_volpool.actions import (
    Action,
    Attach,
    Create,
    Delete,
    Evict,
    Forget,
    Promote,
    Relabel,
)
from cube_volpool.premises import Limits, Pool

_R = model.RowStatus

#: What Cinder calls a volume that is being made.
_BUILDING: Final = frozenset({"creating", "downloading"})
#: What Cinder refuses to delete, or what somebody may be using.
_NOT_DELETABLE: Final = frozenset(
    {"deleting", "in-use", "attaching", "detaching", "reserved"}
)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What Cinder showed.  A key that is not there was not looked at."""

    #: None: GET by id said 404.
    volumes: Mapping[model.VolumeId, model.Volume | None]
    #: By the marker of a row without id; None: no volume of that name.
    intents: Mapping[model.Marker, model.Volume | None] = field(
        default_factory=dict
    )


def plan(
    pool: Pool, observed: Observation, limits: Limits
) -> tuple[Action, ...]:
    """Return what to do, in the order in which to do it.

    Reserved rows are never in it: they are a claim's, and rescue's.
    """
    queue = _queue(pool.rows)
    actions: list[Action] = []
    for row in pool.rows:
        action = _settle(pool, row, observed, limits, queue=queue)
        if action is not None:
            actions.append(action)
    switch = supply.switch(pool, actions)
    if switch is not None:
        actions.append(switch)
    actions.extend(supply.trim(pool, actions, limits))
    missing = supply.deficit(pool, actions, limits)
    if missing > 0:
        lanes = supply.lanes(actions, limits, count=missing)
        actions.append(Create(missing, lanes))
    return tuple(actions)


def unfit(
    row: model.PooledVolume, volume: model.Volume, *, deployment: str
) -> str | None:
    """Say why a finished volume may not be given out; None when it may."""
    checks = (
        (volume.size_gib == row.size_gib, f"its size is {volume.size_gib}"),
        (_is_of_type(row, volume), f"its type is {volume.volume_type}"),
        (
            origin.is_from(volume.snapshot_id, row.made_of),
            "it has another snapshot",
        ),
        (
            volume.bootable or row.snapshot_id == origin.BLANK,
            "it is not bootable",
        ),
        (not volume.attached, "it is attached"),
        (
            volume.metadata.get(model.DEPLOYMENT_KEY) == deployment,
            "its deployment marker was changed",
        ),
    )
    return next((reason for good, reason in checks if not good), None)


def is_as_shelved(
    pool: Pool, row: model.PooledVolume, volume: model.Volume
) -> bool:
    """Is a row on the shelf, and its volume as it was put there?"""
    return row.status is _R.AVAILABLE and (
        _settle_available(pool, row, volume) is None
    )


def _is_of_type(row: model.PooledVolume, volume: model.Volume) -> bool:
    """By the id where both are known: Cinder's types can be renamed."""
    if row.volume_type_id is not None and volume.volume_type_id is not None:
        return row.volume_type_id == volume.volume_type_id
    return volume.volume_type == row.type


def _settle(
    pool: Pool,
    row: model.PooledVolume,
    observed: Observation,
    limits: Limits,
    *,
    queue: Mapping[int, int],
) -> Action | None:
    """Decide about one row."""
    if row.status is _R.RESERVED:
        return None
    if row.volume_id is None:
        return _settle_intent(pool, row, observed, limits)
    if row.volume_id not in observed.volumes:
        return None
    volume = observed.volumes[row.volume_id]
    if volume is None:
        is_expected = row.status is _R.DELETING or (
            limits.believes_absence and not _is_new(pool, row, limits)
        )
        return Forget(row) if is_expected else None
    late = _is_late(pool, row, limits, place=queue.get(row.id, 1))
    if row.status is _R.CREATING:
        return _settle_creating(pool, row, volume, late=late)
    if row.status is _R.DELETING:
        return _settle_deleting(pool, row, volume, late=late)
    return _settle_available(pool, row, volume)


def _is_new(
    pool: Pool, row: model.PooledVolume, limits: Limits
) -> bool:
    """Was its id told so lately that a replica may not know it yet?

    Forgotten now, its volume would be nobody's when it turns up.
    """
    return row.status is _R.CREATING and (
        pool.now - row.updated_at <= limits.intent_grace
    )


def _settle_intent(
    pool: Pool,
    row: model.PooledVolume,
    observed: Observation,
    limits: Limits,
) -> Action | None:
    if row.marker not in observed.intents:
        return None
    volume = observed.intents[row.marker]
    if volume is not None:
        return Attach(row, volume)
    if pool.now - row.created_at > limits.intent_grace:
        return Forget(row)
    return None


def _settle_creating(
    pool: Pool, row: model.PooledVolume, volume: model.Volume, *, late: bool
) -> Action | None:
    if volume.status in _BUILDING:
        return Evict(row, "stuck in creating") if late else None
    if volume.status != "available":
        return Evict(row, f"Cinder says {volume.status}")
    if pool.is_stale(row):
        return Evict(row, supply.STALE)
    if pool.drained:
        return Evict(row, supply.DRAINED)
    reason = unfit(row, volume, deployment=pool.deployment)
    return Promote(row, volume) if reason is None else Evict(row, reason)


def _settle_available(
    pool: Pool, row: model.PooledVolume, volume: model.Volume
) -> Action | None:
    if row.held:
        # An operator studies it, and may do what he likes with it.
        return None
    if volume.status != "available":
        return Evict(row, f"Cinder says {volume.status}")
    if volume.metadata.get(model.MARKER_KEY) != row.marker:
        return Evict(row, "its marker was changed")
    if volume.name != row.name:
        return Evict(row, "it was renamed")
    reason = unfit(row, volume, deployment=pool.deployment)
    if reason is not None:
        return Evict(row, reason)
    wanted = pool.spec.volume_type
    # Without a source the name may be a slip of the configuration.
    if row.type == wanted or pool.source is None:
        return None
    if volume.volume_type == wanted:
        return Relabel(row, wanted)
    # Another daemon may know the type by its new name already: only the id
    # says that it is another type.
    known = (pool.volume_type_id, row.volume_type_id)
    if None in known or known[0] == known[1]:
        return None
    return Evict(row, f"its pool is of type {wanted} now")


def _settle_deleting(
    pool: Pool, row: model.PooledVolume, volume: model.Volume, *, late: bool
) -> Action | None:
    if volume.metadata.get(model.DEPLOYMENT_KEY) != pool.deployment:
        return None
    if volume.attached or volume.status in _NOT_DELETABLE:
        return None
    if volume.status in _BUILDING and not late:
        return None
    return Delete(row, volume.status)


def _queue(rows: Iterable[model.PooledVolume]) -> Mapping[int, int]:
    """Return the place of each creating row in the queue of its lane."""
    places: dict[int, int] = {}
    length: dict[model.SnapshotId, int] = {}
    for row in sorted(rows, key=lambda row: (row.created_at, row.id)):
        if row.status is _R.CREATING:
            length[row.made_of] = length.get(row.made_of, 0) + 1
            places[row.id] = length[row.made_of]
    return places


def _is_late(
    pool: Pool, row: model.PooledVolume, limits: Limits, *, place: int
) -> bool:
    return pool.now - row.created_at > limits.build_timeout * place


def shelf_metadata(
    row: model.PooledVolume, deployment: str
) -> dict[str, str]:
    """Return the metadata of a volume on the shelf.

    One that was made of a twin says of what: its ledger may get lost.
    """
    made = {
        model.DEPLOYMENT_KEY: deployment,
        model.MARKER_KEY: row.marker,
        model.POOL_KEY: row.pool,
    }
    return made if row.twin_id is None else made | {
        twin.SOURCE_KEY: row.snapshot_id
    }
