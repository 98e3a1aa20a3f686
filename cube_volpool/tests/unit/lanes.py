"""Values for the tests of lanes, and worlds in which plans are applied."""

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from cube_volpool import lanes, model, twin
from cube_volpool.tests.unit import stock

NOW: Final = datetime(2026, 11, 28, 12)
SOURCE: Final = model.SnapshotId("snapshot-2")
OLD: Final = model.SnapshotId("snapshot-1")
_K, _S = twin.Kind, twin.Status


def marker(number: int) -> model.Marker:
    """Return the marker of the row of that number."""
    return model.Marker(str(uuid.UUID(int=number)))


def carrier(number: int = 1, **changes: Any) -> twin.Twin:
    """Return a carrier of the source, ready for a minute."""
    values: dict[str, Any] = {
        "id": number,
        "marker": marker(number),
        "pool": model.PoolName("deb"),
        "kind": _K.CARRIER,
        "source_id": SOURCE,
        "carrier": None,
        "cinder_id": f"v{number}",
        "status": _S.AVAILABLE,
        "reason": None,
        "failures": 0,
        "created_at": NOW - timedelta(minutes=1),
        "updated_at": NOW - timedelta(minutes=1),
    }
    return twin.Twin(**{**values, **changes})


def taken(number: int, of: int = 1, **changes: Any) -> twin.Twin:
    """Return a twin, ready, of the carrier with that number."""
    values = {
        "kind": _K.TWIN,
        "carrier": marker(of),
        "cinder_id": f"s{number}",
        **changes,
    }
    return carrier(number, **values)


def shown(
    one: twin.Twin, of: int = 1, **changes: Any
) -> model.Volume | model.Snapshot:
    """Return what Cinder shows of it when all is well."""
    common: dict[str, Any] = {
        "id": one.cinder_id or f"found-{one.id}",
        "name": one.name,
        "status": "available",
        "size_gib": 1,
        "metadata": twin.metadata(one, stock.DEPLOYMENT),
    }
    if one.kind is _K.TWIN:
        values = {**common, "volume_id": f"v{of}", **changes}
        return model.Snapshot(**values)
    values = {
        "project_id": "pool",
        "volume_type": "ssd",
        "snapshot_id": one.source_id,
        "bootable": True,
        "availability_zone": "nova",
        "attached": False,
        "created_at": one.created_at,
        "body": {},
        **common,
        **changes,
    }
    return model.Volume(**values)


def view(*twins: twin.Twin, **changes: Any) -> lanes.View:
    """Return a pool that wants three lanes."""
    spec = stock.spec(
        min_ready=changes.pop("min_ready", 6),
        max_creating=6,
        lanes=changes.pop("lanes", 3),
    )
    values: dict[str, Any] = {
        "spec": spec,
        "deployment": stock.DEPLOYMENT,
        "source_id": SOURCE,
        "current_id": SOURCE,
        "is_paused": False,
        "is_drained": False,
        "twins": twins,
        "busy": frozenset(),
        "now": NOW,
        "intent_grace": timedelta(minutes=15),
        "twin_timeout": timedelta(minutes=10),
        "carrier_timeout": timedelta(minutes=40),
        "has_room": True,
        "may_make": True,
    }
    return lanes.View(**{**values, **changes})


@dataclasses.dataclass(frozen=True)
class World:
    """A pool, and what Cinder has of it, by marker."""

    view: lanes.View
    behind: Mapping[model.Marker, lanes.Shown]

    def plan(self) -> tuple[lanes.Action, ...]:
        """Return the plan, everything looked at."""
        return lanes.plan(self.view, self.behind)

    def applied(self) -> "World":
        """Return the world once the plan is done, and Cinder has obeyed."""
        rows = {one.marker: one for one in self.view.twins}
        behind = dict(self.behind)
        for action in self.plan():
            _apply(action, rows, behind)
        return World(
            dataclasses.replace(self.view, twins=tuple(rows.values())),
            behind,
        )


def _apply(
    action: lanes.Action,
    rows: dict[model.Marker, twin.Twin],
    behind: dict[model.Marker, lanes.Shown],
) -> None:
    number = max([one.id for one in rows.values()], default=0) + 1
    match action:
        case lanes.Carry():
            made = carrier(
                number, source_id=action.source_id, status=_S.CREATING
            )
            rows[made.marker], behind[made.marker] = made, shown(made)
        case lanes.Copy():
            of = action.carrier
            for place in range(action.count):
                made = taken(
                    number + place, of.id, status=_S.CREATING,
                    source_id=of.source_id,
                )
                rows[made.marker] = made
                behind[made.marker] = shown(
                    made, volume_id=of.cinder_id
                )
        case lanes.Attach():
            _change(rows, action.one, cinder_id=action.cinder_id)
        case lanes.Promote():
            _change(rows, action.one, status=_S.AVAILABLE)
        case lanes.Condemn():
            _change(rows, action.one, status=_S.DELETING)
        case lanes.Remove():
            behind[action.one.marker] = None
        case lanes.Forget():
            del rows[action.one.marker], behind[action.one.marker]


def _change(
    rows: dict[model.Marker, twin.Twin], one: twin.Twin, **changes: Any
) -> None:
    rows[one.marker] = dataclasses.replace(one, **changes)


def later(world: World) -> World:
    """Return the world once Cinder has ended what it does, hours later."""
    behind = {
        marker: _ended(found) for marker, found in world.behind.items()
    }
    view_ = dataclasses.replace(
        world.view, now=world.view.now + timedelta(hours=3)
    )
    return World(view_, behind)


def _ended(found: lanes.Shown) -> lanes.Shown:
    if found is None or found.status == "deleting":
        return None
    if found.status == "creating":
        return dataclasses.replace(found, status="available")
    return found
