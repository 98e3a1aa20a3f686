"""Admission: how many claims at a time."""

import contextlib
import dataclasses

from oslotest import base

from cube_volpool import exception, model, settings
from cube_volpool.claim.admission import Admission


class AdmissionTest(base.BaseTestCase):
    """Three places, two for a project."""

    def setUp(self):
        super().setUp()
        self.admission = Admission(
            settings.ClaimSettings(
                max_outstanding=3, max_outstanding_per_project=2
            )
        )
        self.held = self.enterContext(contextlib.ExitStack())

    def take(self, *projects):
        """Hold a place for each."""
        for project in projects:
            self.held.enter_context(self.admission.place(model.ProjectId(project)))

    def assert_busy(self, project, words):
        """There is no place, and the caller is told when to come again."""
        error = self.assertRaises(exception.Busy, self.take, project)

        self.assertIn(words, str(error))
        self.assertEqual(1, error.retry_after)

    def test_one_project_cannot_take_every_place(self):
        """Another one still gets in."""
        self.take("a", "a")

        self.assert_busy("a", "project a")
        self.take("b")

    def test_a_full_daemon_says_so_at_once(self):
        """Whoever asks."""
        self.take("a", "a", "b")

        self.assert_busy("c", "as many claims as it may")

    def test_a_place_is_free_again_after_a_claim_that_failed(self):
        """A refused one took none."""
        for _ in range(10):
            with (
                contextlib.suppress(ZeroDivisionError),
                self.admission.place(model.ProjectId("a")),
            ):
                raise ZeroDivisionError
        self.take("a", "a")
        self.assert_busy("a", "project a")
        self.held.close()

        self.take("a", "a", "b")

    def test_single_claims_have_places_of_their_own(self):
        """Requests for several volumes cannot take every place."""
        admission = Admission(
            settings.ClaimSettings(
                max_outstanding=3,
                max_outstanding_per_project=2,
                max_outstanding_in_batches=2,
            )
        )
        for project in "ab":
            place = admission.place(model.ProjectId(project), in_batch=True)
            self.held.enter_context(place)

        full = admission.place(model.ProjectId("c"), in_batch=True)
        error = self.assertRaises(
            exception.Busy, self.held.enter_context, full
        )
        self.assertIn("several volumes", str(error))
        self.held.enter_context(admission.place(model.ProjectId("c")))
        self.held.close()
        again = admission.place(model.ProjectId("c"), in_batch=True)
        self.held.enter_context(again)

    def test_a_pool_has_its_share_of_the_places(self):
        """By type and snapshot; what no pool serves needs no place."""
        admission = Admission(
            settings.ClaimSettings(max_outstanding_per_pool=1)
        )
        wanted = model.Wanted(
            type="ssd", snapshot_id=model.SnapshotId("s1"), size_gib=1
        )
        other = model.Wanted(type="hdd", snapshot_id=model.SnapshotId("s1"))
        larger = dataclasses.replace(wanted, size_gib=2)

        with admission.pool_place(wanted):
            for ours in (wanted, larger):
                error = self.assertRaises(
                    exception.Busy, self.held.enter_context,
                    admission.pool_place(ours),
                )
                self.assertIn("snapshot s1", str(error))
            for free in (other, None, None):
                self.held.enter_context(admission.pool_place(free))

        self.held.enter_context(admission.pool_place(wanted))
