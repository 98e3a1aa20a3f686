"""The journeys of the error sweep: the crash sweep's, and what is short."""

import dataclasses
from collections.abc import Mapping
from typing import Final

from cube_volpool import exception, volumeapi
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import journeys as crash
from cube_volpool.tests.reliability.crash.sweep import Journey

_ROUNDS: Final = 8


def rounds(daemon: world.Daemon) -> None:
    """Sync, audit and reconcile, as the duties do: each for itself."""
    duties = daemon.house.duties
    for duty in (duties.sync, duties.audit):
        try:
            duty()
        except (exception.VolpoolError, volumeapi.VolumeAPIError):
            continue
    for _ in range(_ROUNDS):
        if not daemon.house.reconciler.round():
            return
        daemon.world.clock.advance(5)


#: Those that would go on until all is done: here it may never be.
_ENDLESS: Final = (
    "top_up",
    "evict_and_delete",
    "delete_refused",
    "refresh",
    "refresh_one_by_one",
    "drain",
    "build_that_failed",
    "volume_offered_by_hand",
    "volume_deleted_by_hand",
    "audit_of_a_restored_ledger",
    "audit_of_what_a_claim_left",
)
#: They ask Cinder nothing; or the crash sweep alone can let them land.
_OTHERS: Final = (
    "purge",
    "rescue_of_nothing_but_the_claim",
    "top_up_whose_create_comes_after_its_grace",
)
#: By name.
ALL: Final[Mapping[str, Journey]] = {
    name: (
        dataclasses.replace(journey, act=rounds)
        if name in _ENDLESS
        else journey
    )
    for name, journey in crash.ALL.items()
    if name not in _OTHERS
}
#: For every test run: each call of the service in each of its uses.  With
#: the journey, if any, whose requests are not swept once more.
SHORT: Final[Mapping[str, str | None]] = {
    "hit": None,
    "hit_that_is_extended": "hit",
    "accept_executed_and_not_answered": "hit",
    "quota_refusal": "hit",
    "existing_name": "hit",
    "miss": None,
    "batch": "hit",
    "all_or_nothing_with_a_miss": "batch",
    "miss_whose_create_is_not_answered": "miss",
    "repeat": "hit",
    "rescue_of_an_offer_accepted": None,
    "rescue_of_a_row_offered": "rescue_of_an_offer_accepted",
    "rescue_of_a_create_executed": None,
    "top_up": None,
    "top_up_whose_create_is_late": "top_up",
    "evict_and_delete": "top_up",
    "lanes_made": "top_up",
    "lanes_retired": "lanes_made",
    "twin_whose_create_is_late": "lanes_made",
}
