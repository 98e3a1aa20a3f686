"""Pairs: the daemon that recovers dies as well, and a third one recovers.

    python -m cube_volpool.tests.reliability.crash.pairs \\
        [--slice 3/10] [--journey NAME]... [--results FILE]

does all pairs of moments, or a slice of them; several slices may run side by
side.  What FILE has of the same production code is not done again, so an
interrupted run goes on; ``--sum FILE`` adds it up.  A
moment is the start of a daemon, and the time after each call that may have
changed something, or with that call on its way: before the next call, and
after one that only reads, nothing is different.  Prints a line for each
first crash and ends with 1 when a pair was not recovered from.
"""

import argparse
import itertools
import json
import logging
import pathlib
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from cube_volpool.tests.reliability.crash import doors, journeys, sweep
from cube_volpool.tests.reliability.crash.places import Place
from cube_volpool.tests.reliability.histories import blocks


@dataclass(frozen=True)
class First:
    """A first crash, and who comes first after it."""

    journey: str
    point: doors.Point
    order: sweep.Order

    def __str__(self) -> str:
        return f"{self.journey}: {self.point}, {self.order}"


@dataclass
class Tally:
    """How many pairs there were, and what was wrong after some."""

    pairs: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, first: First, problems: list[str]) -> None:
        """Count one pair."""
        self.pairs += 1
        self.bad += bool(problems)
        self.problems += [f"{first.journey}: {one}" for one in problems]


def firsts(place: Place, names: list[str]) -> Iterator[First]:
    """Return every first crash that differs for whoever comes after."""
    for name in names:
        journey = journeys.ALL[name]
        asked = tuple(sweep.Order)
        if journey.asks is None:
            asked = (sweep.Order.RESCUE_FIRST,)
        for point in doors.moments(sweep.count(place, journey)):
            if point.side in journey.sides:
                for order in asked:
                    yield First(name, point, order)


def seconds(place: Place, first: First) -> list[str]:
    """Return the calls of the daemon that recovers from a first crash."""
    return sweep.count_recovery(
        place, journeys.ALL[first.journey], first.point, first.order
    )


def crash(place: Place, first: First, second: doors.Point) -> list[str]:
    """Crash twice, recover, and return what is wrong then."""
    return sweep.crash_at(
        place,
        journeys.ALL[first.journey],
        first.order,
        first.point,
        second,
    )


def all_of(place: Place, first: First) -> Tally:
    """Crash at every moment of the recovery from a first crash."""
    tally = Tally()
    for second in doors.moments(seconds(place, first)):
        tally.add(first, crash(place, first, second))
    return tally


def sample(
    place: Place, chance: random.Random, *, first_crashes: int, each: int
) -> Tally:
    """Crash at some points of some recoveries; all sides of all calls."""
    tally = Tally()
    names = list(journeys.ALL)
    counted: dict[str, list[doors.Point]] = {}
    for _ in range(first_crashes):
        name = chance.choice(names)
        journey = journeys.ALL[name]
        if name not in counted:
            counted[name] = [
                point
                for point in doors.points(sweep.count(place, journey))
                if point.side in journey.sides
            ]
        point = chance.choice(counted[name])
        orders = sweep.orders(journey, point)
        first = First(name, point, chance.choice(orders))
        later = doors.points(seconds(place, first))
        for second in chance.sample(later, min(each, len(later))):
            tally.add(first, crash(place, first, second))
    return tally


def recorded(path: pathlib.Path | None, code: str) -> dict[str, int]:
    """Return how many pairs each first crash had; all were recovered from.

    Those of this production code; a half-written line is none.
    """
    if path is None or not path.exists():
        return {}
    found: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        if one["code"] == code:
            found[one["first"]] = one["pairs"]
    return found


def _record(
    path: pathlib.Path, first: First, *, code: str, pairs: int
) -> None:
    line = json.dumps({"code": code, "first": str(first), "pairs": pairs})
    with path.open("a", encoding="utf-8") as results:
        results.write(line + "\n")


def _told(path: pathlib.Path, wanted: list[First], code: str) -> int:
    """Say how far a record is; return the exit status."""
    known = recorded(path, code)
    done = [known[str(first)] for first in wanted if str(first) in known]
    print(
        f"code {code}: {len(done)} of {len(wanted)} first crashes, "
        f"{sum(done)} pairs recovered from"
    )
    return 0 if len(done) == len(wanted) else 1


def main() -> int:
    """Do all pairs, or a slice of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slice", default="1/1", help="such as 3/10")
    parser.add_argument("--journey", action="append", default=[])
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--sum", type=pathlib.Path, metavar="FILE")
    given = parser.parse_args()
    # Daemons that find what a dead one left say so each time.
    logging.disable(logging.CRITICAL)
    number, of = map(int, given.slice.split("/"))
    place = Place()
    found = firsts(place, given.journey or list(journeys.ALL))
    # Of the code that is loaded, whatever becomes of the files meanwhile.
    code = blocks.code()
    if given.sum:
        return _told(given.sum, list(found), code)
    known = recorded(given.results, code)
    pairs, bad = 0, 0
    for first in itertools.islice(found, number - 1, None, of):
        if str(first) not in known:
            tally = all_of(place, first)
            bad += tally.bad
            print(f"{first}: {tally.pairs} pairs, {tally.bad} bad")
            print("".join(f"  {one}\n" for one in tally.problems), end="")
            sys.stdout.flush()
            if tally.bad:
                continue
            known[str(first)] = tally.pairs
            if given.results is not None:
                _record(
                    given.results, first, code=code, pairs=tally.pairs
                )
        pairs += known[str(first)]
    place.close()
    print(f"slice {given.slice}: {pairs} pairs recovered from, {bad} not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
