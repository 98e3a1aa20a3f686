"""Adoption: marked volumes of the pool project that no row knows.

A restored ledger, a lost commit and a create that came too late leave such
volumes.  They are taken in, to serve or to be deleted one by one; never
deleted at once.
"""

import dataclasses
from collections.abc import Sequence

from oslo_log import log

from cube_volpool import actions, model, settings, twin
from cube_volpool.db import stock as db_stock
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)


def decide(
    volume: model.Volume, specs: Sequence[settings.PoolSpec]
) -> actions.Adopt:
    """Decide about a marked volume of the pool project without a row.

    One with the marker of the shelf is taken back when its pool is there,
    for the ledger may be an old backup; one that a claim had renamed goes.
    """
    by_name = {spec.name: spec for spec in specs}
    named = model.PoolName(volume.metadata.get(model.POOL_KEY, ""))
    spec = by_name.get(named)
    if spec is None:
        alike = (s for s in specs if s.volume_type == volume.volume_type)
        other = next(alike, specs[0] if specs else None)
        name = None if other is None else other.name
        return actions.Adopt(volume, name, "no pool of this daemon wants it")
    if model.MARKER_KEY not in volume.metadata:
        return actions.Adopt(volume, named, "a claim left it behind")
    if volume.volume_type != spec.volume_type:
        reason = f"its type is {volume.volume_type}"
        return actions.Adopt(volume, named, reason)
    return actions.Adopt(volume, named, None)


class Adoption:
    """Takes volumes in that carry our markers."""

    def __init__(self, store: Store, settings: settings.Settings) -> None:
        self._store = store
        self._grace = settings.reconcile.intent_grace
        self._specs = {spec.name: spec for spec in settings.pools}

    def take_in(self, listing: Sequence[model.Volume]) -> None:
        """Adopt what a listing of the deployment has and the ledger not.

        Younger ones may be a create whose id is about to be recorded.
        """
        now = self._store.stock.now()
        found = [
            volume
            for volume in self._store.stock.unknown(listing)
            if now - volume.created_at >= self._grace
            # A carrier of twins is no stock, and upkeep's business.
            and twin.KIND_KEY not in volume.metadata
        ]
        if not found:
            return
        taken = self._store.stock.markers(found)
        for volume in found:
            action = decide(volume, tuple(self._specs.values()))
            if volume.metadata.get(model.MARKER_KEY) in taken:
                action = dataclasses.replace(
                    action,
                    reason="another volume has its marker",
                    keeps_marker=False,
                )
            self.adopt(action)

    def adopt(self, action: actions.Adopt) -> None:
        """Insert a row for a volume, or say why no pool can take it."""
        volume = action.volume
        if action.pool is None or volume.snapshot_id is None:
            LOG.warning(
                "Volume %s carries our marker, but no pool can take it: %s",
                volume.id,
                action.reason,
            )
            return
        spec = self._specs[action.pool]
        new = db_stock.NewRow(
            pool=spec.name,
            type=volume.volume_type,
            os=spec.os_name,
            snapshot_id=_content(volume) or volume.snapshot_id,
            twin_id=volume.snapshot_id if _content(volume) else None,
            size_gib=volume.size_gib,
            availability_zone=volume.availability_zone,
        )
        marker = volume.metadata.get(model.MARKER_KEY)
        taken = self._store.stock.adopt(
            new,
            marker=marker if action.keeps_marker else None,
            volume_id=volume.id,
            reason=action.reason,
        )
        if taken:
            LOG.warning(
                "Pool %s: volume %s had no row and is adopted%s",
                spec.name,
                volume.id,
                f" to be deleted: {action.reason}" if action.reason else "",
            )


def _content(volume: model.Volume) -> model.SnapshotId | None:
    """Return whose content it has, where it was made of a twin.

    We wrote that there when we made it.
    """
    source = volume.metadata.get(twin.SOURCE_KEY)
    return None if source is None else model.SnapshotId(source)
