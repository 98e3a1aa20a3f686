"""What a change of images would be without a guard."""

import dataclasses
from typing import Any

from cube_volpool import actions


def built_image(original: Any) -> Any:
    """Claims by OS name get what is built, ready or not."""

    def current(self: Any, request: Any, kind: str, specs: Any) -> Any:
        records = self._store.pools.list()
        for spec in specs:
            record = records.get(spec.name)
            if spec.os_name == request.os_name and record is not None:
                return record.source_snapshot_id, None
        return original(self, request, kind, specs)

    return current


def room_of_any(original: Any) -> Any:
    """What is finished of the old image makes room for the new one."""

    def deficit(pool: Any, decided: Any, limits: Any) -> Any:
        old = sum(
            isinstance(action, actions.Promote)
            and not pool.is_fresh(action.row)
            for action in decided
        )
        more = dataclasses.replace(
            limits, room_of_source=limits.room_of_source + old
        )
        return original(pool, decided, more)

    return deficit
