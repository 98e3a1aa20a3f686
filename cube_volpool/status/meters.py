"""What one daemon counts and times.

Both doors are measured where they are wired: every effect goes through the
store or a volume API, so no journey has to know of meters.  What all daemons
have in common is read from the ledger instead, see ``collector``.

*Source of the names:* Prometheus' own conventions, base units and suffixes.
"""

import re
from typing import Final

import prometheus_client as prometheus
from prometheus_client.registry import Collector

from cube_volpool import model, supply

#: Of one call, in seconds: a look-up takes 20 ms, an accept 100 ms, and a
#: call that times out a minute.
_CALL_BUCKETS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
)  # fmt: skip
#: Of a claim: a hit takes a tenth of a second, a miss a copy of the image.
_CLAIM_BUCKETS: Final = (
    0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 20, 30, 60, 120,
)  # fmt: skip
#: Of a build: some seconds for each GiB, one after the other.
_BUILD_BUCKETS: Final = (
    2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600,
)  # fmt: skip

#: What the reasons of evictions begin with, and the word for each.  A reason
#: may name a number or be an operator's words; a label may not.
_REASONS: Final = (
    (supply.STALE, "stale"),
    (supply.DRAINED, "drained"),
    ("surplus", "surplus"),
    ("too old", "too_old"),
    ("an operator", "operator"),
    ("stuck in creating", "stuck"),
    ("Cinder says", "status"),
    ("its pool is of type", "retyped"),
    ("its ", "unfit"),
    ("it ", "unfit"),
)


class Meters:
    """The counters and histograms of this process, in one registry."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        self._collector: Collector | None = None
        self.claims = prometheus.Histogram(
            "cube_volpool_claim_duration_seconds",
            "What claims took, by what they came to: pool, created, existing, "
            "or the error",
            ["outcome"],
            buckets=_CLAIM_BUCKETS,
            registry=self.registry,
        )
        self.cinder = prometheus.Histogram(
            "cube_volpool_cinder_call_duration_seconds",
            "What calls to Cinder took, by keyring, call and outcome; a "
            "repeated call counts as one",
            ["keyring", "call", "outcome"],
            buckets=_CALL_BUCKETS,
            registry=self.registry,
        )
        self.ledger = prometheus.Histogram(
            "cube_volpool_ledger_call_duration_seconds",
            "What transactions of the ledger took, by call and outcome",
            ["call", "outcome"],
            buckets=_CALL_BUCKETS,
            registry=self.registry,
        )
        self.builds = prometheus.Histogram(
            "cube_volpool_build_duration_seconds",
            "From the intent to the shelf, by pool",
            ["pool"],
            buckets=_BUILD_BUCKETS,
            registry=self.registry,
        )
        self.evictions = prometheus.Counter(
            "cube_volpool_evictions",
            "Volumes given up, by pool and kind of reason",
            ["pool", "reason"],
            registry=self.registry,
        )
        self.failed_builds = prometheus.Counter(
            "cube_volpool_failed_builds",
            "Builds that came to nothing, by pool and kind of reason",
            ["pool", "reason"],
            registry=self.registry,
        )
        self.adopted = prometheus.Counter(
            "cube_volpool_adopted_volumes",
            "Volumes with our marks that no row knew, by pool and whether "
            "they were kept or deleted",
            ["pool", "fate"],
            registry=self.registry,
        )
        self.lost = prometheus.Counter(
            "cube_volpool_lost_volumes",
            "Volumes that Cinder has no more and nobody gave up, by pool",
            ["pool"],
            registry=self.registry,
        )
        self.rescues = prometheus.Counter(
            "cube_volpool_rescued_claims",
            "Claims of other daemons that this one took over",
            registry=self.registry,
        )

    def build_seconds(self, pool: str) -> float | None:
        """Return what a build of a pool took on average; None: none did."""
        name = "cube_volpool_build_duration_seconds"
        count, total = (
            self.registry.get_sample_value(f"{name}_{part}", {"pool": pool})
            for part in ("count", "sum")
        )
        return total / count if count and total is not None else None

    def tell(self, collector: Collector | None) -> None:
        """Let a collector, and no other any more, tell what it knows."""
        if self._collector is not None:
            self.registry.unregister(self._collector)
        self._collector = collector
        if collector is not None:
            self.registry.register(collector)

    def evicted(self, row: model.PooledVolume, reason: str) -> None:
        """Count an eviction; of what was being built, a failed build too."""
        kind = kind_of(reason)
        self.evictions.labels(row.pool, kind).inc()
        if row.status is model.RowStatus.CREATING and kind not in (
            "stale",
            "drained",
            "operator",
        ):
            self.failed_builds.labels(row.pool, kind).inc()


def kind_of(reason: str) -> str:
    """Return the kind of a reason: one of a few words."""
    for beginning, word in _REASONS:
        if reason.startswith(beginning):
            return word
    return "claim"


def outcome_of(error: BaseException) -> str:
    """Return the label of an error: ``lost_race`` for LostRace."""
    name = type(error).__name__
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
