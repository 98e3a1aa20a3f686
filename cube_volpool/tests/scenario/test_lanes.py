"""Lanes: twins are made, and volumes built from them."""

from collections import Counter

from cube_volpool import exception, model, planner, report, settings, twin
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, lane_case
from cube_volpool.tests.simulator import faults

_DEB = model.PoolName("deb")
_K = twin.Kind


class MakingCase(lane_case.LaneCase):
    """From nothing to full lanes, and what is built by them."""

    def test_pool_gets_a_carrier_and_its_twins(self):
        """All with the content of the source, and with our markers."""
        self.assertTrue(self.has_lanes())
        [carrier], snapshots = self.marked()
        self.assertEqual(
            {self.source}, {self.cloud.content_of(s.id) for s in snapshots}
        )
        for metadata in (
            carrier.metadata, *(s.metadata for s in snapshots)
        ):
            self.assertEqual(
                (world.DEPLOYMENT, "deb", self.source),
                tuple(
                    metadata[key]
                    for key in (
                        model.DEPLOYMENT_KEY, model.POOL_KEY, twin.SOURCE_KEY
                    )
                ),
            )
        self.assertEqual(6, len(self.shelf()))

    def test_creates_are_spread_over_the_lanes_alone(self):
        """The source is left to ordinary creates."""
        for number in range(6):
            self.one.claim(f"host-{number}")
        self.one.house.reconciler.round()

        made = Counter(row.made_of for row in self.rows(
            model.RowStatus.CREATING))
        lanes = {one.lane for one in self.twins(_K.TWIN)}
        self.assertEqual(dict.fromkeys(lanes, 2), made)
        self.until(lambda: len(self.shelf()) == 6)
        self.assertEqual(lanes, set(self.sources()))

    def test_lanes_build_side_by_side(self):
        """Three at a time, where one snapshot makes one."""
        for number in range(6):
            self.one.claim(f"host-{number}")
        self.one.house.reconciler.round()
        self.clock.advance(2.9)

        done = [
            row
            for row in self.rows(model.RowStatus.CREATING)
            if self.cloud.volume(row.volume_id or "").status == "available"
        ]
        self.assertEqual(3, len({row.twin_id for row in done}))

    def test_claim_gets_a_volume_of_a_twin_as_one_of_its_source(self):
        """Its content is what was asked for; the answer has Cinder's word."""
        for number in range(6):
            self.one.claim(f"host-{number}")
        self.until(lambda: len(self.shelf()) == 6)

        answer = self.one.claim("web", snapshot_id=self.source)

        self.assertEqual(model.Source.POOL, answer.source)
        given = self.assert_given("web")
        self.assertEqual(given.snapshot_id, answer.volume["snapshot_id"])
        self.assertNotEqual(self.source, given.snapshot_id)
        self.assertEqual(
            self.source, self.cloud.content_of(given.snapshot_id or "")
        )
        self.assertNotIn(twin.SOURCE_KEY, given.metadata)

    def test_volume_handed_back_is_on_the_shelf_as_before(self):
        """Its metadata says again whose content it has."""
        for number in range(6):
            self.one.claim(f"host-{number}")
        self.until(lambda: len(self.shelf()) == 6)
        self.cloud.set_quota("skyline-b", volumes=0)
        first = self.shelf()[0]

        self.assertRaises(
            exception.QuotaExceeded,
            self.one.claim,
            "web",
            project="skyline-b",
        )

        row = self.row_of(first)
        assert row is not None
        self.assertEqual(model.RowStatus.AVAILABLE, row.status)
        self.assertEqual(
            planner.shelf_metadata(row, world.DEPLOYMENT),
            self.cloud.volume(first).metadata,
        )
        self.assertEqual(
            self.source, self.cloud.volume(first).metadata[twin.SOURCE_KEY]
        )

    def test_carrier_is_no_stock(self):
        """An audit does not adopt it, and counts it for nothing."""
        self.clock.advance(3600)
        self.one.house.duties.audit()

        self.assertEqual(6, len(self.rows()))
        self.assertTrue(self.has_lanes())

    def test_operators_see_how_many_are_ready(self):
        """Beside how many are wanted; one that is condemned is none."""

        def shown() -> tuple[int, int]:
            [pool] = report.pools(
                self.world.store, self.world.settings.pools
            )
            return pool["lanes_ready"], pool["lanes"]

        self.assertEqual((3, 3), shown())
        gone = self.twins(_K.TWIN)[0]
        self.world.store.twins.condemn(gone, reason="test")
        self.assertEqual((2, 3), shown())

    def test_twin_is_no_image(self):
        """Though somebody may name images as we do."""
        self.one.house.duties.sync()

        entries = self.world.store.images.list()
        marked = {snapshot.id for snapshot in self.marked()[1]}
        self.assertEqual(
            set(), marked & {entry.snapshot_id for entry in entries}
        )


class OneLaneCase(base.ScenarioCase):
    """``lanes`` is what it is by default."""

    def test_nothing_is_made_beside_the_stock(self):
        """And Cinder is asked nothing more."""
        self.one.house.duties.audit()
        self.one.house.reconciler.round()

        self.assertEqual((), self.world.store.twins.load(_DEB).twins)
        self.assertNotIn("GET /snapshots/detail", self.calls())
        self.assertEqual(2, len(self.cloud.volumes_of("volpool")) - 5)


class CapCase(lane_case.LaneCase):
    """Two creates of one snapshot may be in flight."""

    def configure(self) -> settings.Settings:
        return lane_case.config(
            limits={"max_creating_per_snapshot": 2},
            min_ready=9,
            max_creating=9,
        )

    def test_cap_holds_for_each_lane(self):
        """Six of three twins, and never three of one."""
        most: Counter[str] = Counter()

        def watch(_seen: object) -> None:
            jobs = self.cloud.backend.pending("create")
            for lane, count in Counter(j.lock for j in jobs).items():
                most[lane or ""] = max(most[lane or ""], count)

        self.cloud.fault("POST", "/volumes", faults.hook(after=watch))
        for number in range(9):
            self.one.claim(f"host-{number}")
        for _ in range(3):
            self.one.house.reconciler.round()
        self.until(lambda: len(self.shelf()) == 9)

        lanes = {one.lane for one in self.twins(_K.TWIN)}
        self.assertEqual(dict.fromkeys(lanes, 2), most)
