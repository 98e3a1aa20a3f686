"""What Cinder answers: one test, one fact.

*Source:* Cinder 29 at microversion 3.70, seen on a real one; the
simulator has to answer the same.
"""
import concurrent.futures
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


class FindFacts(cloud.CinderCase):
    """GET /volumes."""

    def test_unknown_filter_is_400_to_member(self):
        """From 3.31 on, and it is named."""
        self.says(400, self.pool.get("/volumes", bogus="1"),
                  "Invalid filters bogus")

    def test_column_out_of_the_list_is_400_to_member(self):
        """A member cannot filter by type or snapshot."""
        for name in ("volume_type_id", "snapshot_id", "id", "host"):
            self.says(400, self.pool.get("/volumes", **{name: "x"}))

    def test_unknown_filter_is_dropped_below_331(self):
        """An old microversion gives everything."""
        self.ready()
        answer = self.pool.get("/volumes", version="3.30", bogus="1")
        self.says(200, answer, self.mark)

    def test_unknown_filter_gives_admin_nothing(self):
        """An admin's nonsense matches no row."""
        self.create()
        for name in ("bogus", "volume_type"):
            self.assertEqual([], self.names(
                self.admin, all_tenants=1, **{name: "noflat"}))

    def test_admin_filters_by_any_column(self):
        """An admin may ask for ids, in a list literal too."""
        volume = self.create().json()["volume"]
        self.assertEqual([self.mark], self.names(
            self.admin, all_tenants=1, id=str([volume["id"]])))

    def test_all_tenants_of_member_is_ignored(self):
        """A member sees its own project, whatever it asks."""
        self.create()
        self.assertEqual([], self.names(self.alice, all_tenants=1,
                                        name=self.mark))

    def test_name_filter_is_exact_but_for_case(self):
        """No part of a name matches; the letter case does not count."""
        self.create(name=f"{self.mark}-Long")
        self.assertEqual([], self.names(name=self.mark))
        self.assertEqual([f"{self.mark}-Long"],
                         self.names(name=f"{self.mark}-long"))

    def test_metadata_filter_wants_every_pair(self):
        """All pairs have to match."""
        self.create(metadata={"contract": self.mark, "b": "2"})
        for second, expected in (("2", [self.mark]), ("3", [])):
            self.assertEqual(expected, self.names(metadata=str(
                {"contract": self.mark, "b": second})))

    def test_metadata_filter_that_is_no_dict_gives_nothing(self):
        """Not 400: zero rows."""
        self.assertEqual([], self.names(metadata="x"))

    def test_time_conditions_are_joined_by_or(self):
        """A range matches everything on either side."""
        self.create()
        self.assertEqual([self.mark], self.names(
            name=self.mark,
            created_at="gte:2000-01-01T00:00:00,lt:2001-01-01T00:00:00"))

    def test_one_time_condition_is_kept(self):
        """A single bound works."""
        self.create()
        for bound, expected in (("gte:2000-01-01T00:00:00", [self.mark]),
                                ("lt:2001-01-01T00:00:00", [])):
            self.assertEqual(expected, self.names(
                name=self.mark, created_at=bound))

    def test_nonsense_bootable_is_400(self):
        """A boolean filter is checked."""
        self.says(400, self.pool.get("/volumes", bootable="maybe"))

    def test_pages_by_marker_give_each_row_once(self):
        """A scan by created_at and id meets every row once, in order."""
        idents = [self.create().json()["volume"]["id"] for _ in range(5)]
        found: list[tuple[str, str]] = []
        marker: dict[str, str] = {}
        while True:
            rows = self.pool.get(
                "/volumes/detail", limit=2, name=self.mark,
                sort="created_at:asc,id:asc", **marker).json()["volumes"]
            if not rows:
                break
            found += [(row["created_at"], row["id"]) for row in rows]
            marker = {"marker": rows[-1]["id"]}

        self.assertEqual(sorted(idents), sorted(i for _, i in found))
        self.assertEqual(sorted(found), found)

    def test_full_page_links_to_the_next(self):
        """The link is there when the page is full, and leads on."""
        self.create()
        self.create()
        body = self.pool.get("/volumes", limit=1, name=self.mark).json()

        link, = body["volumes_links"]
        self.assertEqual("next", link["rel"])
        self.assertIn(f"marker={body['volumes'][0]['id']}", link["href"])
        self.assertNotIn("volumes_links", self.pool.get(
            "/volumes", limit=3, name=self.mark).json())

    def test_limit_zero_gives_nothing(self):
        """Zero rows are zero rows; negative is 400."""
        self.assertEqual([], self.names(limit=0))
        self.says(400, self.pool.get("/volumes", limit=-1))

    def test_deleted_marker_is_404(self):
        """A scan whose marker was deleted has to start again."""
        volume = self.ready()
        self.remove(volume["id"])
        self.says(404, self.pool.get("/volumes", marker=volume["id"]))

    def test_marker_given_away_is_good(self):
        """A marker of another project does not disturb the scan."""
        volume = self.ready()
        self.accept(self.alice, self.offer(volume["id"]))
        self.says(200, self.pool.get("/volumes", marker=volume["id"]))

    def test_short_list_has_no_status(self):
        """Without detail there are only id, name and links."""
        self.create()
        row, = self.pool.get("/volumes", name=self.mark).json()["volumes"]
        self.assertEqual({"id", "name", "links"}, set(row))

    def test_resource_filters_are_listed(self):
        """The filters a member may use can be asked for."""
        body = self.pool.get("/resource_filters", resource="volume").json()
        self.assertLessEqual({"name", "status", "metadata"},
                             set(body["resource_filters"][0]["filters"]))

    def test_unknown_id_is_404(self):
        """Any id nobody has, well-formed or not."""
        for ident in (str(uuid.uuid4()), "nope"):
            self.says(404, self.pool.get(f"/volumes/{ident}"), "Volume")


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


class DoorFacts(cloud.CinderCase):
    """Tokens, URLs and microversions."""

    def test_no_token_is_401(self):
        """Without a token, or with nonsense, nothing is told."""
        for headers in ({}, {"X-Auth-Token": "nonsense"}):
            self.says(401, self.site.http.get(
                f"{self.pool.url}/volumes", headers=headers))

    def test_own_project_in_the_url_is_fine(self):
        """The old form of the URL still works."""
        self.says(200, self.pool.get(f"/{self.pool.project_id}/volumes"))

    def test_other_project_in_the_url_is_400(self):
        """The URL's project has to be the token's."""
        self.says(400, self.pool.get(f"/{self.alice.project_id}/volumes"),
                  "Malformed request url")

    def test_too_new_microversion_is_406(self):
        """A microversion the cloud lacks is refused."""
        self.says(406, self.pool.get("/volumes", version="3.999"))

    def test_microversions_are_told_without_a_token(self):
        """The root of the endpoint names the highest microversion."""
        answer = self.site.http.get(
            self.pool.url.partition("/v3")[0] + "/")
        self.says(300, answer)
        version, = answer.json()["versions"]
        self.assertGreaterEqual(int(version["version"].split(".")[1]), 70)

    def test_answer_names_its_microversion(self):
        """Every answer says which microversion it speaks."""
        answer = self.pool.get("/volumes", limit=1)
        self.assertEqual("volume 3.70",
                         answer.headers["OpenStack-API-Version"])
