"""``cube-volpool doctor``: what is well, what is not, how to mend it."""

import json
import pathlib

import fixtures
from oslotest import base

from cube_volpool.tests import engine
from cube_volpool.tests.functional import cli_case, installation


class TestDoctor(cli_case.CliCase):
    """Beside a daemon."""

    vhost = "doctor"

    def test_an_installation(self) -> None:
        """All is well; then each thing that is not, and how to mend it."""
        well = self.checkup(0)
        self.assertEqual(
            {"ok"}, {result for result, _ in well.values()}, str(well)
        )
        self.assertEqual("a daemon answers", well["broker and daemon"][1])

        self.cloud.set_quota("volpool", volumes=1)
        self.cloud.snapshots.clear()
        self.cloud.identity.grant("volpool", "volpool", "admin")
        ill = self.checkup(1)

        self.assertEqual("warning", ill["pool quota"][0])
        self.assertIn("raise its quota", ill["pool quota"][1])
        self.assertEqual("failed", ill["images"][0])
        self.assertIn("pool deb", ill["images"][1])
        self.assertEqual("failed", ill["pool account"][0])
        self.assertIn("Give it the role member", ill["pool account"][1])

    def checkup(self, status: int) -> dict[str, tuple[str, str]]:
        """Run the doctor; return what it found by what it looked at."""
        ended = self.run_("doctor", "-f", "json")
        self.assertEqual(
            (status, ""), (ended.returncode, ended.stderr), ended.stdout
        )
        return {
            row["Check"]: (row["Result"], row["Seen"])
            for row in json.loads(ended.stdout)
        }


class TestWithoutDaemon(base.BaseTestCase):
    """What it finds is told, and never the end of it."""

    def test_a_file_that_cannot_be_read(self) -> None:
        """It is a finding; the line, perhaps a password's, is not repeated."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (folder / "a.conf").write_text("[DEFAULT]\npassword s3cr3t\n")
        ended = cli_case.run(
            "--config-file", str(folder / "a.conf"), "doctor", "-f", "json"
        )
        [row] = json.loads(ended.stdout)

        self.assertEqual("failed", row["Result"])
        self.assertIn("a.conf", row["Seen"])
        self.assertNotIn("s3cr3t", ended.stdout + ended.stderr)


    def test_an_installation_where_nothing_runs(self) -> None:
        """Each trouble by itself, and no password among them."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        config = installation.sections(
            auth_url="http://127.0.0.1:1/identity/v3",
            database="mysql+pymysql://volpool:s3cr3t@127.0.0.1:1/volpool",
            broker="rabbit://volpool:s3cr3t@127.0.0.1:1/",
            pools={"deb": installation.POOL},
        )
        ended = cli_case.run(
            "--config-file", str(engine.write(folder / "a.conf", config)),
            "doctor", "-f", "json",
        )
        results = {
            row["Check"]: row["Result"] for row in json.loads(ended.stdout)
        }

        self.assertEqual(1, ended.returncode)
        self.assertEqual("ok", results.pop("configuration"))
        self.assertEqual("ok", results.pop("policy"))
        self.assertEqual({"failed"}, set(results.values()), str(results))
        self.assertNotIn("s3cr3t", ended.stdout + ended.stderr)


    def test_a_bad_configuration(self) -> None:
        """There is nothing else to look at."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        ended = cli_case.run(
            "--config-file", str(engine.write(folder / "a.conf", {})),
            "doctor", "-f", "json",
        )
        [row] = json.loads(ended.stdout)

        self.assertEqual(1, ended.returncode)
        self.assertEqual(
            ("configuration", "failed"), (row["Check"], row["Result"])
        )
        self.assertIn("[DEFAULT] deployment_id", row["Seen"])
