"""What Cinder answers to a create, and what it builds: one test, one fact.

*Source:* Cinder 29 at microversion 3.70, seen on a real one; the
simulator has to answer the same.
"""
import uuid

from cube_volpool.tests.contract import cloud


class CreateFacts(cloud.CinderCase):
    """POST /volumes."""

    def test_create_answers_202_creating(self):
        """The id is the server's, the status is creating."""
        answer = self.create()

        self.says(202, answer)
        volume = answer.json()["volume"]
        self.assertEqual("creating", volume["status"])
        self.assertEqual(self.mark, volume["name"])
        self.assertEqual({"contract": self.mark}, volume["metadata"])

    def test_create_answer_has_no_owner(self):
        """POST leaves the tenant attribute out, GET has it."""
        volume = self.create().json()["volume"]

        self.assertNotIn("os-vol-tenant-attr:tenant_id", volume)
        self.assertEqual(
            self.pool.project_id,
            self.show(volume["id"])["os-vol-tenant-attr:tenant_id"])

    def test_unknown_key_is_400(self):
        """From 3.53 on a key Cinder does not know is refused."""
        body = self.body()
        body["volume"]["multiattach "] = False
        answer = self.tidied(self.pool.post("/volumes", body))
        self.says(400, answer, "Additional properties are not allowed")

    def test_unknown_key_is_ignored_below_353(self):
        """An old microversion lets any key pass."""
        answer = self.tidied(self.pool.post(
            "/volumes", self.body(bogus=1), version="3.52"))
        self.says(202, answer)

    def test_client_chosen_id_is_400(self):
        """Nobody chooses an id."""
        self.says(400, self.create(id=str(uuid.uuid4())))

    def test_multiattach_is_400(self):
        """The parameter is removed, and says so."""
        self.says(400, self.create(multiattach=True),
                  "multiattach parameter has been removed")

    def test_multiattach_false_is_fine(self):
        """False is no wish."""
        self.says(202, self.create(multiattach=False))

    def test_size_is_the_snapshots_when_left_out(self):
        """No size means the snapshot's."""
        self.assertEqual(1, self.create().json()["volume"]["size"])

    def test_size_below_snapshot_is_400(self):
        """A volume is never smaller than its snapshot."""
        answer = self.create(
            size=1, snapshot_id=self.snapshot("ubuntu-24.04"))
        self.says(400, answer, "cannot be smaller than the snapshot size")

    def test_size_above_snapshot_is_fine(self):
        """A larger volume is made, and has that size."""
        self.assertEqual(2, self.create(size=2).json()["volume"]["size"])

    def test_nonsense_size_is_400(self):
        """Zero, negative, text and fractions are refused."""
        for size in (0, -1, "abc", 1.5, 10**10):
            self.says(400, self.create(size=size), "size")

    def test_neither_size_nor_source_is_400(self):
        """A blank volume needs a size."""
        self.says(400, self.create(snapshot_id=None))

    def test_foreign_snapshot_is_404_to_member(self):
        """A member of another project does not see the snapshot."""
        self.says(404, self.create(self.alice), "Snapshot")

    def test_admin_role_in_tenant_project_creates_there(self):
        """Admin there sees our snapshot; the volume is the tenant's."""
        answer = self.create(self.tenant_admin)

        self.says(202, answer)
        volume = self.show(answer.json()["volume"]["id"], self.alice)
        self.assertEqual(self.alice.project_id,
                         volume["os-vol-tenant-attr:tenant_id"])

    def test_unknown_snapshot_is_404(self):
        """A snapshot nobody has is 404."""
        self.says(404, self.create(snapshot_id=str(uuid.uuid4())),
                  "Snapshot")

    def test_malformed_snapshot_id_is_400(self):
        """A snapshot id that is no uuid is 400, not 404."""
        self.says(400, self.create(snapshot_id="nope"), "snapshot_id")

    def test_type_may_be_given_by_id(self):
        """The type's id is as good as its name."""
        rows = self.pool.get("/types").json()["volume_types"]
        ident = next(r["id"] for r in rows if r["name"] == "noflat")

        answer = self.create(volume_type=ident)

        self.says(202, answer)
        self.assertEqual("noflat", answer.json()["volume"]["volume_type"])

    def test_type_is_the_snapshots_when_left_out(self):
        """No type means the snapshot's, not the default one."""
        answer = self.create(volume_type=None)
        self.assertEqual("noflat", answer.json()["volume"]["volume_type"])

    def test_unknown_type_is_404(self):
        """A type nobody has is 404, by name and by id."""
        self.says(404, self.create(volume_type="nope"), "Volume type")
        self.says(404, self.create(volume_type=str(uuid.uuid4())),
                  "Volume type")

    def test_type_of_other_backend_is_400(self):
        """A type on another backend than the snapshot's is refused."""
        self.says(400, self.create(volume_type="ssd"), "not compatible")

    def test_private_type_is_404_to_stranger(self):
        """A private type without access does not exist."""
        answer = self.create(self.alice, snapshot_id=None, size=1,
                             volume_type=self.private_type())
        self.says(404, answer, "Volume type")

    def test_unknown_zone_is_400(self):
        """A zone nobody has is refused."""
        self.says(400, self.create(availability_zone="mars"), "mars")

    def test_name_of_255_characters_is_fine(self):
        """255 characters are kept."""
        name = self.mark.ljust(255, "x")
        self.assertEqual(name, self.create(name=name).json()[
            "volume"]["name"])

    def test_name_of_256_characters_is_400(self):
        """One more is refused."""
        self.says(400, self.create(name="x" * 256), "more than 255")

    def test_blanks_around_name_are_stripped(self):
        """A name has no blanks at its ends."""
        answer = self.create(name=f"  {self.mark} ")
        self.assertEqual(self.mark, answer.json()["volume"]["name"])

    def test_names_are_not_unique(self):
        """Two volumes of one project may share a name."""
        self.says(202, self.create())
        self.says(202, self.create())
        self.assertEqual([self.mark] * 2, self.names(name=self.mark))

    def test_bad_metadata_is_400(self):
        """Keys of few characters, values strings up to 255."""
        for metadata in ({"a%": "1"}, {"": "1"}, {"a": 1}, {"a": None},
                         {"a": "x" * 256}, {"a" * 256: "1"}, ["a"]):
            self.says(400, self.create(metadata=metadata))

    def test_over_quota_is_413(self):
        """Cinder says overLimit, and retryAfter is the string 0."""
        kind = self.private_type()
        self.limit(self.pool, kind, volumes=0)

        answer = self.create(volume_type=kind)

        self.says(413, answer, kind)
        self.assertEqual("0", answer.json()["overLimit"]["retryAfter"])
        self.assertEqual("0", answer.headers["Retry-After"])

    def test_refused_create_leaves_nothing(self):
        """After a 413 there is no volume of that name."""
        kind = self.private_type()
        self.limit(self.pool, kind, gigabytes=0)
        self.says(413, self.create(volume_type=kind))
        self.assertEqual([], self.names(name=self.mark))


class BuildFacts(cloud.CinderCase):
    """A volume from its POST until it is available."""

    def test_creating_is_found_by_name(self):
        """The name finds it before it is built."""
        self.create()
        self.assertEqual([self.mark], self.names(name=self.mark))

    def test_creating_is_found_by_metadata(self):
        """So does its marker."""
        self.create()
        self.assertEqual([self.mark], self.names(
            metadata=str({"contract": self.mark})))

    def test_creating_is_found_by_status_list(self):
        """A list literal of statuses is an OR."""
        self.flattening()
        self.assertIn(self.mark, self.names(
            status="['creating','error']"))

    def test_bootable_is_final_while_creating(self):
        """The flag of the source is there at once, as a string."""
        self.assertEqual("true", self.create().json()["volume"]["bootable"])

    def test_image_metadata_comes_with_available(self):
        """The snapshot's image metadata is copied at the end."""
        volume = self.flattening()
        self.assertNotIn("volume_image_metadata", self.show(volume["id"]))

        volume = self.settled(volume["id"])
        self.assertEqual(
            "debian-12", volume["volume_image_metadata"]["image_name"])

    def test_available_keeps_what_was_asked_for(self):
        """Snapshot, type, size and metadata stand."""
        volume = self.ready()
        self.assertEqual(
            (self.snapshot(), "noflat", 1, {"contract": self.mark}),
            (volume["snapshot_id"], volume["volume_type"], volume["size"],
             volume["metadata"]))

    def test_creates_of_one_snapshot_are_serial(self):
        """Never two of one snapshot at once: they end one by one."""
        idents = [self.flattening()["id"] for _ in range(3)]
        seen = set()

        def all_done() -> bool:
            done = sum(self.show(i)["status"] == "available"
                       for i in idents)
            seen.add(done)
            return done == 3

        self.until(all_done)
        self.assertEqual({0, 1, 2, 3}, seen)
