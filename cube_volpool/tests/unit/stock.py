"""Values for the tests of the pure parts: rows, volumes, pools."""

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from cube_volpool import actions, model, planner, premises, settings

NOW: Final = datetime(2026, 11, 20, 12)
DEPLOYMENT: Final = "test"
CURRENT: Final = model.SnapshotId("snapshot-2")
OLD: Final = model.SnapshotId("snapshot-1")
LIMITS: Final = premises.Limits(
    room=16,
    room_of_source=16,
    intent_grace=timedelta(minutes=15),
    build_timeout=timedelta(minutes=10),
)
SOURCE: Final = premises.Source(snapshot_id=CURRENT, size_gib=1)


def row(number: int = 1, **changes: Any) -> model.PooledVolume:
    """Return a row on the shelf, a minute old, of the current snapshot."""
    marker = model.Marker(str(uuid.UUID(int=number)))
    values: dict[str, Any] = {
        "id": number,
        "marker": marker,
        "pool": "deb",
        "volume_id": f"v{number}",
        "name": model.pooled_name(marker),
        "type": "ssd",
        "os": "debian-12",
        "snapshot_id": CURRENT,
        "size_gib": 1,
        "availability_zone": "nova",
        "status": model.RowStatus.AVAILABLE,
        "held": False,
        "claim_id": None,
        "evict_reason": None,
        "generation": 1,
        "created_at": NOW - timedelta(minutes=1),
        "updated_at": NOW - timedelta(minutes=1),
    }
    return model.PooledVolume(**{**values, **changes})


def volume_of(of: model.PooledVolume, **changes: Any) -> model.Volume:
    """Return what Cinder shows of a row's volume when all is well."""
    values: dict[str, Any] = {
        "id": of.volume_id or f"found-{of.id}",
        "project_id": "pool",
        "name": of.name,
        "status": "available",
        "size_gib": of.size_gib,
        "volume_type": of.type,
        "snapshot_id": of.snapshot_id,
        "bootable": True,
        "metadata": planner.shelf_metadata(of, DEPLOYMENT),
        "availability_zone": "nova",
        "attached": False,
        "created_at": of.created_at,
        "body": {},
    }
    return model.Volume(**{**values, **changes})


def spec(**changes: Any) -> settings.PoolSpec:
    """Return the pool ``deb``: two ready, two at a time."""
    values: dict[str, Any] = {
        "name": "deb",
        "os_name": "debian-12",
        "volume_type": "ssd",
        "min_ready": 2,
        "max_creating": 2,
    }
    return settings.PoolSpec(**{**values, **changes})


def pool(*rows: model.PooledVolume, **changes: Any) -> premises.Pool:
    """Return the pool with these rows."""
    values: dict[str, Any] = {
        "spec": spec(),
        "deployment": DEPLOYMENT,
        "source": SOURCE,
        "rows": rows,
        "now": NOW,
    }
    return premises.Pool(**{**values, **changes})


def seen(*volumes: model.Volume) -> planner.Observation:
    """Return an observation of these volumes."""
    return planner.Observation(volumes={v.id: v for v in volumes})


@dataclasses.dataclass(frozen=True)
class World:
    """A pool, and what is in Cinder behind its rows, by marker."""

    pool: premises.Pool
    behind: Mapping[str, model.Volume | None]

    def observed(self) -> planner.Observation:
        """Return all of it."""
        volumes, intents = {}, {}
        for known in self.pool.rows:
            if known.volume_id is None:
                intents[known.marker] = self.behind[known.marker]
            else:
                volumes[known.volume_id] = self.behind[known.marker]
        return planner.Observation(volumes=volumes, intents=intents)

    def limits(self) -> premises.Limits:
        """Return room for what is not in creation yet."""
        status = model.RowStatus.CREATING
        creating = [r for r in self.pool.rows if r.status is status]
        return dataclasses.replace(LIMITS, room=16 - len(creating))

    def plan(self) -> tuple[actions.Action, ...]:
        """Return the plan."""
        return planner.plan(self.pool, self.observed(), self.limits())

    def applied(self) -> "World":
        """Return the world after its plan, Cinder having done nothing."""
        rows = {known.id: known for known in self.pool.rows}
        behind = dict(self.behind)
        current, switched_at = self.pool.current, self.pool.switched_at

        def change(of: model.PooledVolume, **changes: Any) -> None:
            rows[of.id] = dataclasses.replace(of, **changes)

        for action in self.plan():
            match action:
                case actions.Create():
                    for _ in range(action.count):
                        number = max([*rows, 0]) + 1
                        new = row(
                            number,
                            status=model.RowStatus.CREATING,
                            created_at=self.pool.now,
                        )
                        rows[number] = new
                        behind[new.marker] = volume_of(
                            new, status="creating"
                        )
                case actions.Attach():
                    change(action.row, volume_id=action.volume.id)
                case actions.Promote():
                    change(action.row, status=model.RowStatus.AVAILABLE)
                case actions.Evict():
                    change(action.row, status=model.RowStatus.DELETING)
                case actions.Delete():
                    behind[action.row.marker] = None
                case actions.Switch():
                    current, switched_at = action.snapshot_id, self.pool.now
                case actions.Forget():
                    del rows[action.row.id]
        after = dataclasses.replace(
            self.pool,
            rows=tuple(rows.values()),
            current=current,
            switched_at=switched_at,
        )
        return World(after, behind)

    def later(self) -> "World":
        """Return it five minutes on.

        What Cinder was doing is done, and who had reserved has his volume.
        """

        def done(volume: model.Volume | None) -> model.Volume | None:
            if volume is None or volume.status == "deleting":
                return None
            if volume.status == "creating":
                return dataclasses.replace(volume, status="available")
            return volume

        rows = tuple(
            known
            for known in self.pool.rows
            if known.status is not model.RowStatus.RESERVED
        )
        return World(
            dataclasses.replace(
                self.pool, rows=rows, now=self.pool.now + timedelta(minutes=5)
            ),
            {marker: done(volume) for marker, volume in self.behind.items()},
        )
