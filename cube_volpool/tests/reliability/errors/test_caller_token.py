"""The same with the callers' own tokens: Keystone is asked whose they are."""

from typing import ClassVar

from cube_volpool.tests import world
from cube_volpool.tests.reliability.errors import (
    callers,
    case,
    journeys,
    requests,
    sweep,
)


@case.each(("hit", "repeat", "rescue_of_an_offer_accepted"))
class CallerCase(case.ErrorCase):
    """A daemon with ``use_caller_token``."""

    make: ClassVar[sweep.Make] = callers.CallerDaemon

    def places(self, name: str) -> list[requests.Place]:
        """Return what is not the same as with an account for all tenants."""
        places = super().places(name)
        if case.IS_LONG:
            return places
        journey = journeys.ALL[name]
        others, _ = sweep.count(
            self.ledger, journey, make=world.World.daemon
        )
        return [
            place
            for place in places
            if place not in others or (_is_keystones(place) and name == "hit")
        ]

    def test_keystone_is_asked_whose_token_it_is(self) -> None:
        """By our own account, which logs in for that."""
        calls = [place.call for place in self.places("hit")]

        self.assertEqual(
            ["POST /identity/auth/tokens", "GET /identity/auth/tokens"],
            calls[:2],
        )


def _is_keystones(place: requests.Place) -> bool:
    return place.kind.route.startswith("/identity")
