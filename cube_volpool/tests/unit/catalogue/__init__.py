"""The pure catalogue, by its parts."""

import re
from typing import Any

from cube_volpool import catalogue, model, settings

RULE = re.compile(r"(?P<os>.+)_(?P<type>[^_]+)_(?P<version>[^_]+)")


def rules(**changes: Any) -> settings.CatalogueSettings:
    """Return settings with the usual naming rule."""
    return settings.CatalogueSettings(**{"naming_rule": RULE, **changes})


def snapshot(name: str, **changes: Any) -> model.Snapshot:
    """Return an available snapshot ``id-NAME``."""
    values: dict[str, Any] = {
        "id": model.SnapshotId(f"id-{name}"),
        "name": name,
        "status": "available",
        "size_gib": 1,
        "volume_id": model.VolumeId("v"),
    }
    return model.Snapshot(**{**values, **changes})


def candidate(
    name: str, *, kind: str | None = None, **changes: Any
) -> catalogue.Candidate:
    """Return a candidate with the name of its snapshot."""
    return catalogue.Candidate(
        name=name, snapshot=snapshot(name, **changes), volume_type=kind
    )


def entry(version: str, **changes: Any) -> model.CatalogueEntry:
    """Return a version of debian-12 for type ssd."""
    values: dict[str, Any] = {
        "os": "debian-12",
        "type": "ssd",
        "snapshot_id": model.SnapshotId(f"id-{version}"),
        "version": version,
        "role": model.Role.PREVIOUS,
        "volume_type": None,
        "size_gib": 1,
    }
    return model.CatalogueEntry(**{**values, **changes})
