"""The requests of a journey, told apart, from the journal of a run."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from cube_volpool.tests.simulator import faults, journal

_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|by-hand"
)
#: What every listing has and says nothing of what is listed.
_ALWAYS: Final = {"sort", "marker", "limit"}


@dataclass(frozen=True)
class Kind:
    """Requests that are one call of the service's: what, and by whom."""

    method: str
    route: str
    user: str | None
    #: The filters of a listing, the words of a body.
    about: str = ""

    def __str__(self) -> str:
        words = (self.method, self.route, self.about, f"of {self.user}")
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class Place:
    """The n-th request of a kind in a journey, counted from 1."""

    kind: Kind
    number: int

    @property
    def call(self) -> str:
        """Method and route."""
        return f"{self.kind.method} {self.kind.route}"

    def __str__(self) -> str:
        return f"{self.kind}, {self.number}."

    def fault(self, act: faults.Act, *, lasting: bool) -> faults.Fault:
        """Return the rule that lets it go wrong, once or from then on."""
        return faults.Fault(
            "*",
            "**",
            act,
            when=lambda seen: kind(seen) == self.kind,
            since=self.number if lasting else None,
            nth=None if lasting else self.number,
        )


def kind(seen: journal.Seen) -> Kind:
    """Say what kind of request it is."""
    route = _ID.sub("*", seen.route)
    about = " ".join(sorted(seen.query.keys() - _ALWAYS))
    user = seen.user
    if route == "/identity/auth/tokens" and seen.method == "POST":
        user = _logs_in(seen.body)
    return Kind(seen.method, route, user, about)


def _logs_in(body: Any) -> str:
    name: str = body["auth"]["identity"]["password"]["user"]["name"]
    return name


def places(entries: Iterable[journal.Seen]) -> list[Place]:
    """Return every request of a run, in its order."""
    counts: Counter[Kind] = Counter()
    found = []
    for seen in entries:
        which = kind(seen)
        counts[which] += 1
        found.append(Place(which, counts[which]))
    return found
