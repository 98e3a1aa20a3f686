"""What ``get_pools`` answers: counts from the ledger, targets from here."""

from collections.abc import Mapping, Sequence
from typing import Any

from cube_volpool import model, settings
from cube_volpool.db.store import Store

_R = model.RowStatus


def pools(
    store: Store, specs: Sequence[settings.PoolSpec]
) -> list[Mapping[str, Any]]:
    """Return one dictionary for each configured pool, in their order.

    The counts are the ledger's, so every daemon answers the same.
    """
    by_name = {counts.record.name: counts for counts in store.pools.counts()}
    answer: list[Mapping[str, Any]] = []
    for spec in specs:
        counts = by_name.get(spec.name)
        if counts is None:
            continue
        record = counts.record
        answer.append(
            {
                "name": spec.name,
                "os_name": spec.os_name,
                "volume_type": spec.volume_type,
                "target": spec.min_ready,
                "ready": counts.by_status.get(_R.AVAILABLE, 0),
                "creating": counts.by_status.get(_R.CREATING, 0),
                "reserved": counts.by_status.get(_R.RESERVED, 0),
                "deleting": counts.by_status.get(_R.DELETING, 0),
                "stale": counts.stale,
                "hits": counts.hits,
                "misses": counts.misses,
                "source_snapshot_id": record.source_snapshot_id,
                "paused": record.paused,
                "last_error": record.last_error,
            }
        )
    return answer
