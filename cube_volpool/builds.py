"""How a pool's builds go: pauses after failures, and a poisoned image."""

from collections.abc import Callable
from datetime import datetime

from oslo_log import log

from cube_volpool import model
from cube_volpool.backoff import Backoff
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)


class Builds:
    """What each pool's builds came to.

    Pauses are in memory alone; the failures of a new image are counted in
    the ledger, for every daemon builds from it.  ``poison_after`` failures
    in a row reject it, 0 never does.
    """

    def __init__(self, store: Store, *, poison_after: int) -> None:
        self._store = store
        self._poison_after = poison_after
        self._backoffs: dict[model.PoolName, Backoff] = {}
        #: Called when an image was rejected: the pools need another.
        self.on_reject: Callable[[], None] = lambda: None

    def may_begin(self, pool: model.PoolName, *, now: datetime) -> bool:
        """Is the pause after the last failure over?"""
        return self._backoffs.get(pool, Backoff()).is_over(now)

    def pause(self, pool: model.PoolName, *, now: datetime) -> None:
        """Let a pool's builds pause, longer with each failure in a row."""
        known = self._backoffs.get(pool, Backoff())
        self._backoffs[pool] = known.failed(now)

    def go_on(self, pool: model.PoolName) -> None:
        """End the pause of a pool: somebody says that the cause is gone."""
        self._backoffs.pop(pool, None)

    def failed(
        self, record: model.PoolRecord, row: model.PooledVolume, reason: str
    ) -> None:
        """Count a build that came to nothing against a new image.

        One that the pool gives has proved itself, and there is nothing to go
        back to; of one that another pool has built, the trouble is this
        pool's own.  One that was made of a twin counts against that alone:
        without it the image itself is built from.
        """
        if row.twin_id is not None:
            self._store.twins.count_build(row.pool, row.twin_id, failed=True)
            return
        if not self._poison_after or not _is_new(record, row):
            return
        failures = self._store.pools.count_build(
            record.name, row.snapshot_id, failed=True
        )
        if failures < self._poison_after:
            return
        is_news = self._store.images.reject_new(
            row.snapshot_id,
            pool=record.name,
            reason=f"{failures} builds failed in a row, the last: {reason}",
        )
        if is_news:
            LOG.error(
                "Pool %s: snapshot %s is rejected after %d failed builds; "
                "the pool stays with %s. Once the cause is mended, os allow "
                "takes that back",
                record.name,
                row.snapshot_id,
                failures,
                record.current_snapshot_id,
            )
            self.on_reject()

    def succeeded(
        self, record: model.PoolRecord, row: model.PooledVolume
    ) -> None:
        """Begin to count anew.

        The record is of before the round: a failure may have been counted
        since, here or by another daemon.
        """
        self._backoffs.pop(record.name, None)
        if row.twin_id is not None:
            self._store.twins.count_build(
                row.pool, row.twin_id, failed=False
            )
        source = record.source_snapshot_id
        if row.snapshot_id == source != record.proven_snapshot_id:
            self._store.pools.prove(record.name, row.snapshot_id)
        if self._poison_after and _is_new(record, row):
            self._store.pools.count_build(
                record.name, row.snapshot_id, failed=False
            )


def _is_new(record: model.PoolRecord, row: model.PooledVolume) -> bool:
    return (
        row.snapshot_id == record.source_snapshot_id
        and row.snapshot_id != record.current_snapshot_id
    )
