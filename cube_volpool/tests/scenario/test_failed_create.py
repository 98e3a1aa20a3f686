"""Cinder does not make what is asked."""


from cube_volpool import model
from cube_volpool.tests.scenario import empty_pool
from cube_volpool.tests.simulator import faults

_CREATE = "/volumes"
_CREATING = model.RowStatus.CREATING


class RefusedCase(empty_pool.EmptyCase):
    """Cinder does not make what is asked."""

    def test_refusal_leaves_no_row_and_backs_off(self) -> None:
        """Told once, tried again later and later, then it works."""
        full = self.cloud.fault("POST", _CREATE, faults.refuse(413))
        for _ in range(60):
            self.round()
            self.clock.advance(10)

        self.assertEqual([], self.rows())
        self.assertIn("refused", self.pool_record().last_error or "")
        self.assertLess(self.creates(), 12)
        self.assertGreater(self.creates(), 3)

        self.cloud.faults.remove(full)
        self.clock.advance(300)
        self.one.fill()

        self.assertEqual(2, len(self.shelf()))
        self.assertIsNone(self.pool_record().last_error)

    def test_burst_of_errors_is_cleared_away(self) -> None:
        """Volumes that end in error are condemned and replaced."""
        self.cloud.backend.plan("create", "error", times=4)

        for _ in range(60):
            self.round()
            self.clock.advance(10)

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(6, len(self.made()))
        self.assert_at_rest()

    def test_lasting_errors_do_not_storm_cinder(self) -> None:
        """Each burst is followed by a longer pause."""
        self.cloud.backend.plan("create", "error", times=None)

        for _ in range(120):
            self.round()
            self.clock.advance(10)

        self.assertLess(self.creates(), 30)
        self.assertIn("error", self.pool_record().last_error or "")

    def test_stuck_create_is_condemned_past_its_deadline(self) -> None:
        """The first in the queue after one build time-out, not before."""
        self.cloud.backend.plan("create", "stuck", times=1)
        self.round()
        stuck = self.rows(_CREATING)[0].volume_id
        assert stuck is not None
        self.clock.advance(590)
        self.round()
        self.assertEqual(_CREATING, self.rows()[0].status)

        self.clock.advance(20)
        self.round()

        self.assert_condemned(stuck)
        for _ in range(10):
            self.round()
            self.clock.advance(10)
        self.assertEqual(2, len(self.shelf()))
        # Cinder deletes it once its own operator has reset the state.
        self.cloud.volume(stuck).status = "error"
        self.rest()

    def test_place_in_the_queue_moves_the_deadline(self) -> None:
        """The second of a snapshot may take twice as long."""
        self.cloud.backend.plan("create", "stuck", times=2)
        self.round()
        first, second = (row.volume_id for row in self.rows(_CREATING))

        self.clock.advance(610)
        self.round()

        self.assert_condemned(str(first))
        self.assertEqual(_CREATING, self.rows()[1].status)

    def test_volume_of_the_wrong_make_is_never_shelved(self) -> None:
        """Not bootable, another size: condemned as soon as it is ready."""
        self.round()
        one, two = (row.volume_id for row in self.rows(_CREATING))
        self.cloud.volume(str(one)).bootable = False
        self.cloud.volume(str(two)).size = 9
        self.clock.advance(20)

        self.round()

        self.assert_condemned(str(one))
        self.assert_condemned(str(two))

    def test_delete_that_cinder_refuses_is_tried_again(self) -> None:
        """Busy, then available again: still condemned, deleted later."""
        self.one.fill()
        volume_id = self.shelf()[0]
        self.cloud.volume(volume_id).status = "error"
        self.one.house.reconciler.audit()
        self.cloud.volume(volume_id).status = "available"
        self.cloud.backend.plan("delete", "busy", times=3)

        for _ in range(20):
            row = self.row_of(volume_id)
            if row is None:
                break
            self.assertEqual(model.RowStatus.DELETING, row.status)
            self.round()
            self.clock.advance(5)

        self.assertNotIn(volume_id, self.cloud.volumes)
        self.rest()

    def test_condemned_volume_in_use_is_not_deleted(self) -> None:
        """Somebody attached it: no DELETE is sent."""
        self.one.fill()
        volume_id = self.shelf()[0]
        volume = self.cloud.volume(volume_id)
        volume.status = "in-use"
        volume.attachments.append({"id": "x"})
        self.one.house.reconciler.audit()
        self.assert_condemned(volume_id)
        since = len(self.cloud.requests)

        for _ in range(10):
            self.round()
            self.clock.advance(60)

        self.assertNotIn("DELETE /volumes/*", self.calls(since=since))
        self.assertIn(volume_id, self.cloud.volumes)
