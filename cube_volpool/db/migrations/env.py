"""Alembic's environment: the connection is handed in, never a URL."""

from alembic import context

from cube_volpool.db import models

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
