"""Which snapshot a pool is built from, or why none is."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cube_volpool import model, origin, settings
from cube_volpool.catalogue import versions
from cube_volpool.catalogue.reading import is_usable

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
) -> Choice:
    """Choose the newest entry that nobody rejected; ``types`` are Cinder's.

    For a pool without a pin.
    """
    if spec.volume_type not in types:
        return Choice(error=f"Cinder has no volume type {spec.volume_type}")
    fitting = [entry for entry in entries if _fits(spec, entry)]
    allowed = [entry for entry in fitting if entry.rejected is None]
    newest = max(
        allowed,
        key=lambda entry: versions.key(entry.version, form) or (),
        default=None,
    )
    if newest is not None:
        return _sized(spec, newest.snapshot_id, newest.size_gib)
    what = f"snapshot of OS {spec.os_name}, type {spec.volume_type},"
    if fitting:
        return Choice(error=f"every {what} was rejected; see os list")
    return Choice(error=f"a {what} is not in the pool project")


def unnamed(
    spec: settings.PoolSpec,
    entries: Iterable[model.CatalogueEntry],
    current: model.Snapshot | None,
) -> model.CatalogueEntry | None:
    """Return an entry for what a pool gives and nothing names any more.

    As the oldest of its kind: to stay with, or to go back to, when all that
    is named was rejected.  None where it is named; and where nothing else
    is, for then its OS was taken away.
    """
    fitting = [entry for entry in entries if _fits(spec, entry)]
    if current is None or not fitting or not is_usable(current):
        return None
    if any(entry.snapshot_id == current.id for entry in fitting):
        return None
    return model.CatalogueEntry(
        os=spec.os_name,
        type=fitting[0].type,
        snapshot_id=current.id,
        name=current.name,
        version="",
        role=model.Role.PREVIOUS,
        volume_type=None,
        size_gib=current.size_gib,
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


def _fits(spec: settings.PoolSpec, entry: model.CatalogueEntry) -> bool:
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
