"""What happened, told as it happens: the events behind notifications.

A listener of the doors, see ``doors``: events come from what passed them, so
no journey has to know of any.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cube_volpool import model, settings
from cube_volpool.db import stocktaking

#: Takes the name of an event and its payload, plain JSON.
Tell = Callable[[str, Mapping[str, Any]], None]

_R = model.RowStatus


class Events:
    """Tells of claims, pools, images and volumes."""

    def __init__(
        self, tell: Tell, specs: Sequence[settings.PoolSpec]
    ) -> None:
        self._tell = tell
        self._targets = {spec.name: spec.min_ready for spec in specs}
        self._low: set[model.PoolName] = set()

    def claim_ended(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        *,
        outcome: str,
        volume: Mapping[str, Any] | None,
        seconds: float,
    ) -> None:
        """A claim has an answer, or an error."""
        self._tell(
            "claim.end",
            {
                "project_id": caller.project_id,
                "request_id": caller.request_id,
                "name": request.name,
                "volume_type": request.volume_type,
                "os_name": request.os_name,
                "snapshot_id": request.snapshot_id,
                "outcome": outcome,
                "volume_id": None if volume is None else volume.get("id"),
                "seconds": round(seconds, 3),
            },
        )

    def stock_load(
        self, done: stocktaking.Stock, pool: model.PoolName, **_: Any
    ) -> None:
        """A round has read a pool: is it low now, or not any more?"""
        self._reached(pool, done.ready)

    def stock_glance(
        self,
        done: Mapping[model.PoolName, stocktaking.Stock],
        *_: Any,
        **__: Any,
    ) -> None:
        """A round looked at a pool, or at all."""
        for pool, stock in done.items():
            self._reached(pool, stock.ready)

    def _reached(self, pool: model.PoolName, ready: int) -> None:
        target = self._targets.get(pool, 0)
        payload = {"pool": pool, "ready": ready, "target": target}
        if 2 * ready < target and pool not in self._low:
            self._low.add(pool)
            self._tell("pool.low", payload)
        elif ready >= target and pool in self._low:
            self._low.discard(pool)
            self._tell("pool.filled", payload)

    def pools_switch(
        self, _done: None, record: model.PoolRecord, **_: Any
    ) -> None:
        """Claims by OS name get another image now."""
        self._tell(
            "image.changed",
            {
                "pool": record.name,
                "before": record.current_snapshot_id,
                "after": record.source_snapshot_id,
            },
        )

    def images_reject_new(
        self, done: bool, snapshot_id: model.SnapshotId, **words: Any
    ) -> None:
        """The poison guard rejected an image."""
        if done:
            self._tell(
                "image.rejected",
                {"snapshot_id": snapshot_id, "reason": words.get("reason")},
            )

    def images_reject(
        self, done: bool, snapshot_id: model.SnapshotId, **words: Any
    ) -> None:
        """An operator rejected an image."""
        self.images_reject_new(done, snapshot_id, **words)

    def steering_set_pool(
        self, _done: None, name: model.PoolName, *, paused: bool, drained: bool
    ) -> None:
        """An operator steered a pool."""
        word = "paused" if paused else "drained" if drained else "resumed"
        self._tell(f"pool.{word}", {"pool": name})

    def stock_evict(
        self, _done: None, row: model.PooledVolume, *, reason: str, **_: Any
    ) -> None:
        """A round gave a volume up."""
        self._evicted(row, reason)

    def endings_evict(
        self,
        _done: Any,
        _claim: model.Claim,
        *,
        row: model.PooledVolume,
        reason: str,
        **_: Any,
    ) -> None:
        """A claim gave a volume up."""
        self._evicted(row, reason)

    def steering_evict(
        self, done: model.PooledVolume, _ident: str, *, reason: str
    ) -> None:
        """An operator gave a volume up."""
        if done.status is not _R.DELETING:
            self._evicted(done, reason)

    def _evicted(self, row: model.PooledVolume, reason: str) -> None:
        self._tell(
            "volume.evicted",
            {"pool": row.pool, "volume_id": row.volume_id, "reason": reason},
        )
