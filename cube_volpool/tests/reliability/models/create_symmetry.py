"""States of the top-up model that differ in nothing are made equal.

Rows and volumes are put in order and numbered anew; a volume that is deleted
and that nobody remembers is dropped.
"""

from cube_volpool.tests.reliability.models.create_state import (
    CLAIMED,
    NONE,
    Made,
    Row,
    State,
    Volume,
)


def normal(state: State) -> State:
    """Return the state that stands for this one."""
    rows = _sorted_rows(state)
    markers = _numbered(
        [row.marker for row in rows]
        + sorted(v.marker for v in state.volumes)
        + sorted(state.late_posts)
        + [m for d in state.daemons for m in (d.marker, *d.unsent)]
    )
    keys = _numbered([row.key for row in rows])
    kept = _kept_volumes(state, markers)
    numbers = _numbered([volume.number for volume in kept])
    daemons = (
        daemon._replace(
            row=keys.get(daemon.row, NONE),
            marker=markers[daemon.marker],
            volume=numbers[daemon.volume],
            unsent=tuple(markers[m] for m in daemon.unsent),
        )
        for daemon in state.daemons
    )
    return state._replace(
        rows=tuple(
            row._replace(
                marker=markers[row.marker],
                volume=numbers[row.volume],
                key=keys[row.key],
            )
            for row in rows
        ),
        volumes=tuple(
            volume._replace(
                number=numbers[volume.number], marker=markers[volume.marker]
            )
            for volume in kept
        ),
        daemons=tuple(sorted(daemons)),
        late_posts=tuple(sorted(markers[m] for m in state.late_posts)),
    )


def _sorted_rows(state: State) -> list[Row]:
    status = {volume.number: volume.status for volume in state.volumes}

    def content(row: Row) -> tuple:
        return row.status, row.age, status.get(row.volume, ""), row.marker

    return sorted(state.rows, key=content)


def _kept_volumes(state: State, markers: dict[int, int]) -> list[Volume]:
    remembered = {row.volume for row in state.rows}
    remembered |= {daemon.volume for daemon in state.daemons}

    def content(volume: Volume) -> tuple:
        return markers[volume.marker], volume.status, volume.number

    return sorted(
        (
            volume
            for volume in state.volumes
            if volume.status is not Made.DELETED
            or volume.number in remembered
        ),
        key=content,
    )


def _numbered(seen: list[int]) -> dict[int, int]:
    """Number what was seen, in order, from one."""
    new = {NONE: NONE, CLAIMED: CLAIMED}
    for number in seen:
        new.setdefault(number, len(new) - 1)
    return new
