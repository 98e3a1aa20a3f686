"""The catalogue's refresh: what Cinder has, and what each pool builds from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oslo_log import log

from cube_volpool import catalogue, model, settings, volumeapi
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """The source of one pool, or why it has none."""

    snapshot: model.Snapshot | None = None
    error: str | None = None


class Refresher:
    """Reads the snapshots and types that the pool project sees."""

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        settings: settings.Settings,
    ) -> None:
        self._store = store
        self._api = api
        self._settings = settings

    def sync(self) -> frozenset[model.PoolName]:
        """Refresh the catalogue; return the pools whose source changed.

        A pool whose type or OS is unknown builds nothing and keeps what it
        has, until they appear.  Raises what the volume API raises.
        """
        snapshots = self._api.list_snapshots()
        types = self._api.list_volume_types()
        rule = self._settings.catalogue.naming_rule
        self._store.pools.replace_images(catalogue.entries(snapshots, rule))
        records = self._store.pools.list()
        changed = set()
        for spec in self._settings.pools:
            choice = choose(spec, snapshots, types, rule=rule)
            if self._record(spec, choice, types, records[spec.name]):
                changed.add(spec.name)
        return frozenset(changed)

    def _record(
        self,
        spec: settings.PoolSpec,
        choice: _Choice,
        types: Mapping[str, str],
        known: model.PoolRecord,
    ) -> bool:
        snapshot = choice.snapshot
        snapshot_id = None if snapshot is None else snapshot.id
        type_id = types.get(spec.volume_type)
        if choice.error is not None:
            if self._store.pools.note_error(spec.name, choice.error):
                LOG.error(
                    "Pool %s builds nothing: %s", spec.name, choice.error
                )
        elif known.source_snapshot_id is None:
            self._store.pools.note_error(spec.name, None)
        if (known.source_snapshot_id, known.volume_type_id) == (
            snapshot_id,
            type_id,
        ):
            return False
        self._store.pools.set_source(
            spec.name,
            snapshot_id=snapshot_id,
            size_gib=None if snapshot is None else snapshot.size_gib,
            volume_type_id=type_id,
        )
        LOG.info(
            "Pool %s: the source snapshot is now %s", spec.name, snapshot_id
        )
        return True


def choose(
    spec: settings.PoolSpec,
    snapshots: Sequence[model.Snapshot],
    types: Mapping[str, str],
    *,
    rule: re.Pattern[str],
) -> _Choice:
    """Choose the snapshot that a pool is built from."""
    if spec.volume_type not in types:
        return _Choice(error=f"Cinder has no volume type {spec.volume_type}")
    by_id = {snapshot.id: snapshot for snapshot in snapshots}
    if spec.snapshot_id is not None:
        snapshot = by_id.get(spec.snapshot_id)
        where = f"snapshot {spec.snapshot_id}, pinned by the configuration,"
    else:
        current = (
            entry
            for entry in catalogue.entries(snapshots, rule)
            if entry.role is model.Role.CURRENT
            and entry.os == spec.os_name
            and spec.is_type(entry.type, None)
        )
        newest = max(
            current,
            key=lambda entry: catalogue.version_key(entry.version),
            default=None,
        )
        snapshot = None if newest is None else by_id[newest.snapshot_id]
        where = f"a snapshot of OS {spec.os_name}, type {spec.volume_type},"
    if snapshot is None or snapshot.status != "available":
        return _Choice(error=f"{where} is not in the pool project")
    if spec.size_gib is not None and spec.size_gib < snapshot.size_gib:
        return _Choice(
            error=f"size_gib {spec.size_gib} is smaller than snapshot "
            f"{snapshot.id} with {snapshot.size_gib} GiB"
        )
    return _Choice(snapshot=snapshot)
