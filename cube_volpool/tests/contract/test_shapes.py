"""Which keys Cinder's answers have, so that the simulator has no others."""
from cube_volpool.tests.contract import cloud

CREATED = {
    "id", "status", "size", "availability_zone", "created_at", "updated_at",
    "name", "description", "volume_type", "snapshot_id", "source_volid",
    "metadata", "links", "user_id", "bootable", "encrypted",
    "replication_status", "consistencygroup_id", "multiattach",
    "attachments", "group_id", "shared_targets", "service_uuid",
    "volume_type_id", "consumes_quota"}
SHOWN = CREATED | {"os-vol-tenant-attr:tenant_id", "volume_image_metadata"}
SHOWN_TO_ADMIN = SHOWN | {
    "migration_status", "provider_id", "cluster_name",
    "os-vol-mig-status-attr:migstat", "os-vol-mig-status-attr:name_id",
    "os-vol-host-attr:host"}
SHOWN_AT_30 = SHOWN - {"group_id", "shared_targets", "service_uuid",
                       "volume_type_id", "consumes_quota"}
OFFERED = {"id", "created_at", "name", "volume_id", "links", "no_snapshots",
           "destination_project_id", "source_project_id", "accepted"}
SNAPSHOT = {"id", "created_at", "updated_at", "name", "description",
            "volume_id", "status", "size", "metadata"}


class ShapeFacts(cloud.CinderCase):
    """Keys by answer, persona and microversion."""

    def test_created_volume(self):
        """POST answers a volume without owner and image metadata."""
        self.assertEqual(CREATED, set(self.create().json()["volume"]))

    def test_shown_volume(self):
        """GET and detail show the same, more to an admin."""
        ident = self.ready()["id"]
        self.assertEqual(SHOWN, set(self.show(ident)))
        self.assertEqual(SHOWN_TO_ADMIN, set(self.show(ident, self.admin)))
        row, = self.pool.get("/volumes/detail",
                             name=self.mark).json()["volumes"]
        self.assertEqual(self.show(ident), row)

    def test_shown_volume_of_old_microversion(self):
        """3.0 has fewer keys."""
        answer = self.pool.get(f"/volumes/{self.ready()['id']}",
                               version="3.0")
        self.assertEqual(SHOWN_AT_30, set(answer.json()["volume"]))

    def test_values_have_their_types(self):
        """Booleans as strings, times without a zone, lists, nulls."""
        volume = self.ready()
        self.assertRegex(volume["created_at"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")
        self.assertEqual(("true", False, [], None, 1), (
            volume["bootable"], volume["encrypted"], volume["attachments"],
            volume["group_id"], volume["size"]))

    def test_transfer(self):
        """The key only in the answer to the offer."""
        transfer = self.offer(self.ready()["id"])
        self.assertEqual(OFFERED | {"auth_key"}, set(transfer))
        path = f"/volume-transfers/{transfer['id']}"
        self.assertEqual(OFFERED, set(self.pool.get(path).json()["transfer"]))
        accepted = self.accept(self.alice, transfer).json()["transfer"]
        self.assertEqual({"id", "volume_id", "name", "links"}, set(accepted))

    def test_snapshot(self):
        """The short list has fewer keys than the rest."""
        path = f"/snapshots/{self.snapshot()}"
        self.assertEqual(SNAPSHOT | {
            "group_snapshot_id", "user_id", "consumes_quota",
            "os-extended-snapshot-attributes:project_id",
            "os-extended-snapshot-attributes:progress",
        }, set(self.pool.get(path).json()["snapshot"]))
        row = self.pool.get("/snapshots", limit=1).json()["snapshots"][0]
        self.assertEqual(SNAPSHOT, set(row))

    def test_volume_type(self):
        """A member does not see which backend serves a type."""
        rows = self.pool.get("/types").json()["volume_types"]
        row = next(r for r in rows if r["name"] == "noflat")
        self.assertEqual(
            {"id", "name", "is_public", "description", "extra_specs",
             "os-volume-type-access:is_public"}, set(row))
        self.assertEqual({}, row["extra_specs"])

    def test_limits(self):
        """Limits and use, side by side."""
        absolute = self.alice.get("/limits").json()["limits"]["absolute"]
        self.assertLessEqual(
            {"maxTotalVolumes", "maxTotalVolumeGigabytes",
             "totalVolumesUsed", "totalGigabytesUsed"}, set(absolute))

    def test_refusal(self):
        """An error is one object with code and message."""
        fault = self.pool.get("/volumes/nope").json()["itemNotFound"]
        self.assertEqual({"code", "message"}, set(fault))
        self.assertEqual(404, fault["code"])

    def test_only_cinder_signs_with_its_own_request_id(self):
        """So a 404 of a thing is told from one of a path, or a proxy's."""
        ident = self.ready()["id"]
        signed = [self.pool.get(f"/volumes/{ident}"),
                  self.pool.get("/volumes/00000000"),
                  self.pool.get("/volume-transfers/00000000"),
                  self.pool.delete("/volume-transfers/00000000")]
        unsigned = self.pool.get("/nothing-of-that-name")

        self.assertEqual([200, 404, 404, 404],
                         [answer.status_code for answer in signed])
        for answer in signed:
            self.assertEqual(answer.headers["x-openstack-request-id"],
                             answer.headers["x-compute-request-id"])
        self.assertEqual(404, unsigned.status_code)
        self.assertNotIn("x-compute-request-id", unsigned.headers)
