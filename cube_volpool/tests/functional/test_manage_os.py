"""cube-volpool-manage os, as processes, on a SQLite file and the simulator."""

import json
import re
import uuid
from typing import Any

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.cmd import manage
from cube_volpool.db import migration
from cube_volpool.db.stock import NewRow
from cube_volpool.db.store import Store
from cube_volpool.tests import engine, simulator
from cube_volpool.tests.functional import installation, test_manage
from cube_volpool.tests.simulator import lab

_SECRET = "canary-of-the-images"
#: A line of the log.
_LOG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+ ")
_SSD = "debian-12_ssd_20261120"


class ImagesCase(test_manage.CommandCase):
    """The lab's images on a loopback socket, and an installation of it."""

    has_tables = True

    def setUp(self) -> None:
        super().setUp()
        self.cloud = simulator.Cloud.lab(simulator.RealClock())
        self.server = self.enterContext(simulator.serve(self.cloud))
        account = self.cloud.identity.user("volpool")
        assert account is not None
        account.password = _SECRET
        self.install()
        if self.has_tables:
            opened = sa.create_engine(self.url)
            migration.sync(opened)
            opened.dispose()
        self.old = self.cloud.snapshot_id(_SSD)

    def install(self, **changes: dict[str, Any]) -> None:
        """Write the configuration file anew, with these changes."""
        config = installation.sections(
            auth_url=self.server.auth_url,
            database=self.url,
            broker="rabbit://u:p@127.0.0.1:1/",
            pools={"deb": installation.POOL},
        )
        config["pool_project"]["password"] = _SECRET
        for group, options in changes.items():
            config.setdefault(group, {}).update(options)
        engine.write(self.folder / "cube_volpool.conf", config)

    def os(self, status: int, *arguments: str) -> str:
        """Run a command that ends with this status; return what it said."""
        said = self.assert_ran(status, "manage", "os", *arguments)
        self.assertNotIn(_SECRET, said)
        return said.strip()

    def other_system(self, *statements: str) -> str:
        """Make the database of another system; return its URL."""
        url = f"sqlite:///{self.folder}/other.db"
        opened = sa.create_engine(url)
        with opened.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        opened.dispose()
        return url

    def images(self) -> dict[str, dict[str, Any]]:
        """Return what the list has, by snapshot."""
        found = json.loads(self.os(0, "list", "--json"))
        return {image["snapshot_id"]: image for image in found}

    def assert_sentence(self, text: str, *words: str) -> str:
        """It is one line, beside the log's, and has these words."""
        said = [line for line in text.splitlines() if not _LOG.match(line)]
        self.assertEqual(1, len(said), text)
        for word in words:
            self.assertIn(word, said[0])
        return said[0]


class Commands(ImagesCase):
    """What the four do."""

    def test_a_dry_run_changes_nothing_and_a_sync_does(self) -> None:
        """Both say the same; a second sync has nothing to say."""
        self.cloud.add_snapshot(
            self.cloud.volumes_of("volpool")[0], "a backup of mine"
        )
        dry = self.os(0, "sync", "--dry-run")
        self.assertEqual({}, self.images())
        done = self.os(0, "sync")
        again = self.os(0, "sync")

        self.assertIn(
            f"pool deb: would be built from {self.old}, before from nothing",
            dry,
        )
        self.assertEqual(dry.replace("would be", "is"), done)
        self.assertIn("note: snapshot 'a backup of mine'", done)
        self.assertEqual("no pool changes", again.splitlines()[-1])
        self.assertEqual("current", self.images()[self.old]["role"])

    def test_the_list_is_a_table_or_json(self) -> None:
        """It shows what holds an image, and needs no Cinder."""
        self.os(0, "sync")
        self.shelve()
        self.install(pool_project={"auth_url": "http://127.0.0.1:1/v3"})

        found = self.images()[self.old]
        self.assertEqual({"creating": 1}, found["held_by"])
        self.assertEqual(_SSD, found["name"])
        table = self.os(0, "list").splitlines()
        [line] = [line for line in table if self.old in line]
        self.assertEqual(
            ["debian-12", "ssd", "20261120", "current", self.old,
             "1 creating", ""],
            [cell.strip() for cell in line.split("|")[1:-1]],
        )

    def test_another_systems_table_names_the_images(self) -> None:
        """What it lacks is taken from Cinder, and noted."""
        url = self.other_system(
            "CREATE TABLE os (name VARCHAR(9), type VARCHAR(9),"
            " snapshot_id VARCHAR(36))",
            f"INSERT INTO os VALUES ('debian-12', 'ssd', '{self.old}')",
        )
        lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date="20261121"
        )
        self.install(
            catalogue={"source": "table"}, os_table={"connection": url}
        )

        said = self.os(0, "sync")

        self.assertIn(f"pool deb: is built from {self.old}", said)
        self.assertIn("the table has no OS ubuntu-24.04, type ssd", said)

    def test_back_and_forth(self) -> None:
        """A rollback and its end need no Cinder."""
        self.os(0, "sync")
        new = lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date="20261121"
        )
        self.os(0, "sync")
        self.install(pool_project={"auth_url": "http://127.0.0.1:1/v3"})

        self.assert_sentence(
            self.os(0, "rollback", "debian-12", "ssd"),
            f"pool deb: is built from {self.old}, before from {new}",
        )
        self.assertEqual(
            "rolled back by an operator", self.images()[new]["rejected"]
        )
        self.assert_sentence(
            self.os(0, "allow", new),
            f"pool deb: is built from {new}, before from {self.old}",
        )

    def test_what_cannot_be_done_is_a_sentence(self) -> None:
        """Nothing to go back to, no such OS, nothing rejected."""
        self.os(0, "sync")
        for arguments, words in (
            (["rollback", "debian-12", "ssd"], "OS debian-12, type ssd, has"),
            (["rollback", "plan-9", "ssd"], "OS plan-9, type ssd, has"),
            (["allow", self.old], f"snapshot {self.old} is not in"),
        ):
            said = self.assert_sentence(self.os(1, *arguments), "see os list")
            self.assertTrue(said.startswith(words), said)

    def shelve(self) -> None:
        """Put a volume of the pool into the ledger."""
        store = Store({"connection": self.url}, draw=lambda: 1)
        self.addCleanup(store.close)
        pool = model.PoolName("deb")
        store.stock.begin_creates(
            store.stock.load(pool).record,
            new=NewRow(
                pool=pool,
                type="ssd",
                os="debian-12",
                snapshot_id=model.SnapshotId(self.old),
                size_gib=1,
                availability_zone=None,
            ),
            count=1,
        )


class Troubles(ImagesCase):
    """What is wrong is one line, and has no secret in it."""

    def test_arguments_that_make_no_sense(self) -> None:
        """Nonsense on the command line is a usage error."""
        for arguments in (
            ["os"],
            ["os", "drop"],
            ["os", "list", "--xml"],
            ["os", "sync", "debian-12"],
            ["os", "rollback", "debian-12"],
            ["os", "allow"],
        ):
            with self.subTest(arguments=arguments):
                ended = self.assertRaises(SystemExit, manage.main, arguments)

                self.assertEqual(2, ended.code)

    def test_a_wrong_configuration_is_status_78(self) -> None:
        """The option is named."""
        self.install(catalogue={"naming_rule": "(?P<os>.+)"})
        self.assert_sentence(
            self.os(78, "sync"), "[catalogue] naming_rule", "version"
        )
        self.install(catalogue={"source": "table"})
        self.assert_sentence(
            self.os(78, "rollback", "debian-12", "ssd"), "[os_table]"
        )

    def test_an_account_that_is_not_let_in(self) -> None:
        """Nothing of its password is told."""
        self.install(pool_project={"password": f"{_SECRET}-wrong"})

        for arguments in (["sync"], ["sync", "--dry-run"]):
            self.assert_sentence(self.os(1, *arguments), "failed: ")

    def test_cinder_away(self) -> None:
        """As one line."""
        self.install(pool_project={"auth_url": "http://127.0.0.1:1/v3"})

        self.assert_sentence(self.os(1, "sync"), "failed: ")

    def test_database_away(self) -> None:
        """As one line, for each of the four."""
        url = f"mysql+pymysql://u:{_SECRET}@127.0.0.1:1/x"
        self.install(database={"connection": url})
        snapshot = str(uuid.uuid4())

        for arguments in (
            ["sync"],
            ["list"],
            ["rollback", "debian-12", "ssd"],
            ["allow", snapshot],
        ):
            self.assert_sentence(self.os(1, *arguments), "does not answer")

    def test_a_table_that_cannot_be_read(self) -> None:
        """Its name is told, what is wrong with it, and no password."""
        url = self.other_system("CREATE TABLE os (name VARCHAR(9))")
        wrong = {
            url: "no such column: os.type",
            f"mysql+pymysql://u:{_SECRET}@127.0.0.1:1/x": "OperationalError",
        }
        for url, words in wrong.items():
            self.install(
                catalogue={"source": "table"}, os_table={"connection": url}
            )

            self.assert_sentence(
                self.os(1, "sync"), "the table os of [os_table]", words
            )


class NoTables(ImagesCase):
    """Before db sync."""

    has_tables = False

    def test_each_says_what_to_do(self) -> None:
        """And makes nothing."""
        for arguments in (
            ["sync"],
            ["sync", "--dry-run"],
            ["list"],
            ["rollback", "debian-12", "ssd"],
            ["allow", str(uuid.uuid4())],
        ):
            self.assert_sentence(
                self.os(1, *arguments), "run cube-volpool-manage db sync"
            )
