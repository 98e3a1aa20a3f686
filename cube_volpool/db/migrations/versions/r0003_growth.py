"""Indexes by which the work does not grow with what there is.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Put better indexes in the place of two, and add two."""
    with op.batch_alter_table("backup_volumes") as volumes:
        volumes.create_index(
            "ix_backup_volumes_kind",
            [
                "pool",
                "status",
                "snapshot_id",
                "size_gib",
                "held",
                "created_at",
            ],
        )
        volumes.drop_index("ix_backup_volumes_pool_status")
    with op.batch_alter_table("claims") as claims:
        claims.create_index("ix_claims_served", ["pool", "source", "status"])
        claims.drop_index("ix_claims_pool_source")
        claims.create_index("ix_claims_ended", ["status", "updated_at"])
        claims.create_index("ix_claims_volume_id", ["volume_id"])
