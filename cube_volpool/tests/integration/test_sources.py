"""Pools of what the real Cinder makes from other things than snapshots."""

from typing import Any

from cube_volpool import client
from cube_volpool.tests.integration import base
from cube_volpool.tests.simulator import lab

_GOLDEN = "src-debian-12_noflat_20261120"


class TestSources(base.LabCase):
    """A claim of each kind; nothing else is on the shelf."""

    def take(
        self, name: str, pool: dict[str, Any], **asked: Any
    ) -> dict[str, Any]:
        """Fill a pool and claim from it; return the volume as it is then."""
        self.fill({"odd": {"volume_type": "noflat", "min_ready": 1, **pool}})
        answer = client.claim_volume(
            {"project_id": self.lab.projects["skyline-a"]},
            {"name": self.name(name), "volume_type": "noflat", **asked},
            budget=60,
        )
        self.assertEqual("pool", answer["source"])
        [given] = self.named(name)
        self.assertEqual(given, answer["volume"]["id"])
        shown: dict[str, Any] = self.member("skyline-a").call(
            "GET", f"/volumes/{given}"
        )["volume"]
        return shown

    def test_blank_volume(self) -> None:
        """For data: the size is all that is asked."""
        given = self.take("db_data", {"blank": "true", "size_gib": 2}, size=2)

        self.assertEqual((2, "false"), (given["size"], given["bootable"]))

    def test_volume_of_an_image(self) -> None:
        """Downloaded from Glance before anybody asks."""
        given = self.take(
            "web_sys",
            {"os_name": "debian-12", "image_id": lab.IMAGE_ID, "size_gib": 1},
            imageRef=lab.IMAGE_ID,
        )

        self.assertEqual("true", given["bootable"])
        self.assertEqual(
            lab.IMAGE_ID, given["volume_image_metadata"]["image_id"]
        )

    def test_clone_of_a_volume(self) -> None:
        """Its source is not the caller's to see."""
        golden = self.lab.sources[_GOLDEN]
        given = self.take(
            "web_sys",
            {"os_name": "debian-12", "source_volume_id": golden},
            source_volid=golden,
        )

        self.assertEqual("true", given["bootable"])
        self.assertEqual(golden, given["source_volid"])
