"""The rows of another system's table, where Cinder's names do not count."""

from collections.abc import Collection, Iterable, Mapping

from cube_volpool import model, settings
from cube_volpool.catalogue import versions
from cube_volpool.catalogue.reading import (
    Finding,
    Reading,
    Versions,
    is_usable,
    newest_first,
)


def merge(
    rows: Iterable[settings.TableRow],
    cinder: Reading,
    snapshots: Mapping[model.SnapshotId, model.Snapshot],
    *,
    form: settings.VersionFormat,
    known: Collection[model.SnapshotId],
) -> Reading:
    """Let the table say what it says, and Cinder the rest.

    A row whose snapshot is not there, or not finished, is named, and its
    (os, type) is not taken from Cinder: the table means something else.
    ``known`` are the snapshots that pools use, as in ``read``.
    """
    findings: list[Finding] = []
    named: set[tuple[str, str]] = set()
    found: Versions = {}
    for row in rows:
        named.add((row.os, row.type))
        # As Cinder writes ids.
        ident = model.SnapshotId(row.snapshot_id.lower())
        snapshot = snapshots.get(ident)
        if snapshot is None or not is_usable(snapshot):
            status = "not in the pool project" if snapshot is None else (
                snapshot.status
            )
            findings.append(
                Finding(
                    snapshot_id=ident,
                    name=f"{row.os}, type {row.type}",
                    problem=f"is named by the table, and is {status}",
                )
            )
            continue
        entry = model.CatalogueEntry(
            os=row.os,
            type=row.type,
            snapshot_id=ident,
            name=snapshot.name,
            version=row.version,
            role=model.Role.PREVIOUS,
            volume_type=None,
            size_gib=snapshot.size_gib,
        )
        order = versions.key(row.version, form) or ()
        kind = found.setdefault((row.os, row.type), {})
        kind.setdefault(order, []).append(entry)
    sorted_entries, twins = newest_first(found, known)
    entries = list(sorted_entries)
    findings += twins
    for entry in cinder.entries:
        if (entry.os, entry.type) in named:
            continue
        entries.append(entry)
        findings.append(
            Finding(
                snapshot_id=entry.snapshot_id,
                name=entry.name,
                problem=f"is taken from Cinder: the table has no OS "
                f"{entry.os}, type {entry.type}",
                is_trouble=False,
            )
        )
    return Reading(
        entries=tuple(entries), findings=(*findings, *cinder.findings)
    )
