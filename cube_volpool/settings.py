"""What the configuration came to: frozen, checked, in plain units.

``conf`` builds these; nothing else in the house sees oslo.config.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from cube_volpool import model

_WHOLE: Final = 100


class VersionFormat(StrEnum):
    """How the versions of images are compared."""

    AUTO = "auto"
    DATE = "date"
    NUMBER = "number"
    DOTTED = "dotted"


class ImageSource(StrEnum):
    """Where the catalogue is read from."""

    #: Cinder's snapshots, by their names.
    SNAPSHOTS = "snapshots"
    #: Cinder's volumes, by their names, and what they were taken of.
    VOLUMES = "volumes"
    #: A table of another database.
    TABLE = "table"


@dataclass(frozen=True, kw_only=True)
class Share:
    """A number of volumes, or so many percent of a pool."""

    volumes: int | None = None
    percent: int = _WHOLE

    def of(self, whole: int) -> int:
        """Return the number for a pool of this size, rounded up."""
        if self.volumes is not None:
            return self.volumes
        return -(-whole * self.percent // _WHOLE)


@dataclass(frozen=True, kw_only=True)
class PoolSpec:
    """One ``[pool:NAME]`` group."""

    name: model.PoolName
    #: "" for blank volumes.
    os_name: str
    #: Cinder's name of the volume type.
    volume_type: str
    #: Other names of the type, in lower case.
    type_aliases: frozenset[str] = frozenset()
    min_ready: int = 1
    max_creating: int = 2
    #: None is the size of the snapshot.
    size_gib: int | None = None
    availability_zone: str | None = None
    #: Pins one source, of any kind; the catalogue is not asked.
    snapshot_id: model.SnapshotId | None = None
    #: How many twins of its snapshot it is built from at a time; 1: none,
    #: the snapshot itself.
    lanes: int = 1
    #: Serve who asks for more, and extend the volume then?
    extend: bool = False
    #: How many more volumes than ``min_ready`` there may be in a change.
    surge: Share = Share()
    #: How many new volumes must be ready before they are given out.
    switch_at: Share = Share()
    #: How old a volume on the shelf may become; None: as old as it likes.
    max_age: timedelta | None = None

    def is_type(self, asked: str, type_id: str | None) -> bool:
        """Is ``asked`` this pool's type, by name, alias or id?"""
        return (
            asked in (self.volume_type, type_id)
            or asked.lower() in self.type_aliases
        )


@dataclass(frozen=True, kw_only=True)
class ClaimSettings:
    """``[claim]``."""

    #: Create in the caller's project when the pool is empty?
    create_on_miss: bool = True
    default_budget: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(seconds=30)
    accept_timeout: timedelta = timedelta(seconds=90)
    miss_grace: timedelta = timedelta(minutes=15)
    #: The pause between two looks that must agree on an absence.
    look_pause: timedelta = timedelta(seconds=5)
    #: How many rows one claim may try.
    attempts: int = 3
    max_outstanding: int = 64
    max_outstanding_per_project: int = 32
    max_outstanding_per_pool: int = 48
    max_outstanding_in_batches: int = 48


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings:
    """``[reconcile]``."""

    interval: timedelta = timedelta(seconds=10)
    audit_interval: timedelta = timedelta(minutes=5)
    #: Creates in flight over all pools: each holds a cinder-volume worker.
    max_creating: int = 16
    #: Cinder makes volumes of one snapshot one at a time.
    max_creating_per_snapshot: int = 4
    #: While so many claims are under way, none is begun; 0: it is no matter.
    yield_to_claims: int = 8
    #: How long an unclear create may still turn up.
    intent_grace: timedelta = timedelta(minutes=15)
    #: What one place in a snapshot's queue may take.
    build_timeout: timedelta = timedelta(minutes=10)
    deletes_per_hour: int = 100
    #: How long most of a pool must be missing before that is believed.
    absence_grace: timedelta = timedelta(minutes=15)
    #: How long after a switch the old stock serves who names its snapshot.
    drain_time: timedelta = timedelta(minutes=15)
    #: How many volumes of a pool one round may evict for their image or age.
    drain_per_round: int = 2
    #: After so many failed builds in a row a new snapshot is rejected.
    poison_after: int = 3


@dataclass(frozen=True, kw_only=True)
class CinderSettings:
    """``[cinder]``: what both keyrings have in common."""

    #: How often a call that may be repeated is.
    retries: int = 2
    #: Failures in a row after which an endpoint is left alone; 0: never.
    breaker_failures: int = 10
    #: The first pause of such an endpoint.
    breaker_pause: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """``[os_table]``: a table of another system."""

    #: The URL of its database; it may hold a password.
    connection: str = field(repr=False)
    table: str = "os"
    os_column: str = "name"
    type_column: str = "type"
    snapshot_column: str = "snapshot_id"
    #: None: it has one row of each OS and type.
    version_column: str | None = None


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row of that table."""

    os: str
    type: str
    snapshot_id: str
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class CatalogueSettings:
    """``[catalogue]``."""

    #: With the groups ``os``, ``type`` and ``version``.
    naming_rule: re.Pattern[str]
    sync_interval: timedelta = timedelta(minutes=5)
    version_format: VersionFormat = VersionFormat.AUTO
    source: ImageSource = ImageSource.SNAPSHOTS
    #: Set where the source is a table.
    table: TableSettings | None = None
    #: False: only when somebody asks.
    automatic: bool = True
    #: How many versions of each image stay in the catalogue.
    keep: int = 5


@dataclass(frozen=True, kw_only=True)
class StatusSettings:
    """``[status]``."""

    host: str = "127.0.0.1"
    #: None: nothing is shown.
    port: int | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything the house needs to know."""

    deployment: str
    pools: tuple[PoolSpec, ...]
    catalogue: CatalogueSettings
    claim: ClaimSettings = field(default_factory=ClaimSettings)
    reconcile: ReconcileSettings = field(default_factory=ReconcileSettings)
    cinder: CinderSettings = field(default_factory=CinderSettings)
    status: StatusSettings = field(default_factory=StatusSettings)
    rescue_interval: timedelta = timedelta(seconds=10)
    purge_interval: timedelta = timedelta(hours=1)
    #: Finished claims younger than this stay in the ledger.
    purge_after: timedelta = timedelta(days=30)
