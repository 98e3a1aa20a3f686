"""The small steps that the daemons of the top-up model are written with."""

from collections.abc import Iterator

from cube_volpool.model import RowStatus
from cube_volpool.tests.reliability.models.create_state import (
    NONE,
    Act,
    Made,
    Row,
    State,
    Volume,
)

_R = RowStatus
Step = tuple[str, State]
Steps = Iterator[Step]


def markers(state: State) -> Iterator[int]:
    yield from (row.marker for row in state.rows)
    yield from (volume.marker for volume in state.volumes)
    yield from state.late_posts
    for daemon in state.daemons:
        yield from (daemon.marker, *daemon.unsent)


def next_post(
    state: State, place: int, unsent: tuple[int, ...], text: str
) -> Step:
    """Go on to the next intent of a top-up, if there is one."""
    if not unsent:
        return end(state, place, text)
    return go(
        state,
        place,
        text,
        act=Act.CHECK,
        row=row_of(state, unsent[0]),
        marker=unsent[0],
        seen=str(_R.CREATING),
        volume=NONE,
        unsent=unsent[1:],
    )


def row_of(state: State, marker: int) -> int:
    """Return the id of the row with a marker, NONE when it is gone."""
    found = (row.key for row in state.rows if row.marker == marker)
    return next(found, NONE)


def go(state: State, place: int, text: str, **changes) -> Step:
    """Let a daemon go on."""
    daemons = list(state.daemons)
    label = f"daemon, m{daemons[place].marker}: {text}"
    daemons[place] = daemons[place]._replace(**changes)
    return label, state._replace(daemons=tuple(daemons))


def end(state: State, place: int, text: str) -> Step:
    """Let a daemon's round end."""
    label = f"daemon, m{state.daemons[place].marker}: {text}"
    rest = state.daemons[:place] + state.daemons[place + 1 :]
    return label, state._replace(daemons=rest)


def spend(state: State, fault: str) -> State:
    """Use one fault up."""
    left = getattr(state.faults, fault) - 1
    return state._replace(faults=state.faults._replace(**{fault: left}))


def make(state: State, marker: int) -> tuple[State, int]:
    """Let Cinder begin a volume; return its number too."""
    number = 1 + max((v.number for v in state.volumes), default=0)
    volume = Volume(number, marker)
    return state._replace(volumes=(*state.volumes, volume)), number


def change(state: State, volume: Volume, **changes) -> State:
    """Return the state with one volume changed."""
    volumes = tuple(
        other._replace(**changes) if other is volume else other
        for other in state.volumes
    )
    return state._replace(volumes=volumes)


def is_alive(state: State, row: Row) -> bool:
    return row.volume != NONE and (
        volume_of(state, row.volume).status is not Made.DELETED
    )


def volume_of(state: State, number: int) -> Volume:
    """Return a volume by its number."""
    return next(v for v in state.volumes if v.number == number)
