"""What Cinder lets be renamed and deleted: one test, one fact.

*Source:* Cinder 29 at microversion 3.70, seen on a real one; the
simulator has to answer the same.
"""
import concurrent.futures

from cube_volpool.tests.contract import cloud


class RenameFacts(cloud.CinderCase):
    """PUT /volumes/{id}."""

    def rename(self, ident, account=None, **change):
        return (account or self.pool).put(f"/volumes/{ident}",
                                          {"volume": change})

    def test_rename_answers_the_volume(self):
        """All but owner and image metadata is in the answer."""
        volume = self.ready()

        answer = self.rename(volume["id"], name=f"{self.mark}-new")

        self.says(200, answer)
        body = answer.json()["volume"]
        self.assertEqual(
            (f"{self.mark}-new", "available", "true", 1, "noflat",
             volume["snapshot_id"]),
            (body["name"], body["status"], body["bootable"], body["size"],
             body["volume_type"], body["snapshot_id"]))
        self.assertEqual(
            {"os-vol-tenant-attr:tenant_id", "volume_image_metadata"},
            set(volume) - set(body))

    def test_metadata_is_replaced(self):
        """Metadata given in PUT is the whole set from then on."""
        volume = self.ready()
        self.rename(volume["id"], metadata={"only": "this"})
        self.assertEqual({"only": "this"},
                         self.show(volume["id"])["metadata"])

    def test_metadata_is_kept_when_left_out(self):
        """A rename alone leaves the metadata."""
        volume = self.ready()
        self.rename(volume["id"], name="x")
        self.assertEqual({"contract": self.mark},
                         self.show(volume["id"])["metadata"])

    def test_posted_metadata_is_merged(self):
        """POST to the metadata adds."""
        volume = self.ready()
        answer = self.pool.post(f"/volumes/{volume['id']}/metadata",
                                {"metadata": {"more": "1"}})
        self.says(200, answer)
        self.assertEqual({"contract": self.mark, "more": "1"},
                         answer.json()["metadata"])

    def test_rename_while_creating(self):
        """A volume may be renamed before it is there."""
        volume = self.flattening()
        self.says(200, self.rename(volume["id"], name=f"{self.mark}-new"))
        self.assertEqual(f"{self.mark}-new",
                         self.settled(volume["id"])["name"])

    def test_rename_while_offered(self):
        """An offer does not hinder a rename, nor the other way round."""
        volume = self.ready()
        transfer = self.offer(volume["id"])

        answer = self.rename(volume["id"], name=f"{self.mark}-new",
                             metadata={"only": "this"})

        self.says(200, answer)
        self.assertEqual("awaiting-transfer",
                         answer.json()["volume"]["status"])
        self.says(202, self.accept(self.alice, transfer))
        volume = self.show(volume["id"], self.alice)
        self.assertEqual((f"{self.mark}-new", {"only": "this"}),
                         (volume["name"], volume["metadata"]))

    def test_rename_beside_an_offer(self):
        """Both at the same moment succeed."""
        volume = self.ready()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            renamed = pool.submit(self.rename, volume["id"],
                                  name=f"{self.mark}-new")
            offered = pool.submit(self.offer, volume["id"])

        self.says(200, renamed.result())
        self.says(202, self.accept(self.alice, offered.result()))
        self.assertEqual(f"{self.mark}-new",
                         self.show(volume["id"], self.alice)["name"])

    def test_empty_or_strange_change_is_400(self):
        """Nothing to change, an unknown key, bad values."""
        volume = self.ready()
        for change in ({}, {"bogus": 1}, {"name": "x" * 256},
                       {"metadata": None}, {"metadata": {"a": 1}},
                       {"status": "error"}):
            self.says(400, self.rename(volume["id"], **change))

    def test_foreign_volume_is_404(self):
        """Another project's volume cannot be renamed."""
        volume = self.ready()
        self.says(404, self.rename(volume["id"], self.alice, name="x"))

    def test_bootable_may_be_set(self):
        """A member sets the flag of its own volume."""
        volume = self.ready()
        answer = self.pool.post(f"/volumes/{volume['id']}/action", {
            "os-set_bootable": {"bootable": False}})
        self.says(200, answer)
        self.assertEqual("false", self.show(volume["id"])["bootable"])


class DeleteFacts(cloud.CinderCase):
    """DELETE /volumes/{id}."""

    def test_available_goes(self):
        """202, and 404 some time later."""
        path = f"/volumes/{self.ready()['id']}"
        self.says(202, self.pool.delete(path))
        self.until(lambda: self.pool.get(path).status_code == 404)

    def test_delete_of_the_gone_is_404(self):
        """A deleted volume cannot be deleted again."""
        volume = self.ready()
        self.remove(volume["id"])
        self.says(404, self.pool.delete(f"/volumes/{volume['id']}"))

    def test_creating_is_400(self):
        """A volume that is being built stays."""
        volume = self.flattening()
        self.says(400, self.pool.delete(f"/volumes/{volume['id']}"),
                  "Volume status must be available or error")

    def test_offered_is_400(self):
        """An offer protects the volume."""
        volume = self.ready()
        self.offer(volume["id"])
        self.says(400, self.pool.delete(f"/volumes/{volume['id']}"),
                  "awaiting a transfer")

    def test_source_of_a_snapshot_is_400(self):
        """A volume with a snapshot stays."""
        source = self.pool.get(
            f"/snapshots/{self.snapshot()}").json()["snapshot"]["volume_id"]
        self.says(400, self.pool.delete(f"/volumes/{source}"),
                  "have snapshots")

    def test_foreign_volume_is_404(self):
        """Nobody deletes what is not his."""
        volume = self.ready()
        self.says(404, self.alice.delete(f"/volumes/{volume['id']}"))

    def test_member_may_not_force(self):
        """Force is for admins."""
        volume = self.ready()
        answer = self.pool.call("DELETE", f"/volumes/{volume['id']}",
                                force="true")
        self.says(403, answer, "volume:force_delete")

    def test_member_may_not_reset_status(self):
        """So is a reset of the status."""
        volume = self.ready()
        self.says(403, self.pool.post(
            f"/volumes/{volume['id']}/action",
            {"os-reset_status": {"status": "error"}}))
