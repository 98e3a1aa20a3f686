"""The real commands, as processes of their own, on a SQLite file."""

import pathlib
import subprocess
import sys

import fixtures
import sqlalchemy as sa
from oslotest import base

from cube_volpool.cmd import manage
from cube_volpool.db import migration
from cube_volpool.tests.unit.conf import base as conf_base

_HEAD = migration.head()
_SECRET = "canary-of-the-database"


class CommandCase(base.BaseTestCase):
    """A folder with a right configuration file in it."""

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.url = f"sqlite:///{self.folder}/ledger.db"
        self.configure({"database": {"connection": self.url}})

    def configure(self, changes: conf_base.Groups) -> None:
        """Write the configuration file anew."""
        (self.folder / "cube_volpool.conf").write_text(
            conf_base.with_changes(changes)
        )

    def run_command(
        self, program: str, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of cube_volpool.cmd with the file."""
        return subprocess.run(
            [
                sys.executable,
                "-m",
                f"cube_volpool.cmd.{program}",
                "--config-file",
                str(self.folder / "cube_volpool.conf"),
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def assert_ran(self, status: int, *command: str) -> str:
        """The command ends with this status; return what it printed."""
        done = self.run_command(*command)

        self.assertEqual(status, done.returncode, done.stderr)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
        return done.stdout if status == 0 else done.stdout + done.stderr


class Manage(CommandCase):
    """cube-volpool-manage."""

    def test_sync_makes_the_tables_and_may_be_repeated(self):
        """After db sync the four tables are there, after another as well."""
        for _time in range(2):
            self.assertEqual(
                _HEAD, self.assert_ran(0, "manage", "db", "sync").strip()
            )

        engine = sa.create_engine(self.url)
        self.addCleanup(engine.dispose)
        self.assertLessEqual(
            {"backup_volumes", "claims", "pools", "os_images"},
            set(sa.inspect(engine).get_table_names()),
        )

    def test_version_tells_that_a_sync_is_due(self):
        """db version names the revision, and what to do when it is old."""
        before = self.assert_ran(0, "manage", "db", "version")
        self.assert_ran(0, "manage", "db", "sync")
        after = self.assert_ran(0, "manage", "db", "version")

        self.assertEqual(
            f"none (this release needs {_HEAD}: run db sync)", before.strip()
        )
        self.assertEqual(_HEAD, after.strip())

    def test_purge_deletes_old_finished_claims_alone(self):
        """Young claims and claims under way stay; the rest goes, batched."""
        self.assert_ran(0, "manage", "db", "sync")
        self._add_claims("bound", days=40, number=3)
        self._add_claims("failed", days=40, number=2)
        self._add_claims("pending", days=40, number=1)
        self._add_claims("bound", days=10, number=1)

        first = self.assert_ran(0, "manage", "db", "purge", "--batch", "2")
        self.assertEqual("5 claims purged", first.strip())
        self.assertEqual([("bound", 10), ("pending", 40)], self._claims())

        second = self.assert_ran(0, "manage", "db", "purge", "--days", "9")
        self.assertEqual("1 claims purged", second.strip())
        self.assertEqual([("pending", 40)], self._claims())

    def test_purge_wants_the_tables_of_this_release(self):
        """Before db sync, db purge says what to do."""
        output = self.assert_ran(1, "manage", "db", "purge")

        self.assertIn("run db sync", output)

    def test_a_downgrade_is_refused_with_the_reason(self):
        """Whatever revision is named, and without a database."""
        for words in ((), ("0001",)):
            output = self.assert_ran(1, "manage", "db", "downgrade", *words)

            self.assertIn("restore the backup", output)

    def test_a_database_that_is_down_is_one_line(self):
        """An unreachable database ends the command, without its password."""
        self.configure(
            {
                "database": {
                    "connection": f"mysql+pymysql://u:{_SECRET}@127.0.0.1:1/x"
                }
            }
        )
        for action in ("sync", "version", "purge"):
            with self.subTest(action=action):
                output = self.assert_ran(1, "manage", "db", action)

                self.assertIn("failed: ", output)
                self.assertNotIn(_SECRET, output)

    def test_a_wrong_configuration_is_status_78(self):
        """Without a database the command names the option."""
        self.configure({"database": {"connection": None}})

        output = self.assert_ran(78, "manage", "db", "sync")

        self.assertIn("[database] connection: not set", output)

    def test_a_file_that_is_not_there_is_status_78(self):
        """A missing configuration file is named."""
        (self.folder / "cube_volpool.conf").unlink()

        output = self.assert_ran(78, "manage", "db", "sync")

        self.assertIn(str(self.folder), output)

    def test_arguments_that_make_no_sense(self):
        """Nonsense on the command line is a usage error."""
        for arguments in (
            [],
            ["db"],
            ["db", "drop"],
            ["db", "purge", "--days", "0"],
            ["db", "purge", "--batch", "-1"],
            ["db", "purge", "--days", "x"],
        ):
            with self.subTest(arguments=arguments):
                ended = self.assertRaises(SystemExit, manage.main, arguments)

                self.assertEqual(2, ended.code)

    def _add_claims(self, status: str, *, days: int, number: int) -> None:
        engine = sa.create_engine(self.url)
        self.addCleanup(engine.dispose)
        then = f"datetime('now', '-{days} days') || '.000000'"
        with engine.begin() as connection:
            for n in range(number):
                connection.exec_driver_sql(
                    "INSERT INTO claims (marker, project_id, name,"
                    " params_hash, status, owner_token, lease_until,"
                    " generation, attempts, created_at, updated_at)"
                    f" VALUES ('{status}-{days}-{n}', 'p',"
                    f" '{status}-{days}-{n}', 'h', '{status}', 't', {then},"
                    f" 1, 1, {then}, {then})"
                )

    def _claims(self) -> list[tuple[str, int]]:
        engine = sa.create_engine(self.url)
        self.addCleanup(engine.dispose)
        with engine.connect() as connection:
            names = connection.exec_driver_sql(
                "SELECT name FROM claims ORDER BY name"
            ).scalars()
            split = [name.split("-") for name in names]
        return [(status, int(days)) for status, days, _n in split]


class Status(CommandCase):
    """cube-volpool-status."""

    def test_all_is_well_after_a_sync(self):
        """A right file and tables at head: status 0."""
        self.assert_ran(0, "manage", "db", "sync")
        output = self.assert_ran(0, "status", "upgrade", "check")

        self.assertEqual(2, output.count("Result: Success"))

    def test_a_sync_that_is_due_fails_the_check(self):
        """Tables behind the code: status 2, and what to do."""
        output = self.assert_ran(2, "status", "upgrade", "check")

        self.assertIn("db sync", output)
        self.assertEqual(1, output.count("Result: Failure"))

    def test_a_contradiction_fails_the_check(self):
        """A wrong file: status 2, and the option by name."""
        self.assert_ran(0, "manage", "db", "sync")
        self.configure(
            {
                "database": {"connection": self.url},
                "claim": {"lease": 1},
            }
        )

        output = self.assert_ran(2, "status", "upgrade", "check")

        self.assertIn("[claim] lease", output)
        self.assertEqual(1, output.count("Result: Failure"))

    def test_a_database_that_is_down_fails_the_check(self):
        """An unreachable database: status 2, without its password."""
        self.configure(
            {
                "database": {
                    "connection": f"mysql+pymysql://u:{_SECRET}@127.0.0.1:1/x"
                }
            }
        )

        output = self.assert_ran(2, "status", "upgrade", "check")

        self.assertIn("cannot be read", output)
        self.assertNotIn(_SECRET, output)


class Sample(base.BaseTestCase):
    """oslo-config-generator, as the documentation says to call it."""

    def test_the_sample_has_every_group_of_ours(self):
        """The real command, with the file in etc/, writes a whole sample."""
        root = pathlib.Path(__file__).resolve().parents[3]
        target = pathlib.Path(self.useFixture(fixtures.TempDir()).path, "s")
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "oslo_config.generator",
                "--config-file",
                "etc/cube_volpool/cube_volpool-config-generator.conf",
                "--output-file",
                str(target),
            ],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        text = target.read_text()

        for group in (
            "DEFAULT",
            "catalogue",
            "cinder",
            "claim",
            "database",
            "ledger",
            "oslo_messaging_rabbit",
            "os_table",
            "pool:name",
            "pool_project",
            "reconcile",
            "service_user",
            "tenant",
        ):
            self.assertEqual(1, text.count(f"\n[{group}]\n".lstrip("\n")))
        self.assertIn("#max_overflow = 48\n", text)
        self.assertEqual(1, text.count("#graceful_shutdown_timeout = "))
