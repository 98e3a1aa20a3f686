"""Deletion: the only lines that delete a volume, and what hinders them."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oslo_log import log

from cube_volpool import actions, model, volumeapi
from cube_volpool.backoff import Backoff
from cube_volpool.db import stocktaking
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: Between two DELETEs of one volume.  Longer, and one whose hindrance is gone
#: stays for long; shorter, and one that Cinder takes and does not carry out
#: uses up deletes_per_hour.
_LONGEST: Final = timedelta(minutes=15)
#: A volume may be busy for a moment; after so many it is a trouble.
_TRIES: Final = 4
#: A large image takes a while to remove; a job that got lost, for ever.
_LONG: Final = timedelta(minutes=30)
#: Only Cinder's own operator gets a volume out of that.
_STUCK: Final = "error_deleting"
#: How the note of such a trouble begins.
_TROUBLE: Final = "Cinder does not delete volume "


@dataclass(frozen=True)
class _Tried:
    """The DELETEs of one volume so far; in memory alone."""

    #: What the volume was when the last one was sent.
    status: str
    #: When the first one was.
    since: datetime
    backoff: Backoff = Backoff()

    def is_trouble(self, now: datetime) -> bool:
        is_long = now - self.since > _LONG
        is_often = self.backoff.failures >= _TRIES
        return self.status == _STUCK or is_often or is_long


class Deletion:
    """Removes the volumes of condemned rows.

    ``note`` records a pool's trouble, None for none.
    """

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        *,
        per_hour: int,
        note: Callable[[model.PoolName, str | None], None],
    ) -> None:
        self._store = store
        self._api = api
        self._per_hour = per_hour
        self._note = note
        self._tried: dict[model.PoolName, dict[model.VolumeId, _Tried]] = {}
        self._told: dict[model.PoolName, str | None] = {}

    def delete(self, action: actions.Delete, *, now: datetime) -> None:
        """Remove a volume: transfers first.

        Again later when it is still there, at growing intervals; at once
        when somebody changed its status.
        """
        row = action.row
        if row.volume_id is None:
            return
        tried = self._tried.setdefault(row.pool, {})
        known = tried.get(row.volume_id)
        if known is None or known.status != action.status:
            known = _Tried(action.status, now)
        if not known.backoff.is_over(now):
            return
        if not self._store.stock.charge_delete(
            row.pool, per_hour=self._per_hour
        ):
            text = f"[reconcile] deletes_per_hour {self._per_hour} is used"
            self._note(row.pool, text)
            return
        tried[row.volume_id] = dataclasses.replace(
            known, backoff=known.backoff.failed(now, longest=_LONGEST)
        )
        self._send(row, row.volume_id)

    def _send(
        self, row: model.PooledVolume, volume_id: model.VolumeId
    ) -> None:
        try:
            for transfer_id in self._api.list_transfers(volume_id):
                self._api.cancel(transfer_id)
            self._api.delete_volume(volume_id)
        except (volumeapi.NotFound, volumeapi.Refused) as error:
            LOG.debug("Volume %s is not deleted yet: %s", volume_id, error)
            self._store.stock.refund_delete(row.pool)
        except volumeapi.Unclear as error:
            # One volume that cannot be removed must not stop its pool.
            LOG.warning(
                "Pool %s: the DELETE of volume %s was not answered: %s",
                row.pool,
                volume_id,
                error,
            )

    def trouble(self, pool: model.PoolName) -> str | None:
        """Return what the last round had to tell of a pool."""
        return self._told.get(pool)

    def tell(self, stock: stocktaking.Stock) -> None:
        """Note the trouble of a pool when it is another than before.

        What another daemon noted stays as long as that volume does.
        """
        record = stock.record
        condemned = set(_condemned(stock.rows))
        tried = self._tried.get(record.name, {})
        for volume_id in tried.keys() - condemned:
            del tried[volume_id]
        text = _text(tried, stock.now)
        noted = record.last_error or ""
        if text is not None:
            is_news = not noted or text != self._told.get(record.name)
        else:
            is_over = not any(volume_id in noted for volume_id in condemned)
            is_news = noted.startswith(_TROUBLE) and is_over
        if is_news:
            self._note(record.name, text)
        self._told[record.name] = text


def _text(
    tried: Mapping[model.VolumeId, _Tried], now: datetime
) -> str | None:
    """Say which volumes stay though they are condemned."""
    stuck = [
        (volume_id, one.status)
        for volume_id, one in tried.items()
        if one.is_trouble(now)
    ]
    if not stuck:
        return None
    volume_id, status = stuck[0]
    more = f" and {len(stuck) - 1} more" if len(stuck) > 1 else ""
    return (
        f"{_TROUBLE}{volume_id} ({status} at the last try){more}: see the log "
        "of cinder-volume, mend what hinders it, then set its state to "
        "available if it is not"
    )


def _condemned(
    rows: Iterable[model.PooledVolume],
) -> Iterable[model.VolumeId]:
    for row in rows:
        if row.status is model.RowStatus.DELETING and row.volume_id:
            yield row.volume_id
