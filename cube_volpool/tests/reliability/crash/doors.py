"""The two doors of a daemon that may die at one of its calls.

Everything that a daemon does to the world goes through the store or through
a volume API, so "dies at every possible moment" is: at every call through
them, before its effect, after it, or with the call still on the wire.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Final

from cube_volpool import volumeapi
from cube_volpool.db.store import PARTS, Store

#: Calls to Cinder that change something there.
_EFFECTS: Final = frozenset(
    {
        "create_volume",
        "update_volume",
        "delete_volume",
        "create_snapshot",
        "delete_snapshot",
        "offer",
        "accept",
        "cancel",
        "extend_volume",
    }
)
#: Calls that change nothing anywhere: after one is as before it.
READS: Final = frozenset(
    {
        "claims.expired",
        "claims.get",
        "claims.is_miss_settled",
        "images.list",
        "images.rejected",
        "images.usage",
        "pools.counts",
        "pools.list",
        "stock.glance",
        "stock.is_still_intent",
        "stock.load",
        "stock.now",
        "stock.of_volumes",
        "stock.shelved",
        "stock.unknown",
        "steering.claims",
        "steering.volumes",
        "twins.is_still_intent",
        "twins.lanes",
        "twins.load",
        "twins.pools",
    }
)


class Crash(BaseException):
    """The daemon is dead; no ``except Exception`` brings it back."""


class Side(StrEnum):
    """Where in a call the daemon dies."""

    #: The call was not sent.
    BEFORE = "before"
    #: It was executed, and nobody heard the answer.
    AFTER = "after"
    #: It is on the wire and is executed while another daemon recovers.
    LATE = "late"
    #: Its transaction is open; only a process that is killed dies there.
    DURING = "during"


@dataclass(frozen=True)
class Point:
    """One moment: the n-th call, counted from 1, what it is, which side.

    With the number 0 it is the first call of that name.
    """

    number: int
    call: str
    side: Side

    def __str__(self) -> str:
        which = f"call {self.number}, " if self.number else ""
        return f"{self.side} {which}{self.call}"

    def is_due(self, number: int, call: str) -> bool:
        """Is it this call's?  A run that goes another way is an error."""
        if not self.number:
            return call == self.call
        if self.number != number:
            return False
        if self.call != call:
            raise AssertionError(f"{self} was {call} this time")
        return True


class Process:
    """One daemon's life, counted in calls; ``wrap`` goes to the world.

    Args:
        death: where it ends; None lets it live.
        watch: called after each call, whatever that came to.

    ``meanwhile`` has, by call, what happens elsewhere when it is executed for
    the first time.
    """

    def __init__(
        self,
        death: Point | None = None,
        *,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        self.calls: list[str] = []
        self.is_dead = False
        self._death = death
        self._watch = watch
        self.meanwhile: dict[str, Callable[[], Any]] = {}
        self._in_flight: Callable[[], Any] | None = None
        self._has_pool_keyring = False

    def wrap(self, _daemon: str, door: Any) -> Any:
        """Put a counter around the store or around a volume API."""
        if isinstance(door, Store):
            return SimpleNamespace(
                **{
                    part: _Counted(self, part, getattr(door, part))
                    for part in PARTS
                }
            )
        # The world hands the pool's keyring over first.
        keyring = "tenant" if self._has_pool_keyring else "pool"
        self._has_pool_keyring = True
        return _Counted(self, keyring, door)

    def call(self, name: str, call: Callable[[], Any]) -> Any:
        """Let a call through, or die at it.

        Raises Crash for every call of a dead daemon, so that nothing that
        unwinds its stack touches the world any more.
        """
        if self.is_dead:
            raise Crash
        self.calls.append(name)
        side = self._due(name)
        if side is Side.LATE:
            self._in_flight = call
        if side in (Side.BEFORE, Side.LATE):
            self.die()
        if side is Side.DURING:
            self.die_in_transaction()
        try:
            return self._let_through(name, call)
        finally:
            self._watch()
            if side is Side.AFTER:
                self.die()

    def _let_through(self, name: str, call: Callable[[], Any]) -> Any:
        happens = self.meanwhile.pop(name, None)
        answer = call()
        if happens is not None:
            happens()
        return answer

    def land(self) -> None:
        """Execute the call that was on the wire; nobody hears the answer."""
        call, self._in_flight = self._in_flight, None
        if call is not None:
            try:
                call()
            except volumeapi.VolumeAPIError:
                return

    def _due(self, name: str) -> Side | None:
        death = self._death
        if death is None or not death.is_due(len(self.calls), name):
            return None
        return death.side

    def die(self) -> None:
        """End here.  Raises Crash."""
        self.is_dead = True
        raise Crash

    def die_in_transaction(self) -> None:
        """End before the next commit: a kill alone can."""
        raise AssertionError("a daemon in this process cannot die there")


class _Counted:
    """A part of the store, or a volume API, call by call."""

    def __init__(self, process: Process, name: str, door: Any) -> None:
        self._process = process
        self._name = name
        self._door = door

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        name = f"{self._name}.{attribute}"
        found = getattr(type(self._door), attribute)
        if isinstance(found, property):
            return self._process.call(
                name, lambda: getattr(self._door, attribute)
            )

        def counted(*args: Any, **kwargs: Any) -> Any:
            method = getattr(self._door, attribute)
            return self._process.call(name, lambda: method(*args, **kwargs))

        return counted

    def bounded(self, timeout: timedelta) -> "_Counted":
        """Count the calls of the bounded API as well; this is none."""
        return _Counted(
            self._process, self._name, self._door.bounded(timeout)
        )


def sides(call: str) -> tuple[Side, ...]:
    """Return where in a call a daemon can die."""
    if call.partition(".")[2] in _EFFECTS:
        return Side.BEFORE, Side.AFTER, Side.LATE
    return Side.BEFORE, Side.AFTER


def points(calls: list[str]) -> list[Point]:
    """Return every moment of a run that made these calls."""
    return [
        Point(number, call, side)
        for number, call in enumerate(calls, start=1)
        for side in sides(call)
    ]


def moments(calls: list[str]) -> list[Point]:
    """Return the moments of a run that differ for whoever comes after.

    The start, and after each call that may have changed something; before
    the next call is the same moment, and so is after a call that only reads.
    """
    found = [Point(1, calls[0], Side.BEFORE)]
    for point in points(calls):
        if point.side is Side.BEFORE or is_read(point.call):
            continue
        found.append(point)
    return found


def is_read(call: str) -> bool:
    """Does a call change nothing, in Cinder and in the ledger?"""
    door, _, method = call.partition(".")
    if door in PARTS:
        return call in READS
    return method not in _EFFECTS
