"""A migrated, empty SQLite file; migrating anew costs a second."""

import functools
import pathlib
import tempfile

import sqlalchemy as sa

from cube_volpool.db import migration


def copy_to(target: pathlib.Path) -> None:
    """Write the file of a ledger that has its tables and nothing else."""
    target.write_bytes(_content())


@functools.cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "template.sqlite"
        engine = sa.create_engine(f"sqlite:///{path}")
        migration.sync(engine)
        engine.dispose()
        return path.read_bytes()
