"""A duty: it goes on whatever happens, and ends when told."""

import logging
import threading

import fixtures
from oslotest import base

from cube_volpool import exception, volumeapi
from cube_volpool.duty import Duty

_LONG = 3600.0
_PATIENCE = 10.0


class DutyTest(base.BaseTestCase):
    """A duty in a thread of its own, and work that is scripted."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.INFO))
        self.turns = threading.Semaphore(0)

    def start(self, *outcomes, then=_LONG, pause=0.0):
        """Run a duty: each outcome is a delay to return or an error."""
        script = iter(outcomes)

        def work():
            outcome = next(script, then)
            self.turns.release()
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        duty = Duty("the work", work, pause=pause)
        thread = threading.Thread(target=duty.run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, _PATIENCE)
        self.addCleanup(duty.stop)
        return duty, thread

    def assert_turns(self, count):
        """So many turns come."""
        for _ in range(count):
            self.assertTrue(self.turns.acquire(timeout=_PATIENCE))

    def stopped(self, duty, thread):
        """Stop it and wait for its end."""
        duty.stop()
        thread.join(_PATIENCE)
        self.assertFalse(thread.is_alive())

    def test_the_next_turn_comes_after_the_delay_that_work_returned(self):
        """No delay, no wait; a long one is waited for."""
        self.start(0, 0)

        self.assert_turns(3)
        self.assertFalse(self.turns.acquire(timeout=0.05))

    def test_wake_lets_the_next_turn_come_at_once(self):
        """Also when it is rung during a turn."""
        duty, _ = self.start()
        self.assert_turns(1)
        duty.wake()

        self.assert_turns(1)

    def test_trouble_is_waited_out_and_told_once(self):
        """One warning, however long it lasts, and one word at its end."""
        errors = [
            volumeapi.Unreachable("Cinder is away"),
            exception.LedgerUnavailable(reason="gone", retry_after=5),
            volumeapi.Unclear("again"),
        ]
        duty, thread = self.start(*errors)
        self.assert_turns(4)
        self.stopped(duty, thread)

        self.assertEqual(1, self.log.output.count("has to wait"))
        self.assertIn("Cinder is away", self.log.output)
        self.assertEqual(1, self.log.output.count("works again"))
        self.assertNotIn("Traceback", self.log.output)

    def test_a_defect_is_a_traceback_and_not_the_end(self):
        """The thread lives on."""
        duty, thread = self.start(ZeroDivisionError("a defect"))
        self.assert_turns(2)
        self.stopped(duty, thread)

        self.assertIn("Traceback", self.log.output)
        self.assertIn("a defect", self.log.output)

    def test_stop_ends_it_while_it_waits(self):
        """However long the wait would have been."""
        duty, thread = self.start()
        self.assert_turns(1)

        self.stopped(duty, thread)

    def test_a_duty_that_was_stopped_first_does_nothing(self):
        """Not one turn."""
        duty = Duty("the work", lambda: self.fail("a turn"), pause=0)
        duty.stop()
        duty.run()

        self.assertEqual(0.0, duty.busy_for())

    def test_it_tells_for_how_long_a_turn_runs(self):
        """What a watchdog has to know of a call that hangs."""
        begun, go_on = threading.Event(), threading.Event()

        def work():
            begun.set()
            go_on.wait(_PATIENCE)
            return _LONG

        duty = Duty("the work", work, pause=0)
        thread = threading.Thread(target=duty.run, daemon=True)
        thread.start()
        self.assertTrue(begun.wait(_PATIENCE))

        self.assertGreater(duty.busy_for(), 0)
        go_on.set()
        self.stopped(duty, thread)
        self.assertEqual(0.0, duty.busy_for())
