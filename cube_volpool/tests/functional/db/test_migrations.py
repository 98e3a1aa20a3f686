"""The migrations come to the models, on the three databases."""

from typing import TYPE_CHECKING

import sqlalchemy as sa
from oslo_db.sqlalchemy import enginefacade, test_fixtures, test_migrations
from oslotest import base

from cube_volpool.db import migration, models
from cube_volpool.tests.functional.db import databases

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class _Sync(
    test_migrations.ModelsMigrationsSync,
    test_fixtures.OpportunisticDBTestMixin,
):
    """oslo.db's comparison.  A server that is away fails it."""

    SKIP_ON_UNAVAILABLE_DB = False

    def setUp(self):
        super().setUp()
        self.engine = enginefacade.writer.get_engine()

    def get_engine(self):
        return self.engine

    def get_metadata(self):
        return models.METADATA

    def db_sync(self, engine):
        migration.sync(engine)


class OnSqlite(_Sync, base.BaseTestCase):
    """SQLite."""


class OnMariadb(_Sync, base.BaseTestCase):
    """MariaDB."""

    FIXTURE = test_fixtures.MySQLOpportunisticFixture


class OnPostgresql(_Sync, base.BaseTestCase):
    """PostgreSQL."""

    FIXTURE = test_fixtures.PostgresqlOpportunisticFixture


class VersionFacts(_Case):
    """What is true of versions, whatever the database."""

    def test_an_empty_database_has_no_version_and_sync_brings_it(self):
        """And once more changes nothing."""
        server = self.database()
        engine = sa.create_engine(server.create())
        self.addCleanup(server.drop)
        self.addCleanup(engine.dispose)

        self.assertIsNone(migration.version(engine))
        for _time in range(2):
            migration.sync(engine)
            self.assertEqual(migration.head(), migration.version(engine))

    def test_the_check_of_the_schema_passes_after_a_sync(self):
        """What the daemon asks before it serves."""
        self.store.check_schema()

    def test_text_and_times_are_as_the_models_say(self):
        """oslo.db compares types and nullability, not collation.

        A name may hold any character, and differs by case.
        """
        names = ["web", "WEB", "wéb", "w\N{PENGUIN}b"]
        for name in names:
            self.open(name)

        found = self.sql(sa.select(models.claims.c.name))
        self.assertEqual(sorted(names), sorted(name for (name,) in found))


class VersionOnSqlite(VersionFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class VersionOnMariadb(VersionFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class VersionOnPostgresql(VersionFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
