"""A condemned volume that Cinder does not delete."""

import logging

import fixtures

from cube_volpool import settings
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, empty_pool
from cube_volpool.tests.simulator import faults

_HOUR = 3600


class FailedDeleteCase(base.ScenarioCase):
    """One volume of the pool is condemned, and stays."""

    def configure(self) -> settings.Settings:
        return empty_pool.limited(deletes_per_hour=30)

    def setUp(self) -> None:
        super().setUp()
        self.stuck, self.other = self.shelf()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))

    def condemn(self, volume_id: str) -> None:
        """Let somebody break a volume, and an audit see it."""
        volume = self.cloud.volume(volume_id)
        volume.status = "error"
        self.one.house.reconciler.audit()
        volume.status = "available"

    def rounds(self, seconds: int, daemon: world.Daemon | None = None) -> None:
        """Let a daemon do its rounds for so long."""
        pause = 10 if seconds < _HOUR // 2 else 30
        for _ in range(seconds // pause):
            (daemon or self.one).house.reconciler.round()
            self.clock.advance(pause)

    def deletes(self) -> int:
        """Return how many DELETEs of volumes were sent."""
        return self.calls().count("DELETE /volumes/*")

    def told(self) -> str | None:
        """Return what the pool says of itself."""
        return self.pool_record().last_error

    def fail_delete(self) -> None:
        """Let the delete of the condemned volume end in error_deleting."""
        self.cloud.backend.plan("delete", "error", target=self.stuck)
        self.condemn(self.stuck)
        self.rounds(30)
        self.assertEqual(
            "error_deleting", self.cloud.volume(self.stuck).status
        )

    def test_operator_is_told_which_volume_and_what_to_do(self) -> None:
        """In the pool's trouble and in the log, once however long it is."""
        self.fail_delete()

        self.rounds(2 * _HOUR)

        told = self.told() or ""
        self.assertIn(f"{self.stuck} (error_deleting at", told)
        self.assertIn("set its state to available", told)
        self.assertEqual(1, self.log.output.count(self.stuck), told)

    def test_it_is_tried_again_more_and_more_seldom(self) -> None:
        """Not with every round, and never given up."""
        self.fail_delete()

        self.rounds(_HOUR)

        first = self.deletes()
        self.assertLessEqual(first, 12)
        self.rounds(_HOUR)
        self.assertIn(self.deletes() - first, (3, 4))

    def test_once_mended_it_goes_at_once_and_the_trouble_with_it(self) -> None:
        """Nobody waits for the next of the pauses."""
        self.fail_delete()
        self.rounds(_HOUR)
        self.cloud.volume(self.stuck).status = "available"

        self.rounds(30)

        self.assertNotIn(self.stuck, self.cloud.volumes)
        self.assertIsNone(self.told())
        self.rest()

    def test_volume_that_is_always_busy_uses_no_cap_up(self) -> None:
        """Cinder takes every DELETE; others are deleted all the same."""
        self.cloud.backend.plan(
            "delete", "busy", times=None, target=self.stuck
        )
        self.condemn(self.stuck)
        self.rounds(_HOUR // 2)
        self.assertIn(self.stuck, self.told() or "")
        self.assertLessEqual(self.deletes(), 12)

        self.condemn(self.other)
        self.rounds(30)

        self.assertNotIn(self.other, self.cloud.volumes)

    def test_refusal_that_lasts_is_told(self) -> None:
        """A snapshot of the volume, for one: 400 for ever."""
        self.cloud.fault(
            "DELETE", f"/volumes/{self.stuck}", faults.refuse(400)
        )
        self.condemn(self.stuck)
        self.rounds(20)
        self.assertIsNone(self.told())

        self.rounds(100)

        self.assertIn(f"{self.stuck} (available at", self.told() or "")

    def test_delete_that_never_ends_is_told(self) -> None:
        """Its job got lost: Cinder says deleting for ever."""
        self.cloud.backend.plan("delete", "stuck", target=self.stuck)
        self.condemn(self.stuck)
        self.rounds(_HOUR // 2 - 60)
        self.assertIsNone(self.told())

        self.rounds(120)

        self.assertEqual("deleting", self.cloud.volume(self.stuck).status)
        self.assertIn(self.stuck, self.told() or "")
        self.assertEqual(1, self.deletes())

    def test_builds_that_succeed_do_not_hide_it(self) -> None:
        """A volume that is ready ends other troubles, not this one."""
        self.fail_delete()
        warned = self.log.output.count(self.stuck)

        self.one.claim()
        self.rounds(60)

        self.assertEqual(2, len(self.shelf()))
        self.assertIn(self.stuck, self.told() or "")
        self.assertEqual(warned, self.log.output.count(self.stuck))

    def test_two_daemons_tell_it_once(self) -> None:
        """The one that saw less does not take back what the other said."""
        self.fail_delete()

        for _ in range(60):
            self.rounds(10, self.two)
            self.rounds(10)

        self.assertEqual(1, self.log.output.count(self.stuck))

    def test_daemon_that_starts_anew_ends_the_trouble(self) -> None:
        """It does not know who noted it, but that the volume is gone."""
        self.fail_delete()
        self.cloud.drop_volume(self.cloud.volume(self.stuck))

        self.rounds(30, self.two)

        self.assertIsNone(self.told())
