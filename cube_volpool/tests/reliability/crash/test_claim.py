"""Crashes of a daemon that works on a claim."""

import testtools.content
from oslotest import base

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, sweep
from cube_volpool.tests.simulator import faults


def _over_quota(target: world.World) -> None:
    sweep.stock(target)
    target.cloud.set_quota("skyline-a", volumes=0)


def _within_quota(target: world.World) -> None:
    target.cloud.set_quota("skyline-a", volumes=5000)


def _with_existing(target: world.World) -> None:
    sweep.stock(target)
    target.cloud.add_volume(
        "skyline-a", "web_sys", size=1, volume_type="ssd", bootable=True
    )


def _with_late_create(target: world.World) -> None:
    target.cloud.fault(
        "POST", "/volumes", faults.late(), project="skyline-a", times=1
    )


class Sweep(base.BaseTestCase):
    """Every moment of a claim, and both orders of what comes after."""

    def assert_recovers(
        self,
        journey: sweep.Journey,
        *calls: str,
        sides: tuple[doors.Side, ...] = tuple(doors.Side),
    ) -> None:
        """No moment of a journey, which makes these calls, does harm."""
        counted = sweep.count(journey)
        made = {point.call for point in counted}
        self.assertEqual(set(), set(calls) - made)
        points = [point for point in counted if point.side in sides]
        self.assertNotEqual([], points)
        problems: list[str] = []
        swept = 0
        for point in points:
            for order in sweep.Order:
                problems += sweep.crash_at(journey, point, order)
                swept += 1
        self.addDetail(
            "swept", testtools.content.text_content(f"{swept} crashes")
        )
        self.assertEqual(2 * len(points), swept)
        self.assertEqual([], problems)


class ClaimSweep(Sweep):
    """The claim's journeys."""

    def test_hit_survives_a_crash_at_every_call(self):
        """A claim from the shelf."""
        self.assert_recovers(
            sweep.Journey(act=sweep.claim, prepare=sweep.stock),
            "claims.open",
            "tenant.list_volumes",
            "pool.update_volume",
            "pool.offer",
            "claims.mark_offered",
            "tenant.accept",
            "endings.bind",
        )

    def test_hit_offered_before_its_rename_survives_as_well(self):
        """The three calls side by side, in the other order."""
        self.assert_recovers(
            sweep.Journey(
                act=sweep.claim, prepare=sweep.stock, runner=sweep.OfferFirst
            ),
            "tenant.accept",
        )

    def test_miss_survives_a_crash_at_every_call(self):
        """A claim that the empty pool cannot serve."""
        self.assert_recovers(
            sweep.Journey(act=sweep.claim),
            "claims.begin_miss",
            "tenant.create_volume",
            "endings.bind",
        )

    def test_miss_whose_create_is_late_makes_no_second_volume(self):
        """The POST times out and is executed after the crash."""
        self.assert_recovers(
            sweep.Journey(act=sweep.claim, prepare=_with_late_create),
            "tenant.create_volume",
        )

    def test_existing_name_survives_a_crash_at_every_call(self):
        """The caller has a volume of that name already."""
        self.assert_recovers(
            sweep.Journey(act=sweep.claim, prepare=_with_existing),
            "pool.cancel",
            "endings.hand_back_for",
        )

    def test_quota_refusal_survives_a_crash_at_every_call(self):
        """The caller is over quota; later he is not."""
        self.assert_recovers(
            sweep.Journey(
                act=sweep.claim, prepare=_over_quota, relieve=_within_quota
            ),
            "tenant.accept",
            "pool.cancel",
            "endings.hand_back",
        )

    def test_without_recovery_a_crash_leaves_something_behind(self):
        """The invariants tell a crash from a journey that was finished."""
        journey = sweep.Journey(act=sweep.claim, prepare=sweep.stock)
        points = {
            str(point): sweep.left_alone(journey, point)
            for point in sweep.count(journey)
            if point.call == "tenant.accept"
        }

        self.assertEqual(3, len(points))
        for point, problems in points.items():
            self.assertIn("I5: claim 1 stays offered", problems, point)
