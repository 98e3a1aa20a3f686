"""The five tables of the ledger.  Migrations must come to the same."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from cube_volpool import model, twin

METADATA: Final = sa.MetaData()

# MariaDB keeps whole seconds unless told otherwise; leases need fractions.
TIME: Final = sa.DateTime().with_variant(
    mysql.DATETIME(fsp=6), "mysql", "mariadb"
)
# Names must differ by case and by accents, as they do in Cinder's answer;
# the usual collations of MariaDB would take two names for one.
NAME: Final = sa.String(255).with_variant(
    mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"),
    "mysql",
    "mariadb",
)
_MYSQL: Final[dict[str, Any]] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
}


def _times() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return (
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )


backup_volumes = sa.Table(
    "backup_volumes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("marker", sa.String(36), nullable=False),
    sa.Column("pool", sa.String(64), nullable=False),
    sa.Column("volume_id", sa.String(36)),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("type", NAME, nullable=False),
    sa.Column("volume_type_id", sa.String(36)),
    sa.Column("os", sa.String(255), nullable=False),
    sa.Column("snapshot_id", sa.String(64), nullable=False),
    # What it was made of, where that is not the snapshot itself.
    sa.Column("twin_id", sa.String(36)),
    sa.Column("size_gib", sa.Integer, nullable=False),
    sa.Column("availability_zone", sa.String(255)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("claim_id", sa.Integer),
    sa.Column("evict_reason", sa.String(255)),
    sa.Column("generation", sa.Integer, nullable=False),
    *_times(),
    sa.UniqueConstraint("marker", name="uniq_backup_volumes0marker"),
    sa.UniqueConstraint("volume_id", name="uniq_backup_volumes0volume_id"),
    sa.UniqueConstraint("claim_id", name="uniq_backup_volumes0claim_id"),
    # All that a round counts by, so that it reads no row: see ``tallies``.
    sa.Index(
        "ix_backup_volumes_kind",
        "pool",
        "status",
        "snapshot_id",
        "size_gib",
        "held",
        "created_at",
    ),
    sa.Index(
        "ix_backup_volumes_shelf", "snapshot_id", "status", "created_at", "id"
    ),
    sa.Index("ix_backup_volumes_status", "status"),
    **_MYSQL,
)

claims = sa.Table(
    "claims",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("marker", sa.String(36), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("name", NAME, nullable=False),
    sa.Column("params_hash", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("source", sa.String(16)),
    sa.Column("pool", sa.String(64)),
    sa.Column("volume_id", sa.String(36)),
    sa.Column("transfer_id", sa.String(36)),
    sa.Column("miss_started_at", TIME),
    sa.Column("reason", sa.String(255)),
    sa.Column("owner_token", sa.String(36), nullable=False),
    sa.Column("lease_until", TIME, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    *_times(),
    sa.UniqueConstraint("project_id", "name", name="uniq_claims0project_name"),
    sa.UniqueConstraint("marker", name="uniq_claims0marker"),
    sa.Index("ix_claims_status_lease", "status", "lease_until"),
    sa.Index("ix_claims_owner_status", "owner_token", "status"),
    # Hits and misses are counted by it, and no row read.
    sa.Index("ix_claims_served", "pool", "source", "status"),
    sa.Index("ix_claims_ended", "status", "updated_at"),
    sa.Index("ix_claims_volume_id", "volume_id"),
    **_MYSQL,
)

pools = sa.Table(
    "pools",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("drained", sa.Boolean, nullable=False),
    # Of the two snapshots.
    sa.Column("os_name", sa.String(255)),
    sa.Column("source_snapshot_id", sa.String(64)),
    sa.Column("source_size_gib", sa.Integer),
    # What claims by OS name get; another one than the source in a change.
    sa.Column("current_snapshot_id", sa.String(64)),
    sa.Column("switched_at", TIME),
    # Builds of the source that failed, one after the other.
    sa.Column(
        "build_failures", sa.Integer, nullable=False, server_default="0"
    ),
    # The source that a volume was last built of.
    sa.Column("proven_snapshot_id", sa.String(64)),
    sa.Column("volume_type_id", sa.String(36)),
    sa.Column("last_error", sa.String(255)),
    # What no row of claims tells any more: purged, opened again, or a miss
    # that ended with nothing.
    sa.Column("counted_hits", sa.Integer, nullable=False),
    sa.Column("counted_misses", sa.Integer, nullable=False),
    # The window of the cap on deletes: its start, and the deletes in it.
    sa.Column("deletes_since", TIME),
    sa.Column("deletes", sa.Integer, nullable=False),
    *_times(),
    **_MYSQL,
)

os_images = sa.Table(
    "os_images",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("os", NAME, nullable=False),
    sa.Column("type", NAME, nullable=False),
    sa.Column("snapshot_id", sa.String(36), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("version", sa.String(255), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("volume_type", sa.String(255)),
    sa.Column("size_gib", sa.Integer, nullable=False),
    # Why nothing is to be built from it.
    sa.Column("rejected", sa.String(255)),
    sa.Column("synced_at", TIME, nullable=False),
    # Since when nothing names it any more.
    sa.Column("named_until", TIME),
    # Since when no listing has had it.
    sa.Column("missing_since", TIME),
    sa.UniqueConstraint(
        "snapshot_id", "os", "type", name="uniq_os_images0snapshot_os_type"
    ),
    sa.Index("ix_os_images_os_type_role", "os", "type", "role"),
    **_MYSQL,
)


twins = sa.Table(
    "twins",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("marker", sa.String(36), nullable=False),
    sa.Column("pool", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("source_id", sa.String(64), nullable=False),
    # The marker of what a twin is taken of.
    sa.Column("carrier", sa.String(36)),
    sa.Column("cinder_id", sa.String(36)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(255)),
    sa.Column("failures", sa.Integer, nullable=False),
    *_times(),
    sa.UniqueConstraint("marker", name="uniq_twins0marker"),
    sa.UniqueConstraint("cinder_id", name="uniq_twins0cinder_id"),
    sa.Index("ix_twins_pool_status", "pool", "status"),
    **_MYSQL,
)


def pooled_volume(row: sa.Row[tuple[object, ...]]) -> model.PooledVolume:
    """Build the value from a row of ``backup_volumes``."""
    fields = row._asdict()
    fields["status"] = model.RowStatus(fields["status"])
    return model.PooledVolume(**fields)


def twin_of(row: sa.Row[tuple[object, ...]]) -> twin.Twin:
    """Build the value from a row of ``twins``."""
    fields = {c.name: row._mapping[c] for c in twins.columns}
    fields["kind"] = twin.Kind(fields["kind"])
    fields["status"] = twin.Status(fields["status"])
    return twin.Twin(**fields)


def claim(row: sa.Row[tuple[object, ...]]) -> model.Claim:
    """Build the value from a row of ``claims``."""
    fields = row._asdict()
    fields["status"] = model.ClaimStatus(fields["status"])
    if fields["source"] is not None:
        fields["source"] = model.Source(fields["source"])
    return model.Claim(**fields)


def pool_record(row: sa.Row[tuple[object, ...]]) -> model.PoolRecord:
    """Build the value from a row of ``pools``."""
    found = row._mapping
    return model.PoolRecord(
        name=found["name"],
        os_name=found["os_name"],
        generation=found["generation"],
        paused=found["paused"],
        drained=found["drained"],
        source_snapshot_id=found["source_snapshot_id"],
        source_size_gib=found["source_size_gib"],
        current_snapshot_id=found["current_snapshot_id"],
        switched_at=found["switched_at"],
        build_failures=found["build_failures"],
        proven_snapshot_id=found["proven_snapshot_id"],
        volume_type_id=found["volume_type_id"],
        last_error=found["last_error"],
    )


def catalogue_entry(row: sa.Row[tuple[object, ...]]) -> model.CatalogueEntry:
    """Build the value from a row of ``os_images``."""
    found = row._mapping
    return model.CatalogueEntry(
        os=found["os"],
        type=found["type"],
        snapshot_id=found["snapshot_id"],
        name=found["name"],
        version=found["version"],
        role=model.Role(found["role"]),
        volume_type=found["volume_type"],
        size_gib=found["size_gib"],
        rejected=found["rejected"],
        is_named=found["named_until"] is None,
        named_until=found["named_until"],
    )
