"""Which snapshot a pool is built from, or why none is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cube_volpool import model, origin, settings
from cube_volpool.catalogue import versions

#: In which status Cinder makes volumes from it.  *Source:* cinder
#: volume/flows/api/create_volume.py, SNAPSHOT_PROCEED_STATUS and
#: SRC_VOL_PROCEED_STATUS.
_USABLE: Final = {
    origin.Kind.SNAPSHOT: ("available",),
    origin.Kind.VOLUME: ("available", "in-use"),
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The source of one pool, or why it has none."""

    snapshot_id: model.SnapshotId | None = None
    #: Of the snapshot; a volume cannot be smaller.
    size_gib: int | None = None
    error: str | None = None


def choose(
    spec: settings.PoolSpec,
    entries: Sequence[model.CatalogueEntry],
    types: Collection[str],
    *,
    form: settings.VersionFormat,
    current: model.SnapshotId | None = None,
) -> Choice:
    """Choose the newest entry that nobody rejected; ``types`` are Cinder's.

    For a pool without a pin.  Where all that is named was rejected, it stays
    with its ``current`` image, or goes back to what was named last.
    """
    if spec.volume_type not in types:
        return Choice(error=f"Cinder has no volume type {spec.volume_type}")
    fitting = [entry for entry in entries if fits(spec, entry)]
    named = [entry for entry in fitting if entry.is_named]
    what = f"snapshot of OS {spec.os_name}, type {spec.volume_type},"
    if not named:
        return Choice(error=f"a {what} is not in the pool project")
    allowed = [entry for entry in named if entry.rejected is None]
    chosen = max(
        allowed,
        key=lambda entry: versions.key(entry.version, form) or (),
        default=_unnamed(fitting, current),
    )
    if chosen is None:
        return Choice(error=f"every {what} was rejected; see os list")
    return _sized(spec, chosen.snapshot_id, chosen.size_gib)


def _unnamed(
    entries: Sequence[model.CatalogueEntry],
    current: model.SnapshotId | None,
) -> model.CatalogueEntry | None:
    """Choose among what nothing names any more and nobody rejected."""
    left = [
        entry
        for entry in entries
        if not entry.is_named and entry.rejected is None
    ]
    return max(
        left,
        key=lambda entry: (
            entry.snapshot_id == current,
            # None: it was named until this very look.
            entry.named_until is None,
            entry.named_until or datetime.min,
        ),
        default=None,
    )


def pinned(
    spec: settings.PoolSpec,
    pin: model.SnapshotId,
    source: model.Snapshot | model.Volume | None,
    types: Collection[str],
) -> Choice:
    """Choose what the configuration names, whatever its name.

    ``source`` is the snapshot, or the volume, as Cinder shows it.  An image
    is Glance's, and not looked at: a create tells what is wrong with it.
    """
    if spec.volume_type not in types:
        return Choice(error=f"Cinder has no volume type {spec.volume_type}")
    kind = origin.kind(pin)
    if kind in (origin.Kind.IMAGE, origin.Kind.BLANK):
        return Choice(snapshot_id=pin, size_gib=spec.size_gib)
    if source is None or source.status not in _USABLE[kind]:
        return Choice(
            error=f"{origin.described(pin)}, pinned by the configuration, "
            "is not in the pool project or not available"
        )
    return _sized(spec, pin, source.size_gib)


def fits(spec: settings.PoolSpec, entry: model.CatalogueEntry) -> bool:
    """Is an entry of the OS and type of a pool?"""
    return entry.os == spec.os_name and spec.is_type(entry.type, None)


def _sized(
    spec: settings.PoolSpec, snapshot_id: model.SnapshotId, size_gib: int
) -> Choice:
    if spec.size_gib is not None and spec.size_gib < size_gib:
        return Choice(
            error=f"size_gib {spec.size_gib} is smaller than "
            f"{origin.described(snapshot_id)} with {size_gib} GiB"
        )
    return Choice(snapshot_id=snapshot_id, size_gib=size_gib)
