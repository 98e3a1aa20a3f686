"""The workshop of lanes: the only lines that make and delete them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from oslo_log import log

from cube_volpool import model, settings, twin, volumeapi
from cube_volpool.backoff import Backoff
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: What a create may answer that proves that nothing was made.
_NOT_MADE: Final = (
    volumeapi.Refused,
    volumeapi.NotFound,
    volumeapi.OverQuota,
    volumeapi.Unreachable,
)
#: Between two DELETEs of one thing.  Longer, and one whose hindrance is gone
#: stays for long; shorter, and Cinder is asked in vain, as long as volumes
#: depend on a twin, to copy all their bytes.
_LONGEST: Final = timedelta(minutes=15)


class Workshop:
    """Makes and removes carriers and twins.

    ``found`` is told of snapshots that keep Cinder from deleting a carrier.
    """

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        settings: settings.Settings,
        *,
        found: Callable[[Sequence[model.Snapshot]], object],
    ) -> None:
        self._store = store
        self._api = api
        self._settings = settings
        self._types = {spec.name: spec.volume_type for spec in settings.pools}
        self._found = found
        #: The DELETEs of what stays; in memory alone.
        self._sent: dict[model.Marker, Backoff] = {}

    def make(
        self, begun: Sequence[twin.Twin], carrier: twin.Twin | None
    ) -> str | None:
        """Send the one POST of each intent; return what went wrong, or None.

        Twins are taken of ``carrier``; without one they are carriers.
        """
        for place, one in enumerate(begun):
            failure = self._make(one, carrier)
            if failure is not None:
                # Nothing was sent for the rest, so nothing can turn up.
                for unsent in begun[place + 1 :]:
                    self._store.twins.forget(unsent)
                return failure
        return None

    def _make(self, one: twin.Twin, carrier: twin.Twin | None) -> str | None:
        if not self._store.twins.is_still_intent(one):
            return None
        try:
            cinder_id = self._post(one, carrier)
        except _NOT_MADE as error:
            self._store.twins.forget(one)
            return f"the create of a {one.kind} was refused: {error}"
        except volumeapi.Unclear as error:
            # Never a second POST for this row: its marker is looked for.
            return f"the create of a {one.kind} was not answered: {error}"
        self._store.twins.attach(one, cinder_id)
        return None

    def _post(self, one: twin.Twin, carrier: twin.Twin | None) -> str:
        marked = twin.metadata(one, self._settings.deployment)
        if carrier is not None:
            return self._api.create_snapshot(
                model.NewSnapshot(
                    name=one.name,
                    volume_id=carrier.volume_id,
                    metadata=marked,
                )
            ).id
        # Without a size and a zone: as its source is.
        return self._api.create_volume(
            model.NewVolume(
                name=one.name,
                volume_type=self._types[one.pool],
                snapshot_id=one.source_id,
                metadata=marked,
            )
        ).id

    def remove(self, one: twin.Twin, *, now: datetime) -> None:
        """Send a DELETE; again later when it is still there."""
        sent = self._sent.get(one.marker, Backoff())
        if not sent.is_over(now):
            return
        try:
            if one.kind is twin.Kind.TWIN:
                self._api.delete_snapshot(one.lane)
            elif not self._remove_carrier(one):
                return
        except (volumeapi.NotFound, volumeapi.Refused) as error:
            LOG.debug("%s %s stays for now: %s", one.kind, one.name, error)
        self._sent[one.marker] = sent.failed(now, longest=_LONGEST)

    def _remove_carrier(self, one: twin.Twin) -> bool:
        """Send the DELETE of a volume; False when the hour's cap is used."""
        stock = self._store.stock
        per_hour = self._settings.reconcile.deletes_per_hour
        if not stock.charge_delete(one.pool, per_hour=per_hour):
            return False
        try:
            # Somebody may have offered it, by hand.
            for transfer_id in self._api.list_transfers(one.volume_id):
                self._api.cancel(transfer_id)
            self._api.delete_volume(one.volume_id)
        except (volumeapi.NotFound, volumeapi.Refused) as error:
            stock.refund_delete(one.pool)
            LOG.debug("Carrier %s stays for now: %s", one.volume_id, error)
            # Of twins whose rows got lost, perhaps.
            self._found(
                [
                    snapshot
                    for snapshot in self._api.list_snapshots()
                    if snapshot.volume_id == one.volume_id
                ]
            )
        return True

    def forget(self, marker: model.Marker) -> None:
        """Forget what was sent for a row that is no more."""
        self._sent.pop(marker, None)
