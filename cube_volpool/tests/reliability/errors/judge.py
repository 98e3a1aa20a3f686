"""Judging a run: after every call, and after every answer."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cube_volpool import exception, model
from cube_volpool.tests.reliability.crash import evidence, invariants
from cube_volpool.tests.reliability.crash.sweep import Journey
from cube_volpool.tests.reliability.errors import requests, troubles
from cube_volpool.tests.simulator import faults, journal

#: What a caller is told when nothing was given and he need not ask again.
REFUSALS: Final = (
    exception.InvalidRequest,
    exception.PoolEmpty,
    exception.QuotaExceeded,
    exception.Withheld,
)
#: What he is told when nothing was given.
_NOTHING: Final = (
    *REFUSALS,
    exception.Busy,
    exception.CinderUnavailable,
)
#: All that he may be told besides a volume.
_WORDS: Final = (
    *_NOTHING,
    exception.ClaimInProgress,
    exception.NotExtended,
)
_TENANTS: Final = ("skyline-a", "skyline-b")
#: More volumes than a journey makes.
_DENIED: Final = 100
_UNCLEAR: Final = 500


@dataclass(frozen=True)
class Point:
    """One request, what goes wrong with it, and whether it goes on so."""

    place: requests.Place
    trouble: troubles.Trouble
    is_lasting: bool

    def __str__(self) -> str:
        how = "from then on" if self.is_lasting else "once"
        return f"{self.place} {self.trouble}, {how}"

    @property
    def is_denial(self) -> bool:
        """Does Cinder go on denying what it has?"""
        return (
            self.is_lasting
            and self.trouble.is_cinders_word
            and self.place.kind.method == "GET"
        )


class Judge:
    """Collects what is wrong with one run.

    ``requests`` returns those of the run so far.
    """

    def __init__(
        self,
        found: evidence.Evidence,
        journey: Journey,
        point: Point | None,
        *,
        requests: Callable[[], list[journal.Seen]],
    ) -> None:
        self.problems: list[str] = []
        #: True while the journey runs, and nobody recovers yet.
        self.is_acting = False
        self._found = found
        self._journey = journey
        self._point = point
        self._requests = requests
        self._left: set[str] = set()
        self._known: set[tuple[object, ...]] = set()
        self._is_stocked = False

    def begin(self) -> None:
        """Take the scene as it is: what is wrong is the recovery's to mend."""
        self._found.glance()
        self._left = set(invariants.settled(self._found))
        self._is_stocked = self._has_stock()
        invariants.watch_deletes(self._found, self.problems)
        self._found.world.cloud.fault(
            "POST", "/volumes", faults.hook(before=self._watch_create)
        )

    def safe(self) -> None:
        """Judge what must hold whenever the answers are in."""
        self._add(invariants.safe(self._found), but=self._left)

    def settled(self) -> None:
        """Judge what must hold once the duties alone have had their turns."""
        self._add(invariants.settled(self._found), but=self._left)

    def over(self) -> None:
        """Judge what must hold in the end."""
        self._add(invariants.settled(self._found))
        self._add(invariants.bounded_deletes(self._found))

    def watch(self) -> None:
        """Judge after every call of every daemon."""
        # A Cinder that goes on denying what it has is believed: it is the
        # arbiter.  What it denied is taken in again once it shows it.
        is_denial = self._point is not None and self._point.is_denial
        doubt = _DENIED if is_denial else self._unanswered()
        self.problems += invariants.after_call(
            self._found,
            surge=max(self._journey.surge, doubt),
            doubt=max(1, doubt),
        )

    def ask(self) -> None:
        """Note what is open before somebody asks."""
        self._found.denied_with = None
        self._known = self._under_way()

    def refused(self, errors: Mapping[str, Exception]) -> None:
        """Judge the words that the caller was told, by the claim's name."""
        for name, error in errors.items():
            if not isinstance(error, _WORDS):
                self.problems.append(f"the caller was told {error!r}")
            if isinstance(error, exception.NotExtended):
                self._kept_small(error)
            if isinstance(error, _NOTHING):
                self._denied(name, error)
        if any(isinstance(e, exception.Withheld) for e in errors.values()):
            self._all_withheld()
        if errors and all(isinstance(e, _NOTHING) for e in errors.values()):
            under_way = self._under_way()
            if not under_way or not under_way <= self._known:
                self._found.told_nothing()

    def _all_withheld(self) -> None:
        """Judge that a request for all or nothing gave nothing.

        The first one: what a later one finds, an earlier one may have given.
        """
        if not self.is_acting:
            return
        for claim in self._found.bound:
            if claim.source is not model.Source.EXISTING:
                self.problems.append(
                    f"claim {claim.id} was given, and others withheld"
                )

    def _denied(self, name: str, error: Exception) -> None:
        """Judge that nothing of a claim is open that was given nothing."""
        under_way = self._under_way(name)
        if under_way and under_way <= self._known:
            # Turned away at the door: that says nothing of an earlier try.
            return
        for claim in under_way:
            self.problems.append(
                f"I11: {type(error).__name__} was told, open is {claim}"
            )

    def _kept_small(self, error: exception.NotExtended) -> None:
        """Judge that what the caller was told of is theirs."""
        self._found.look()
        if error.volume_id not in {c.volume_id for c in self._found.bound}:
            self.problems.append(
                f"NotExtended was told of {error.volume_id}, which is nobody's"
            )

    def _add(
        self, problems: Iterable[str], *, but: Container[str] = ()
    ) -> None:
        self.problems += [one for one in problems if one not in but]

    def _has_stock(self) -> bool:
        """Has the shelf all that the journey's caller wants?"""
        try:
            wanted = self._found.world.cloud.snapshot_id(self._journey.gives)
        except KeyError:
            # The scene deleted it.
            return False
        ready = sum(
            row.status is model.RowStatus.AVAILABLE
            and row.snapshot_id == wanted
            for row in self._found.rows
        )
        return ready >= len(self._journey.names)

    def _unanswered(self) -> int:
        """Count the creates for the pool of which nobody knows."""
        return sum(
            (seen.method, seen.route, seen.project)
            == ("POST", "/volumes", "volpool")
            and (seen.status is None or seen.status >= _UNCLEAR)
            for seen in self._requests()
        )

    def _watch_create(self, seen: journal.Seen) -> None:
        """Only an empty pool is a reason to create in a caller's project.

        It is empty when Cinder itself says that what is in it is of no use.
        """
        point = self._point
        is_error = point is None or not point.trouble.is_cinders_word
        if seen.project not in _TENANTS or not self.is_acting:
            return
        if self._is_stocked and is_error:
            self.problems.append("an error led to a create for the caller")

    def _under_way(
        self, name: str | None = None
    ) -> set[tuple[object, ...]]:
        """Return the claims under way, those of a name or all."""
        self._found.look()
        return {
            (claim.id, claim.status, claim.generation)
            for claim in self._found.claims
            if claim.status in model.UNDER_WAY and name in (None, claim.name)
        }
