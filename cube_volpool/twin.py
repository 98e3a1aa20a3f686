"""Twins of a snapshot, and the carriers that they are taken of: values.

Cinder makes volumes of one snapshot one at a time.  So a pool may have
*twins* of the snapshot that it builds from: snapshots of a *carrier*, a
volume that was made from it and that nobody is ever given.  Each has the same
content and a lock of its own.  A twin that creates may go to is a *lane*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cube_volpool import model

#: In the metadata of a carrier or a twin: its kind.  Pooled volumes have none.
KIND_KEY: Final = "cube_volpool_twin"
#: In that of a twin, and of a volume made of one: whose content it has.
SOURCE_KEY: Final = "cube_volpool_source"


class Kind(StrEnum):
    """What a row of ``twins`` stands for."""

    #: A volume: what twins are taken of.
    CARRIER = "carrier"
    #: A snapshot: what volumes are made of.
    TWIN = "twin"


class Status(StrEnum):
    """Where it is in its life; never where it was before."""

    #: Intent or create under way; upkeep settles it after a crash.
    CREATING = "creating"
    #: Twins are taken of it, or volumes made.
    AVAILABLE = "available"
    #: Condemned; upkeep deletes it until Cinder says 404.
    DELETING = "deleting"


_S = Status
#: (from, to); None stands for "no row".
TRANSITIONS: Final[frozenset[tuple[Status | None, Status | None]]] = (
    frozenset(
        {
            (None, _S.CREATING),
            # One that no row knew.
            (None, _S.DELETING),
            (_S.CREATING, _S.AVAILABLE),
            (_S.CREATING, _S.DELETING),
            # Cinder never got it.
            (_S.CREATING, None),
            (_S.AVAILABLE, _S.DELETING),
            (_S.DELETING, None),
        }
    )
)


@dataclass(frozen=True, kw_only=True)
class Twin:
    """One row of ``twins``: a carrier or a twin of one pool."""

    id: int
    marker: model.Marker
    pool: model.PoolName
    kind: Kind
    #: Whose content it has.
    source_id: model.SnapshotId
    #: Of a twin: the marker of what it is taken of.
    carrier: model.Marker | None
    #: Cinder's id of the volume or the snapshot; None is intent.
    cinder_id: str | None
    status: Status
    #: Why it is condemned.
    reason: str | None
    #: How many builds of it, or of its twins, failed in a row.
    failures: int
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        """Its name in Cinder."""
        return model.pooled_name(self.marker)

    @property
    def lane(self) -> model.SnapshotId:
        """The snapshot that creates name; "" for a carrier or an intent."""
        is_twin = self.kind is Kind.TWIN
        return model.SnapshotId(self.cinder_id or "" if is_twin else "")

    @property
    def volume_id(self) -> model.VolumeId:
        """The volume of a carrier; "" for a twin or an intent."""
        is_carrier = self.kind is Kind.CARRIER
        return model.VolumeId(self.cinder_id or "" if is_carrier else "")


@dataclass(frozen=True, kw_only=True)
class Stray:
    """A carrier or a twin in Cinder of which no row may know."""

    pool: model.PoolName
    kind: Kind
    source_id: model.SnapshotId
    cinder_id: str
    marker: model.Marker


def metadata(one: Twin, deployment: str) -> dict[str, str]:
    """Return the metadata of a carrier or a twin."""
    return {
        model.DEPLOYMENT_KEY: deployment,
        model.MARKER_KEY: one.marker,
        model.POOL_KEY: one.pool,
        KIND_KEY: one.kind.value,
        SOURCE_KEY: one.source_id,
    }


def is_as_made(
    found: Mapping[str, str], one: Twin, *, deployment: str
) -> bool:
    """Is this, and perhaps more, the metadata that it was made with?"""
    return metadata(one, deployment).items() <= found.items()


def is_ours(found: Mapping[str, str], *, deployment: str) -> bool:
    """Is this the metadata of a carrier or a twin of ours?

    Nothing else may be deleted as one.
    """
    return KIND_KEY in found and found.get(model.DEPLOYMENT_KEY) == deployment
