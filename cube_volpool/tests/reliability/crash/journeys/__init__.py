"""Every journey of the sweep, by name.

*Source:* the architecture's journeys, its table of *look*, and the states of
a pooled volume.
"""

from collections.abc import Mapping
from typing import Final

from cube_volpool.tests.reliability.crash.journeys import (
    batches,
    hits,
    lanes,
    misses,
    recoveries,
    rollouts,
    steering,
    stock,
)
from cube_volpool.tests.reliability.crash.sweep import Journey

ALL: Final[Mapping[str, Journey]] = {
    **hits.JOURNEYS,
    **batches.JOURNEYS,
    **lanes.JOURNEYS,
    **misses.JOURNEYS,
    **recoveries.RESCUES,
    **recoveries.RETRIES,
    **rollouts.JOURNEYS,
    **steering.JOURNEYS,
    **stock.JOURNEYS,
}

#: One of each kind: for what is too slow to be done with all of them.
MAIN: Final[tuple[str, ...]] = (
    "hit",
    "miss",
    "batch",
    "top_up",
    "evict_and_delete",
    "rescue_of_a_row_offered",
    "rescue_of_an_offer_accepted",
)
#: And those that clash, refuse or go on with another daemon's claim: what
#: may differ from one database to another.
ON_SERVERS: Final[tuple[str, ...]] = (
    *MAIN,
    "quota_refusal",
    "existing_name",
    "unfit_volume",
    "unbind_of_a_deleted_volume",
    "retry_of_an_offer_not_accepted",
    "refresh",
    "rejection_by_the_poison_guard",
    "rollback",
    "current_image_is_gone",
    "sync",
    "purge",
    "lanes_made",
    "operator_holds",
    "pool_drained_and_resumed",
)
