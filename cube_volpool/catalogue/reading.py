"""Names into entries: what a list of snapshots comes to."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cube_volpool import model, settings
from cube_volpool.catalogue import versions

#: A snapshot that is on its way out, or broken, was withdrawn; one of any
#: other status is only busy, and will be back.
_WITHDRAWN = ("error", "deleting", "deleted")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A snapshot, and the name by which it is told what it is."""

    #: Of the snapshot, or of the volume that led to it.
    name: str
    snapshot: model.Snapshot
    #: The type of the volume it was taken of, where that is known.
    volume_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is odd about a snapshot; mostly why nothing is built from it."""

    snapshot_id: model.SnapshotId
    name: str
    problem: str
    #: What it is.
    kind: str = "snapshot"
    #: False: most likely it was never meant for us.
    is_trouble: bool = True

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.name!r} ({self.snapshot_id}) {self.problem}"
        )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was found, the newest version of each (os, type) first."""

    entries: tuple[model.CatalogueEntry, ...]
    findings: tuple[Finding, ...] = ()


def read(
    candidates: Iterable[Candidate],
    rules: settings.CatalogueSettings,
    *,
    known: Collection[model.SnapshotId] = (),
) -> Reading:
    """Read every candidate by the naming rule.

    ``known`` are the snapshots that pools use now: of several with the same
    version that one is meant, and one that is busy for a moment stays.
    """
    found: Versions = {}
    findings: list[Finding] = []
    for candidate in candidates:
        entry = _entry(candidate, rules.naming_rule)
        if not isinstance(entry, model.CatalogueEntry):
            findings.append(_finding(candidate, *entry))
            continue
        order = versions.key(entry.version, rules.version_format)
        problem = _trouble(candidate.snapshot, entry, order, rules, known)
        if order is None or problem is not None:
            findings.append(_finding(candidate, problem or "", True))
            continue
        kind = found.setdefault((entry.os, entry.type), {})
        kind.setdefault(order, []).append(entry)
    entries, twins = newest_first(found, known)
    return Reading(entries=entries, findings=(*findings, *twins))


#: Entries by (os, type) and version.
Versions = dict[
    tuple[str, str], dict[versions.Key, list[model.CatalogueEntry]]
]


def newest_first(
    found: Versions, known: Collection[model.SnapshotId]
) -> tuple[tuple[model.CatalogueEntry, ...], list[Finding]]:
    """Order the entries of each kind; of one version there is one at most.

    Returns them, and what was left out.
    """
    entries: list[model.CatalogueEntry] = []
    findings: list[Finding] = []
    for kind in found.values():
        for order in sorted(kind, reverse=True):
            chosen, twins = _one_of(kind[order], known)
            entries += chosen
            findings += twins
    return tuple(entries), findings


def is_usable(snapshot: model.Snapshot) -> bool:
    """Is it neither broken nor on its way out?"""
    return not snapshot.status.startswith(_WITHDRAWN)


def _entry(
    candidate: Candidate, rule: re.Pattern[str]
) -> model.CatalogueEntry | tuple[str, bool]:
    match = rule.fullmatch(candidate.name)
    if match is None:
        return "has a name that does not follow the naming rule", False
    named = match.groupdict()
    kind = named.get("type") or candidate.volume_type
    if not kind:
        return (
            "has no type: neither does its name tell, nor is the volume it "
            "was taken of there",
            True,
        )
    return model.CatalogueEntry(
        os=named["os"],
        type=kind,
        snapshot_id=candidate.snapshot.id,
        name=candidate.name,
        version=named["version"],
        role=model.Role.PREVIOUS,
        volume_type=candidate.volume_type,
        size_gib=candidate.snapshot.size_gib,
    )


def _trouble(
    snapshot: model.Snapshot,
    entry: model.CatalogueEntry,
    order: versions.Key | None,
    rules: settings.CatalogueSettings,
    known: Collection[model.SnapshotId],
) -> str | None:
    if order is None:
        return (
            f"has the version {entry.version!r}, which is no "
            f"{rules.version_format}"
        )
    is_known = snapshot.id in known
    if snapshot.status == "available" or (is_known and is_usable(snapshot)):
        return None
    return f"is {snapshot.status}"


def _one_of(
    twins: list[model.CatalogueEntry], known: Collection[model.SnapshotId]
) -> tuple[list[model.CatalogueEntry], list[Finding]]:
    """Choose among entries of one version; without a reason, none."""
    # The same one again says the same.
    twins = list({entry.snapshot_id: entry for entry in twins}.values())
    if len(twins) == 1:
        return twins, []
    used = [entry for entry in twins if entry.snapshot_id in known]
    findings = [
        Finding(
            snapshot_id=entry.snapshot_id,
            name=entry.name,
            problem=f"is one of {len(twins)} with version {entry.version} of "
            f"{entry.os}, type {entry.type}",
        )
        for entry in twins
        if entry not in used
    ]
    return used[:1], findings


def _finding(
    candidate: Candidate, problem: str, is_trouble: bool
) -> Finding:
    return Finding(
        snapshot_id=candidate.snapshot.id,
        name=candidate.name,
        problem=problem,
        is_trouble=is_trouble,
    )
