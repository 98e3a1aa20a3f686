"""The first schema.

Revision ID: 0001
Revises:
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_TIME = sa.DateTime().with_variant(
    mysql.DATETIME(fsp=6), "mysql", "mariadb"
)
_NAME = sa.String(255).with_variant(
    mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"),
    "mysql",
    "mariadb",
)
_MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}


def upgrade() -> None:
    """Create the four tables."""
    _backup_volumes()
    _claims()
    _pools()
    _os_images()


def _backup_volumes() -> None:
    op.create_table(
        "backup_volumes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("marker", sa.String(36), nullable=False),
        sa.Column("pool", sa.String(64), nullable=False),
        sa.Column("volume_id", sa.String(36)),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("type", _NAME, nullable=False),
        sa.Column("os", sa.String(255), nullable=False),
        sa.Column("snapshot_id", sa.String(36), nullable=False),
        sa.Column("size_gib", sa.Integer, nullable=False),
        sa.Column("availability_zone", sa.String(255)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("claim_id", sa.Integer),
        sa.Column("evict_reason", sa.String(255)),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.UniqueConstraint("marker", name="uniq_backup_volumes0marker"),
        sa.UniqueConstraint(
            "volume_id", name="uniq_backup_volumes0volume_id"
        ),
        sa.UniqueConstraint("claim_id", name="uniq_backup_volumes0claim_id"),
        sa.Index("ix_backup_volumes_pool_status", "pool", "status"),
        sa.Index(
            "ix_backup_volumes_shelf",
            "snapshot_id",
            "status",
            "created_at",
            "id",
        ),
        sa.Index("ix_backup_volumes_status", "status"),
        **_MYSQL,
    )


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("marker", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("params_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16)),
        sa.Column("pool", sa.String(64)),
        sa.Column("volume_id", sa.String(36)),
        sa.Column("transfer_id", sa.String(36)),
        sa.Column("miss_started_at", _TIME),
        sa.Column("reason", sa.String(255)),
        sa.Column("owner_token", sa.String(36), nullable=False),
        sa.Column("lease_until", _TIME, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.UniqueConstraint(
            "project_id", "name", name="uniq_claims0project_name"
        ),
        sa.UniqueConstraint("marker", name="uniq_claims0marker"),
        sa.Index("ix_claims_status_lease", "status", "lease_until"),
        sa.Index("ix_claims_owner_status", "owner_token", "status"),
        sa.Index("ix_claims_pool_source", "pool", "source"),
        **_MYSQL,
    )


def _pools() -> None:
    op.create_table(
        "pools",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("drained", sa.Boolean, nullable=False),
        sa.Column("source_snapshot_id", sa.String(36)),
        sa.Column("source_size_gib", sa.Integer),
        sa.Column("volume_type_id", sa.String(36)),
        sa.Column("last_error", sa.String(255)),
        sa.Column("counted_hits", sa.Integer, nullable=False),
        sa.Column("counted_misses", sa.Integer, nullable=False),
        sa.Column("deletes_since", _TIME),
        sa.Column("deletes", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        **_MYSQL,
    )


def _os_images() -> None:
    op.create_table(
        "os_images",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("os", sa.String(255), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("snapshot_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("volume_type", sa.String(255)),
        sa.Column("size_gib", sa.Integer, nullable=False),
        sa.Column("synced_at", _TIME, nullable=False),
        sa.UniqueConstraint("snapshot_id", name="uniq_os_images0snapshot_id"),
        sa.Index("ix_os_images_os_type_role", "os", "type", "role"),
        **_MYSQL,
    )
