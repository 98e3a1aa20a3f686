"""A change of images on the real lab, by the commands."""

import json
from typing import Any

from cube_volpool.tests.integration import images


class TestImages(images.ImageCase):
    """Nothing happens before somebody asks."""

    options = {
        "catalogue": {"automatic": "false"},
        "reconcile": {"drain_time": 0},
    }

    def held_by(self, snapshot_id: str) -> dict[str, int]:
        """Return what holds a snapshot."""
        found: list[dict[str, Any]] = json.loads(self.manage("list", "--json"))
        [image] = [one for one in found if one["snapshot_id"] == snapshot_id]
        held: dict[str, int] = image["held_by"]
        return held

    def test_forth_and_back(self) -> None:
        """A new image rolls in when asked, and out again."""
        self.assertEqual(("pool", self.old), self.by_os_name("a_sys"))
        new = self.publish("20261121")
        self.assertIn(
            f"would be built from {new}", self.manage("sync", "--dry-run")
        )
        self.assertEqual(self.old, self.current())
        self.manage("sync")

        self.until(lambda: self.current() == new, "the pool switches")
        self.assertEqual(("pool", new), self.by_os_name("b_sys"))
        self.until(lambda: not self.held_by(self.old), "the old are gone")

        self.manage("rollback", self.site.tag, "noflat")
        self.until(lambda: self.current() == self.old, "it switches back")
        self.assertEqual(("pool", self.old), self.by_os_name("c_sys"))
