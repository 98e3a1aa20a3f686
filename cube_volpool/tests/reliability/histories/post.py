"""Executes the calls of the daemons, and loses some of them.

What may go wrong with a call, by its kind:

====================  ====================================================
lost                  no effect, and nobody knows
unheard               the effect, and nobody knows
late                  nobody knows; the effect lands later
refused, forbidden    no effect, definitely (also quota, missing)
unreachable           never sent, definitely
repeated              a proxy sends it twice; the second answer is told
short                 a listing of the pool leaves some volumes out
away                  the database is gone, no effect
unheard (ledger)      the commit was done, its answer lost
retried               the same, and the library tried the transaction again
====================  ====================================================

Bounds, in seconds of the clock and so far below the grace times of 900 that
the protocol assumes: an effect lands at most ``LATEST`` after it was sent.
"""

import dataclasses
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from cube_volpool import exception, model, volumeapi
from cube_volpool.db.store import PARTS
from cube_volpool.tests.reliability.histories import doors
from cube_volpool.tests.reliability.histories.hub import Call, Hub, Life, Task

#: The longest that a call may be on the wire, in seconds.
LATEST: Final = 200.0

_DEFINITE: Final[dict[str, type[volumeapi.VolumeAPIError]]] = {
    "refused": volumeapi.Refused,
    "forbidden": volumeapi.Forbidden,
    "unreachable": volumeapi.Unreachable,
    "quota": volumeapi.OverQuota,
    "missing": volumeapi.NotFound,
}
_ANY_EFFECT: Final = (
    "lost", "lost", "unheard", "unheard", "late", "late", "refused",
    "forbidden", "unreachable",
)
#: What may go wrong with a method of the volume API.
_FAULTS: Final[dict[str, tuple[str, ...]]] = {
    "create_volume": (*_ANY_EFFECT, "quota", "missing"),
    "accept": (*_ANY_EFFECT, "unheard", "late", "quota", "repeated"),
    "offer": (*_ANY_EFFECT, "repeated"),
    "cancel": (*_ANY_EFFECT, "repeated"),
    "delete_volume": (*_ANY_EFFECT, "repeated"),
    "update_volume": (*_ANY_EFFECT, "repeated"),
}
_READ: Final = ("lost", "lost", "unreachable")
_LISTINGS: Final = ("list_volumes", "list_page")
_LEDGER: Final = ("away", "unheard", "unheard", "retried")


@dataclass
class Dials:
    """How much goes wrong in one run."""

    #: Of one call.
    cinder: float = 0.0
    ledger: float = 0.0
    keystone: float = 0.0
    slow: float = 0.0
    #: Kinds that this run leaves out.
    without: frozenset[str] = frozenset()
    #: Methods at which things go wrong ten times as often.
    worse: frozenset[str] = frozenset()


@dataclass
class Late:
    """An effect on the wire that nobody waits for."""

    due: float
    call: Call


@dataclass
class Post:
    """Where every call goes through."""

    hub: Hub
    chance: random.Random
    dials: Dials
    #: Told before and after each execution.
    before: Callable[[Call], None]
    after: Callable[[Call, tuple[bool, Any]], None]
    trace: Callable[[str], None]
    late: list[Late] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    #: What goes wrong with the next call of a method.
    script: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._cinder = Life("cinder")

    def serve(self, task: Task) -> None:
        """Execute the call that a task has sent, for better or worse."""
        call = task.call
        assert call is not None
        kind = self._kind(call)
        if kind:
            self.counted[f"{call.door}: {kind}"] += 1
        if call.method == "accept" and self.chance.random() < 0.3:
            # Others go on in the middle of it.
            call.is_served = True
            self.hub.spawn(
                "cinder", self._cinder, lambda: self._finish(call, kind)
            )
        else:
            self._finish(call, kind)
        if self.chance.random() < self.dials.slow:
            self.counted["slow answer"] += 1
            task.wake_at = self.hub.now + self.chance.uniform(1, 45)
        self.trace(f"{task.name} {call.name} {kind or '-'} {told(call)}")

    def put_aside(self, call: Call) -> None:
        """Let the effect of a call land at a moment of its own."""
        due = self.hub.now + self.chance.uniform(0, LATEST)
        self.late.append(Late(due, call))

    def land(self, until: float) -> bool:
        """Let the first effect land that is due until then, if any is."""
        found = min(
            (late for late in self.late if late.due <= until),
            key=lambda late: late.due,
            default=None,
        )
        if found is None:
            return False
        self.land_one(found)
        return True

    def land_one(self, late: Late) -> None:
        """Let an effect land now."""
        self.late.remove(late)
        outcome = self._execute(late.call)
        self.trace(f"landed {late.call.name} {_brief(outcome)}")

    def _kind(self, call: Call) -> str:
        dials = self.dials
        kinds: tuple[str, ...]
        if call.method in self.script:
            return self.script.pop(call.method)
        if call.door in PARTS:
            kinds, odds = _LEDGER, dials.ledger
        elif call.door == "keystone":
            kinds, odds = ("unreachable",), dials.keystone
        elif call.method in _FAULTS:
            kinds, odds = _FAULTS[call.method], dials.cinder
        else:
            kinds, odds = _READ, dials.cinder
            if call.door == "pool" and call.method in _LISTINGS:
                kinds = (*_READ, "short", "short")
        if call.method in dials.worse:
            odds *= 10
        if self.chance.random() >= odds:
            return ""
        kind = self.chance.choice(kinds)
        return "" if kind in dials.without else kind

    def _finish(self, call: Call, kind: str) -> None:
        call.outcome = self._outcome(call, kind)

    def _outcome(self, call: Call, kind: str) -> tuple[bool, Any]:
        if kind in _DEFINITE:
            return False, _DEFINITE[kind](f"simulated: {kind}")
        if kind == "away":
            return False, doors.ledger_gone()
        if kind == "late" and call.method in doors.EFFECTS:
            self.put_aside(call)
        if kind in ("lost", "late"):
            return False, volumeapi.Unclear(f"simulated: {kind}")
        outcome = self._execute(call)
        if kind == "unheard":
            if call.door in PARTS:
                return False, doors.ledger_gone()
            return False, volumeapi.Unclear("simulated: unheard")
        if kind in ("retried", "repeated") and outcome[0]:
            return self._execute(call)
        if kind == "short" and outcome[0]:
            return True, self._short(outcome[1])
        return outcome

    def _short(self, listing: Any) -> Any:
        """Leave some volumes out of a listing, or of a page of one."""
        if isinstance(listing, volumeapi.Page):
            kept = self._short(listing.volumes)
            return dataclasses.replace(listing, volumes=kept)
        return tuple(v for v in listing if self.chance.random() < 0.7)

    def _execute(self, call: Call) -> tuple[bool, Any]:
        self.before(call)
        outcome: tuple[bool, Any]
        try:
            outcome = True, call.effect()
        except (volumeapi.VolumeAPIError, exception.VolpoolError) as error:
            outcome = False, error
        except Exception as error:
            # A defect; whoever sent it must not swallow it unseen.
            outcome = False, error
        self.after(call, outcome)
        return outcome


def told(call: Call) -> str:
    """Return what became of a call, in a word or two."""
    return "..." if call.outcome is None else _brief(call.outcome)


def _brief(outcome: tuple[bool, Any]) -> str:
    good, value = outcome
    if not good:
        return type(value).__name__
    if isinstance(value, model.Volume):
        return f"{value.id[:8]} {value.status}"
    if isinstance(value, tuple):
        return f"{len(value)} found"
    if isinstance(value, str | bool | int):
        return str(value)
    return type(value).__name__
