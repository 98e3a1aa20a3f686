"""The ledger of the models: the transition tables that the code has.

Every change of a row's or a claim's status in a model goes through
:meth:`Tables.refusal`.  A move that ``model.TRANSITIONS`` or
``model.CLAIM_TRANSITIONS`` lacks breaks the run.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cube_volpool import model

#: A row that is not there, and a claim that nobody has made yet.
GONE: Final = "gone"
UNOPENED: Final = "unopened"
#: How a refusal begins.
REFUSES: Final = "the ledger refuses"


@dataclass(frozen=True, order=True)
class Move:
    """From one status to another; ``actor`` is empty for a claim's move."""

    seen: str
    wanted: str
    actor: str = ""

    def __str__(self) -> str:
        """Return it as text."""
        who = f" by {self.actor}" if self.actor else " of a claim"
        return f"{self.seen} -> {self.wanted}{who}"


def all_moves() -> frozenset[Move]:
    """Return every move that the code's tables allow."""
    rows = {
        Move(seen or GONE, wanted or GONE, actor)
        for (seen, wanted), actors in model.TRANSITIONS.items()
        for actor in actors
    }
    claims = {Move(*pair) for pair in model.CLAIM_TRANSITIONS}
    return frozenset(rows | claims)


@dataclass
class Tables:
    """The tables, perhaps with moves taken out, and what was used of them."""

    without: frozenset[Move] = frozenset()
    used: set[Move] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Read the code's tables."""
        self._allowed = all_moves() - self.without

    def refusal(self, moves: Iterable[Move]) -> str:
        """Return why the ledger refuses one of the moves, or nothing."""
        for move in moves:
            # A claim is inserted, and vanishes with a lost commit.
            if move.seen == UNOPENED:
                continue
            if move not in self._allowed:
                return f"{REFUSES}: {move}"
            self.used.add(move)
        return ""
