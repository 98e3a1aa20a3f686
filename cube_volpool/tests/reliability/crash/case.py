"""What the sweeps have in common: a place, journeys, figures.

The short form is in every test run.  ``VOLPOOL_SWEEP=long`` does all
journeys where the short form does the main ones, and every point in both
orders of recovery.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.crash import doors, journeys, sweep
from cube_volpool.tests.reliability.crash.places import Place

IS_LONG = os.environ.get("VOLPOOL_SWEEP") == "long"

_Case = TypeVar("_Case", bound="type[SweepCase]")


class SweepCase(base.BaseTestCase):
    """A place for all worlds of a class, and the row of its figures."""

    figure: ClassVar[str]
    place: ClassVar[Place]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place = cls.make_place()
        cls.addClassCleanup(cls.place.close)

    @classmethod
    def make_place(cls) -> Place:
        """Return where the ledgers are; in memory unless a class differs."""
        return Place()

    def assert_recovers(self, name: str) -> None:
        """No moment of a journey does harm."""
        journey = journeys.ALL[name]
        points = [
            point
            for point in doors.points(sweep.count(self.place, journey))
            if point.side in journey.sides
        ]
        self.assert_none_does_harm(
            points, lambda point: self._crash_at(journey, point)
        )

    def _crash_at(
        self, journey: sweep.Journey, point: doors.Point
    ) -> list[str]:
        orders = list(sweep.Order) if IS_LONG else sweep.orders(journey, point)
        return [
            problem
            for order in orders
            for problem in sweep.crash_at(self.place, journey, order, point)
        ]

    def assert_none_does_harm(
        self, points: list[Any], crash: Callable[[Any], list[str]]
    ) -> None:
        """Crash at each point; record how many were recovered from."""
        self.assertNotEqual([], points)
        problems = [crash(point) for point in points]
        good = sum(not found for found in problems)
        figures.record(self.figure, good=good, of=len(points))
        self.assertEqual([], [one for found in problems for one in found])
        self.assertEqual(len(points), good)


def each(
    names: Iterable[str], what: str = "survives_a_crash_at_every_call"
) -> Callable[[_Case], _Case]:
    """Give a class a test for each of these journeys."""

    def decorate(case: _Case) -> _Case:
        for name in names:
            setattr(case, f"test_{name}_{what}", _test_of(name))
        return case

    return decorate


def _test_of(name: str) -> Callable[[SweepCase], None]:
    def test(self: SweepCase) -> None:
        self.assert_recovers(name)

    test.__doc__ = journeys.ALL[name].about
    return test
