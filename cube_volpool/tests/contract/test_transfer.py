"""What Cinder does when a volume is handed over: one test, one fact.

*Source:* Cinder 29 at microversion 3.70, seen on a real one; the
simulator has to answer the same.
"""
import concurrent.futures

from cube_volpool.tests.contract import cloud


class TransferFacts(cloud.CinderCase):
    """Offer, cancel, accept."""

    def test_offer_holds_the_volume(self):
        """The offer has the key, the volume waits."""
        volume = self.ready()

        transfer = self.offer(volume["id"])

        self.assertEqual((volume["id"], self.mark),
                         (transfer["volume_id"], transfer["name"]))
        self.assertTrue(transfer["auth_key"])
        self.assertEqual("awaiting-transfer",
                         self.show(volume["id"])["status"])

    def test_key_is_told_once(self):
        """No later look at the offer shows the key."""
        transfer = self.offer(self.ready()["id"])
        answer = self.pool.get(f"/volume-transfers/{transfer['id']}")
        self.says(200, answer)
        self.assertNotIn(transfer["auth_key"], answer.text)

    def test_second_offer_is_400(self):
        """One volume, one offer."""
        volume = self.ready()
        self.offer(volume["id"])
        answer = self.pool.post("/volume-transfers", {
            "transfer": {"volume_id": volume["id"]}})
        self.says(400, answer, "status must be available")

    def test_offer_of_creating_is_400(self):
        """Only what is available is offered."""
        answer = self.pool.post("/volume-transfers", {
            "transfer": {"volume_id": self.flattening()["id"]}})
        self.says(400, answer, "status must be available")

    def test_offer_of_foreign_volume_is_404(self):
        """Nobody offers what is not his."""
        answer = self.alice.post("/volume-transfers", {
            "transfer": {"volume_id": self.ready()["id"]}})
        self.says(404, answer, "Volume")

    def test_offers_are_found_by_volume(self):
        """The owner lists the offer of a volume."""
        volume = self.ready()
        transfer = self.offer(volume["id"])
        rows = self.pool.get("/volume-transfers/detail",
                             volume_id=volume["id"]).json()["transfers"]
        self.assertEqual([transfer["id"]], [row["id"] for row in rows])

    def test_offers_are_found_by_name(self):
        """A name is a filter too."""
        transfer = self.offer(self.ready()["id"])
        rows = self.pool.get("/volume-transfers",
                             name=self.mark).json()["transfers"]
        self.assertEqual([transfer["id"]], [row["id"] for row in rows])

    def test_unknown_transfer_filter_gives_nothing(self):
        """Not 400, and not everything."""
        self.offer(self.ready()["id"])
        answer = self.pool.get("/volume-transfers", bogus="1")
        self.assertEqual([], answer.json()["transfers"])

    def test_recipient_does_not_see_the_offer(self):
        """Before it accepts, the offer is 404 to the recipient."""
        path = f"/volume-transfers/{self.offer(self.ready()['id'])['id']}"
        self.says(404, self.alice.get(path), "Transfer")
        self.says(404, self.alice.delete(path), "Transfer")

    def test_cancel_frees_the_volume(self):
        """A cancelled offer leaves an available volume."""
        volume = self.ready()
        path = f"/volume-transfers/{self.offer(volume['id'])['id']}"
        self.says(202, self.pool.delete(path))
        self.assertEqual("available", self.show(volume["id"])["status"])

    def test_second_cancel_is_404(self):
        """Cancelling twice is no harm."""
        path = f"/volume-transfers/{self.offer(self.ready()['id'])['id']}"
        self.pool.delete(path)
        self.says(404, self.pool.delete(path), "Transfer")

    def test_accept_after_cancel_is_404(self):
        """A cancelled offer is gone."""
        transfer = self.offer(self.ready()["id"])
        self.pool.delete(f"/volume-transfers/{transfer['id']}")
        self.says(404, self.accept(self.alice, transfer), "Transfer")

    def test_wrong_key_is_400_and_harmless(self):
        """The right key still works after a wrong one."""
        transfer = self.offer(self.ready()["id"])
        self.says(400, self.accept(self.alice, transfer, "wrong"),
                  "invalid auth key")
        self.says(202, self.accept(self.alice, transfer))

    def test_missing_key_is_400(self):
        """An accept without a key is malformed."""
        transfer = self.offer(self.ready()["id"])
        self.says(400, self.alice.post(
            f"/volume-transfers/{transfer['id']}/accept", {"accept": {}}))

    def test_accept_moves_the_volume(self):
        """On 202 project and user are the recipient's, status available."""
        volume = self.ready()

        answer = self.accept(self.alice, self.offer(volume["id"]))

        self.says(202, answer)
        self.assertEqual(volume["id"],
                         answer.json()["transfer"]["volume_id"])
        moved = self.show(volume["id"], self.alice)
        self.assertEqual(
            (self.alice.project_id, self.alice.user_id, "available"),
            (moved["os-vol-tenant-attr:tenant_id"], moved["user_id"],
             moved["status"]))

    def test_accept_keeps_everything_else(self):
        """Name, metadata, type, snapshot, bootable, image stay."""
        volume = self.ready()
        self.accept(self.alice, self.offer(volume["id"]))
        moved = self.show(volume["id"], self.alice)
        self.assertEqual(
            {"os-vol-tenant-attr:tenant_id", "user_id"},
            {key for key in volume if key not in ("updated_at", "links")
             and volume[key] != moved[key]})

    def test_donor_loses_the_volume(self):
        """After accept the pool's GET, PUT and DELETE are 404."""
        volume = self.ready()
        self.accept(self.alice, self.offer(volume["id"]))
        path = f"/volumes/{volume['id']}"
        self.says(404, self.pool.get(path))
        self.says(404, self.pool.put(path, {"volume": {"name": "x"}}))
        self.says(404, self.pool.delete(path))
        self.assertEqual(self.mark, self.show(
            volume["id"], self.alice)["name"])

    def test_second_accept_is_404(self):
        """Accepting twice tells no success from no offer."""
        transfer = self.offer(self.ready()["id"])
        self.accept(self.alice, transfer)
        self.says(404, self.accept(self.alice, transfer), "Transfer")

    def test_one_of_two_acceptors_wins(self):
        """Two at once: one 202, the other 404 or, rarely, 400."""
        volume = self.ready()
        transfer = self.offer(volume["id"])
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda who: self.accept(who, transfer),
                                    (self.alice, self.bob)))

        first, second = sorted(a.status_code for a in answers)
        self.assertEqual(202, first)
        self.assertIn(second, (400, 404))

    def test_refused_by_quota_stays_offered(self):
        """413; the same offer works once there is quota."""
        kind = self.private_type(volumes=0)
        volume = self.ready(volume_type=kind)
        transfer = self.offer(volume["id"])

        answer = self.accept(self.alice, transfer)

        self.says(413, answer, kind)
        self.assertEqual("0", answer.json()["overLimit"]["retryAfter"])
        self.assertEqual("awaiting-transfer",
                         self.show(volume["id"])["status"])
        self.limit(self.alice, kind, volumes=-1)
        self.says(202, self.accept(self.alice, transfer))

    def test_refused_by_gigabytes_is_413(self):
        """The size counts as well as the number."""
        kind = self.private_type(gigabytes=0)
        transfer = self.offer(self.ready(volume_type=kind)["id"])
        self.says(413, self.accept(self.alice, transfer),
                  f"exceeds allowed gigabytes_{kind} quota")

    def test_private_type_is_404_at_accept(self):
        """404 like a lost offer, but the volume stays offered."""
        volume = self.ready(volume_type=self.private_type())
        transfer = self.offer(volume["id"])
        self.says(404, self.accept(self.alice, transfer), "Volume type")
        self.assertEqual("awaiting-transfer",
                         self.show(volume["id"])["status"])

    def test_private_type_passes_an_admin(self):
        """An admin role in the recipient's project accepts it."""
        volume = self.ready(volume_type=self.private_type())
        self.says(202, self.accept(self.tenant_admin,
                                   self.offer(volume["id"])))

    def test_accept_after_status_reset_is_400(self):
        """Reset to available it is not handed over, but offered anew."""
        volume = self.ready()
        transfer = self.offer(volume["id"])
        self.says(202, self.admin.post(
            f"/volumes/{volume['id']}/action",
            {"os-reset_status": {"status": "available"}}))

        self.says(400, self.accept(self.alice, transfer))
        self.says(202, self.accept(self.alice, self.offer(volume["id"])))
