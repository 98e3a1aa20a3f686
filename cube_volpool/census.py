"""The census: every volume of the deployment, looked at page by page.

However many there are, what is kept of a page is which rows are well, by
their numbers, and the volumes of those that may not be.
"""

import dataclasses
from collections.abc import Mapping
from typing import Final

from cube_volpool import model, planner, premises, twin, volumeapi
from cube_volpool.adoption import Adoption
from cube_volpool.db.store import Store

#: How often a listing is begun that does not hold still.
_TRIES: Final = 3


class Census:
    """What one audit has seen of Cinder.

    ``pools`` are those to be audited, as the ledger had them before.  A row is
    read after the page that shows its volume: an older row would be judged
    by what its volume became later.
    """

    def __init__(
        self,
        store: Store,
        adoption: Adoption,
        pools: Mapping[model.PoolName, premises.Pool],
    ) -> None:
        self._store = store
        self._adoption = adoption
        self._pools = pools
        #: The rows on the shelf whose volumes are as they were put there.
        #: Numbers: the ids of a hundred thousand volumes would weigh more.
        self.well: set[int] = set()
        #: The volumes of all other rows, as the listing showed them.
        self.others: dict[model.VolumeId, model.Volume] = {}
        #: The carriers of lanes, which are no pool's stock.
        self.carriers: list[model.Volume] = []

    def take(self, api: volumeapi.VolumeAPI, *, deployment: str) -> None:
        """Look at every volume.  Raises what the volume API raises.

        Strangers are adopted as they are met, before anything is planned: a
        restored ledger would else be filled up with new volumes, only to
        find too many a moment later.
        """
        for _ in range(_TRIES):
            self.well.clear()
            self.others.clear()
            self.carriers.clear()
            try:
                self._look(api, deployment)
            except volumeapi.NotFound as error:
                # The volume that a page begins after was deleted meanwhile.
                lost = error
            else:
                return
        raise volumeapi.Unclear(f"the listing never held still: {lost}")

    def _look(self, api: volumeapi.VolumeAPI, deployment: str) -> None:
        """Look at one page after the other."""
        ours = {model.DEPLOYMENT_KEY: deployment}
        after = None
        while True:
            page = api.list_page(metadata=ours, after=after)
            self._adoption.take_in(page.volumes)
            self.carriers += [
                volume
                for volume in page.volumes
                if twin.KIND_KEY in volume.metadata
            ]
            self._judge({volume.id: volume for volume in page.volumes})
            if page.after is None:
                return
            after = page.after

    def _judge(self, page: Mapping[model.VolumeId, model.Volume]) -> None:
        for row in self._store.stock.of_volumes(page.values()):
            if row.volume_id is None:
                continue
            volume = page[row.volume_id]
            pool = self._pools.get(row.pool)
            if pool is None:
                continue
            if planner.is_as_shelved(pool, row, volume):
                self.well.add(row.id)
            elif row.status is not model.RowStatus.RESERVED:
                # The whole answer is needed for nothing, and is the most.
                slim = dataclasses.replace(volume, body={})
                self.others[volume.id] = slim
