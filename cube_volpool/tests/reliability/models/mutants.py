"""Each guard of the protocols taken away, and the run that must notice.

One guard of the code has no mutant, because the claim model does without it
from the start and every invariant holds: that a take-over bumps the row's
generation, and that a row is compared by it (see :mod:`~.claim_ledger`).

Mutants run without the lessons of these models: the record of an offer, which
compares the row, would stand in for the claim's generation.
"""

from dataclasses import dataclass
from typing import Final

from cube_volpool.tests.reliability.models import ledger, run
from cube_volpool.tests.reliability.models.claim_guards import Guard, Lesson
from cube_volpool.tests.reliability.models.create_state import (
    Guard as StockGuard,
)
from cube_volpool.tests.reliability.models.explorer import Result


@dataclass(frozen=True)
class Mutant:
    """A run without one guard, and what breaks."""

    guard: Guard | StockGuard
    whole: run.Run | run.StockRun
    #: The invariant, or the ledger, that must say no.
    broken: str

    def explore(self) -> Result:
        """Explore the run without the guard."""
        return self.whole.without(self.guard).explore()


def _claim(guard: Guard, broken: str, **faults: int):
    """A mutant of one claim and one row, unless said otherwise."""
    shape = {name: faults.pop(name) for name in _SHAPE if name in faults}
    shape.setdefault("claims", 1)
    made = run.claims(
        guard.name, faults, symmetric=False, learnt=frozenset(), **shape
    )
    return Mutant(guard, made, broken)


def _lost(guard: Guard, broken: str, **faults: int):
    """A mutant of a ledger that loses a commit."""
    slots = faults.pop("slots")
    made = run.claims(
        guard.name,
        {"lost": 1, **faults},
        claims=1,
        slots=slots,
        symmetric=False,
        weakened=frozenset({"I3", "I4", "I11", ledger.REFUSES}),
        learnt=frozenset({Lesson.STRAY_ROWS}),
    )
    return Mutant(guard, made, broken)


def _stock(guard: StockGuard, broken: str, **faults: int):
    made = run.creates(guard.name, faults, learnt=frozenset())
    return Mutant(guard, made, broken)


_SHAPE: Final = ("claims", "slots", "arrivals", "client")
_G = Guard

CLAIMS: Final = (
    _claim(_G.ACCEPT_ERROR_IS_UNCLEAR, "I2", timeouts=1, slots=2),
    _claim(_G.GENERATION, "I11", takeovers=1),
    _claim(_G.OFFERED_FIRST, "I11", takeovers=1),
    _claim(_G.LOOK_AGAIN, "I11", takeovers=1),
    _claim(_G.CANCEL_FIRST, "I11", takeovers=1),
    _claim(_G.OFFERS_FIRST, "I11", crashes=1),
    _claim(_G.NOT_FOUND_IS_UNCLEAR, "I11", crashes=1),
    _claim(_G.WITHDRAW, "I11", timeouts=1, lates=1),
    _claim(_G.CERTAINTY, "I4", timeouts=2, claims=2),
    _claim(_G.RESTORED, "I4", timeouts=1, lates=1, claims=2),
    _claim(_G.INTENT, "I11", takeovers=1, slots=0, arrivals=1),
    _claim(_G.GRACE, "I11", timeouts=1, repeats=1, slots=0, arrivals=1),
    _claim(_G.MARGIN, "I2", client=1),
    _claim(_G.SECOND_LOOK_UP, "I2", client=1),
    _claim(_G.BOUND_LOOK_AGAIN, "I2", lags=2, repeats=1, slots=2),
    _claim(_G.RESCUE, "I5", crashes=1),
    _claim(_G.DELETE_CANCELS, "I5", timeouts=1),
    _lost(_G.SWEEPER, "I5", slots=1),
    _lost(_G.LOOK_UP, "I2", slots=3, timeouts=1, repeats=1),
    _lost(_G.PLAIN_MEMBER, "I8", slots=2, timeouts=1),
)

_S = StockGuard
STOCK: Final = (
    _stock(_S.POOL_GENERATION, "I6"),
    _stock(_S.ONE_POST, "I6", timeouts=1),
    _stock(_S.GET_FIRST, "I6", stale=1),
    _stock(_S.GRACE, "I6", timeouts=1),
    _stock(_S.TOLD_GRACE, "I6", hidden=1),
    _stock(_S.ROW_STATUS, ledger.REFUSES, claims=1),
    _stock(_S.SWEEPER, "I5", restores=1),
    _stock(_S.CANCEL_FIRST, "I5", claims=1),
    _stock(_S.DELETE_UNTIL_GONE, "I8", errors=1, timeouts=1),
    _stock(_S.TRIM, "I5", timeouts=1),
    _stock(_S.INTENT_FIRST, "I6"),
    _stock(_S.CLAIM_MARKER, "I3", claims=1, restores=1),
)

#: Guards that no invariant needs, and what they are for.
REDUNDANT: Final = {
    StockGuard.STILL_INTENT: (
        run.creates("STILL_INTENT", {"slow": 1, "timeouts": 1}),
        "saves a create that nobody needs any more: it would be adopted, "
        "and be a surplus, which the slow daemon is allowed already",
    ),
    StockGuard.INTENT_COUNTS: (
        run.creates("INTENT_COUNTS", {"timeouts": 1, "crashes": 1}),
        "saves time: the place would be filled after intent_grace as well",
    ),
}
