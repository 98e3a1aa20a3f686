"""What the sweep is over: journeys, and who comes first after a crash."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cube_volpool import settings
from cube_volpool.claim import parallel
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, evidence


class Order(StrEnum):
    """Who comes first once the daemon is dead."""

    RETRY_FIRST = "the caller's retry first"
    RESCUE_FIRST = "rescue first"


def orders(journey: "Journey", point: doors.Point) -> tuple[Order, ...]:
    """Return the orders in which to recover from a crash there.

    After a call and before the next one are the same moment, so each moment
    meets both orders when its two points have one each.  Nobody's retry is
    first where nobody asks.
    """
    if journey.asks is None:
        return (Order.RESCUE_FIRST,)
    if point.side is doors.Side.BEFORE:
        return (Order.RETRY_FIRST,)
    if point.side is doors.Side.AFTER:
        return (Order.RESCUE_FIRST,)
    return tuple(Order)


def claim(daemon: world.Daemon) -> Any:
    """Claim the volume of every journey."""
    return daemon.claim("web_sys", metadata={"mine": "yes"})


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What the dying daemon does.

    ``prepare`` runs before it, undisturbed; ``meanwhile`` says, by call,
    what happens elsewhere during it; ``relieve`` takes away what made Cinder
    refuse, once all is quiet.
    """

    #: A sentence of specification.
    about: str
    act: Callable[[world.Daemon], Any]
    prepare: Callable[[world.World], object] = lambda _world: None
    meanwhile: Mapping[str, Callable[[world.Daemon], Any]] = field(
        default_factory=dict
    )
    relieve: Callable[[world.World], None] | None = None
    #: Calls that the journey is there for.
    makes: tuple[str, ...] = ()
    config: settings.Settings = field(default_factory=world.settings_of)
    #: What its caller asks again; None when nobody waits.
    asks: Callable[[world.Daemon], Any] | None = claim
    runner: type[parallel.Runner] = parallel.Serial
    sides: tuple[doors.Side, ...] = (
        doors.Side.BEFORE,
        doors.Side.AFTER,
        doors.Side.LATE,
    )
    #: Does what is on the wire arrive when all others have given it up?
    lands_last: bool = False
    #: How many volumes there may be above the target; a dead daemon's create
    #: has an unknown end.
    surge: int = 1
    #: Turns after which something that is not settled never will be.
    turns: int = 12
    #: What its caller wants: the names of his volumes.
    names: tuple[str, ...] = ("web_sys",)
    #: The snapshot of what its claim is given.
    gives: str = evidence.SNAPSHOT
    #: And how large that is in the end, in GiB.
    size: int = 1
    #: Is what the caller had before it his own business, claim or not?
    keeps: bool = False
    #: Does an answer stay out?  Over a socket that takes real time.
    times_out: bool = False

    def happens_to(
        self, daemon: world.Daemon
    ) -> dict[str, Callable[[], Any]]:
        """Return ``meanwhile`` for the daemon that does the journey."""
        return {
            call: functools.partial(happens, daemon)
            for call, happens in self.meanwhile.items()
        }


class OfferFirst:
    """The calls side by side in the other order: a race's other outcome."""

    def run(self, *calls: parallel.Call) -> tuple[parallel.Outcome, ...]:
        """Return the outcomes in the order of the calls."""
        return parallel.Serial().run(*reversed(calls))[::-1]
