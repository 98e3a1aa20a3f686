"""What Cinder answers to a create of each kind: one test, one fact.

*Source:* Cinder 29, ``volume/flows/api/create_volume.py``.
"""
from typing import Any

from cube_volpool.tests.contract import cloud
from cube_volpool.tests.simulator import lab


class SourceFacts(cloud.CinderCase):
    """POST /volumes without a snapshot."""

    def golden(self) -> dict[str, Any]:
        """The volume that the OS snapshot was taken of."""
        answer = self.pool.get(f"/snapshots/{self.snapshot()}")
        return self.show(answer.json()["snapshot"]["volume_id"])

    def test_blank_volume_needs_a_size(self):
        """And nothing else."""
        self.says(400, self.create(snapshot_id=None))

        volume = self.ready(snapshot_id=None, size=1)
        self.assertEqual("false", volume["bootable"])
        self.assertEqual((None, None),
                         (volume["snapshot_id"], volume["source_volid"]))
        self.assertNotIn("volume_image_metadata", volume)

    def test_clone_tells_its_source(self):
        """It is as large and as bootable, and has its image."""
        golden = self.golden()

        volume = self.ready(snapshot_id=None, source_volid=golden["id"])

        self.assertEqual((None, golden["id"]),
                         (volume["snapshot_id"], volume["source_volid"]))
        for key in ("size", "bootable", "volume_image_metadata"):
            self.assertEqual(golden[key], volume[key])

    def test_clone_cannot_be_smaller(self):
        """400; larger is possible."""
        golden = self.show(self.pool.get(
            f"/snapshots/{self.snapshot('ubuntu-24.04')}"
        ).json()["snapshot"]["volume_id"])

        self.says(400, self.create(
            snapshot_id=None, source_volid=golden["id"],
            size=golden["size"] - 1), "cannot be smaller")

    def test_volume_of_another_project_is_404(self):
        """A plain member is not shown it."""
        golden = self.golden()

        self.says(404, self.create(
            self.alice, snapshot_id=None, source_volid=golden["id"]))

    def test_two_sources_are_refused(self):
        """400, whichever they are."""
        self.says(400, self.create(source_volid=self.golden()["id"]),
                  "May specify only one of")

    def test_image_makes_a_bootable_volume(self):
        """It tells the image; before it is built it tells neither."""
        answer = self.create(snapshot_id=None, size=1,
                             imageRef=lab.IMAGE_ID)
        self.says(202, answer)
        made = answer.json()["volume"]
        self.assertEqual(("false", None, None),
                         (made["bootable"], made["snapshot_id"],
                          made["source_volid"]))

        volume = self.settled(made["id"])

        self.assertEqual("true", volume["bootable"])
        self.assertEqual(lab.IMAGE_ID,
                         volume["volume_image_metadata"]["image_id"])

    def test_image_needs_a_size(self):
        """400: Cinder does not take its least size for meant."""
        self.says(400, self.create(snapshot_id=None,
                                   imageRef=lab.IMAGE_ID))

    def test_public_image_is_everybodys(self):
        """A plain member of another project makes volumes of it."""
        self.says(202, self.create(
            self.alice, snapshot_id=None, size=1, imageRef=lab.IMAGE_ID))

    def test_unknown_image_is_refused(self):
        """400; Glance knows none of that id."""
        self.says(400, self.create(
            snapshot_id=None, size=1,
            imageRef="00000000-0000-4000-8000-00000000000f"))

    def test_rename_shows_no_image(self):
        """PUT leaves out what GET has of it."""
        volume = self.ready()
        self.assertIn("volume_image_metadata", volume)

        answer = self.pool.put(f"/volumes/{volume['id']}",
                               {"volume": {"name": self.mark}})

        self.assertNotIn("volume_image_metadata", answer.json()["volume"])
        self.assertEqual(volume["snapshot_id"],
                         answer.json()["volume"]["snapshot_id"])
