"""What all daemons have in common, read from the ledger when it is asked.

Every daemon tells the same numbers of the pools: a query takes the maximum
over them, not the sum.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from oslo_log import log
from prometheus_client import core, registry

from cube_volpool import exception, model, settings
from cube_volpool.db import poolcounts
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

_R: Final = model.RowStatus

#: When each duty last did its work, in seconds since the epoch; None: never.
DoneAt = Callable[[], Mapping[str, float | None]]
#: Which endpoints there are, and which of them are left alone.
Suspended = Callable[[], Mapping[str, bool]]


class Collector(registry.Collector):
    """Pools, duties and breakers, for the registry of a daemon."""

    def __init__(
        self,
        store: Store,
        specs: Callable[[], Sequence[settings.PoolSpec]],
        *,
        done_at: DoneAt,
        suspended: Suspended,
    ) -> None:
        self._store = store
        self._specs = specs
        self._done_at = done_at
        self._suspended = suspended

    def describe(self) -> Sequence[core.Metric]:
        """Return nothing: whoever registers it asks no database."""
        return ()

    def collect(self) -> Iterator[core.Metric]:
        """Yield every family.  A ledger that is away is one of them."""
        yield from self._process()
        up = core.GaugeMetricFamily(
            "cube_volpool_ledger_up", "Whether the database answered"
        )
        try:
            counts = self._store.pools.counts()
        except exception.LedgerUnavailable:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        by_name = {one.record.name: one for one in counts}
        known = [
            (spec, by_name[spec.name])
            for spec in self._specs()
            if spec.name in by_name
        ]
        yield from _pools(known)

    def _process(self) -> Iterator[core.Metric]:
        done = core.GaugeMetricFamily(
            "cube_volpool_duty_last_success_timestamp_seconds",
            "When a duty of this daemon last did its work",
            labels=["duty"],
        )
        for duty, when in self._done_at().items():
            if when is not None:
                done.add_metric([duty], when)
        yield done
        breakers = core.GaugeMetricFamily(
            "cube_volpool_breaker_open",
            "Whether an endpoint is left alone after failures in a row",
            labels=["endpoint"],
        )
        for endpoint, is_open in self._suspended().items():
            breakers.add_metric([endpoint], float(is_open))
        yield breakers


def _pools(
    known: Sequence[tuple[settings.PoolSpec, poolcounts.PoolCounts]],
) -> Iterator[core.Metric]:
    volumes = core.GaugeMetricFamily(
        "cube_volpool_pool_volumes",
        "Volumes of a pool by status; ready ones are what a claim may get, "
        "stale ones are among them",
        labels=["pool", "status"],
    )
    claims = core.CounterMetricFamily(
        "cube_volpool_pool_claims",
        "Claims that were given a volume of the pool, or a created one "
        "because it was empty",
        labels=["pool", "result"],
    )
    for spec, counts in known:
        for status, number in volumes_by_status(counts).items():
            volumes.add_metric([spec.name, status], number)
        claims.add_metric([spec.name, "hit"], counts.hits)
        claims.add_metric([spec.name, "miss"], counts.misses)
    yield volumes
    yield claims
    yield _each(
        "cube_volpool_pool_target_volumes",
        "How many ready volumes a pool is to have",
        {spec.name: spec.min_ready for spec, _ in known},
    )
    yield _each(
        "cube_volpool_pool_lanes",
        "How many twins of its source a pool builds from",
        {spec.name: counts.lanes for spec, counts in known},
    )
    yield _each(
        "cube_volpool_pool_target_lanes",
        "How many twins of its source a pool is to have",
        {spec.name: _target_lanes(spec) for spec, _ in known},
    )
    yield _each(
        "cube_volpool_pool_size_bytes",
        "What the volumes of a pool take up, the condemned ones included",
        {spec.name: _bytes(counts) for spec, counts in known},
    )
    yield _each(
        "cube_volpool_pool_paused",
        "Whether a pool builds nothing: paused or drained",
        {
            spec.name: counts.record.paused or counts.record.drained
            for spec, counts in known
        },
    )
    yield _each(
        "cube_volpool_pool_changing",
        "Whether a pool gives another image than it builds",
        {
            spec.name: counts.record.current_snapshot_id
            != counts.record.source_snapshot_id
            for spec, counts in known
        },
    )
    yield _each(
        "cube_volpool_pool_troubled",
        "Whether a pool has a last error",
        {
            spec.name: counts.record.last_error is not None
            for spec, counts in known
        },
    )


def volumes_by_status(counts: poolcounts.PoolCounts) -> Mapping[str, int]:
    """Return how many volumes there are, in the words of the metrics."""
    by_status = counts.by_status
    return {
        "ready": by_status.get(_R.AVAILABLE, 0) - counts.held,
        "held": counts.held,
        "stale": counts.stale,
        "creating": by_status.get(_R.CREATING, 0),
        "reserved": by_status.get(_R.RESERVED, 0),
        "deleting": by_status.get(_R.DELETING, 0),
    }


def _target_lanes(spec: settings.PoolSpec) -> int:
    return spec.lanes if spec.lanes > 1 and spec.min_ready else 0


def _bytes(counts: poolcounts.PoolCounts) -> int:
    return counts.size_gib * 2**30


def _each(
    name: str, about: str, values: Mapping[str, float]
) -> core.Metric:
    family = core.GaugeMetricFamily(name, about, labels=["pool"])
    for pool, value in values.items():
        family.add_metric([pool], float(value))
    return family
