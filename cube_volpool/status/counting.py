"""What transactions that were committed tell, counted.

A listener of the doors, see ``doors``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cube_volpool import model
from cube_volpool.status.meters import Meters


class Counting:
    """Counts in the meters what passed the doors."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def claim_ended(
        self,
        _caller: model.Caller,
        _request: model.ClaimRequest,
        *,
        outcome: str,
        volume: Mapping[str, Any] | None,
        seconds: float,
    ) -> None:
        """A claim has an answer, or an error."""
        del volume
        self._meters.claims.labels(outcome).observe(seconds)

    def stock_promote(
        self, _done: Any, row: model.PooledVolume, **_: Any
    ) -> None:
        """A build is over; by this host's clock, as near as that is."""
        now = datetime.now(UTC).replace(tzinfo=None)
        took = max(0.0, (now - row.created_at).total_seconds())
        self._meters.builds.labels(row.pool).observe(took)

    def stock_evict(
        self, _done: Any, row: model.PooledVolume, *, reason: str, **_: Any
    ) -> None:
        """A round gave a volume up."""
        self._meters.evicted(row, reason)

    def endings_evict(
        self,
        _done: Any,
        _claim: model.Claim,
        *,
        row: model.PooledVolume,
        **_: Any,
    ) -> None:
        """A claim gave a volume up."""
        self._meters.evictions.labels(row.pool, "claim").inc()

    def endings_condemn(
        self, _done: Any, row: model.PooledVolume, **_: Any
    ) -> None:
        """Rescue found a reserved row without a claim."""
        self._meters.evictions.labels(row.pool, "claim").inc()

    def steering_evict(
        self, done: model.PooledVolume, _ident: str, **_: Any
    ) -> None:
        """An operator gave a volume up."""
        if done.status is not model.RowStatus.DELETING:
            self._meters.evictions.labels(done.pool, "operator").inc()

    def stock_forget(
        self, _done: Any, row: model.PooledVolume, **_: Any
    ) -> None:
        """Cinder does not have it, though nobody gave it up."""
        is_given_up = row.status is model.RowStatus.DELETING
        if row.volume_id is not None and not is_given_up:
            self._meters.lost.labels(row.pool).inc()

    def stock_adopt(
        self, done: bool, new: Any, *, reason: str | None, **_: Any
    ) -> None:
        """An audit took a volume in."""
        if done:
            fate = "kept" if reason is None else "deleted"
            self._meters.adopted.labels(new.pool, fate).inc()

    def claims_take_over(self, _done: Any, *_: Any, **__: Any) -> None:
        """Another daemon's claim is ours now."""
        self._meters.rescues.inc()
