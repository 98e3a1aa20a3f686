"""What operators are shown of the ledger: pools, and images."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from cube_volpool import catalogue, model, origin, settings
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
                "ready": counts.by_status.get(_R.AVAILABLE, 0) - counts.held,
                "held": counts.held,
                "creating": counts.by_status.get(_R.CREATING, 0),
                "reserved": counts.by_status.get(_R.RESERVED, 0),
                "deleting": counts.by_status.get(_R.DELETING, 0),
                "stale": counts.stale,
                # With one lane there are no twins, and none are wanted.
                "lanes": spec.lanes,
                "lanes_ready": counts.lanes,
                "hits": counts.hits,
                "misses": counts.misses,
                "source_snapshot_id": record.source_snapshot_id,
                "current_snapshot_id": record.current_snapshot_id,
                "paused": record.paused,
                "drained": record.drained,
                "last_error": record.last_error,
            }
        )
    return answer


def images(
    store: Store, config: settings.Settings
) -> list[Mapping[str, Any]]:
    """Return one dictionary for each image: its role, and what holds it.

    A snapshot that is not catalogued any more, but that a pooled volume was
    made from, is there too: it must not be deleted yet where volumes are not
    flattened.
    """
    form = config.catalogue.version_format
    known = store.pools.list()
    records = [known[s.name] for s in config.pools if s.name in known]
    usage = {
        snapshot_id: counts
        for snapshot_id, counts in store.images.usage().items()
        if origin.kind(snapshot_id) is origin.Kind.SNAPSHOT
    }
    entries = catalogue.assign(
        catalogue.ordered(store.images.list(), form),
        current=[r.current_snapshot_id for r in records],
        sources=[r.source_snapshot_id for r in records],
        keep=sys.maxsize,
    )
    answer: list[Mapping[str, Any]] = [
        {
            "os_name": entry.os,
            "type": entry.type,
            "version": entry.version,
            "snapshot_id": entry.snapshot_id,
            "name": entry.name,
            "role": entry.role.value,
            "rejected": entry.rejected,
            "held_by": _held_by(usage.get(entry.snapshot_id, {})),
        }
        for entry in entries
    ]
    answer.sort(key=lambda one: (one["os_name"], one["type"], one["name"]))
    catalogued = {entry.snapshot_id for entry in entries}
    for snapshot_id, counts in sorted(usage.items()):
        if snapshot_id in catalogued:
            continue
        answer.append(
            {
                "os_name": None,
                "type": None,
                "version": None,
                "snapshot_id": snapshot_id,
                "name": None,
                "role": None,
                "rejected": None,
                "held_by": _held_by(counts),
            }
        )
    return answer


def _held_by(counts: Mapping[_R, int]) -> Mapping[str, int]:
    return {status.value: counts[status] for status in _R if status in counts}
