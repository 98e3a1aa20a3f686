"""Requests that no pool can serve."""

import uuid

from cube_volpool import exception, model
from cube_volpool.tests.scenario import base

_CREATE = "/volumes"


class UnknownCase(base.ScenarioCase):
    """Requests that no pool can serve."""

    def test_unknown_type_with_a_body_is_a_miss(self) -> None:
        """The body alone is enough for Cinder."""
        answer = self.one.claim(
            volume_type="sas",
            snapshot_id=self.cloud.snapshot_id("debian-12_sas_20261120"),
        )
        self.clock.advance(60)

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual("sas", base.type_of(self.assert_given()))
        self.assertEqual(2, len(self.shelf()))

    def test_unknown_os_with_a_snapshot_is_served(self) -> None:
        """The snapshot decides; an unknown OS name is no obstacle."""
        answer = self.one.claim(os_name="plan-9")

        self.assertEqual(model.Source.POOL, answer.source)

    def test_type_that_cinder_does_not_know_creates_nothing(self) -> None:
        """Cinder refuses the create of a miss: nothing is left over."""
        self.assertRaises(
            exception.PoolEmpty, self.one.claim, volume_type="nvme"
        )

        self.assert_nothing_given()
        self.assertEqual(2, len(self.shelf()))

    def test_snapshot_that_nobody_has_creates_nothing(self) -> None:
        """Nor does one with a snapshot id of nowhere."""
        self.assertRaises(
            exception.PoolEmpty, self.one.claim, snapshot_id=str(uuid.uuid4())
        )

        self.assert_nothing_given()

    def test_unknown_os_alone_is_an_error_and_leaves_no_trace(self) -> None:
        """Nothing is written and Cinder is not asked."""
        for changes in (
            {"os_name": "plan-9"},
            {"os_name": "plan-9", "volume_type": "nvme"},
            {"os_name": "debian-12", "volume_type": "nvme"},
            {"os_name": None},
        ):
            error = self.assertRaises(
                exception.InvalidRequest,
                self.one.claim,
                snapshot_id=None,
                **changes,
            )

            self.assertEqual("os_name", error.field)
        self.assertEqual([], self.claims())
        self.assertEqual([], self.cloud.requests)
        self.assertEqual(2, len(self.shelf()))

    def test_catalogued_os_without_a_pool_is_a_miss(self) -> None:
        """An OS name is also known from the catalogue alone."""
        answer = self.one.claim(
            snapshot_id=None, os_name="debian-12", volume_type="sas"
        )

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(
            self.cloud.snapshot_id("debian-12_sas_20261120"),
            answer.volume["snapshot_id"],
        )

    def test_call_that_came_too_late_does_nothing(self) -> None:
        """A budget that is over before the start costs nobody anything."""
        self.assertRaises(exception.Busy, self.one.claim, budget=0)

        self.assertEqual([], self.claims())
        self.assertEqual([], self.calls())
