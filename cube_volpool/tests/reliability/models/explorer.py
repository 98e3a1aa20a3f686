"""Walk through every state that a model can reach, breadth first.

A model says how it begins, what may happen next, what must never be and what
it looks like when everything is settled.  The explorer finds the shortest way
to a violation, or the states from which a settled one cannot be reached any
more: whatever is in them is left there for ever.
"""

import time
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)

#: A run that grows past this is a mistake of its budgets, not a finding.
LIMIT = 3_000_000


class Model(Protocol[S]):
    """What can be explored."""

    def initial(self) -> S:
        """Return the state in which everything begins."""

    def steps(self, state: S) -> Iterable[tuple[str, S]]:
        """Return what may happen next: what it is called, what comes of it.

        States that differ in nothing that matters should be equal.
        """

    def violation(self, state: S) -> str | None:
        """Say which invariant does not hold in this state."""

    def is_clean(self, state: S) -> bool:
        """Is everything settled, and nothing left behind?"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run came to."""

    states: int
    transitions: int
    seconds: float
    #: None: every invariant holds, and everything can always be settled.
    problem: str | None = None
    #: The shortest way to the problem, one step a line.
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as text, with the trace."""
        figures = (
            f"{self.states} states, {self.transitions} transitions, "
            f"{self.seconds:.1f} s"
        )
        lines = [f"{self.problem or 'holds'} ({figures})", *self.trace]
        return "\n    ".join(lines)


class _Walk(Generic[S]):
    """The states seen so far, and how each was come to."""

    def __init__(self, model: Model[S]) -> None:
        self.model = model
        self.states: list[S | None] = []
        self.places: dict[S, int] = {}
        self.origins: list[tuple[int, str]] = []
        self.before: list[list[int]] = []
        self.clean: list[int] = []
        self.transitions = 0
        self.problem: tuple[str, int] | None = None

    def add(self, state: S, origin: int, label: str) -> int:
        place = self.places.get(state)
        if place is not None:
            return place
        place = self.places[state] = len(self.states)
        self.states.append(state)
        self.origins.append((origin, label))
        self.before.append([])
        wrong = self.model.violation(state)
        if wrong is not None and self.problem is None:
            self.problem = wrong, place
        return place

    def walk(self) -> None:
        self.add(self.model.initial(), -1, "")
        place = 0
        while place < len(self.states) and self.problem is None:
            state = self.states[place]
            assert state is not None
            if self.model.is_clean(state):
                self.clean.append(place)
            for label, following in self.model.steps(state):
                self.transitions += 1
                self.before[self.add(following, place, label)].append(place)
            # The key of ``places`` is all that is still needed.
            self.states[place] = None
            place += 1
            if place > LIMIT:
                raise AssertionError(f"more than {LIMIT} states")

    def stuck(self) -> Iterator[int]:
        """Yield the states that no clean state can be reached from."""
        good = bytearray(len(self.states))
        todo = list(self.clean)
        for place in todo:
            good[place] = 1
        while todo:
            for place in self.before[todo.pop()]:
                if not good[place]:
                    good[place] = 1
                    todo.append(place)
        return (place for place, is_good in enumerate(good) if not is_good)

    def trace(self, place: int) -> tuple[str, ...]:
        labels = []
        while place > 0:
            place, label = self.origins[place]
            labels.append(label)
        return tuple(reversed(labels))


def explore(model: Model[S]) -> Result:
    """Explore a model to its end, or to its first violation."""
    begun = time.process_time()
    walk = _Walk(model)
    walk.walk()
    problem: str | None = None
    trace: tuple[str, ...] = ()
    if walk.problem is not None:
        problem, place = walk.problem
        trace = walk.trace(place)
    else:
        stuck = list(walk.stuck())
        if stuck:
            problem = f"I5: {len(stuck)} states can never be settled"
            trace = walk.trace(stuck[0])
    return Result(
        states=len(walk.states),
        transitions=walk.transitions,
        seconds=time.process_time() - begun,
        problem=problem,
        trace=trace,
    )
