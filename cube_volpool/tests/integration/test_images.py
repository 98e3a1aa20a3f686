"""A change of images on the real lab, by the commands."""

import json
import subprocess
import sys
from typing import Any

from cube_volpool import client
from cube_volpool.tests.integration import base

_GOLDEN = "debian-12_noflat_20261120"


class TestImages(base.LabCase):
    """A pool of an OS of its own, whose images the test publishes."""

    def setUp(self) -> None:
        super().setUp()
        self.account = self.lab.account("volpool", "volpool")
        self.published: list[str] = []
        # After the daemon was stopped: nothing is built from them any more.
        self.addCleanup(self._remove_images)
        self.old = self.publish("20261120")
        self.start(
            {
                "deb": {
                    **base.NOFLAT, "os_name": self.site.tag, "min_ready": 2,
                }
            },
            {
                "catalogue": {"automatic": "false"},
                "reconcile": {"drain_time": 0},
            },
        )
        self.until_full()

    def publish(self, version: str) -> str:
        """Take a snapshot of a golden volume; return its id."""
        golden = self.account.call(
            "GET", f"/snapshots/{self.lab.snapshots[_GOLDEN]}"
        )["snapshot"]["volume_id"]
        body = {
            "volume_id": golden,
            "name": f"{self.site.tag}_noflat_{version}",
            "force": True,
        }
        made = self.account.call("POST", "/snapshots", {"snapshot": body})
        ident = str(made["snapshot"]["id"])
        self.published.append(ident)
        self.until(
            lambda: self._status(ident) == "available", "a snapshot is made"
        )
        return ident

    def manage(self, *arguments: str) -> str:
        """Run cube-volpool-manage os; return what it printed."""
        done = subprocess.run(
            [
                sys.executable, "-m", "cube_volpool.cmd.manage",
                "--config-file", str(self.site.folder / "one.conf"),
                "os", *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=base.SOON,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def held_by(self, snapshot_id: str) -> dict[str, int]:
        """Return what holds a snapshot."""
        found: list[dict[str, Any]] = json.loads(self.manage("list", "--json"))
        [image] = [one for one in found if one["snapshot_id"] == snapshot_id]
        held: dict[str, int] = image["held_by"]
        return held

    def current(self) -> str:
        """Return what claims by OS name get."""
        return str(self.pools()["deb"]["current_snapshot_id"])

    def given(self, name: str) -> tuple[str, str]:
        """Claim by OS name; return where it came from, and of what."""
        answer = client.claim_volume(
            {"project_id": self.lab.projects["skyline-a"]},
            {"name": self.name(name), "volume_type": "noflat"},
            os_name=self.site.tag,
            budget=60,
        )
        return answer["source"], answer["volume"]["snapshot_id"]

    def test_forth_and_back(self) -> None:
        """A new image rolls in when asked, and out again."""
        self.assertEqual(("pool", self.old), self.given("a_sys"))
        new = self.publish("20261121")
        self.assertIn(
            f"would be built from {new}", self.manage("sync", "--dry-run")
        )
        self.assertEqual(self.old, self.current())
        self.manage("sync")

        self.until(lambda: self.current() == new, "the pool switches")
        self.assertEqual(("pool", new), self.given("b_sys"))
        self.until(lambda: not self.held_by(self.old), "the old are gone")

        self.manage("rollback", self.site.tag, "noflat")
        self.until(lambda: self.current() == self.old, "it switches back")
        self.assertEqual(("pool", self.old), self.given("c_sys"))

    def _status(self, snapshot_id: str) -> str:
        shown = self.account.call("GET", f"/snapshots/{snapshot_id}")
        return str(shown["snapshot"]["status"])

    def _remove_images(self) -> None:
        self.site.remove_volumes()
        for ident in self.published:
            self.account.call("DELETE", f"/snapshots/{ident}")
