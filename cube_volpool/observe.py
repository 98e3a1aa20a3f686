"""Looking at Cinder on behalf of reconcile: the least that is needed.

A fast look costs O(changes): rows in creation by one filtered listing for
all pools, the few that left it by GET, condemned ones by GET.  An audit lists
everything, see ``census``.
Absence from a listing is never proof; a GET by id is.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from oslo_log import log

from cube_volpool import model, planner, volumeapi

LOG = log.getLogger(__name__)
_R = model.RowStatus

#: Condemned rows looked at in one round; the rest wait for the next.
_DELETING_PER_ROUND: Final = 50
#: One volume that Cinder cannot show must not stop a pool; several mean that
#: Cinder is ill, and each may cost a time-out.
_UNCLEAR_PER_ROUND: Final = 3


class Building:
    """What Cinder is building for us: one filtered listing for a round.

    Asked for by the first pool that needs it.  For the others it is older
    than their rows, which proves nothing wrong: what it lacks is looked at by
    id, and what it has was still being built a moment ago.
    """

    def __init__(self, api: volumeapi.VolumeAPI, *, deployment: str) -> None:
        self._api = api
        self._deployment = deployment
        self._listed: Mapping[model.VolumeId, model.Volume] | None = None

    def listed(self) -> Mapping[model.VolumeId, model.Volume]:
        """Return the volumes by id.  Raises what the volume API raises."""
        if self._listed is None:
            found = self._api.list_volumes(
                metadata={model.DEPLOYMENT_KEY: self._deployment},
                statuses=("creating",),
            )
            self._listed = {volume.id: volume for volume in found}
        return self._listed


def fast(
    api: volumeapi.VolumeAPI,
    rows: Iterable[model.PooledVolume],
    *,
    building: Building,
) -> planner.Observation:
    """Look at the rows in creation and at the condemned ones.

    A row that Cinder does not show clearly is left out.  Raises what the
    volume API raises when Cinder as a whole is in trouble.
    """
    rows = tuple(rows)
    creating = [row for row in rows if row.status is _R.CREATING]
    deleting = [row for row in rows if row.status is _R.DELETING]
    listed: Mapping[model.VolumeId, model.Volume] = {}
    if any(row.volume_id is not None for row in creating):
        listed = building.listed()
    looked = creating + deleting[:_DELETING_PER_ROUND]
    return planner.Observation(
        volumes=_by_id(api, looked, listed), intents=_intents(api, looked)
    )


def full(
    api: volumeapi.VolumeAPI,
    rows: Iterable[model.PooledVolume],
    *,
    listing: Iterable[model.Volume],
    well: Collection[int] = (),
) -> planner.Observation:
    """Look at rows by a listing of the whole project.

    Not at those whose numbers are in ``well``: they are as they should be,
    so nothing can be decided about them.
    """
    looked = [
        row
        for row in rows
        if row.status is not _R.RESERVED and row.id not in well
    ]
    listed = {volume.id: volume for volume in listing}
    # The listing is older than the rows: a volume that was finished, or
    # handed back, in between would be judged by what it was before; and one
    # that was deleted in between would be put on the shelf.
    for row in looked:
        seen = listed.get(row.volume_id or model.VolumeId(""))
        if seen and _may_have_changed(row, seen):
            del listed[seen.id]
    return planner.Observation(
        volumes=_by_id(api, looked, listed), intents=_intents(api, looked)
    )


def _may_have_changed(row: model.PooledVolume, volume: model.Volume) -> bool:
    """Would a listing that is a little old lead to a wrong decision?"""
    if row.status is _R.CREATING:
        return volume.status == "available"
    marker = volume.metadata.get(model.MARKER_KEY)
    is_shelved = (
        volume.status == "available"
        and marker == row.marker
        and volume.name == row.name
    )
    return row.status is _R.AVAILABLE and not is_shelved


def _by_id(
    api: volumeapi.VolumeAPI,
    rows: Iterable[model.PooledVolume],
    listed: Mapping[model.VolumeId, model.Volume],
) -> Mapping[model.VolumeId, model.Volume | None]:
    volumes: dict[model.VolumeId, model.Volume | None] = {}
    unclear = 0
    for row in rows:
        if row.volume_id is None:
            continue
        if row.volume_id in listed:
            volumes[row.volume_id] = listed[row.volume_id]
            continue
        try:
            volumes[row.volume_id] = get(api, row.volume_id)
        except volumeapi.Unclear as error:
            LOG.warning("Volume %s is not shown: %s", row.volume_id, error)
            unclear += 1
            if unclear == _UNCLEAR_PER_ROUND:
                raise
    return volumes


def _intents(
    api: volumeapi.VolumeAPI, rows: Iterable[model.PooledVolume]
) -> Mapping[model.Marker, model.Volume | None]:
    intents: dict[model.Marker, model.Volume | None] = {}
    for row in rows:
        if row.volume_id is None:
            found = api.list_volumes(name=row.name)
            intents[row.marker] = found[0] if found else None
    return intents


def get(
    api: volumeapi.VolumeAPI, volume_id: model.VolumeId
) -> model.Volume | None:
    """Return a volume of the API's project, None when Cinder says 404."""
    try:
        return api.get_volume(volume_id)
    except volumeapi.NotFound:
        return None
