"""What operators may do to pools and volumes, by whatever door they come.

All of it is in the ledger, so every daemon follows; the pools concerned are
looked at right away by this one.
"""

from collections.abc import Callable, Sequence
from typing import Final

from oslo_log import log

from cube_volpool import exception, model, settings
from cube_volpool.db.store import Store
from cube_volpool.decision import Decision
from cube_volpool.reconcile import Reconciler

LOG = log.getLogger(__name__)

#: Why a volume was given up, unless the operator says more.
EVICTED: Final = "an operator"


class Steering:
    """Does what operators want.

    ``ring`` asks for a pool to be looked at now.
    """

    def __init__(
        self,
        store: Store,
        reconciler: Reconciler,
        specs: Sequence[settings.PoolSpec],
        *,
        ring: Callable[[model.PoolName], None],
    ) -> None:
        self._store = store
        self._reconciler = reconciler
        self._specs = {spec.name: spec for spec in specs}
        self._ring = ring

    def pause(self, pool: model.PoolName) -> None:
        """Build nothing more; what is ready is still given.

        This and the next two raise NotKnown.
        """
        self._set(pool, paused=True, drained=False)

    def resume(self, pool: model.PoolName) -> None:
        """Build again, after a pause or a drain."""
        self._set(pool, paused=False, drained=False)

    def drain(self, pool: model.PoolName) -> None:
        """Build nothing more and give all stock up, held volumes aside."""
        self._set(pool, paused=False, drained=True)

    def refill(self, pool: model.PoolName) -> None:
        """Look at a pool now, and end its pause after failed builds.

        Raises NotKnown.
        """
        self._spec(pool)
        self._reconciler.builds.go_on(pool)
        self._ring(pool)

    def hold(self, ident: str) -> model.PooledVolume:
        """Keep a ready volume, by its id or marker, from all but evictions.

        Raises NotKnown, Refused, and Busy when it just changed.
        """
        try:
            row = self._store.steering.hold(ident)
        except exception.LostRace as lost:
            raise _again(lost) from lost
        LOG.info("Pool %s: volume %s is held", row.pool, row.volume_id)
        self._ring(row.pool)
        return row

    def evict(
        self, ident: str, *, reason: str | None
    ) -> model.PooledVolume:
        """Give a volume up, by its id or marker.

        Raises NotKnown, Refused, and Busy when it just changed.
        """
        reason = f"{EVICTED}: {reason}" if reason else EVICTED
        try:
            row = self._store.steering.evict(ident, reason=reason)
        except exception.LostRace as lost:
            raise _again(lost) from lost
        LOG.info(
            "Pool %s: volume %s is evicted: %s",
            row.pool,
            row.volume_id,
            reason,
        )
        self._ring(row.pool)
        return row

    def plan(self, pool: model.PoolName | None) -> Sequence[Decision]:
        """Say what the next round of a pool, or of each, would do.

        Raises NotKnown, Busy, LedgerUnavailable and what the volume API
        raises.
        """
        specs = self._specs.values() if pool is None else [self._spec(pool)]
        try:
            return [self._reconciler.decisions.preview(one) for one in specs]
        except exception.LostRace as lost:
            raise _again(lost) from lost

    def _spec(self, pool: model.PoolName) -> settings.PoolSpec:
        try:
            return self._specs[pool]
        except KeyError:
            raise exception.NotKnown(what="pool", id=pool) from None

    def _set(
        self, pool: model.PoolName, *, paused: bool, drained: bool
    ) -> None:
        self._store.steering.set_pool(pool, paused=paused, drained=drained)
        word = "paused" if paused else "drained" if drained else "resumed"
        LOG.info("Pool %s is %s", pool, word)
        self._ring(pool)


def _again(lost: exception.LostRace) -> exception.Busy:
    return exception.Busy(reason=str(lost), retry_after=1)
