"""``cube-volpool`` against a daemon with a real broker and database."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
from importlib import metadata
from typing import Any

import fixtures
from oslotest import base

from cube_volpool.cli import shell
from cube_volpool.tests import engine, simulator
from cube_volpool.tests.functional import broker, installation
from cube_volpool.tests.simulator import faults, lab

#: The other daemons of tests must not take what is asked of this one.
_VHOST = "cli"
_PAGES = pathlib.Path(__file__).resolve().parents[3] / "doc/source"
_IS_ID = re.compile(r"[0-9a-f-]{36}")
_NOBODY = "00000000-0000-4000-8000-000000000000"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program with these words, and nothing of our environment."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("OS_")
    }
    return subprocess.run(
        [sys.executable, "-m", "cube_volpool.cmd.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**kept, "PYTHONWARNINGS": "ignore", **environment},
    )


class CliTest(base.BaseTestCase):
    """A daemon with the pool ``deb`` of two volumes, filled."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = simulator.Cloud.lab(
            simulator.RealClock(), build_seconds=0.1, build_seconds_per_gib=0.1
        )
        server = self.enterContext(simulator.serve(self.cloud))
        self.auth_url = server.auth_url
        database = self.useFixture(installation.Database())
        database.sync()
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = engine.write(
            folder / "engine.conf",
            installation.sections(
                auth_url=server.auth_url,
                database=database.url(),
                broker=broker.broker_url(vhost=_VHOST),
                pools={"deb": installation.POOL},
            ),
        )
        self.useFixture(engine.Engine(self.file))
        self.wait_for("Ready", 2)

    def run_(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that speaks to this daemon."""
        return run("--config-file", str(self.file), *words)

    def done(self, *words: str) -> str:
        """Run a command that must do; return what it printed."""
        ended = self.run_(*words)
        self.assertEqual(
            (0, ""), (ended.returncode, ended.stderr), ended.stdout
        )
        return ended.stdout

    def table(self, *words: str) -> Any:
        """Run a command that shows something; return it."""
        return json.loads(self.done(*words, "-f", "json"))

    def refusal(self, status: int, *words: str) -> str:
        """Run a command that must not do; return its one sentence."""
        ended = self.run_(*words)
        self.assertEqual(status, ended.returncode, ended.stderr)
        self.assertEqual("", ended.stdout)
        self.assertEqual(1, ended.stderr.count("\n"), ended.stderr)
        return ended.stderr.strip()

    def wait_for(self, column: str, value: object) -> None:
        """Wait until the pool shows a value."""

        def is_so() -> bool:
            ended = self.run_("pool", "show", "deb", "-f", "json")
            return ended.returncode == 0 and (
                json.loads(ended.stdout)[column] == value
            )

        engine.wait_until(is_so, f"{column} is {value}")

    def test_pools(self) -> None:
        """Each command in turn, and what came of it."""
        [listed] = self.table("pool", "list")
        self.assertEqual(
            ("deb", "active", 2, 2, 0),
            tuple(
                listed[key]
                for key in ("Name", "State", "Target", "Ready", "Held")
            ),
        )
        self.assertEqual("ssd", self.table("pool", "show", "deb")["Type"])

        self.assertEqual(
            "pool deb is paused\n", self.done("pool", "pause", "deb")
        )
        self.assertEqual("paused", self.table("pool", "show", "deb")["State"])
        self.done("pool", "drain", "deb")
        self.wait_for("Ready", 0)
        self.assertEqual(
            [("deb", "wait", "it is drained")],
            [
                (row["Pool"], row["Action"], row["Why"])
                for row in self.table("plan", "deb")
                if row["Action"] == "wait"
            ],
        )
        self.done("pool", "resume", "deb")
        self.wait_for("Ready", 2)
        self.assertEqual([], self.table("plan"))
        self.done("pool", "refill", "deb")

    def test_images(self) -> None:
        """A new one, planned, taken over, rolled back and allowed again."""
        [old] = [
            image
            for image in self.table("os", "list")
            if (image["OS"], image["Type"]) == ("debian-12", "ssd")
        ]
        self.assertEqual({"available": 2}, old["Held by"])
        self.assertIn("2 available", self.done("os", "list"))
        new = lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date="20261121"
        )
        change = {
            "Pool": "deb", "Before": old["Snapshot"], "After": new,
            "Error": None,
        }

        self.assertEqual([change], self.table("os", "sync", "--dry-run"))
        self.assertEqual([change], self.table("os", "sync"))
        self.assertEqual([], self.table("os", "sync"))
        self.wait_for("Current", new)
        back = self.table("os", "rollback", "debian-12", "ssd")
        self.assertEqual(old["Snapshot"], back[0]["After"])
        ahead = self.table("os", "allow", new)
        self.assertEqual(new, ahead[0]["After"])
        self.assertIn(
            "snapshot", self.refusal(3, "os", "allow", old["Snapshot"])
        )

    def test_watch(self) -> None:
        """Pools as bars, builds and claims; as often as it is told."""
        self.done(
            "claim", "create", "web_sys", "--type", "ssd", "--os-name",
            "debian-12", "--project", self.cloud.project_id("skyline-a"),
        )
        self.done(
            "claim", "create", "vm[/a]", "--type", "ssd", "--os-name",
            "debian-12", "--project", self.cloud.project_id("skyline-a"),
        )
        seen = self.done("watch", "--count", "2", "--interval", "0.1")

        for words in ("Pools", "deb", "of 2", "Being built", "web_sys",
                      "vm[/a]"):
            self.assertIn(words, seen)
        self.assertEqual(2, seen.count("Being built"))

    def test_volumes(self) -> None:
        """Listed, shown, held and evicted."""
        first, second = self.table("volume", "list")
        self.assertEqual(
            ("deb", "available"), (first["Pool"], first["Status"])
        )
        shown = self.table("volume", "show", first["ID"])
        self.assertEqual(
            shown, self.table("volume", "show", shown["Marker"])
        )
        self.assertEqual(
            f"volume {first['ID']} is held until it is evicted\n",
            self.done("volume", "hold", first["ID"]),
        )
        self.assertEqual(
            "held", self.table("volume", "show", first["ID"])["Status"]
        )
        self.done(
            "volume", "evict", first["ID"], second["ID"], "--reason", "odd"
        )
        self.assertNotIn(
            first["ID"],
            [
                volume["ID"]
                for volume in self.table(
                    "volume", "list", "--status", "available", "--pool", "deb"
                )
            ],
        )
        self.assertIn(
            _NOBODY, self.refusal(3, "volume", "evict", _NOBODY)
        )
        self.assertIn("UUID", self.refusal(2, "volume", "hold", "abc"))

    def test_claims(self) -> None:
        """From the pool; listed and shown; then what cannot be done."""
        project = self.cloud.project_id("skyline-a")
        words = (
            "claim", "create", "web_sys", "--type", "ssd", "--os-name",
            "debian-12", "--project", project, "--metadata", "role=sys",
        )
        given = self.table(*words)
        self.assertEqual(
            ("pool", "available", "web_sys", 1),
            tuple(
                given[key] for key in ("Source", "Status", "Name", "Size")
            ),
        )
        self.assertEqual("sys", given["Metadata"]["role"])
        self.assertEqual("existing", self.table(*words)["Source"])
        [listed] = self.table("claim", "list", "--project", project)
        self.assertEqual(
            ("bound", given["ID"]), (listed["Status"], listed["Volume"])
        )
        shown = self.table("claim", "show", "web_sys")
        self.assertEqual(project, shown["Project"])
        self.assertIn(
            "nobody_sys", self.refusal(3, "claim", "show", "nobody_sys")
        )
        self.assertIn(
            "--project",
            self.refusal(
                2, "claim", "create", "a_sys", "--type", "ssd", "--os-name",
                "debian-12",
            ),
        )
        self.cloud.set_quota("skyline-a", volumes=0)
        self.assertIn(
            "quota",
            self.refusal(5, *words[:2], "b_sys", *words[3:]).lower(),
        )

    def test_what_is_not_there_and_what_is_refused(self) -> None:
        """3 and 5."""
        self.assertEqual(
            "pool suse is not known here",
            self.refusal(3, "pool", "pause", "suse"),
        )
        self.assertEqual(
            "pool suse is not known here",
            self.refusal(3, "pool", "show", "suse"),
        )

    def test_cinder_away_is_busy(self) -> None:
        """4: the same command will do later."""
        self.cloud.fault("*", "/**", faults.refuse(503))

        self.assertIn(
            "try again later", self.refusal(4, "os", "sync", "--dry-run")
        )

    def test_the_commands_of_the_documents(self) -> None:
        """Each does what its page says, on this daemon's pool and volumes."""
        commands = [
            shlex.split(line)[1:]
            for page in sorted(_PAGES.rglob("*.rst"))
            for line in re.findall(
                r"(?m)^ +\$ (cube-volpool .+)$",
                page.read_text(encoding="utf-8"),
            )
        ]
        self.assertGreater(len(commands), 8)
        for words in commands:
            self.done("pool", "resume", "deb")
            self.wait_for("Ready", 2)
            volume = self.table("volume", "list", "--status", "available")[0]
            self.done(
                *(
                    volume["ID"] if _IS_ID.fullmatch(word)
                    else "deb" if word == "debian-12-ssd"
                    else word
                    for word in words
                )
            )

    def test_doctor(self) -> None:
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

    def test_who_is_logged_in_is_what_keystone_says(self) -> None:
        """A member of a project steers nothing; an administrator does."""
        account = (
            "--os-auth-url", self.auth_url, "--os-password", "labadmin",
            "--os-user-domain-name", "Default", "--os-project-domain-name",
            "Default",
        )
        member = (*account, "--os-username", "skyline", "--os-project-name",
                  "skyline-a")
        admin = (*account, "--os-username", "admin", "--os-project-name",
                 "admin")
        self.cloud.add_user("carrier", **{"skyline-a": "member"})
        plain = (*account, "--os-username", "carrier", "--os-project-name",
                 "skyline-a")

        self.assertIn(
            "cube_volpool:pause_pool",
            self.refusal(5, *plain, "pool", "pause", "deb"),
        )
        self.done(*admin, "pool", "pause", "deb")
        given = self.table(
            *member, "claim", "create", "web_sys", "--type", "ssd",
            "--os-name", "debian-12",
        )
        self.assertEqual("pool", given["Source"])
        wrong = self.refusal(
            5, *member, "--os-password", "wrong", "pool", "list"
        )
        self.assertNotIn("wrong", wrong)


class NobodyTest(base.BaseTestCase):
    """Without a daemon."""

    def test_usage(self) -> None:
        """2, for whatever was not understood."""
        self.assertEqual(0, run("--help").returncode)
        self.assertEqual(0, run().returncode)
        for words in (("pool", "pause"), ("pool", "nonsense"), ("claim",
                      "create", "a"), ("watch", "--count", "x")):
            self.assertEqual(2, run(*words).returncode, " ".join(words))

    def test_no_broker_is_named(self) -> None:
        """It says how to name one."""
        empty = engine.write(
            pathlib.Path(self.useFixture(fixtures.TempDir()).path) / "a.conf",
            {},
        )
        ended = run("--config-file", str(empty), "pool", "list")

        self.assertEqual(2, ended.returncode)
        self.assertIn("--transport-url", ended.stderr)

    def test_an_url_that_is_none(self) -> None:
        """Usage; nothing of a password is repeated."""
        for url in (
            "rabit://u:s3cr3t@h/", "rabbit://u:s3cr3t/x@h/", "nonsense",
        ):
            ended = run("--transport-url", url, "pool", "list")

            self.assertEqual(2, ended.returncode, ended.stderr)
            self.assertIn("is no URL of a broker", ended.stderr)
            self.assertNotIn("s3cr3t", ended.stderr)

    def test_a_kind_of_login_that_is_not_installed(self) -> None:
        """Usage, in one sentence, also for the help."""
        ended = run("--help", OS_AUTH_TYPE="v9magic")

        self.assertEqual(2, ended.returncode)
        self.assertIn("v9magic", ended.stderr)
        self.assertNotIn("Traceback", ended.stderr)

    def test_a_keystone_that_is_away_is_busy(self) -> None:
        """4: it may be there again soon."""
        ended = run(
            "--transport-url", "rabbit://u:p@127.0.0.1:1/", "pool", "list",
            OS_AUTH_URL="http://127.0.0.1:1/v3", OS_USERNAME="u",
            OS_PASSWORD="s3cr3t", OS_PROJECT_NAME="p",
            OS_USER_DOMAIN_NAME="Default", OS_PROJECT_DOMAIN_NAME="Default",
        )

        self.assertEqual(4, ended.returncode, ended.stderr)

    def test_doctor_of_a_file_that_cannot_be_read(self) -> None:
        """It is a finding; the line, perhaps a password's, is not repeated."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (folder / "a.conf").write_text("[DEFAULT]\npassword s3cr3t\n")
        ended = run(
            "--config-file", str(folder / "a.conf"), "doctor", "-f", "json"
        )
        [row] = json.loads(ended.stdout)

        self.assertEqual("failed", row["Result"])
        self.assertIn("a.conf", row["Seen"])
        self.assertNotIn("s3cr3t", ended.stdout + ended.stderr)

    def test_a_file_that_is_not_there(self) -> None:
        """It is named."""
        ended = run("--config-file", "/nowhere.conf", "pool", "list")

        self.assertEqual(2, ended.returncode)
        self.assertIn("/nowhere.conf", ended.stderr)

    def test_nobody_answers(self) -> None:
        """4: a daemon may come up; the password of the URL stays here."""
        ended = run(
            "--transport-url", "rabbit://volpool:s3cr3t@127.0.0.1:1/",
            "pool", "list",
        )

        self.assertEqual(4, ended.returncode)
        self.assertNotIn("s3cr3t", ended.stderr)
        self.assertNotIn("Traceback", ended.stderr)

    def test_doctor_of_an_installation_where_nothing_runs(self) -> None:
        """Each trouble by itself, and no password among them."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        config = installation.sections(
            auth_url="http://127.0.0.1:1/identity/v3",
            database="mysql+pymysql://volpool:s3cr3t@127.0.0.1:1/volpool",
            broker="rabbit://volpool:s3cr3t@127.0.0.1:1/",
            pools={"deb": installation.POOL},
        )
        ended = run(
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

    def test_doctor_of_a_bad_configuration(self) -> None:
        """There is nothing else to look at."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        ended = run(
            "--config-file", str(engine.write(folder / "a.conf", {})),
            "doctor", "-f", "json",
        )
        [row] = json.loads(ended.stdout)

        self.assertEqual(1, ended.returncode)
        self.assertEqual(
            ("configuration", "failed"), (row["Check"], row["Result"])
        )
        self.assertIn("[DEFAULT] deployment_id", row["Seen"])

    def test_completion_knows_every_command(self) -> None:
        """For bash, as other OpenStack clients have it."""
        completion = run("complete").stdout

        names = metadata.entry_points(group=shell.NAMESPACE).names
        self.assertIn("volume_evict", names)
        for name in names:
            self.assertIn(f"cmds_{name.split('_')[0]}", completion)
