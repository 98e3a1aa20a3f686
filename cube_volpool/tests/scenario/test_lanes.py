"""Lanes: twins are made, built from, and retired."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

from cube_volpool import exception, model, planner, report, settings, twin
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults, lab, records

_DEB = model.PoolName("deb")
_K, _S = twin.Kind, twin.Status


def config(
    *, lanes: int = 3, limits: dict[str, Any] | None = None, **changes: Any
) -> settings.Settings:
    """Return one pool of six volumes, built by so many lanes."""
    values = {"min_ready": 6, "max_creating": 6, "lanes": lanes, **changes}
    made = world.settings_of(world.spec(**values))
    reconcile = dataclasses.replace(made.reconcile, **(limits or {}))
    return dataclasses.replace(made, reconcile=reconcile)


class LaneCase(base.ScenarioCase):
    """A pool with three lanes, which is full."""

    def configure(self) -> settings.Settings:
        return config()

    def setUp(self) -> None:
        super().setUp()
        self.source = self.cloud.snapshot_id(base.SSD)

    def twins(self, kind: twin.Kind | None = None) -> list[twin.Twin]:
        """Return the rows of a kind, or of both."""
        held = self.world.store.twins.load(_DEB)
        return [one for one in held.twins if kind in (None, one.kind)]

    def marked(self) -> tuple[list[records.Volume], list[records.Snapshot]]:
        """Return the carriers and the twins that Cinder has."""
        volumes = self.cloud.volumes_of("volpool")
        return (
            [v for v in volumes if twin.KIND_KEY in v.metadata],
            [
                s
                for s in self.cloud.snapshots.values()
                if twin.KIND_KEY in s.metadata
            ],
        )

    def until(
        self, is_so: Callable[[], bool], daemon: world.Daemon | None = None
    ) -> None:
        """Let rounds pass, and audits, until something is so."""
        for number in range(200):
            if is_so():
                return
            if number % 10 == 9:
                (daemon or self.one).house.duties.audit()
            (daemon or self.one).house.reconciler.round()
            self.clock.advance(10)
        self.fail("it never came to that")

    def renewed(self, **changes: Any) -> world.Daemon:
        """Start a daemon of another configuration."""
        return self.world.daemon("new", config=config(**changes))

    def is_bare(self) -> bool:
        """Is nothing left of lanes, in Cinder and in the ledger?"""
        return (self.marked(), self.twins()) == (([], []), [])

    def has_lanes(self, count: int = 3) -> bool:
        """Are they all there, and nothing else?"""
        volumes, snapshots = self.marked()
        rows = self.twins()
        return (
            (len(volumes), len(snapshots)) == (1, count)
            and {s.volume_id for s in snapshots} == {volumes[0].id}
            and {one.cinder_id for one in rows}
            == {volumes[0].id, *(s.id for s in snapshots)}
            and all(one.status is _S.AVAILABLE for one in rows)
        )

    def sources(self) -> Counter[str | None]:
        """Count what the shelf was made of, by Cinder's word."""
        return Counter(
            self.cloud.volume(ident).snapshot_id for ident in self.shelf()
        )


class MakingCase(LaneCase):
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


class CapCase(LaneCase):
    """Two creates of one snapshot may be in flight."""

    def configure(self) -> settings.Settings:
        return config(
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


class RetiringCase(LaneCase):
    """Lanes that are not wanted any more go, in Cinder as well."""

    def test_fewer_lanes(self):
        """The rest stays as it is."""
        before = {one.lane for one in self.twins(_K.TWIN)}
        new = self.renewed(lanes=2)
        self.until(lambda: self.has_lanes(2), new)

        self.assertLess({one.lane for one in self.twins(_K.TWIN)}, before)

    def test_no_lanes_any_more(self):
        """With one lane all of it goes, without a restart in between."""
        new = self.renewed(lanes=1)
        new.house.duties.audit()
        self.until(self.is_bare, new)

        self.assertIn(self.source, self.cloud.snapshots)
        self.assertEqual(6, len(self.shelf()))

    def test_drained_pool(self):
        """It gives up all that it has, and gets it again."""
        self.one.house.steering.drain(_DEB)
        self.until(lambda: self.is_bare() and not self.rows())

        self.one.house.steering.resume(_DEB)
        self.until(lambda: self.has_lanes() and len(self.shelf()) == 6)

    def test_pool_that_is_taken_away(self):
        """With a ``min_ready`` of 0 nothing is left in the end."""
        new = self.renewed(min_ready=0)
        self.until(lambda: self.is_bare() and not self.rows(), new)

    def test_paused_pool_keeps_what_it_has(self):
        """And makes nothing."""
        gone = self.twins(_K.TWIN)[0]
        self.world.store.twins.condemn(gone, reason="test")
        self.one.house.steering.pause(_DEB)
        self.until(lambda: len(self.marked()[1]) == 2)

        for _ in range(5):
            self.one.house.reconciler.round()
        self.assertTrue(self.has_lanes(2))

    def test_lane_in_use_stays_until_its_builds_are_done(self):
        """No create meets a snapshot that is being deleted."""
        for number in range(6):
            self.one.claim(f"host-{number}")
        self.one.house.reconciler.round()
        begun = len(self.cloud.requests)
        new = self.renewed(lanes=1)
        new.house.duties.audit()

        for _ in range(3):
            new.house.reconciler.round()
            self.assertNotIn("DELETE /snapshots/*", self.calls(since=begun))
        self.assertEqual(
            {_S.DELETING}, {one.status for one in self.twins()}
        )

        self.until(lambda: self.is_bare() and len(self.shelf()) == 6, new)
        self.assertEqual(
            [], [v.id for v in self.cloud.deleted.values()
                 if v.status == "error"])

    def test_delete_that_cinder_does_not_carry_out_is_sent_again(self):
        """As on a backend where volumes depend on their snapshot."""
        self.cloud.backend.plan("snapshot-delete", "busy", times=4)
        new = self.renewed(lanes=1)
        new.house.duties.audit()

        self.until(self.is_bare, new)

        self.assertEqual(7, self.calls().count("DELETE /snapshots/*"))

    def test_carrier_that_somebody_offered_is_taken_back_and_deleted(self):
        """As a volume of the stock is."""
        [carrier], _ = self.marked()
        self.cloud.transfers["by-hand"] = records.Transfer(
            "by-hand", carrier.id, "0" * 16, carrier.project_id,
            carrier.created_at,
        )
        carrier.status = "awaiting-transfer"

        self.until(
            lambda: carrier.id not in self.cloud.volumes
            and self.has_lanes()
        )
        self.assertEqual({}, self.cloud.transfers)

    def test_what_lost_its_marker_is_not_deleted(self):
        """It is somebody else's now."""
        [carrier], [spared, *_] = self.marked()
        spared.metadata = {}
        new = self.renewed(lanes=1)
        new.house.duties.audit()
        for _ in range(30):
            new.house.reconciler.round()
            self.clock.advance(60)

        self.assertIn(spared.id, self.cloud.snapshots)
        self.assertIn(carrier.id, self.cloud.volumes)
        self.assertEqual(2, len(self.twins()))


class ImageCase(LaneCase):
    """A newer image comes, and goes again."""

    def publish(self) -> str:
        """Publish a newer image, and let the pool follow."""
        lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date="20261201"
        )
        self.one.house.duties.sync()
        return self.cloud.snapshot_id("debian-12_ssd_20261201")

    def is_changed(self, source: str) -> bool:
        """Has the pool lanes of this image, a full shelf, and no more?"""
        return (
            self.has_lanes()
            and {one.source_id for one in self.twins()} == {source}
            and self.pool_record().current_snapshot_id == source
            and {row.snapshot_id for row in self.rows()} == {source}
            and len(self.shelf()) == 6
        )

    def test_new_image_gets_lanes_and_the_old_ones_go(self):
        """Once it is given; until then a rollback would need them."""
        newer = self.publish()
        self.until(
            lambda: {one.source_id for one in self.twins()}
            == {self.source, newer}
        )

        self.until(lambda: self.is_changed(newer))

    def test_rollback_builds_lanes_anew(self):
        """Of the image before."""
        newer = self.publish()
        self.until(lambda: self.is_changed(newer))

        self.one.house.refresher.rollback("debian-12", "ssd")
        self.until(lambda: self.is_changed(self.source))

    def test_unknown_source_changes_nothing(self):
        """As for the stock."""
        del self.cloud.snapshots[self.source]
        self.one.house.duties.sync()
        for _ in range(3):
            self.one.house.duties.audit()
            self.one.house.reconciler.round()

        self.assertTrue(self.has_lanes())


class TroubleCase(LaneCase):
    """What may go wrong with lanes, and that the pool does without."""

    def test_twin_that_was_deleted_by_hand_is_replaced(self):
        """The audit finds it; a create that it refuses is no harm."""
        gone = self.marked()[1][0]
        self.cloud.drop_snapshot(gone)
        for number in range(6):
            self.one.claim(f"host-{number}")

        self.until(lambda: self.has_lanes() and len(self.shelf()) == 6)

    def test_twin_whose_builds_fail_is_replaced(self):
        """The image is not blamed for it."""
        bad = self.marked()[1][0]
        self.cloud.backend.plan("create", "error", times=None, lock=bad.id)
        for refill in range(2):
            for number in range(6):
                self.one.claim(f"host-{refill}-{number}")
            self.until(lambda: len(self.shelf()) == 6)

        self.until(lambda: bad.id not in self.cloud.snapshots)
        self.until(self.has_lanes)
        self.assertEqual({}, self.world.store.images.rejected())

    def test_carrier_whose_twins_all_fail_is_replaced(self):
        """What is wrong may be its own."""
        [carrier], _ = self.marked()

        def spoil(_seen: object) -> None:
            for snapshot in self.marked()[1]:
                if snapshot.volume_id == carrier.id:
                    self.cloud.backend.plan(
                        "create", "error", lock=snapshot.id
                    )

        self.cloud.fault("POST", "/volumes", faults.hook(before=spoil))
        for number in range(6):
            self.one.claim(f"host-{number}")

        self.until(lambda: carrier.id not in self.cloud.volumes)
        self.until(lambda: self.has_lanes() and len(self.shelf()) == 6)

    def test_twin_that_a_listing_does_not_have_yet_is_asked_for(self):
        """It was made after the listing; absence from one is no proof."""
        gone = self.twins(_K.TWIN)[0]
        self.world.store.twins.condemn(gone, reason="test")
        self.at(
            "GET",
            "/snapshots/detail",
            "after",
            lambda: self.until(self.has_lanes, self.two),
        )
        self.one.house.duties.audit()

        self.assertTrue(self.has_lanes())

    def test_intent_that_was_given_up_meanwhile_is_not_sent(self):
        """Looked at right before its POST."""
        for one in self.twins(_K.TWIN):
            self.world.store.twins.condemn(one, reason="test")
        self.cloud.journal.clear()

        def give_up() -> None:
            *_, last = (
                one
                for one in self.twins(_K.TWIN)
                if one.status is _S.CREATING
            )
            self.world.store.twins.condemn(last, reason="test")

        self.at("POST", "/snapshots", "before", give_up)
        self.one.house.reconciler.round()

        self.assertEqual(2, self.calls().count("POST /snapshots"))
        self.until(self.has_lanes)

    def test_carrier_deleted_by_hand_takes_its_twins_along(self):
        """All is made anew."""
        [carrier], snapshots = self.marked()
        for snapshot in snapshots:
            self.cloud.drop_snapshot(snapshot)
        self.cloud.drop_volume(carrier)

        self.until(self.has_lanes)

        self.assertNotEqual(carrier.id, self.marked()[0][0].id)

    def test_strays_of_a_restored_ledger_are_deleted(self):
        """And lanes made anew; a volume of a twin is what it was."""
        for number in range(6):
            self.one.claim(f"host-{number}")
        self.until(lambda: len(self.shelf()) == 6)
        shelf = set(self.shelf())
        strays = {s.id for s in self.marked()[1]}
        for row in self.rows():
            self.world.store.stock.forget(row)
        with self.world.store.ledger.write() as connection:
            connection.exec_driver_sql("DELETE FROM twins")
        self.clock.advance(3600)

        self.one.house.duties.audit()
        self.until(lambda: self.has_lanes() and len(self.shelf()) == 6)

        self.assertEqual(set(), strays & set(self.cloud.snapshots))
        self.assertEqual(shelf, set(self.shelf()))
        self.assertEqual(
            {(self.source, True)},
            {(row.snapshot_id, row.twin_id in strays) for row in self.rows()},
        )


class BeginningCase(LaneCase):
    """What hinders lanes at the start hinders the pool in nothing."""

    fills = False

    def begin(self) -> None:
        """Let the pool be filled, by whatever there is."""
        self.one.house.duties.sync()
        self.until(lambda: len(self.shelf()) == 6)

    def test_quota_without_room_for_snapshots(self):
        """The pool is full, and says what it lacks until that is mended."""
        self.cloud.set_quota("volpool", snapshots=5)
        self.begin()
        self.until(lambda: bool(self.marked()[0]))
        for _ in range(5):
            self.one.house.reconciler.round()
            self.clock.advance(10)

        self.assertEqual({self.source}, set(self.sources()))
        self.assertIn("lanes: ", self.pool_record().last_error or "")
        self.cloud.set_quota("volpool", snapshots=-1)
        self.until(
            lambda: self.has_lanes()
            and self.pool_record().last_error is None
        )

    def test_snapshots_are_out_of_order(self):
        """No answer but 500: the pool is filled all the same."""
        self.one.house.duties.sync()
        self.cloud.fault("*", "/snapshots**", faults.refuse(500))
        self.until(lambda: len(self.shelf()) == 6)

        self.assertEqual({self.source}, set(self.sources()))

    def test_answer_that_got_lost_makes_no_second_one(self):
        """Carrier and twins are found by their names."""
        for path in ("/volumes", "/snapshots"):
            self.cloud.fault(
                "POST", path, faults.lose("timeout"), times=1,
                project="volpool",
            )
        self.begin()
        self.until(self.has_lanes)

        posts = Counter(c for c in self.calls() if c.startswith("POST"))
        self.assertEqual(
            (6 + 1, 3), (posts["POST /volumes"], posts["POST /snapshots"])
        )

    def test_carrier_takes_a_place_among_the_creates(self):
        """The caps count it: it waits in the same queue."""
        self.one.house.duties.sync()
        self.one.house.reconciler.round()

        queue = self.cloud.backend.pending("create")
        self.assertEqual([self.source] * 4, [job.lock for job in queue])
        self.assertEqual(1, len(self.marked()[0]))
