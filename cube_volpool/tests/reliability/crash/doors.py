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
from cube_volpool.db.store import Store

_PARTS: Final = ("claims", "endings", "stock", "pools")
#: Calls to Cinder that change something there.
_EFFECTS: Final = frozenset(
    {
        "create_volume",
        "update_volume",
        "delete_volume",
        "offer",
        "accept",
        "cancel",
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


@dataclass(frozen=True)
class Point:
    """One moment: the n-th call, counted from 1, what it is, which side."""

    number: int
    call: str
    side: Side

    def __str__(self) -> str:
        return f"{self.side} call {self.number}, {self.call}"


class Process:
    """One daemon's life, counted in calls; ``wrap`` goes to the world.

    Args:
        death: where it ends; None lets it live.
        watch: called after each call, whatever that came to.
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
        self._in_flight: Callable[[], Any] | None = None
        self._has_pool_keyring = False

    def wrap(self, _daemon: str, door: Any) -> Any:
        """Put a counter around the store or around a volume API."""
        if isinstance(door, Store):
            return SimpleNamespace(
                **{
                    part: _Counted(self, part, getattr(door, part))
                    for part in _PARTS
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
            self._die()
        try:
            answer = call()
        except volumeapi.VolumeAPIError:
            if side is Side.AFTER:
                self._die()
            raise
        finally:
            self._watch()
        if side is Side.AFTER:
            self._die()
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
        if death is None or death.number != len(self.calls):
            return None
        if death.call != name:
            raise AssertionError(f"{death} was {name} this time")
        return death.side

    def _die(self) -> None:
        self.is_dead = True
        raise Crash


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
        return tuple(Side)
    return Side.BEFORE, Side.AFTER


def points(calls: list[str]) -> list[Point]:
    """Return every moment of a run that made these calls."""
    return [
        Point(number, call, side)
        for number, call in enumerate(calls, start=1)
        for side in sides(call)
    ]
