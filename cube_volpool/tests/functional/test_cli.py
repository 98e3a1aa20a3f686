"""``cube-volpool`` against a daemon with a real broker and database."""

import pathlib
import re
import shlex

from cube_volpool.tests.functional import cli_case
from cube_volpool.tests.simulator import faults, lab

_PAGES = pathlib.Path(__file__).resolve().parents[3] / "doc/source"
_IS_ID = re.compile(r"[0-9a-f-]{36}")
_NOBODY = "00000000-0000-4000-8000-000000000000"


class TestCommands(cli_case.CliCase):
    """Each of them, and what comes of it."""

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

        for words in ("Pools", "deb", "of 2", "Being built", "usually takes",
                      "web_sys", "vm[/a]"):
            self.assertIn(words, seen)
        self.assertEqual(2, seen.count("Being built"))
        # Both of the shelf were built by the daemon that answers.
        self.assertLess(0, self.table("pool", "show", "deb")["Build seconds"])

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
