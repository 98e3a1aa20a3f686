"""The pure catalogue: which snapshot is the current one of an OS and type."""

import dataclasses
import re
from collections.abc import Iterable

from cube_volpool import model


def entries(
    snapshots: Iterable[model.Snapshot], rule: re.Pattern[str]
) -> tuple[model.CatalogueEntry, ...]:
    """Return one entry for each snapshot whose name fits the rule.

    The newest available version of each (os, type) is ``current``, the
    others are ``previous``.  Snapshots that do not fit are not ours.
    """
    found: dict[tuple[str, str], list[model.CatalogueEntry]] = {}
    for snapshot in snapshots:
        match = rule.fullmatch(snapshot.name)
        if match is None or snapshot.status != "available":
            continue
        entry = model.CatalogueEntry(
            os=match["os"],
            type=match["type"],
            snapshot_id=snapshot.id,
            version=match["version"],
            role=model.Role.PREVIOUS,
            volume_type=match["type"],
            size_gib=snapshot.size_gib,
        )
        found.setdefault((entry.os, entry.type), []).append(entry)
    result: list[model.CatalogueEntry] = []
    for versions in found.values():
        versions.sort(key=lambda entry: version_key(entry.version))
        result += versions[:-1]
        newest = versions[-1]
        result.append(dataclasses.replace(newest, role=model.Role.CURRENT))
    return tuple(result)


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return what orders versions: numbers as numbers, words as words.

    20261120 < 20261121, 9 < 10, 1.9 < 1.10, 1.0 < 1.0.1.
    """
    parts = re.findall(r"\d+|[^\d.]+", version)
    return tuple(
        (1, int(part), "") if part.isdecimal() else (0, 0, part)
        for part in parts
    )

