"""Top-up: intents first, then one POST for each, never a second one."""

from typing import Final

from oslo_log import log

from cube_volpool import actions, model, planner, settings, volumeapi
from cube_volpool.db import stock as db_stock
from cube_volpool.db import stocktaking
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: What a create may answer that proves that no volume was made.
_NOT_MADE: Final = (
    volumeapi.Refused,
    volumeapi.NotFound,
    volumeapi.OverQuota,
    volumeapi.Unreachable,
)


#: And what may be because of what it was to be made of.
_OF_ITS_SOURCE: Final = (volumeapi.Refused, volumeapi.NotFound)


class TopUp:
    """Makes new volumes of a pool."""

    def __init__(
        self, store: Store, api: volumeapi.VolumeAPI, *, deployment: str
    ) -> None:
        self._store = store
        self._api = api
        self._deployment = deployment

    def begin(
        self,
        spec: settings.PoolSpec,
        stock: stocktaking.Stock,
        *,
        wanted: actions.Create,
    ) -> str | None:
        """Begin the creates; return why it stopped short, or None.

        Raises LostRace when another round topped up meanwhile.
        """
        record = stock.record
        if not record.source_snapshot_id or not record.source_size_gib:
            return None
        new = db_stock.NewRow(
            pool=spec.name,
            type=spec.volume_type,
            os=spec.os_name,
            snapshot_id=record.source_snapshot_id,
            size_gib=record.source_size_gib,
            availability_zone=spec.availability_zone,
        )
        rows = self._store.stock.begin_creates(
            record, new=new, count=wanted.count, lanes=wanted.lanes
        )
        for place, row in enumerate(rows):
            failure = self._post(row)
            if failure is not None:
                # Nothing was sent for the rest, so nothing can turn up.
                for unsent in rows[place + 1 :]:
                    self._store.stock.forget(unsent)
                return failure
        LOG.info("Pool %s: creates begun: %d", spec.name, len(rows))
        return None

    def _post(self, row: model.PooledVolume) -> str | None:
        """Send the one POST of a row; return what went wrong, or None."""
        if not self._store.stock.is_still_intent(row):
            return None
        wanted = model.NewVolume(
            name=row.name,
            volume_type=row.type,
            snapshot_id=row.made_of,
            size_gib=row.size_gib,
            metadata=planner.shelf_metadata(row, self._deployment),
            availability_zone=row.availability_zone,
        )
        try:
            volume = self._api.create_volume(wanted)
        except _NOT_MADE as error:
            self._store.stock.forget(row)
            if row.twin_id and isinstance(error, _OF_ITS_SOURCE):
                self._store.twins.count_build(
                    row.pool, row.twin_id, failed=True
                )
            return f"a create was refused: {error}"
        except volumeapi.Unclear as error:
            # Never a second POST for this row: its marker is looked for.
            return f"a create was not answered: {error}"
        self._store.stock.attach(row, volume.id)
        return None
