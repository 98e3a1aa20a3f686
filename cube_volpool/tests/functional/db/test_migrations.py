"""The migrations come to the models, on the three databases."""

from datetime import datetime
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

    def test_a_ledger_of_before_changes_of_images_goes_on(self):
        """What was built is what is given, of the type that the pool had."""
        server = self.database()
        engine = sa.create_engine(server.create())
        self.addCleanup(server.drop)
        self.addCleanup(engine.dispose)
        migration.sync(engine, "0001")
        now = datetime(2026, 11, 20)
        times = {"created_at": now, "updated_at": now}
        with engine.begin() as connection:
            before = sa.MetaData()
            before.reflect(connection)
            tables = before.tables
            connection.execute(
                sa.insert(tables["pools"]).values(
                    name="deb", generation=1, paused=False, drained=False,
                    source_snapshot_id="s1", volume_type_id="t1",
                    counted_hits=0, counted_misses=0, deletes=0, **times,
                )
            )
            connection.execute(
                sa.insert(tables["backup_volumes"]).values(
                    marker="m", pool="deb", volume_id="v", name="n",
                    type="ssd", os="debian-12", snapshot_id="s1", size_gib=1,
                    status="available", held=False, generation=1, **times,
                )
            )
            connection.execute(
                sa.insert(tables["os_images"]).values(
                    os="debian-12", type="ssd", snapshot_id="s1",
                    version="1", role="current", size_gib=1, synced_at=now,
                )
            )

        migration.sync(engine)

        with engine.connect() as connection:
            [pool] = connection.execute(sa.select(models.pools)).all()
            [row] = connection.execute(
                sa.select(models.backup_volumes)
            ).all()
        self.assertEqual(
            ("s1", "s1", 0),
            (
                pool.source_snapshot_id,
                pool.current_snapshot_id,
                pool.build_failures,
            ),
        )
        self.assertEqual(("t1", "s1"), (row.volume_type_id, row.snapshot_id))

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
