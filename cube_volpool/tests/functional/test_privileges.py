"""The ledger with the least that an account of the database may have."""

import uuid
from datetime import timedelta

import sqlalchemy as sa
import testscenarios
from oslotest import base

from cube_volpool import model
from cube_volpool.db import migration
from cube_volpool.db.store import Store
from cube_volpool.tests.functional import accounts
from cube_volpool.tests.functional.db import databases

load_tests = testscenarios.load_tests_apply_scenarios


class RowsOnlyTest(base.BaseTestCase):
    """SELECT, INSERT, UPDATE and DELETE; the tables belong to another."""

    database: type[databases.Mariadb] | type[databases.Postgresql]
    scenarios = [
        ("MariaDB", {"database": databases.Mariadb}),
        ("PostgreSQL", {"database": databases.Postgresql}),
    ]

    def setUp(self) -> None:
        super().setUp()
        made = self.database()
        owner = made.create()
        self.addCleanup(made.drop)
        opened = sa.create_engine(owner)
        migration.sync(opened)
        opened.dispose()
        name = f"rows_{uuid.uuid4().hex[:12]}"
        self.account = self.useFixture(
            accounts.RowsOnly(owner, name=name, password=uuid.uuid4().hex)
        )
        self.store = Store(
            {"connection": self.account.url.render_as_string(False)},
            draw=lambda: 1,
        )
        self.addCleanup(self.store.close)

    def test_account_may_not_change_tables(self) -> None:
        """Without this the tests below would prove nothing."""
        opened = sa.create_engine(self.account.url)
        self.addCleanup(opened.dispose)
        for statement in ("CREATE TABLE x (a INTEGER)", "DROP TABLE claims"):
            with opened.connect() as connection:
                self.assertRaises(
                    sa.exc.DBAPIError, connection.exec_driver_sql, statement
                )

    def test_daemon_needs_no_more(self) -> None:
        """The check at the start, a row's life, a claim's, and the purge."""
        self.store.check_schema()
        self.store.pools.ensure([databases.POOL])
        record = self.store.stock.load(databases.POOL).record
        (row,) = self.store.stock.begin_creates(
            record, new=databases.NEW_ROW, count=1
        )
        self.store.stock.attach(row, model.VolumeId(str(uuid.uuid4())))
        self.store.stock.promote(row, availability_zone="nova")
        opened = self.store.claims.open(
            databases.StoreCase.new_claim(self, "web")  # type: ignore[arg-type]
        )
        self.store.endings.fail(opened.claim, reason="a test")

        self.assertIsNotNone(opened.row)
        self.assertEqual(
            1, self.store.pools.purge(older_than=timedelta(0), limit=10)
        )
