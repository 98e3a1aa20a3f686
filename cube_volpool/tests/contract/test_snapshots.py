"""What Cinder answers about snapshots: one test, one fact.

*Source:* Cinder 29 at microversion 3.70; api/v3/snapshots.py,
volume/api.py (_create_snapshot, delete_snapshot), volume/manager.py.
"""
import uuid
from typing import Any

import requests

from cube_volpool.tests.contract import cloud


class SnapshotFacts(cloud.CinderCase):
    """/snapshots: made of a volume of the pool, and removed."""

    def take(self, volume_id: str, **changes: Any) -> requests.Response:
        """POST a snapshot of a volume; it is removed after the test."""
        body = {"volume_id": volume_id, "name": self.mark,
                "metadata": {"contract": self.mark}, **changes}
        answer = self.pool.post("/snapshots", {"snapshot": body})
        if answer.status_code == 202:
            self.addCleanup(self.drop, answer.json()["snapshot"]["id"])
        return answer

    def taken(self, volume_id: str) -> dict[str, Any]:
        """An ``available`` snapshot of a volume, as GET shows it."""
        answer = self.take(volume_id)
        self.assertEqual(202, answer.status_code, answer.text)
        path = f"/snapshots/{answer.json()['snapshot']['id']}"
        self.until(lambda: self.pool.get(path).json()["snapshot"][
            "status"] in ("available", "error"))
        snapshot: dict[str, Any] = self.pool.get(path).json()["snapshot"]
        self.assertEqual("available", snapshot["status"])
        return snapshot

    def drop(self, ident: str) -> None:
        """Delete a snapshot; safe to repeat."""
        path = f"/snapshots/{ident}"

        def gone() -> bool:
            self.admin.delete(path)
            return self.admin.get(path).status_code == 404

        self.until(gone)

    def found(self, **params: Any) -> list[str]:
        """The ids that a filtered list gives."""
        answer = self.pool.get("/snapshots/detail", **params)
        self.assertEqual(200, answer.status_code, answer.text)
        return [row["id"] for row in answer.json()["snapshots"]]

    def test_create_answers_202_creating(self):
        """The id is the server's; name and metadata are as asked."""
        volume = self.ready()

        answer = self.take(volume["id"])

        self.says(202, answer)
        snapshot = answer.json()["snapshot"]
        self.assertEqual(
            ("creating", self.mark, {"contract": self.mark}, 1, volume["id"]),
            tuple(snapshot[key] for key in (
                "status", "name", "metadata", "size", "volume_id")))

    def test_created_is_found_by_name_and_metadata_at_once(self):
        """Whatever its status is; so is what a lost answer left."""
        ident = self.take(self.ready()["id"]).json()["snapshot"]["id"]

        self.assertEqual([ident], self.found(name=self.mark))
        self.assertEqual([ident], self.found(
            metadata=str({"contract": self.mark})))
        self.assertEqual([], self.found(name=f"{self.mark}-other"))

    def test_names_are_not_unique(self):
        """A second POST makes a second snapshot."""
        volume = self.ready()
        self.says(202, self.take(volume["id"]))
        self.says(202, self.take(volume["id"]))

        self.assertEqual(2, len(self.found(name=self.mark)))

    def test_volume_of_a_snapshot_has_content_and_image(self):
        """Made from one of a volume that was itself made from one."""
        carrier = self.ready()
        snapshot = self.taken(carrier["id"])

        volume = self.ready(snapshot_id=snapshot["id"])

        self.assertEqual(snapshot["id"], volume["snapshot_id"])
        for key in ("size", "bootable", "volume_image_metadata",
                    "availability_zone", "volume_type"):
            self.assertEqual(carrier[key], volume[key])

    def test_volume_with_a_snapshot_is_not_deleted(self):
        """400; once the snapshot is gone it goes."""
        volume = self.ready()
        snapshot = self.taken(volume["id"])
        path = f"/volumes/{volume['id']}"
        self.says(400, self.pool.delete(path), "have snapshots")

        self.drop(snapshot["id"])

        self.says(202, self.pool.delete(path))

    def test_delete_answers_202_and_404_later(self):
        """Once it is gone, a second DELETE is 404 as well."""
        path = f"/snapshots/{self.taken(self.ready()['id'])['id']}"

        self.says(202, self.pool.delete(path))

        self.until(lambda: self.pool.get(path).status_code == 404)
        self.says(404, self.pool.delete(path))

    def test_delete_waits_for_the_creates_from_it(self):
        """It is taken, and carried out behind them; they all succeed."""
        carrier = self.ready(snapshot_id=self.snapshot(kind="ssd"),
                             volume_type="ssd")
        snapshot = self.taken(carrier["id"])
        path = f"/snapshots/{snapshot['id']}"
        made = self.create(snapshot_id=snapshot["id"],
                           volume_type="ssd").json()["volume"]
        self.until(lambda: self.admin.get(
            f"/volumes/{made['id']}").json()["volume"][
                "os-vol-host-attr:host"])

        self.says(202, self.pool.delete(path))

        self.settled(made["id"])
        self.until(lambda: self.pool.get(path).status_code == 404)

    def test_deleted_snapshot_makes_no_volume(self):
        """404, as one that nobody ever had."""
        snapshot = self.taken(self.ready()["id"])
        self.drop(snapshot["id"])

        self.says(404, self.create(snapshot_id=snapshot["id"]), "Snapshot")

    def test_volume_in_creation_is_400(self):
        """There is nothing to take yet."""
        self.says(400, self.take(self.flattening()["id"]), "status must be")

    def test_unknown_or_foreign_is_404(self):
        """A volume or a snapshot that this project does not see."""
        nobody = str(uuid.uuid4())
        self.says(404, self.take(nobody), "Volume")
        self.says(404, self.pool.get(f"/snapshots/{nobody}"), "Snapshot")
        self.says(404, self.pool.delete(f"/snapshots/{nobody}"), "Snapshot")
        path = f"/snapshots/{self.snapshot()}"
        self.says(404, self.alice.get(path), "Snapshot")
        self.says(404, self.alice.delete(path), "Snapshot")

    def test_force_false_is_400(self):
        """From 3.66 on the key is as good as unknown."""
        self.says(400, self.take(self.ready()["id"], force=False), "force")

    def test_over_quota_is_413_and_leaves_nothing(self):
        """The limit of snapshots is one of its own."""
        kind = self.private_type()
        volume = self.ready(volume_type=kind)
        self.limit(self.pool, kind, snapshots=0)

        self.says(413, self.take(volume["id"]))

        self.assertEqual([], self.found(name=self.mark))
