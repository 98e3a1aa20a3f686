"""What a round applies, as ``reconcile``, ``topup`` and ``db.stock`` do."""

from collections.abc import Callable
from typing import Final

from cube_volpool.model import RowStatus
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.create_round import is_known
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
)
from cube_volpool.tests.reliability.models.create_turn import (
    Step,
    Steps,
    change,
    end,
    go,
    is_alive,
    make,
    markers,
    next_post,
    row_of,
    spend,
    volume_of,
)

_R = RowStatus


class Apply:
    """Applies what one daemon decided, step by step."""

    def __init__(self, scenario: Scenario, tables: ledger.Tables) -> None:
        self._scenario = scenario
        self._tables = tables
        self._acts: Final[dict[Act, Callable[[State, int], Steps]]] = {
            Act.CREATE: self._begin,
            Act.CHECK: self._check,
            Act.POST: self._post,
            Act.ATTACH: self._attach,
            Act.FORGET: self._forget,
            Act.FORGET_UNSENT: self._forget_unsent,
            Act.PROMOTE: self._promote,
            Act.EVICT: self._evict,
            Act.CANCEL: self._cancel,
            Act.DELETE: self._delete,
            Act.ADOPT: self._adopt,
        }

    def steps(self, state: State, place: int) -> Steps:
        """Return what this daemon may do next."""
        act = state.daemons[place].act
        return self._acts[act](state, place)

    def move(
        self, state: State, row: Row, to: str, *, by: str = "reconcile"
    ) -> State:
        """Change one row's status: the one place that does."""
        refusal = self._tables.refusal([ledger.Move(row.status, to, by)])
        if refusal:
            return state._replace(broken=refusal)
        if row.status == _R.DELETING and is_alive(state, row):
            state = state._replace(broken="I8: a condemned volume is let go")
        rows = tuple(
            other._replace(status=to) if other is row else other
            for other in state.rows
            if other is not row or to != ledger.GONE
        )
        return state._replace(rows=rows)

    def _insert(self, state: State, row: Row) -> State:
        move = ledger.Move(ledger.GONE, row.status, "reconcile")
        refusal = self._tables.refusal([move])
        if refusal:
            return state._replace(broken=refusal)
        known = [other.key for other in state.rows]
        known += [daemon.row for daemon in state.daemons]
        row = row._replace(key=1 + max(known, default=0))
        return state._replace(rows=(*state.rows, row))

    def _seen(self, state: State, daemon: Daemon) -> Row | None:
        """Return the row when it is still as it was read."""
        for row in state.rows:
            if row.key == daemon.row:
                if row.status == daemon.seen:
                    return row
                if not self._scenario.has(Guard.ROW_STATUS):
                    return row
        return None

    def _begin(self, state: State, place: int) -> Steps:
        daemon = state.daemons[place]
        compares = self._scenario.has(Guard.POOL_GENERATION)
        if compares and not daemon.is_current:
            yield end(state, place, "begin creates: lost the race")
            return
        first = 1 + max(markers(state), default=0)
        unsent = tuple(range(first, first + daemon.missing))
        # Whoever read the pool's generation before has to read it again.
        state = state._replace(
            faults=state.faults._replace(
                creates=state.faults.creates - daemon.missing
            ),
            daemons=tuple(
                other._replace(is_current=False)
                if other.act is Act.CREATE
                else other
                for other in state.daemons
            ),
        )
        for marker in unsent:
            state = self._insert(state, Row(marker))
        yield next_post(state, place, unsent, "begins creates")

    def _check(self, state: State, place: int) -> Steps:
        daemon = state.daemons[place]
        row = self._seen(state, daemon)
        is_intent = row is not None and row.volume == NONE
        if is_intent or not self._scenario.has(Guard.STILL_INTENT):
            yield go(state, place, "is an intent", act=Act.POST)
        else:
            yield next_post(
                state, place, daemon.unsent, "is no intent any more"
            )

    def _post(self, state: State, place: int) -> Steps:
        marker = state.daemons[place].marker
        done, number = make(state, marker)
        yield go(
            done, place, "the create is done", act=Act.ATTACH, volume=number
        )
        if state.faults.replays:
            twice, _ = make(spend(done, "replays"), marker)
            yield go(
                twice,
                place,
                "the create is done twice",
                act=Act.ATTACH,
                volume=number,
            )
        if state.faults.timeouts:
            spent = spend(state, "timeouts")
            done, _ = make(spent, marker)
            yield go(done, place, "unanswered", act=Act.FORGET_UNSENT)
            late = spent._replace(late_posts=(*spent.late_posts, marker))
            yield go(late, place, "unanswered yet", act=Act.FORGET_UNSENT)
        if state.faults.refusals:
            unsent = (marker, *state.daemons[place].unsent)
            yield go(
                spend(state, "refusals"),
                place,
                "the create is refused",
                act=Act.FORGET_UNSENT,
                unsent=unsent,
            )

    def _forget_unsent(self, state: State, place: int) -> Steps:
        daemon = state.daemons[place]
        if not daemon.unsent:
            yield end(state, place, "stops")
            return
        marker, *rest = daemon.unsent
        unsent = daemon._replace(
            row=row_of(state, marker), seen=_R.CREATING
        )
        row = self._seen(state, unsent)
        if row is None:
            yield end(state, place, "forget: lost the race")
            return
        state = self.move(state, row, ledger.GONE)
        yield go(state, place, "forgets it", unsent=tuple(rest))

    def _attach(self, state: State, place: int) -> Steps:
        daemon = state.daemons[place]
        row = self._seen(state, daemon)
        if row is None:
            yield end(state, place, "attach: lost the race")
            return
        if any(
            other.volume == daemon.volume and other is not row
            for other in state.rows
        ):
            yield end(state, place, "attach: another row has this volume")
            return
        rows = tuple(
            other._replace(volume=daemon.volume, age=Age.YOUNG)
            if other is row
            else other
            for other in state.rows
        )
        state = state._replace(rows=rows)
        yield next_post(state, place, daemon.unsent, "attaches")

    def _forget(self, state: State, place: int) -> Steps:
        yield self._row_to(state, place, ledger.GONE)

    def _promote(self, state: State, place: int) -> Steps:
        yield self._row_to(state, place, _R.AVAILABLE)

    def _evict(self, state: State, place: int) -> Steps:
        yield self._row_to(state, place, _R.DELETING)

    def _row_to(self, state: State, place: int, to: str) -> Step:
        row = self._seen(state, state.daemons[place])
        if row is None:
            return end(state, place, f"{to}: lost the race")
        return end(self.move(state, row, to), place, f"row is {to}")

    def _cancel(self, state: State, place: int) -> Steps:
        volume = volume_of(state, state.daemons[place].volume)
        if volume.status is Made.OFFERED:
            state = change(state, volume, status=Made.AVAILABLE)
        yield go(state, place, "cancels transfers", act=Act.DELETE)
        if state.faults.timeouts:
            spent = spend(state, "timeouts")
            yield end(spent, place, "the cancel was not answered")

    def _delete(self, state: State, place: int) -> Steps:
        daemon = state.daemons[place]
        volume = volume_of(state, daemon.volume)
        if state.faults.timeouts:
            spent = spend(state, "timeouts")
            yield self._sent_delete(spent, place, "DELETE does not arrive")
        if volume.status in (Made.AVAILABLE, Made.ERROR):
            row = next(
                (r for r in state.rows if r.volume == volume.number), None
            )
            state = change(state, volume, status=Made.DELETED)
            is_condemned = row is None or row.status == _R.DELETING
            # A condemned row that an old backup does not have is back as a
            # stranger while its DELETE is out.
            if not is_condemned and not self._is_restored(state):
                state = state._replace(broken="I8: deleted, not condemned")
        yield self._sent_delete(state, place, "sends DELETE")

    def _is_restored(self, state: State) -> bool:
        return state.faults.restores < self._scenario.faults.restores

    def _sent_delete(self, state: State, place: int, text: str) -> Step:
        if self._scenario.has(Guard.DELETE_UNTIL_GONE):
            return end(state, place, text)
        return self._row_to(state, place, ledger.GONE)

    def _adopt(self, state: State, place: int) -> Steps:
        daemon = state.daemons[place]
        volume = volume_of(state, daemon.volume)
        if is_known(self._scenario, state, volume):
            yield end(state, place, "adopt: it has a row")
            return
        marker, status = daemon.marker, str(_R.CREATING)
        is_twin = any(row.marker == marker for row in state.rows)
        if is_twin and Lesson.TWINS not in self._scenario.learnt:
            yield end(state, place, "adopt: its marker has a row")
            return
        if marker == CLAIMED or is_twin:
            status = _R.DELETING
        if marker in (CLAIMED, NONE) or is_twin:
            marker = 1 + max(markers(state), default=0)
        row = Row(marker, status, volume.number)
        yield end(self._insert(state, row), place, f"adopts it: {status}")
