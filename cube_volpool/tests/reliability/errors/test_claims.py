"""Claims, repeated claims and rescues: no trouble does harm."""

from cube_volpool.tests.reliability.crash.journeys import lanes
from cube_volpool.tests.reliability.errors import case, journeys

_OF_STOCK = (
    "top_up",
    "top_up_whose_create_is_late",
    "top_up_refused",
    "build_that_failed",
    "evict_and_delete",
    "delete_refused",
    "deletes_capped",
    "volume_offered_by_hand",
    "volume_deleted_by_hand",
    "refresh",
    "sync",
    "audit_of_a_restored_ledger",
    "audit_of_what_a_claim_left",
)
_CHOSEN = journeys.ALL if case.IS_LONG else journeys.SHORT
_RESCUES = [name for name in _CHOSEN if name.startswith("rescue")]
_LANES = [name for name in _CHOSEN if name in lanes.JOURNEYS]
_CLAIMS = [
    name
    for name in _CHOSEN
    if name not in (*_OF_STOCK, *_RESCUES, *_LANES, "hit")
]


@case.each(_CLAIMS)
class ClaimCase(case.ErrorCase):
    """What a caller waits for."""


@case.each(_RESCUES)
class RescueCase(case.ErrorCase):
    """What a daemon does for claims that were left."""


@case.each(name for name in _CHOSEN if name in _OF_STOCK)
class StockCase(case.ErrorCase):
    """Top-up, deletes, catalogue and audit; nobody waits."""


@case.each(_LANES)
class LaneCase(case.ErrorCase):
    """Twins are made, built by and retired; nobody waits."""
