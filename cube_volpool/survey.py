"""The survey before a refresh: one look at everything that it needs."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cube_volpool import (
    catalogue,
    images,
    model,
    origin,
    settings,
    volumeapi,
)
from cube_volpool.db.store import Store


@dataclass(frozen=True, kw_only=True)
class View:
    """What Cinder, the images' source and the ledger said."""

    entries: tuple[model.CatalogueEntry, ...]
    findings: tuple[catalogue.Finding, ...]
    snapshots: Mapping[model.SnapshotId, model.Snapshot]
    #: Volumes that pools are cloned from.
    volumes: Mapping[model.SnapshotId, model.Volume | None]
    types: Mapping[str, str]
    records: Mapping[model.PoolName, model.PoolRecord]
    form: settings.VersionFormat

    def has(self, entry: model.CatalogueEntry) -> bool:
        """Is the snapshot of a catalogued image there, to be built from?"""
        snapshot = self.snapshots.get(entry.snapshot_id)
        return snapshot is not None and catalogue.is_usable(snapshot)

    def choose(self, spec: settings.PoolSpec) -> catalogue.Choice:
        """Choose what a pool is to be built from."""
        if spec.snapshot_id is not None:
            pin = spec.snapshot_id
            source = self.snapshots.get(pin) or self.volumes.get(pin)
            return catalogue.pinned(spec, pin, source, self.types)
        record = self.records.get(spec.name)
        return catalogue.choose(
            spec,
            self.entries,
            self.types,
            form=self.form,
            current=None if record is None else record.current_snapshot_id,
        )


class Survey:
    """Looks; changes nothing."""

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        settings: settings.Settings,
        *,
        source: images.Images,
    ) -> None:
        self._store = store
        self._api = api
        self._settings = settings
        self._source = source

    def look(self) -> View:
        """Return what there is now.

        Raises what the volume API raises, and ImagesUnavailable.
        """
        records = self._store.pools.list()
        found = self._source.find(_in_use(records.values()))
        types = self._api.list_volume_types()
        volumes = self._cloned()
        # Last: somebody may reject one while Cinder takes its time.
        rejected = self._store.images.rejected()
        return View(
            entries=tuple(
                dataclasses.replace(
                    entry, rejected=rejected.get(entry.snapshot_id)
                )
                for entry in (
                    *found.reading.entries,
                    *self._unnamed(found),
                )
            ),
            findings=found.reading.findings,
            snapshots=found.snapshots,
            volumes=volumes,
            types=types,
            records=records,
            form=self._settings.catalogue.version_format,
        )

    def _unnamed(
        self, found: images.Found
    ) -> list[model.CatalogueEntry]:
        """Return what was named once and is there; what was so last, first.

        As long as its OS and type is named, and it is not as another OS.
        """
        left = []
        for entry in self._store.images.list():
            snapshot = found.snapshots.get(entry.snapshot_id)
            is_there = snapshot and catalogue.is_usable(snapshot)
            if is_there and _is_left(entry, found.reading.entries):
                left.append(dataclasses.replace(entry, is_named=False))
        form = self._settings.catalogue.version_format
        return catalogue.ordered(left, form)

    def _cloned(self) -> dict[model.SnapshotId, model.Volume | None]:
        """Look at the volumes that pools are cloned from."""
        found: dict[model.SnapshotId, model.Volume | None] = {}
        for spec in self._settings.pools:
            pin = spec.snapshot_id
            if pin is None or origin.kind(pin) is not origin.Kind.VOLUME:
                continue
            volume_id = model.VolumeId(origin.ident(pin))
            try:
                found[pin] = self._api.get_volume(volume_id)
            except volumeapi.NotFound:
                found[pin] = None
        return found


def _in_use(
    records: Iterable[model.PoolRecord],
) -> frozenset[model.SnapshotId]:
    """Return the sources that pools have, or give."""
    return frozenset(
        ident
        for record in records
        for ident in (record.current_snapshot_id, record.source_snapshot_id)
        if ident is not None
    )


def _is_left(
    entry: model.CatalogueEntry, named: Iterable[model.CatalogueEntry]
) -> bool:
    """Is an entry of what is named yet, and itself named no more?"""
    has_kind = False
    for one in named:
        if one.snapshot_id == entry.snapshot_id:
            if (one.os, one.type) == (entry.os, entry.type):
                return False
            if one.os != entry.os:
                return False
        has_kind |= (one.os, one.type) == (entry.os, entry.type)
    return has_kind
