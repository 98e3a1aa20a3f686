"""cinder-volume dies while it copies images."""

import pathlib
import subprocess

from cube_volpool.tests.integration import base

_SCRIPT = (
    pathlib.Path(__file__).parents[3] / "tools" / "lab" / "volume_service.sh"
)
_WANTED = 4


class TestPowerCut(base.LabCase):
    """All builds of a pool end in error at once."""

    def setUp(self) -> None:
        super().setUp()
        # Whatever happens here, the lab is whole again for the next test.
        self.addCleanup(self._volume_service, "start")

    def _volume_service(self, what: str) -> None:
        subprocess.run(
            ["bash", str(_SCRIPT), what], check=True, stdout=subprocess.DEVNULL
        )

    def statuses(self) -> list[str]:
        """Return what Cinder says of the volumes of this run."""
        return sorted(v["status"] for v in self.shelf().values())

    def test_builds_cut_off_in_the_middle_are_replaced(self):
        """Creating becomes error in bulk; each is deleted and made anew."""
        daemon = self.start(
            {
                "copy": {
                    "os_name": "debian-12", "volume_type": "ssd",
                    "min_ready": _WANTED, "max_creating": _WANTED,
                }
            }
        )
        self.until(
            lambda: self.statuses() == ["creating"] * _WANTED,
            "all volumes are being made",
        )
        cut_off = set(self.shelf())

        self._volume_service("kill")
        self._volume_service("start")

        # Every one that was not finished before the cut says so.
        self.until(
            lambda: "Cinder says error" in daemon.said(),
            "the daemon finds builds in error",
        )
        self.until_full()
        self.until(
            lambda: self.statuses() == ["available"] * _WANTED,
            "nothing is left of what was cut off",
        )
        self.assertNotEqual(cut_off, set(self.shelf()))
        answer = self.claim("after_sys", kind="ssd")
        self.assertEqual("pool", answer["source"])
