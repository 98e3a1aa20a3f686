"""What can go wrong with one request, in words and as an act."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cube_volpool.tests import world
from cube_volpool.tests.reliability.errors import requests
from cube_volpool.tests.simulator import (
    answers,
    application,
    faults,
    journal,
)

#: In seconds, longer than any time-out of a call: what is slower has an
#: effect, and its client hears nothing.
_LONG: Final = 100.0
#: A proxy's own answer: Cinder's request id is not on it.
_PROXY: Final[Mapping[str, str]] = {"Via": "1.1 proxy"}


class Lands(StrEnum):
    """When the effect of a request comes that was given up."""

    #: With the request, or never.
    AT_ONCE = "at once"
    #: After the answer to the caller, before anybody recovers.
    SOON = "soon"
    #: While another daemon recovers.
    LATER = "later"


@dataclass(frozen=True)
class Trouble:
    """One way to go wrong.  ``act`` makes it, anew for every world."""

    name: str
    act: Callable[[world.World], faults.Act]
    lands: Lands = Lands.AT_ONCE
    #: Cinder's own word that a thing is not there, or not fit.
    is_cinders_word: bool = False
    #: The calls that it can befall; none named are all.
    only: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def befalls(self, place: requests.Place) -> bool:
        """Can it befall this request?"""
        return not self.only or place.call in self.only


class _Replayed(faults.Act):
    """A proxy sends a request twice: the second finds it done."""

    def after(
        self, seen: journal.Seen, answer: answers.Answer
    ) -> answers.Answer:
        ours = {application.REQUEST_ID: "req-replayed"}
        return answers.refused(404, f"{seen.route} is gone", ours)


class _Both(faults.Act):
    """Let time pass, then go wrong."""

    def __init__(
        self, pause: Callable[[], None], then: faults.Act
    ) -> None:
        self._pause = pause
        self._then = then

    def before(self, seen: journal.Seen) -> answers.Answer | None:
        self._pause()
        return self._then.before(seen)


def _slow_hang(target: world.World) -> faults.Act:
    """A time-out that takes its time: longer than the caller's budget."""
    return _Both(functools.partial(target.clock.advance, 40), faults.hang())


def _always(act: Callable[[], faults.Act]) -> Callable[..., faults.Act]:
    return lambda _target: act()


def _status(status: int) -> Trouble:
    return Trouble(
        str(status),
        _always(functools.partial(faults.refuse, status)),
        is_cinders_word=status in (400, 404, 409, 413),
    )


def _of_a_proxy(status: int) -> Trouble:
    refuse = functools.partial(
        faults.refuse, status, "no backend", dict(_PROXY)
    )
    return Trouble(f"{status} of a proxy", _always(refuse))


def _behind(status: int) -> Trouble:
    return Trouble(
        f"{status} after the effect",
        _always(functools.partial(faults.lose, status)),
    )


#: Every way, by name.  *Source:* the facts on reliability, T3.
ALL: Final[Mapping[str, Trouble]] = {
    trouble.name: trouble
    for trouble in (
        Trouble("time-out without effect", _always(faults.hang)),
        Trouble("slow time-out without effect", _slow_hang),
        Trouble(
            "time-out with effect",
            _always(functools.partial(faults.lose, "timeout")),
        ),
        Trouble(
            "slow time-out with effect",
            _always(functools.partial(faults.slow, _LONG)),
        ),
        Trouble("effect soon", _always(faults.late), Lands.SOON),
        Trouble("effect later", _always(faults.late), Lands.LATER),
        *(_status(status) for status in (400, 401, 403, 404, 409, 413)),
        _of_a_proxy(404),
        Trouble(
            "404 of a replay",
            _always(_Replayed),
            only=(
                "POST /volume-transfers/*/accept",
                "DELETE /volume-transfers/*",
                "DELETE /volumes/*",
                "DELETE /snapshots/*",
            ),
        ),
        Trouble("429", _always(functools.partial(faults.throttle, 2))),
        Trouble(
            "429 for long", _always(functools.partial(faults.throttle, 600))
        ),
        *(_status(status) for status in (500, 502, 503)),
        *(_behind(status) for status in (500, 502, 503)),
        Trouble("reset before the effect", _always(faults.drop)),
        Trouble(
            "reset after the effect",
            _always(functools.partial(faults.lose, "reset")),
        ),
        Trouble("half a body", _always(faults.half_body)),
        Trouble("wrong JSON", _always(faults.wrong_json)),
        Trouble(
            "slow drip", _always(functools.partial(faults.slow_drip, 120))
        ),
    )
}
