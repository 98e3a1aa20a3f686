"""What a round decides, as ``observe`` and ``planner`` have it.

One action at a time: a round that decides several is several rounds, and
every action is applied to the row as it was read here.
"""

from collections.abc import Iterator

from cube_volpool.model import RowStatus
from cube_volpool.tests.reliability.models.create_state import (
    CLAIMED,
    NONE,
    Act,
    Age,
    Daemon,
    Guard,
    Lesson,
    Made,
    Row,
    Scenario,
    State,
    Volume,
)

_R = RowStatus
#: A decision: what it is called, what the daemon does, the fault it takes.
Decision = tuple[str, Daemon, str]


class Round:
    """Decides; changes nothing."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def decisions(self, state: State) -> Iterator[Decision]:
        """Return everything that some round may decide now."""
        missing = self.deficit(state)
        if missing > 0 and state.faults.creates:
            count = min(missing, state.faults.creates)
            yield "plans creates", Daemon(Act.CREATE, missing=count), ""
        for row in state.rows:
            if row.volume == NONE:
                yield from self._of_intent(state, row)
            elif row.status != _R.RESERVED:
                yield from self._of_row(state, row)
        if self._scenario.has(Guard.TRIM):
            yield from self._surplus(state)
        if self._scenario.has(Guard.SWEEPER):
            for volume in state.volumes:
                yield from self._of_stranger(state, volume)

    def deficit(self, state: State) -> int:
        """Return how many rows are missing, as the planner counts."""
        counts = self._scenario.has(Guard.INTENT_COUNTS)
        supply = 0
        for row in state.rows:
            is_intent = row.volume == NONE
            if is_intent and not self._scenario.has(Guard.INTENT_FIRST):
                continue
            if is_intent and counts and row.age is not Age.YOUNG:
                continue
            supply += row.status != _R.DELETING
        return self._scenario.target - supply

    def _of_intent(self, state: State, row: Row) -> Iterator[Decision]:
        named = [
            volume
            for volume in state.volumes
            if volume.marker == row.marker
            and volume.status is not Made.DELETED
        ]
        daemon = Daemon(Act.ATTACH, row.key, row.marker, row.status)
        for volume in named:
            found = daemon._replace(volume=volume.number)
            yield "finds the create", found, ""
        is_old = row.age is Age.OLD or not self._scenario.has(Guard.GRACE)
        forget = daemon._replace(act=Act.FORGET)
        if is_old and not named:
            yield "finds no create", forget, ""
        elif is_old and state.faults.lags:
            yield "finds no create in a stale listing", forget, "lags"
        if not named and not self._scenario.has(Guard.ONE_POST):
            again = daemon._replace(act=Act.POST)
            yield "sends the create again", again, ""

    def _of_row(self, state: State, row: Row) -> Iterator[Decision]:
        volume = _volume(state, row.volume)
        daemon = _evicts(row)
        if volume.status is Made.DELETED:
            yield "gets 404", daemon._replace(act=Act.FORGET), ""
            return
        if not self._scenario.has(Guard.GET_FIRST) and state.faults.stale:
            gone = daemon._replace(act=Act.FORGET)
            yield "misses it in a listing", gone, "stale"
        if row.status == _R.DELETING:
            if volume.status is not Made.BUILDING:
                first = Act.CANCEL
                if not self._scenario.has(Guard.CANCEL_FIRST):
                    first = Act.DELETE
                yield "will delete", daemon._replace(act=first), ""
        elif row.status == _R.CREATING:
            waits = self._scenario.has(Guard.TOLD_GRACE)
            if state.faults.hidden and not waits:
                gone = daemon._replace(act=Act.FORGET)
                yield "gets 404 from a replica", gone, "hidden"
            yield from self._of_creating(state, volume, daemon)
        elif volume.status is not Made.AVAILABLE or volume.marker == CLAIMED:
            yield "sees that it changed", daemon, ""

    def _of_creating(
        self, state: State, volume: Volume, daemon: Daemon
    ) -> Iterator[Decision]:
        if volume.status is Made.AVAILABLE:
            yield "sees it finished", daemon._replace(act=Act.PROMOTE), ""
        elif volume.status is not Made.BUILDING:
            yield f"sees {volume.status}", daemon, ""
        elif state.faults.errors:
            yield "thinks it stuck", daemon, "errors"

    def _surplus(self, state: State) -> Iterator[Decision]:
        shelf = [row for row in state.rows if row.status == _R.AVAILABLE]
        if len(shelf) > self._scenario.target:
            for row in shelf:
                yield "sees a surplus", _evicts(row), ""

    def _of_stranger(
        self, state: State, volume: Volume
    ) -> Iterator[Decision]:
        """A marked volume in the listing that no row knows."""
        if volume.status is Made.DELETED or is_known(
            self._scenario, state, volume
        ):
            return
        marker = volume.marker
        if marker == CLAIMED and not self._scenario.has(Guard.CLAIM_MARKER):
            marker = NONE
        daemon = Daemon(Act.ADOPT, marker=marker, volume=volume.number)
        yield "finds a stranger", daemon, ""


def is_known(scenario: Scenario, state: State, volume: Volume) -> bool:
    """Has a row the volume's marker, or its id?"""
    if any(row.volume == volume.number for row in state.rows):
        return True
    twins = Lesson.TWINS in scenario.learnt
    return any(
        row.marker == volume.marker
        # Only an intent may still be waiting for it.
        and (row.volume == NONE or not twins)
        for row in state.rows
    )


def _evicts(row: Row) -> Daemon:
    return Daemon(Act.EVICT, row.key, row.marker, row.status, row.volume)


def _volume(state: State, number: int) -> Volume:
    for volume in state.volumes:
        if volume.number == number:
            return volume
    raise AssertionError(number)
