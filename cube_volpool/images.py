"""Where images are found: Cinder's snapshots or volumes, or a table.

Reads only.  Each source comes to the same: a reading, and the snapshots that
it speaks of.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cube_volpool import catalogue, model, settings, volumeapi


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a source of images says now."""

    reading: catalogue.Reading
    #: Every snapshot of the pool project.
    snapshots: Mapping[model.SnapshotId, model.Snapshot]


class Images(Protocol):
    """A source of images."""

    def find(self, known: Collection[model.SnapshotId]) -> Found:
        """Read; ``known`` are the snapshots that pools use.

        Raises what the volume API raises, and ImagesUnavailable when a
        table cannot be read.
        """


class CinderImages:
    """Snapshots, or volumes, of the pool project, told by their names.

    What carries a deployment's key was made by a daemon, and is no image.
    """

    def __init__(
        self, api: volumeapi.VolumeAPI, rules: settings.CatalogueSettings
    ) -> None:
        self._api = api
        self._rules = rules
        #: Types of volumes that snapshots were taken of; they do not change
        #: but by a retype, which a restart finds.
        self._types: dict[model.VolumeId, str | None] = {}

    def find(self, known: Collection[model.SnapshotId]) -> Found:
        """Read Cinder."""
        listed = self._api.list_snapshots()
        snapshots = [
            one for one in listed if model.DEPLOYMENT_KEY not in one.metadata
        ]
        bare: list[catalogue.Finding] = []
        if self._rules.source is settings.ImageSource.VOLUMES:
            candidates, bare = self._of_volumes(snapshots)
        else:
            candidates = [self._of_snapshot(one) for one in snapshots]
        reading = catalogue.read(candidates, self._rules, known=known)
        return Found(
            reading=dataclasses.replace(
                reading, findings=(*reading.findings, *bare)
            ),
            snapshots={snapshot.id: snapshot for snapshot in listed},
        )

    def _of_snapshot(self, snapshot: model.Snapshot) -> catalogue.Candidate:
        kind = None
        rule = self._rules.naming_rule
        if "type" not in rule.groupindex and rule.fullmatch(snapshot.name):
            kind = self._type_of(snapshot.volume_id)
        return catalogue.Candidate(
            name=snapshot.name, snapshot=snapshot, volume_type=kind
        )

    def _type_of(self, volume_id: model.VolumeId) -> str | None:
        if volume_id not in self._types:
            try:
                found = self._api.get_volume(volume_id)
            except volumeapi.NotFound:
                return None
            self._types[volume_id] = found.volume_type or None
        return self._types[volume_id]

    def _of_volumes(
        self, snapshots: Iterable[model.Snapshot]
    ) -> tuple[list[catalogue.Candidate], list[catalogue.Finding]]:
        """Take each volume's newest finished snapshot, or its own source.

        Returns what has one, and what fits the rule and has none.
        """
        by_id = {snapshot.id: snapshot for snapshot in snapshots}
        taken: dict[model.VolumeId, model.Snapshot] = {}
        # Cinder lists the oldest first, so the last one stays.
        for snapshot in by_id.values():
            if snapshot.status == "available":
                taken[snapshot.volume_id] = snapshot
        candidates = []
        bare = []
        for volume in self._api.list_volumes():
            if model.DEPLOYMENT_KEY in volume.metadata:
                continue
            source = taken.get(volume.id)
            if source is None and volume.snapshot_id is not None:
                source = by_id.get(volume.snapshot_id)
            if source is not None:
                candidates.append(
                    catalogue.Candidate(
                        name=volume.name,
                        snapshot=source,
                        volume_type=volume.volume_type or None,
                    )
                )
            elif self._rules.naming_rule.fullmatch(volume.name):
                bare.append(
                    catalogue.Finding(
                        snapshot_id=model.SnapshotId(volume.id),
                        name=volume.name,
                        problem="has no finished snapshot, and was made from "
                        "none that is there",
                        kind="volume",
                    )
                )
        return candidates, bare


class Table(Protocol):
    """A table of another system."""

    def read(self) -> tuple[settings.TableRow, ...]:
        """Return its rows.  Raises ImagesUnavailable."""


class TableImages:
    """A table first, and Cinder's names for what it lacks."""

    def __init__(
        self, table: Table, cinder: Images, *, form: settings.VersionFormat
    ) -> None:
        self._table = table
        self._cinder = cinder
        self._form = form

    def find(self, known: Collection[model.SnapshotId]) -> Found:
        """Read both."""
        rows = self._table.read()
        found = self._cinder.find(known)
        return Found(
            reading=catalogue.merge(
                rows,
                found.reading,
                found.snapshots,
                form=self._form,
                known=known,
            ),
            snapshots=found.snapshots,
        )
