"""What the tests of the sweep have in common: a ledger, points, figures.

The short form is in every test run.  ``VOLPOOL_SWEEP=long`` sweeps every
journey that there is, and lets single reads fail in each.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Final, TypeVar

from oslotest import base

from cube_volpool.tests import figures, world
from cube_volpool.tests.reliability.crash.places import Place as Ledger
from cube_volpool.tests.reliability.errors import (
    journeys,
    judge,
    requests,
    sweep,
    troubles,
)

IS_LONG: Final = os.environ.get("VOLPOOL_SWEEP") == "long"
_Case = TypeVar("_Case", bound="type[ErrorCase]")


class ErrorCase(base.BaseTestCase):
    """A ledger for all worlds of a class."""

    make: ClassVar[sweep.Make] = staticmethod(world.World.daemon)
    #: Journeys whose single reads fail in the short form, too; elsewhere
    #: that is the same repeated call once more.
    reads_once: ClassVar[tuple[str, ...]] = ()
    ledger: ClassVar[Ledger]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.ledger = Ledger()
        cls.addClassCleanup(cls.ledger.close)

    def places(self, name: str) -> list[requests.Place]:
        """Return the requests of a journey, less those swept elsewhere."""
        places, _ = sweep.count(
            self.ledger, journeys.ALL[name], make=self.make
        )
        other = None if IS_LONG else journeys.SHORT.get(name)
        if other is None:
            return places
        elsewhere, _ = sweep.count(
            self.ledger, journeys.ALL[other], make=self.make
        )
        return [place for place in places if place not in elsewhere]

    def points(self, name: str) -> list[judge.Point]:
        """Return what can go wrong in a journey."""
        return [
            judge.Point(place, trouble, is_lasting)
            for place in self.places(name)
            for trouble in troubles.ALL.values()
            if trouble.befalls(place)
            for is_lasting in (False, True)
            if is_lasting
            or IS_LONG
            or name in self.reads_once
            or place.kind.method != "GET"
        ]

    def assert_survives(self, name: str) -> Mapping[judge.Point, str]:
        """No trouble of a journey does harm.

        Returns what its caller was told, by point.
        """
        journey = journeys.ALL[name]
        points = self.points(name)
        least = len(self.places(name)) * (len(troubles.ALL) - 1)
        _, usual = sweep.count(self.ledger, journey, make=self.make)
        told, problems, good = {}, [], 0
        for point in points:
            told[point], found = sweep.fail_at(
                self.ledger, journey, point, usual=usual, make=self.make
            )
            problems += found
            good += not found
        figures.record("error points", good=good, of=len(points))
        self.assertEqual([], problems)
        self.assertGreaterEqual(len(points), max(least, 1))
        return told


def each(names: Iterable[str]) -> Callable[[_Case], _Case]:
    """Give a class a test for each of these journeys."""

    def decorate(case: _Case) -> _Case:
        for name in names:
            test = f"test_{name}_survives_every_error_of_every_request"
            setattr(case, test, _test_of(name))
        return case

    return decorate


def _test_of(name: str) -> Callable[[ErrorCase], None]:
    def test(self: ErrorCase) -> None:
        self.assert_survives(name)

    test.__doc__ = journeys.ALL[name].about
    return test
