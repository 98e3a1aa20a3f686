"""Which words may end a caller's try, and for what."""

from collections.abc import Mapping
from typing import Final

from cube_volpool.tests.reliability.errors.requests import Place
from cube_volpool.tests.reliability.errors.troubles import Trouble

#: By word, the calls and what Cinder must have said to them.  Whoever is
#: told one of these does not ask again.
_GROUNDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "InvalidRequest": {
        "PUT /volumes/*": ("400", "409", "413"),
        "POST /volumes": ("400", "409"),
    },
    "PoolEmpty": {
        "POST /volumes": ("403", "404"),
        # What is on the shelf is of no use, so nothing is on it.
        "PUT /volumes/*": ("404",),
        "POST /volume-transfers": ("400", "404", "409", "413"),
    },
    "QuotaExceeded": {
        "POST /volumes": ("413",),
        "POST /volume-transfers/*/accept": ("413",),
    },
    "NotExtended": {
        "POST /volumes/*/action": ("400", "403", "409", "413"),
    },
}


def unfounded(told: str, place: Place, trouble: Trouble) -> str | None:
    """Say what is wrong with an answer to one trouble; None is nothing."""
    grounds = _GROUNDS.get(told)
    if grounds is None:
        return None
    if trouble.name in grounds.get(place.call, ()):
        return None
    return f"{told} for good, because of {trouble} to {place.call}"
