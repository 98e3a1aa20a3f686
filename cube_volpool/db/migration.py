"""Schema versions: sync to the newest, tell which one is there."""

import pathlib

import sqlalchemy as sa
from alembic import command, config, migration, script

_HERE = pathlib.Path(__file__).resolve().parent


def _config() -> config.Config:
    settings = config.Config()
    settings.set_main_option("script_location", str(_HERE / "migrations"))
    return settings


def sync(engine: sa.Engine, revision: str = "head") -> None:
    """Upgrade the schema to ``revision``.  Safe to repeat."""
    settings = _config()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


def version(engine: sa.Engine) -> str | None:
    """Return the revision of the database; None when it is empty."""
    with engine.connect() as connection:
        context = migration.MigrationContext.configure(connection)
        return context.get_current_revision()


def head() -> str:
    """Return the revision that this code needs."""
    revision = script.ScriptDirectory.from_config(
        _config()
    ).get_current_head()
    if revision is None:
        raise AssertionError("the package has no migration")
    return revision
