"""The clock a test moves."""
from oslotest import base

from cube_volpool.tests import simulator


class SimClockFacts(base.BaseTestCase):
    """Time stands still until it is moved."""

    def test_time_stands_still(self):
        """Two looks give the same time."""
        clock = simulator.SimClock()
        self.assertEqual(clock.now(), clock.now())

    def test_advance_moves_by_seconds(self):
        """The clock goes on by what was asked."""
        clock = simulator.SimClock()
        before = clock.now()
        clock.advance(1.5)
        self.assertEqual(1.5, (clock.now() - before).total_seconds())

    def test_sleep_moves_the_clock_and_does_not_block(self):
        """An hour of sleep is over at once."""
        clock = simulator.SimClock()
        before = clock.now()
        clock.sleep(3600)
        self.assertEqual(3600, (clock.now() - before).total_seconds())

    def test_going_back_is_refused(self):
        """Time has one direction."""
        self.assertRaises(ValueError, simulator.SimClock().advance, -1)

    def test_watchers_are_called_after_a_move(self):
        """Whoever watches sees the new time."""
        clock, seen = simulator.SimClock(), []
        clock.watch(lambda: seen.append(clock.now()))
        clock.advance(1)
        self.assertEqual([clock.now()], seen)
