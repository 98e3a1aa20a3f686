"""Rename, offer and look-up side by side, and not all succeed."""


from cube_volpool import exception
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_OFFER = "/volume-transfers"
_VOLUME = "/volumes/*"


class PreparationCase(base.ScenarioCase):
    """Two of the three calls side by side succeed, the third does not."""

    def test_failed_rename_condemns_the_offered_volume(self) -> None:
        """Offered under its pool name: cancelled and deleted, never given."""
        for act in (faults.refuse(500), faults.hang()):
            first, second = self.shelf()
            self.cloud.fault("PUT", _VOLUME, act, times=1)

            answer = self.one.claim(f"web-{first[:8]}")

            self.assertEqual(second, answer.volume["id"])
            self.assert_condemned(first)
            self.assertIn(
                first, [t.volume_id for t in self.cloud.transfers.values()]
            )
            self.one.fill()
        self.rest()

    def test_refused_rename_costs_no_volume(self) -> None:
        """What Cinder does not take as a name, no other volume takes."""
        first, _ = self.shelf()
        self.cloud.fault("PUT", _VOLUME, faults.refuse(400), times=1)

        error = self.assertRaises(exception.InvalidRequest, self.one.claim)

        self.assertEqual("volume", error.field)
        self.assert_on_shelf(first)
        self.assertEqual({}, dict(self.cloud.transfers))
        self.rest()

    def test_lost_rename_is_not_trusted(self) -> None:
        """Its answer is the verification; without it the volume goes."""
        first, second = self.shelf()
        self.cloud.fault("PUT", _VOLUME, faults.lose("timeout"), times=1)

        self.assertEqual(second, self.one.claim().volume["id"])

        self.assert_condemned(first)
        self.assert_given()
        self.rest()

    def test_failed_offer_condemns_the_renamed_volume(self) -> None:
        """Refused or unclear: another volume is given."""
        for act in (
            faults.refuse(400), faults.refuse(500), faults.lose("timeout")
        ):
            first, second = self.shelf()
            self.cloud.fault("POST", _OFFER, act, times=1)

            answer = self.one.claim(f"web-{first[:8]}")

            self.assertEqual(second, answer.volume["id"])
            self.assert_condemned(first)
            self.one.fill()
        self.rest()

    def test_unclear_call_keeps_a_volume_off_the_shelf(self) -> None:
        """Nothing is given for another reason; the doubt stays."""
        for method, path in (("PUT", _VOLUME), ("POST", _OFFER)):
            first = self.shelf()[0]
            self.cloud.fault(
                "GET", "/volumes/detail", faults.refuse(500), times=3
            )
            self.cloud.fault(method, path, faults.late(), times=1)

            self.assertRaises(
                exception.CinderUnavailable, self.one.claim, f"x{first[:8]}"
            )

            self.assert_condemned(first)
            self.cloud.run_late()
            self.one.fill()
        self.rest()

    def test_offer_that_lands_late_leaks_nothing(self) -> None:
        """An offer that arrives on a condemned volume is cancelled."""
        first = self.shelf()[0]
        self.cloud.fault("POST", _OFFER, faults.late(), times=1)

        self.one.claim()
        self.cloud.run_late()

        self.assertEqual("awaiting-transfer", self.cloud.volume(first).status)
        self.rest()
        self.assertNotIn(first, self.cloud.volumes)

    def test_vanished_volume_costs_a_try_not_the_claim(self) -> None:
        """Somebody deleted it: 404 to rename and offer; another is given."""
        first, second = self.shelf()
        self.cloud.drop_volume(self.cloud.volume(first))

        self.assertEqual(second, self.one.claim().volume["id"])

        self.assert_given()
        self.rest()

    def test_lost_ledger_rows_deliver_nothing_twice(self) -> None:
        """A restored backup offers what was given: Cinder says no."""
        first, second = self.shelf()
        volume = self.cloud.volume(first)
        volume.project_id = self.world.project("skyline-b")
        volume.name, volume.metadata = "theirs", {}

        answer = self.one.claim()

        self.assertEqual(second, answer.volume["id"])
        self.assertEqual("theirs", volume.name)
        self.assertEqual(
            self.world.project("skyline-b"), volume.project_id
        )
        self.rest()
