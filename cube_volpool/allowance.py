"""What one round of a pool may do: room in Cinder's queues, and courtesy.

The caps are of all pools and daemons together, so they are counted in the
ledger; callers come first.
"""

from typing import Final

from cube_volpool import origin, places, premises, settings, supply
from cube_volpool.builds import Builds
from cube_volpool.db import creation, stocktaking
from cube_volpool.db.store import Store

#: A build is at most one of so many of one image that callers wait for.
_CREATES_FOR_ONE: Final = 4


class Allowance:
    """Tells the limits of a round."""

    def __init__(
        self, store: Store, settings: settings.Settings, builds: Builds
    ) -> None:
        self._store = store
        self._limits = settings.reconcile
        self._builds = builds

    def of(
        self, spec: settings.PoolSpec, stock: stocktaking.Stock
    ) -> premises.Limits:
        """Return what may be done now."""
        limits = self._limits
        room = limits.max_creating - stock.creating
        source = stock.record.source_snapshot_id
        of_source = room
        # What has no source waits for no other.
        if source is not None and source != origin.BLANK:
            same = stock.creating_by_snapshot.get(source, 0)
            of_source = limits.max_creating_per_snapshot - same
        lanes = self._lanes(spec, stock)
        may_begin = self._builds.may_begin(spec.name, now=stock.now)
        return premises.Limits(
            room=room if may_begin else min(room, 0),
            room_of_source=of_source,
            lanes=lanes,
            beside_claims=self._beside_claims(stock),
            # With lanes the source itself is left to callers' creates.
            beside_creates=None if lanes else _beside_creates(stock),
            intent_grace=limits.intent_grace,
            build_timeout=limits.build_timeout,
            drain=limits.drain_per_round,
            drain_time=limits.drain_time,
        )

    def at_most(self, spec: settings.PoolSpec) -> premises.Limits:
        """Return what might be done at any time, with all the room there is.

        For another pool may make room, and a caller go, before it is this
        pool's turn.
        """
        limits = self._limits
        return premises.Limits(
            room=spec.min_ready,
            room_of_source=spec.min_ready,
            intent_grace=limits.intent_grace,
            build_timeout=limits.build_timeout,
            drain=limits.drain_per_round,
            drain_time=limits.drain_time,
        )

    def _beside_claims(self, stock: stocktaking.Stock) -> int | None:
        """Begin nothing while many callers wait for their volumes.

        That ends: claims on a pool that nobody fills become creates.
        """
        most = self._limits.yield_to_claims
        return 0 if 0 < most <= stock.traffic.claims else None

    def _lanes(
        self, spec: settings.PoolSpec, stock: stocktaking.Stock
    ) -> places.Free:
        """Return how many more creates each twin of the source may have.

        Read after the stock: see ``TwinRecords.lanes``.
        """
        source = stock.record.source_snapshot_id
        if spec.lanes <= 1 or source is None:
            return {}
        cap = self._limits.max_creating_per_snapshot
        return {
            lane: cap - stock.creating_by_snapshot.get(lane, 0)
            for lane in self._store.twins.lanes(spec.name, source)
        }


def _beside_creates(stock: stocktaking.Stock) -> int | None:
    """Let one build in for each few creates of callers that wait.

    One at least: a pool that is empty because of them would stay so.  And the
    more of them there are, the more it lacks: with one at a time it could
    build more slowly than callers ask, and never come to an end.
    """
    source = stock.record.source_snapshot_id
    if source is None:
        return None
    waiting = stock.traffic.creates.get(source, 0)
    if not waiting:
        return None
    share = max(1, waiting // _CREATES_FOR_ONE)
    return share - stock.creating_by_snapshot.get(source, 0)


def counted(settings: settings.Settings) -> creation.Counted:
    """Return what counts as in creation for daemons with these settings.

    A pool that no daemon has any more has nobody who settles its rows;
    one that another daemon has, settles even the last of a queue of
    creates by then.
    """
    limits = settings.reconcile
    return creation.Counted(
        intents_since=supply.INTENT_COUNTS,
        pools=frozenset(spec.name for spec in settings.pools),
        others_since=limits.build_timeout * limits.max_creating_per_snapshot,
    )
