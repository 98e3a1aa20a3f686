"""What Cinder lists: one test, one fact.

*Source:* Cinder 29 at microversion 3.70, seen on a real one; the
simulator has to answer the same.
"""
import uuid

from cube_volpool.tests.contract import cloud


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
