"""Changes of images: what a pool builds, and what it gives.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime().with_variant(
    mysql.DATETIME(fsp=6), "mysql", "mariadb"
)
_NAME = sa.String(255).with_variant(
    mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"),
    "mysql",
    "mariadb",
)


def upgrade() -> None:
    """Add what a change of images needs to remember."""
    with op.batch_alter_table("pools") as pools:
        pools.add_column(sa.Column("current_snapshot_id", sa.String(64)))
        pools.alter_column(
            "source_snapshot_id",
            type_=sa.String(64),
            existing_type=sa.String(36),
        )
        pools.add_column(sa.Column("os_name", sa.String(255)))
        pools.add_column(sa.Column("switched_at", _TIME))
        pools.add_column(sa.Column("proven_snapshot_id", sa.String(64)))
        pools.add_column(
            sa.Column(
                "build_failures",
                sa.Integer,
                nullable=False,
                server_default="0",
            )
        )
    with op.batch_alter_table("backup_volumes") as volumes:
        volumes.add_column(sa.Column("volume_type_id", sa.String(36)))
        # Longer than an id: a word for images, volumes, and what is blank.
        volumes.alter_column(
            "snapshot_id",
            type_=sa.String(64),
            existing_type=sa.String(36),
            existing_nullable=False,
        )
    # All that is there was made of the types that the pools know.
    volumes_table = sa.table(
        "backup_volumes", sa.column("pool"), sa.column("volume_type_id")
    )
    records = sa.table(
        "pools", sa.column("name"), sa.column("volume_type_id")
    )
    op.execute(
        sa.update(volumes_table).values(
            volume_type_id=sa.select(records.c.volume_type_id)
            .where(records.c.name == volumes_table.c.pool)
            .scalar_subquery()
        )
    )
    # A copy of what Cinder has: the first sync reads it anew, with names.
    op.execute(sa.delete(sa.table("os_images")))
    with op.batch_alter_table("os_images") as images:
        images.add_column(sa.Column("name", sa.String(255), nullable=False))
        images.add_column(sa.Column("rejected", sa.String(255)))
        images.add_column(sa.Column("named_until", _TIME))
        images.add_column(sa.Column("missing_since", _TIME))
        for name in ("os", "type"):
            images.alter_column(
                name,
                type_=_NAME,
                existing_type=sa.String(255),
                existing_nullable=False,
            )
        # One snapshot may be the image of several types.
        images.drop_constraint("uniq_os_images0snapshot_id", type_="unique")
        images.create_unique_constraint(
            "uniq_os_images0snapshot_os_type", ["snapshot_id", "os", "type"]
        )
    # What was built until now is what was given.
    pools_table = sa.table(
        "pools",
        sa.column("current_snapshot_id"),
        sa.column("source_snapshot_id"),
    )
    op.execute(
        sa.update(pools_table).values(
            current_snapshot_id=pools_table.c.source_snapshot_id
        )
    )
