"""What operators are shown one by one: volumes, claims, planned actions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from cube_volpool import actions, model
from cube_volpool.db.store import Store
from cube_volpool.decision import Decision
from cube_volpool.steering import Steering

#: Plain JSON.
Shown = Mapping[str, Any]


class Inventory:
    """Volumes and claims of the ledger, and what is planned with them."""

    def __init__(self, store: Store, steering: Steering) -> None:
        self._store = store
        self._steering = steering

    def volumes(
        self, *, after: int | None, limit: int, **filters: Any
    ) -> tuple[Sequence[Shown], int | None]:
        """Return a page of volumes, and where the next one begins."""
        rows = self._store.steering.volumes(
            after=after or 0, limit=limit, **filters
        )
        is_last = len(rows) < limit
        return (
            [self.volume(row) for row in rows],
            None if is_last else rows[-1].id,
        )

    def claims(
        self, *, after: int | None, limit: int, **filters: Any
    ) -> tuple[Sequence[Shown], int | None]:
        """Return a page of claims, the newest first, and the next one."""
        found = self._store.steering.claims(
            before=after, limit=limit, **filters
        )
        is_last = len(found) < limit
        return (
            [_claim(claim) for claim in found],
            None if is_last else found[-1].id,
        )

    def volume(self, row: model.PooledVolume) -> Shown:
        """Return one volume, as the ledger has it."""
        return {
            "id": row.volume_id,
            "marker": row.marker,
            "pool": row.pool,
            "status": row.status.value,
            "held": row.held,
            "type": row.type,
            "os_name": row.os,
            "snapshot_id": row.snapshot_id,
            "size_gib": row.size_gib,
            "availability_zone": row.availability_zone,
            "evict_reason": row.evict_reason,
            "created_at": _time(row.created_at),
            "updated_at": _time(row.updated_at),
        }

    def plan(self, pool: model.PoolName | None) -> Sequence[Shown]:
        """Return what the next round of a pool, or of each, would do.

        Raises what ``Steering.plan`` does.
        """
        return [
            {
                "name": decision.pool.spec.name,
                "actions": [
                    _action(action, decision) for action in decision.actions
                ],
                "held_back": decision.held_back,
            }
            for decision in self._steering.plan(pool)
        ]


def _claim(claim: model.Claim) -> Shown:
    """Return a claim without what other daemons alone need."""
    return {
        "project_id": claim.project_id,
        "name": claim.name,
        "status": claim.status.value,
        "source": None if claim.source is None else claim.source.value,
        "pool": claim.pool,
        "volume_id": claim.volume_id,
        "reason": claim.reason,
        "attempts": claim.attempts,
        "created_at": _time(claim.created_at),
        "updated_at": _time(claim.updated_at),
    }


def _action(action: actions.Action, decision: Decision) -> Shown:
    """Return one action in words."""
    what = type(action).__name__.lower()
    match action:
        case actions.Create():
            return _told(what, None, f"{action.count} more are to be built")
        case actions.Attach():
            why = "its create, which was not answered, was found"
            return _told(what, action.volume.id, why)
        case actions.Promote():
            return _told(what, action.row.volume_id, "it is ready")
        case actions.Evict():
            return _told(what, action.row.volume_id, action.reason)
        case actions.Delete():
            why = f"it is evicted: {action.row.evict_reason}"
            return _told(what, action.row.volume_id, why)
        case actions.Forget():
            ident = action.row.volume_id
            return _told(what, ident, "it is not in Cinder")
        case actions.Relabel():
            why = f"its volume type is called {action.type} now"
            return _told(what, action.row.volume_id, why)
        case actions.Switch():
            why = (
                f"claims by OS name get snapshot {action.snapshot_id}, of "
                f"which {action.ready} are ready, instead of "
                f"{decision.pool.current}"
            )
            return _told(what, None, why)
        case actions.Adopt():
            # Of an audit alone, which is not previewed.
            return _told(what, action.volume.id, "it is of this deployment")
        case _:
            assert_never(action)


def _told(action: str, volume_id: str | None, why: str) -> Shown:
    return {"action": action, "volume_id": volume_id, "why": why}


def _time(when: datetime) -> str:
    """Return a time of the ledger, naive UTC, as ISO 8601."""
    return f"{when.isoformat(timespec='seconds')}Z"
