"""Lanes that are not wanted any more, or of another image."""


from cube_volpool import model, twin
from cube_volpool.tests.scenario import lane_case
from cube_volpool.tests.simulator import lab, records

_DEB = model.PoolName("deb")
_K, _S = twin.Kind, twin.Status


class RetiringCase(lane_case.LaneCase):
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


class ImageCase(lane_case.LaneCase):
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
