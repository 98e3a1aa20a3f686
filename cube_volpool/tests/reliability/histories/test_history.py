"""The checker of histories tells a possible one from an impossible one."""

from oslotest import base

from cube_volpool.tests.reliability.histories import history
from cube_volpool.tests.reliability.histories.history import Event, Kind

_KEY = ("skyline-a", "web_sys")
_OTHER = ("skyline-b", "web_sys")


def _found(*events: Event) -> list[str]:
    return [problem[:3].rstrip(":") for problem in history.wrong([*events])]


class HistoryTest(base.BaseTestCase):
    """Small histories, possible and not."""

    def test_the_same_volume_again_is_good(self):
        """A retry is told the volume of the first answer."""
        found = _found(
            Event(Kind.INVOKE, _KEY, 1),
            Event(Kind.ARRIVE, _KEY, 1, "v"),
            Event(Kind.OK, _KEY, 1, "v"),
            Event(Kind.INVOKE, _KEY, 2),
            Event(Kind.OK, _KEY, 2, "v"),
        )
        self.assertEqual([], found)

    def test_two_volumes_for_one_key_are_wrong(self):
        """I2: unless the first is gone."""
        first, second = (
            Event(Kind.OK, _KEY, 1, "v"),
            Event(Kind.OK, _KEY, 2, "w"),
        )
        gone = Event(Kind.GONE, _KEY, 0, "v")
        self.assertEqual(["I2"], _found(first, second))
        self.assertEqual([], _found(first, gone, second))

    def test_one_volume_for_two_projects_is_wrong(self):
        """I1: told to both."""
        found = _found(
            Event(Kind.OK, _KEY, 1, "v"), Event(Kind.OK, _OTHER, 2, "v")
        )
        self.assertEqual(["I1"], found)

    def test_one_volume_given_away_by_hand_is_another_projects(self):
        """Whoever had it before lost it to an operator, not to the pool."""
        told, moved, again = (
            Event(Kind.OK, _KEY, 1, "v"),
            Event(Kind.MOVED, ("", ""), 0, "v"),
            Event(Kind.OK, _OTHER, 2, "v"),
        )
        self.assertEqual([], _found(told, moved, again))
        self.assertEqual(["I1"], _found(moved, told, again))

    def test_a_failure_stays_one(self):
        """I11: neither before nor after it does its call give anything."""
        arrival = Event(Kind.ARRIVE, _KEY, 1, "v")
        failure = Event(Kind.FAIL, _KEY, 1, error="Busy")
        self.assertEqual(["I11"], _found(arrival, failure))
        self.assertEqual(["I11"], _found(failure, arrival))

    def test_a_failure_of_one_call_does_not_bind_another(self):
        """A later call may well give what an earlier one could not."""
        found = _found(
            Event(Kind.FAIL, _KEY, 1, error="Busy"),
            Event(Kind.INVOKE, _KEY, 2),
            Event(Kind.ARRIVE, _KEY, 2, "v"),
            Event(Kind.INFO, _KEY, 2, error="no answer"),
        )
        self.assertEqual([], found)
