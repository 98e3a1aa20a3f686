"""Crashes of a daemon that fills, empties or renews a pool."""

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, sweep, test_claim
from cube_volpool.tests.simulator import faults


def _with_late_create(target: world.World) -> None:
    target.cloud.fault(
        "POST", "/volumes", faults.late(), project="volpool", times=1
    )


def _two_rounds(daemon: world.Daemon) -> None:
    daemon.house.duties.sync()
    daemon.house.reconciler.round()
    daemon.world.clock.advance(5)
    daemon.house.reconciler.round()


class TopUpSweep(test_claim.Sweep):
    """The journeys of reconcile; nobody waits for an answer."""

    def test_top_up_survives_a_crash_at_every_call(self):
        """An empty pool is filled with two volumes."""
        self.assert_recovers(
            sweep.Journey(act=world.Daemon.fill, claims=False),
            "stock.begin_creates",
            "pool.create_volume",
            "stock.attach",
            "stock.promote",
        )

    def test_top_up_whose_create_is_late_takes_the_volume_in(self):
        """The first POST times out and is executed after the crash."""
        self.assert_recovers(
            sweep.Journey(
                act=_two_rounds,
                prepare=_with_late_create,
                claims=False,
                surge=2,
            ),
            "pool.create_volume",
        )

    def test_a_create_that_comes_after_its_grace_is_taken_in(self):
        """Nobody waits for it any more; it is found by its marker."""
        self.assert_recovers(
            sweep.Journey(
                act=_two_rounds, claims=False, lands_last=True
            ),
            "pool.create_volume",
            sides=(doors.Side.LATE,),
        )

    def test_evict_and_delete_survive_a_crash_at_every_call(self):
        """One volume too many is condemned, deleted and forgotten."""
        self.assert_recovers(
            sweep.Journey(
                act=world.Daemon.fill,
                prepare=sweep.stock,
                config=world.settings_of(world.spec(min_ready=1)),
                claims=False,
            ),
            "stock.evict",
            "stock.charge_delete",
            "pool.delete_volume",
            "stock.forget",
        )
