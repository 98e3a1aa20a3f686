"""The values of the house: ids, states, rows, and what Cinder showed.

Everything here is frozen and knows neither database nor HTTP.  The two
transition tables are the whole truth about states; ``db`` refuses any other
change and a test walks all pairs.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NewType

ProjectId = NewType("ProjectId", str)
VolumeId = NewType("VolumeId", str)
#: Of what a volume is made from: a snapshot's id, or a word of ``origin``.
SnapshotId = NewType("SnapshotId", str)
TransferId = NewType("TransferId", str)
Marker = NewType("Marker", str)
PoolName = NewType("PoolName", str)

#: What every key that we put into a volume's metadata begins with.
KEY_PREFIX: Final = "cube_volpool"
DEPLOYMENT_KEY: Final = "cube_volpool_deployment"
MARKER_KEY: Final = "cube_volpool_marker"
POOL_KEY: Final = "cube_volpool_pool"
CLAIM_KEY: Final = "cube_volpool_claim"


class RowStatus(StrEnum):
    """Where a pooled volume is in its life."""

    #: Intent or create under way; reconcile settles it after a crash.
    CREATING = "creating"
    #: On the shelf.
    AVAILABLE = "available"
    #: Taken by a claim; the claimant or rescue settles it.
    RESERVED = "reserved"
    #: Condemned; reconcile deletes until Cinder says 404.
    DELETING = "deleting"


class ClaimStatus(StrEnum):
    """How far a claim is."""

    #: Opened, perhaps with a reserved row; rescue settles it after a crash.
    PENDING = "pending"
    #: The transfer is recorded, accept may be out; rescue looks at Cinder.
    OFFERED = "offered"
    #: A miss: the create may be out; rescue looks for it by name and marker.
    CREATING = "creating"
    #: The volume is the caller's.
    BOUND = "bound"
    #: Nothing was given; a new call of that name opens it again.
    FAILED = "failed"


class Source(StrEnum):
    """Where the volume of an answer came from."""

    POOL = "pool"
    CREATED = "created"
    EXISTING = "existing"


class Role(StrEnum):
    """What a catalogued snapshot is for its (os, type)."""

    CURRENT = "current"
    NEXT = "next"
    PREVIOUS = "previous"


class Actor(StrEnum):
    """Who may change the state of a pooled volume."""

    RECONCILE = "reconcile"
    CLAIMANT = "claimant"
    RESCUE = "rescue"
    OPERATOR = "operator"


_R = RowStatus
_CLAIM_ACTORS = frozenset({Actor.CLAIMANT, Actor.RESCUE})
_POOL_ACTORS = frozenset({Actor.RECONCILE, Actor.OPERATOR})
_RECONCILE = frozenset({Actor.RECONCILE})

#: (from, to) -> who; None stands for "no row".  architecture: "States of a
#: pooled volume".
TRANSITIONS: Final[
    Mapping[tuple[RowStatus | None, RowStatus | None], frozenset[Actor]]
] = {
    (None, _R.CREATING): _RECONCILE,
    (None, _R.DELETING): _RECONCILE,
    (_R.CREATING, _R.AVAILABLE): _RECONCILE,
    (_R.CREATING, _R.DELETING): _POOL_ACTORS,
    (_R.CREATING, None): _RECONCILE,
    (_R.AVAILABLE, _R.RESERVED): frozenset({Actor.CLAIMANT}),
    (_R.AVAILABLE, _R.DELETING): _POOL_ACTORS,
    (_R.AVAILABLE, None): _RECONCILE,
    (_R.RESERVED, None): _CLAIM_ACTORS,
    (_R.RESERVED, _R.AVAILABLE): frozenset({Actor.CLAIMANT}),
    (_R.RESERVED, _R.DELETING): _CLAIM_ACTORS,
    (_R.DELETING, None): _RECONCILE,
}

_C = ClaimStatus
#: Which claim may become what; a take-over changes no status.
CLAIM_TRANSITIONS: Final[frozenset[tuple[ClaimStatus, ClaimStatus]]] = (
    frozenset(
        {
            (_C.PENDING, _C.OFFERED),
            (_C.PENDING, _C.CREATING),
            (_C.OFFERED, _C.PENDING),
            (_C.PENDING, _C.BOUND),
            (_C.OFFERED, _C.BOUND),
            (_C.CREATING, _C.BOUND),
            (_C.PENDING, _C.FAILED),
            (_C.OFFERED, _C.FAILED),
            (_C.CREATING, _C.FAILED),
            (_C.FAILED, _C.PENDING),
            (_C.BOUND, _C.PENDING),
        }
    )
)

#: Claims that somebody is, or should be, working on.
UNDER_WAY: Final = (_C.PENDING, _C.OFFERED, _C.CREATING)


@dataclass(frozen=True, kw_only=True)
class PooledVolume:
    """One row of ``backup_volumes``."""

    id: int
    marker: Marker
    pool: PoolName
    #: None is intent: the create may be out, its answer is not in.
    volume_id: VolumeId | None
    name: str
    #: Cinder's name of the volume type; of a claim that may take it.
    type: str
    #: And the id of that type, by which a renamed one is known; None until
    #: the volume was on the shelf.
    volume_type_id: str | None = None
    os: str
    #: Whose content it has; what claims ask for.
    snapshot_id: SnapshotId
    #: The twin of it that Cinder made it of; None: itself.
    twin_id: SnapshotId | None = None
    size_gib: int
    availability_zone: str | None
    status: RowStatus
    held: bool
    claim_id: int | None
    evict_reason: str | None
    generation: int
    created_at: datetime
    updated_at: datetime

    @property
    def made_of(self) -> SnapshotId:
        """What Cinder was, or is to be, told to make it of."""
        return self.twin_id or self.snapshot_id


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Rows of a pool that are alike in all that is planned by: how many."""

    pool: PoolName
    status: RowStatus
    snapshot_id: SnapshotId
    size_gib: int
    held: bool
    count: int
    #: When the oldest of them was begun.
    oldest: datetime


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One row of ``claims``: idempotency record and audit trail."""

    id: int
    marker: Marker
    project_id: ProjectId
    name: str
    params_hash: str
    status: ClaimStatus
    source: Source | None
    pool: PoolName | None
    volume_id: VolumeId | None
    transfer_id: TransferId | None
    miss_started_at: datetime | None
    reason: str | None
    owner_token: str
    lease_until: datetime
    generation: int
    attempts: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class PoolRecord:
    """One row of ``pools``: what all daemons must agree on."""

    name: PoolName
    #: The OS of the source and of the current snapshot; None: not known.
    os_name: str | None = None
    generation: int
    #: Bumped by every top-up of any pool: the caps on creates are common.
    fleet_generation: int = 0
    paused: bool
    drained: bool
    #: What is built.
    source_snapshot_id: SnapshotId | None
    #: Of the volumes, for all daemons: a configured size is in it.
    source_size_gib: int | None
    #: What a claim by OS name gets; not the source during a change.
    current_snapshot_id: SnapshotId | None = None
    switched_at: datetime | None = None
    #: How many builds of a source that is not current failed in a row.
    build_failures: int = 0
    #: What a volume was last built of.
    proven_snapshot_id: SnapshotId | None = None
    volume_type_id: str | None
    last_error: str | None


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """One row of ``os_images``."""

    os: str
    type: str
    snapshot_id: SnapshotId
    #: The name that this was read from.
    name: str = ""
    version: str
    role: Role
    #: Of the volume that the snapshot was taken of, where that is known.
    volume_type: str | None
    size_gib: int
    #: Why nothing is to be built from it.
    rejected: str | None = None
    #: False: the images' source does not name it any more.
    is_named: bool = True
    #: Until when it did; None also where that is being found out.
    named_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which row a claim may take; every given field must be equal."""

    type: str
    snapshot_id: SnapshotId
    size_gib: int | None = None
    availability_zone: str | None = None
    #: Pools whose volumes may be smaller: they are extended once given.
    growing: frozenset[PoolName] = frozenset()


@dataclass(frozen=True, kw_only=True)
class NewVolume:
    """The body of a Cinder create."""

    name: str
    volume_type: str
    snapshot_id: SnapshotId | None = None
    size_gib: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    availability_zone: str | None = None


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume as Cinder showed it."""

    id: VolumeId
    project_id: ProjectId
    name: str
    status: str
    size_gib: int
    volume_type: str
    volume_type_id: str | None = None
    #: As far as the answer shows it.
    snapshot_id: SnapshotId | None
    bootable: bool
    metadata: Mapping[str, str]
    availability_zone: str | None
    attached: bool
    created_at: datetime
    #: The JSON object of the answer, for the caller.
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A transfer of ours.  The key lives in memory alone."""

    transfer_id: TransferId
    auth_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A snapshot as Cinder showed it."""

    id: SnapshotId
    name: str
    status: str
    size_gib: int
    volume_id: VolumeId
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NewSnapshot:
    """The body of a Cinder create of a snapshot."""

    name: str
    volume_id: VolumeId
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: the project, and the token where one was sent."""

    project_id: ProjectId
    auth_token: str | None = field(default=None, repr=False)
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ClaimRequest:
    """A validated claim: the body of a create, plus the OS name."""

    name: str
    volume_type: str
    snapshot_id: SnapshotId | None = None
    size_gib: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    availability_zone: str | None = None
    os_name: str | None = None

    def params_hash(self) -> str:
        """Return the SHA-256 over everything but the name, in hex."""
        params = {
            "volume_type": self.volume_type,
            "snapshot_id": self.snapshot_id,
            "size": self.size_gib,
            "metadata": dict(self.metadata),
            "availability_zone": self.availability_zone,
            "os_name": self.os_name,
        }
        text = json.dumps(params, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


#: The record that stands for all pools together; no pool may be called so.
FLEET: Final = PoolName("*")


def pooled_name(marker: Marker) -> str:
    """Return the name of a pooled volume on the shelf."""
    return f"volpool-{marker}"
