"""Lanes in trouble: they are made anew, and hinder the pool in nothing."""

from collections import Counter

from cube_volpool import twin
from cube_volpool.tests.scenario import lane_case
from cube_volpool.tests.simulator import faults

_K, _S = twin.Kind, twin.Status


class TroubleCase(lane_case.LaneCase):
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


class BeginningCase(lane_case.LaneCase):
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
