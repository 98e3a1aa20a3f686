"""The top-up protocol as an explicit-state model.

Daemons that look, decide and apply; what one of them read may be old when it
is applied.  A create may run late, twice, or never; builds may fail; claims
take rows off the shelf; the ledger may be an old backup.

What it assumes, because the protocol does: no daemon is stopped for longer
than ``intent_grace`` between ``is_still_intent`` and its POST.
"""

from collections.abc import Iterator

from cube_volpool.model import RowStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.create_apply import Apply
from cube_volpool.tests.reliability.models.create_round import Round
from cube_volpool.tests.reliability.models.create_state import (
    CLAIMED,
    NONE,
    Act,
    Age,
    Made,
    Row,
    Scenario,
    State,
)
from cube_volpool.tests.reliability.models.create_symmetry import normal
from cube_volpool.tests.reliability.models.create_turn import (
    Steps,
    change,
    end,
    make,
    spend,
    volume_of,
)

_R = RowStatus
#: Faults after each of which one volume more than the target may be there.
_AMBIGUOUS = ("timeouts", "crashes", "replays", "slow", "restores", "lags")
#: A daemon that does this is at work on an intent.
_SENDING = (Act.CHECK, Act.POST, Act.ATTACH, Act.FORGET_UNSENT)


class CreateModel:
    """One run: how it begins and what is left to chance."""

    def __init__(
        self, scenario: Scenario, tables: ledger.Tables | None = None
    ) -> None:
        self.scenario = scenario
        self.tables = tables or ledger.Tables()
        self._round = Round(scenario)
        self._apply = Apply(scenario, self.tables)

    def initial(self) -> State:
        """An empty pool."""
        return State(self.scenario.faults)

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        """Return what may happen next."""
        for label, following in self._all_steps(state):
            yield label, normal(following)

    def _all_steps(self, state: State) -> Steps:
        if len(state.daemons) < self.scenario.daemons:
            for text, daemon, fault in self._round.decisions(state):
                after = spend(state, fault) if fault else state
                daemons = (*after.daemons, daemon)
                yield (
                    f"a daemon, m{daemon.marker}: {text}",
                    after._replace(daemons=daemons),
                )
        for place in range(len(state.daemons)):
            yield from self._apply.steps(state, place)
            if state.faults.crashes:
                yield self._crash(spend(state, "crashes"), place)
        yield from self._cinder(state)
        yield from self._time(state)
        yield from self._claims(state)

    def _crash(self, state: State, place: int) -> tuple[str, State]:
        daemon = state.daemons[place]
        if daemon.act is Act.POST:
            posts = (*state.late_posts, daemon.marker)
            state = state._replace(late_posts=posts)
        return end(state, place, "CRASH")

    def _cinder(self, state: State) -> Steps:
        for place, marker in enumerate(state.late_posts):
            rest = state.late_posts[:place] + state.late_posts[place + 1 :]
            without = state._replace(late_posts=rest)
            yield f"late create of m{marker} is lost", without
            yield f"late create of m{marker} runs", make(without, marker)[0]
        for volume in state.volumes:
            if volume.status is Made.BUILDING:
                yield (
                    f"the volume of m{volume.marker} is finished",
                    change(state, volume, status=Made.AVAILABLE),
                )
                if state.faults.errors:
                    yield (
                        f"the volume of m{volume.marker} fails",
                        change(
                            spend(state, "errors"), volume, status=Made.ERROR
                        ),
                    )
            elif volume.status is Made.AVAILABLE and state.faults.vanishes:
                yield (
                    f"the volume of m{volume.marker} is deleted by hand",
                    change(
                        spend(state, "vanishes"), volume, status=Made.DELETED
                    ),
                )

    def _time(self, state: State) -> Steps:
        for row in state.rows:
            if row.volume != NONE or row.age is Age.OLD:
                continue
            is_busy = any(
                row.marker == daemon.marker or row.marker in daemon.unsent
                for daemon in state.daemons
                if daemon.act in _SENDING
            )
            may_post = row.marker in state.late_posts or any(
                row.marker == daemon.marker and daemon.act is Act.POST
                for daemon in state.daemons
            )
            if row.age is Age.LOST:
                if not may_post:
                    yield self._aged(state, row, Age.OLD)
            elif not is_busy:
                yield self._aged(state, row, Age.LOST)
            elif state.faults.slow:
                yield self._aged(spend(state, "slow"), row, Age.LOST)

    def _aged(self, state: State, row: Row, age: Age) -> tuple[str, State]:
        rows = tuple(
            other._replace(age=age) if other is row else other
            for other in state.rows
        )
        return f"m{row.marker} is {age}", state._replace(rows=rows)

    def _claims(self, state: State) -> Steps:
        for row in state.rows:
            if row.status == _R.AVAILABLE and state.faults.claims:
                spent = spend(state, "claims")
                yield (
                    f"a claim reserves m{row.marker}",
                    self._apply.move(spent, row, _R.RESERVED, by="claimant"),
                )
            if row.status == _R.RESERVED:
                yield from self._reserved(state, row)
            if state.faults.restores:
                rows = tuple(r for r in state.rows if r is not row)
                yield (
                    f"an old backup has no m{row.marker}",
                    spend(state, "restores")._replace(rows=rows),
                )

    def _reserved(self, state: State, row: Row) -> Steps:
        volume = volume_of(state, row.volume)
        if volume.status is Made.AVAILABLE and volume.marker != CLAIMED:
            yield (
                f"its claim renames and offers m{row.marker}",
                change(state, volume, status=Made.OFFERED, marker=CLAIMED),
            )
        back = self._apply.move
        if volume.status is Made.OFFERED:
            given = change(state, volume, status=Made.DELETED)
            yield (
                f"the claim of m{row.marker} is bound",
                back(given, row, ledger.GONE, by="claimant"),
            )
        if volume.marker != CLAIMED:
            yield (
                f"its claim hands m{row.marker} back",
                back(state, row, _R.AVAILABLE, by="claimant"),
            )
        yield (
            f"its claim evicts m{row.marker}",
            back(state, row, _R.DELETING, by="claimant"),
        )

    def violation(self, state: State) -> str | None:
        """Say which invariant does not hold."""
        if state.broken:
            return state.broken
        attached = [r.volume for r in state.rows if r.volume != NONE]
        if len(attached) != len(set(attached)):
            return "I1: two rows of one volume"
        for row in state.rows:
            if row.status == _R.AVAILABLE and (
                volume_of(state, row.volume).marker == CLAIMED
            ):
                return "I3: what a claim had renamed is on the shelf"
        if self._supply(state) > self.scenario.target + self._surge(state):
            return "I6: more than the target and the ambiguity allow"
        return None

    def _surge(self, state: State) -> int:
        """Return how many faults there were that nobody can see through."""
        return sum(
            getattr(self.scenario.faults, fault)
            - getattr(state.faults, fault)
            for fault in _AMBIGUOUS
        )

    def _supply(self, state: State) -> int:
        """Return how many volumes there are, or may come, for the shelf."""
        condemned = {
            row.volume for row in state.rows if row.status == _R.DELETING
        }
        volumes = sum(
            volume.number not in condemned
            and volume.status not in (Made.ERROR, Made.DELETED)
            for volume in state.volumes
        )
        posts = sum(daemon.act is Act.POST for daemon in state.daemons)
        return volumes + posts + len(state.late_posts)

    def is_clean(self, state: State) -> bool:
        """Is the shelf full, and everything else gone?"""
        if state.daemons or state.late_posts:
            return False
        if any(row.status != _R.AVAILABLE for row in state.rows):
            return False
        shelved = {row.volume for row in state.rows}
        live = {
            volume.number
            for volume in state.volumes
            if volume.status is not Made.DELETED
        }
        missing = self.scenario.target - len(state.rows)
        return shelved == live and (
            missing == 0 or (missing > 0 and not state.faults.creates)
        )
