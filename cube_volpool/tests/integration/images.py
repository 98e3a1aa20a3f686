"""Images on the real lab: published by the test, for a pool of its own."""

import subprocess
import sys
from typing import Any, ClassVar

from cube_volpool import client
from cube_volpool.tests.integration import base

_GOLDEN = "debian-12_noflat_20261120"


class ImageCase(base.LabCase):
    """A pool of an OS of its own, filled from the image ``old``."""

    #: What the pool has besides, and the rest of the configuration.
    pool: ClassVar[dict[str, Any]] = {"min_ready": 2}
    options: ClassVar[dict[str, dict[str, Any]]] = {}

    def setUp(self) -> None:
        super().setUp()
        self.account = self.lab.account("volpool", "volpool")
        self.published: list[str] = []
        # After the daemon was stopped: nothing is built from them any more.
        self.addCleanup(self._remove_images)
        self.old = self.publish("20261120")
        self.start(
            {"deb": {**base.NOFLAT, "os_name": self.site.tag, **self.pool}},
            self.options,
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

    def current(self) -> str:
        """Return what claims by OS name get."""
        return str(self.pools()["deb"]["current_snapshot_id"])

    def by_os_name(self, name: str) -> tuple[str, str]:
        """Claim by OS name; return where it came from, and of what."""
        return self._given(
            {"name": self.name(name), "volume_type": "noflat"},
            os_name=self.site.tag,
        )

    def by_snapshot(self, name: str, snapshot_id: str) -> tuple[str, str]:
        """Claim a snapshot; return where it came from, and of what."""
        body = self.body(name) | {"snapshot_id": snapshot_id}
        return self._given(body)

    def _given(
        self, body: dict[str, Any], **options: Any
    ) -> tuple[str, str]:
        answer = client.claim_volume(
            {"project_id": self.lab.projects["skyline-a"]},
            body,
            budget=60,
            **options,
        )
        return answer["source"], answer["volume"]["snapshot_id"]

    def _status(self, snapshot_id: str) -> str:
        shown = self.account.call("GET", f"/snapshots/{snapshot_id}")
        return str(shown["snapshot"]["status"])

    def _remove_images(self) -> None:
        self.site.remove_volumes()
        for ident in self.published:
            self.account.call("DELETE", f"/snapshots/{ident}")
