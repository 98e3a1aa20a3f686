"""Strays: carriers and twins in Cinder of which no row knows.

A restored ledger, a lost commit and a create that came too late leave them.
They are condemned, never used and never deleted at once.
"""

from collections.abc import Iterable

from oslo_log import log

from cube_volpool import model, settings, twin
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)


class Strays:
    """Takes in what carries our markers."""

    def __init__(self, store: Store, settings: settings.Settings) -> None:
        self._store = store
        self._settings = settings
        self._pools = [spec.name for spec in settings.pools]

    def take_in(
        self, found: Iterable[model.Volume | model.Snapshot]
    ) -> frozenset[model.PoolName]:
        """Condemn carriers and twins of ours that no row knows.

        Returns the pools that have them now.
        """
        deployment = self._settings.deployment
        strays = [
            self._stray(one)
            for one in found
            if twin.is_ours(one.metadata, deployment=deployment)
        ]
        if not strays or not self._pools:
            return frozenset()
        taken = self._store.twins.take_in(strays)
        for stray in taken:
            LOG.warning(
                "Pool %s: %s %s had no row and is to be deleted",
                stray.pool,
                stray.kind,
                stray.cinder_id,
            )
        return frozenset(stray.pool for stray in taken)

    def _stray(self, one: model.Volume | model.Snapshot) -> twin.Stray:
        named = model.PoolName(one.metadata.get(model.POOL_KEY, ""))
        is_volume = isinstance(one, model.Volume)
        source = one.metadata.get(twin.SOURCE_KEY, "")
        return twin.Stray(
            pool=named if named in self._pools else self._pools[0],
            kind=twin.Kind.CARRIER if is_volume else twin.Kind.TWIN,
            source_id=model.SnapshotId(source),
            cinder_id=one.id,
            marker=model.Marker(one.metadata.get(model.MARKER_KEY, "")),
        )
