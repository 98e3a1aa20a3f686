"""A process is killed at every call: ``os._exit``, a socket, a file.

Every run does all points of the main journeys, in one order of recovery
each; ``VOLPOOL_SWEEP=long`` does all journeys that do not wait for an answer
that stays out.
"""

from contextlib import ExitStack
from typing import ClassVar

from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.reliability.crash import (
    case,
    doors,
    journeys,
    killing,
    sweep,
)
from cube_volpool.tests.reliability.crash.places import Place

_SWEPT = (
    [name for name, one in journeys.ALL.items() if not one.times_out]
    if case.IS_LONG
    else journeys.MAIN
)


@case.each(_SWEPT, "survives_a_kill_at_every_call")
class KillSweep(case.SweepCase):
    """The daemon's process ends; what it had open is cut off."""

    figure = "crash points, killed process"
    killer: ClassVar[killing.Killer]

    @classmethod
    def make_place(cls) -> Place:
        """Make a file: the victim opens it too."""
        return Place(databases.Sqlite())

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.killer = stack.enter_context(killing.killer(cls.place))

    def assert_recovers(self, name: str) -> None:
        """No moment of a journey does harm."""
        calls = sweep.count(self.place, journeys.ALL[name])
        self.assert_none_does_harm(
            killing.points(calls),
            lambda point: killing.kill_at(
                self.killer, name, point, self._order(name, point)
            ),
        )

    def _order(self, name: str, point: doors.Point) -> sweep.Order:
        return sweep.orders(journeys.ALL[name], point)[0]

    def test_a_victim_that_does_not_die_is_an_error(self):
        """The sweep cannot pass because nobody was killed."""
        point = doors.Point(99, "claims.open", doors.Side.BEFORE)
        order = sweep.Order.RETRY_FIRST

        error = self.assertRaises(
            AssertionError, killing.kill_at, self.killer, "hit", point, order
        )
        self.assertIn("nothing died", str(error))

    def test_a_transaction_that_is_cut_off_leaves_nothing(self):
        """Killed before its commit, the claim is not in the ledger."""
        point = doors.Point(0, "claims.open", doors.Side.DURING)
        with killing.KilledRun(self.killer, "hit", point) as run:
            run.act()
            run.found.look()

            self.assertEqual((), run.found.claims)
            self.assertEqual(
                {"available"}, {row.status for row in run.found.rows}
            )
