"""The breaker: when it opens, and how it closes again."""

import threading

from oslotest import base

from cube_volpool.cinder import breaker
from cube_volpool.tests import simulator


class BreakerTest(base.BaseTestCase):
    """Opens after four failures in a row; the first pause is 8 s."""

    def setUp(self):
        super().setUp()
        self.clock = simulator.SimClock()
        self.breaker = self.new(failures=4)

    def new(self, failures):
        """Return a breaker; pauses are drawn at their longest."""
        return breaker.Breaker(
            "cinder",
            breaker.Limits(failures=failures, pause=8.0),
            clock=self.clock,
            chance=lambda: 1.0,
        )

    def fail(self, *paths):
        """Let a call to each path end in an error."""
        for path in paths:
            with (
                self.assertRaisesRegex(ZeroDivisionError, "down"),
                self.breaker.passing(path),
            ):
                raise ZeroDivisionError("down")

    def succeed(self):
        """Let a call end well."""
        with self.breaker.passing("a"):
            pass

    def assert_refuses(self):
        """The next call is not made."""
        self.assertRaises(breaker.Open, self.succeed)

    def open(self):
        """Let it open."""
        self.fail("a", "b", "c", "a")
        self.assertTrue(self.breaker.is_open)

    def test_opens_after_failures_in_a_row(self):
        """And says for how long."""
        self.fail("a", "b", "c")
        self.succeed()
        self.fail("a", "b", "c")
        self.assertFalse(self.breaker.is_open)

        self.fail("a")

        error = self.assertRaises(breaker.Open, self.succeed)
        self.assertIn("another 8 s", str(error))

    def test_one_sick_volume_opens_nothing(self):
        """Failures of two paths, however many, are not the service's."""
        for _ in range(20):
            self.fail("GET /v/1", "DELETE /v/1")

        self.succeed()

    def test_failures_that_were_answered_count(self):
        """An answer 500 raises nothing."""
        for path in "abca":
            with self.breaker.passing(path) as passage:
                passage.fail()

        self.assert_refuses()

    def test_one_call_is_the_probe_after_the_pause(self):
        """Others are refused until it ended; ended well, it closes."""
        self.open()
        self.clock.advance(7.9)
        self.assert_refuses()
        self.clock.advance(0.1)

        with self.breaker.passing("a"):
            self.assert_refuses()

        self.succeed()
        self.assertFalse(self.breaker.is_open)

    def test_a_probe_that_fails_doubles_the_pause(self):
        """Up to twelve times the first; a success ends that."""
        self.open()
        for pause in (8, 16, 32, 64, 96, 96):
            self.clock.advance(pause - 0.1)
            self.assert_refuses()
            self.clock.advance(0.1)
            self.fail("a")
        self.clock.advance(96)
        self.succeed()

        self.open()

        self.clock.advance(8)
        self.succeed()

    def test_a_probe_that_was_cut_off_leaves_room_for_another(self):
        """Whoever dies in it said nothing of the endpoint."""
        self.open()
        self.clock.advance(8)

        def die():
            with self.breaker.passing("a"):
                raise SystemExit

        self.assertRaises(SystemExit, die)

        self.succeed()

    def test_calls_sent_before_do_not_prolong_the_pause(self):
        """Those that were under way fail one after the other."""
        entered, go_on = threading.Event(), threading.Event()
        failed = []

        def slow():
            try:
                with self.breaker.passing("z"):
                    entered.set()
                    go_on.wait(10)
                    raise ZeroDivisionError
            except ZeroDivisionError as error:
                failed.append(error)

        thread = threading.Thread(target=slow)
        thread.start()
        self.assertTrue(entered.wait(10))
        self.open()
        self.clock.advance(7)
        go_on.set()
        thread.join(10)
        self.assertEqual(1, len(failed))

        self.clock.advance(1)

        self.succeed()

    def test_zero_failures_never_open(self):
        """The operator switched it off."""
        self.breaker = self.new(failures=0)

        self.fail(*(str(number) for number in range(50)))

        self.succeed()
