"""Lanes: twins of snapshots, and what was made of them.

Revision ID: 0004
Revises: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"

_TIME = sa.DateTime().with_variant(
    mysql.DATETIME(fsp=6), "mysql", "mariadb"
)
_MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}


def upgrade() -> None:
    """Add the table of twins, and of which one a volume was made."""
    op.create_table(
        "twins",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("marker", sa.String(36), nullable=False),
        sa.Column("pool", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("source_id", sa.String(64), nullable=False),
        sa.Column("carrier", sa.String(36)),
        sa.Column("cinder_id", sa.String(36)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(255)),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.UniqueConstraint("marker", name="uniq_twins0marker"),
        sa.UniqueConstraint("cinder_id", name="uniq_twins0cinder_id"),
        sa.Index("ix_twins_pool_status", "pool", "status"),
        **_MYSQL,
    )
    with op.batch_alter_table("backup_volumes") as volumes:
        volumes.add_column(sa.Column("twin_id", sa.String(36)))
