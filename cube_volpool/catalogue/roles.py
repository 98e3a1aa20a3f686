"""What each catalogued image is for: current, next or previous."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from cube_volpool import model, settings
from cube_volpool.catalogue import versions


def ordered(
    entries: Iterable[model.CatalogueEntry], form: settings.VersionFormat
) -> list[model.CatalogueEntry]:
    """Put what is named first, the newest version of each before.

    Of the rest, what was named last comes first, by whatever version.
    """

    def order(entry: model.CatalogueEntry) -> tuple[object, ...]:
        version = versions.key(entry.version, form) if entry.is_named else ()
        # None: it was named until just now.
        until = entry.named_until or datetime.max
        return entry.is_named, version or (), until

    return sorted(entries, key=order, reverse=True)


def newest(
    entries: Iterable[model.CatalogueEntry],
) -> dict[tuple[str, str], model.CatalogueEntry]:
    """Return the newest entry of each (os, type) that nobody rejected.

    ``entries`` has the newest version of each first, as ``read`` has.
    """
    found: dict[tuple[str, str], model.CatalogueEntry] = {}
    for entry in entries:
        if entry.rejected is None:
            found.setdefault((entry.os, entry.type), entry)
    return found


def assign(
    entries: Iterable[model.CatalogueEntry],
    *,
    current: Collection[model.SnapshotId | None],
    sources: Collection[model.SnapshotId | None],
    keep: int,
) -> tuple[model.CatalogueEntry, ...]:
    """Give each entry its role, and leave out what is too old.

    ``current`` and ``sources`` are the pools'.  An (os, type) without a pool
    has its newest as current.  Of each, ``keep`` are kept, every one that a
    pool uses, and what was rejected.
    """
    entries = tuple(entries)
    first = newest(entries)
    served = {
        (entry.os, entry.type)
        for entry in entries
        if entry.snapshot_id in current
    }
    used = {*current, *sources}
    counted: dict[tuple[str, str], int] = {}

    def kept() -> Iterator[model.CatalogueEntry]:
        for entry in entries:
            kind = entry.os, entry.type
            counted[kind] = counted.get(kind, 0) + 1
            is_needed = (
                entry.snapshot_id in used or entry.rejected is not None
            )
            if counted[kind] <= keep or is_needed:
                yield entry

    def role(entry: model.CatalogueEntry) -> model.Role:
        if entry.snapshot_id in current:
            return model.Role.CURRENT
        if entry.snapshot_id in sources:
            return model.Role.NEXT
        kind = entry.os, entry.type
        if kind not in served and first.get(kind) == entry:
            return model.Role.CURRENT
        return model.Role.PREVIOUS

    return tuple(
        dataclasses.replace(entry, role=role(entry)) for entry in kept()
    )
