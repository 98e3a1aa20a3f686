"""The callers: they ask, wait, and ask again as the client library would."""

import dataclasses
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from cube_volpool import exception, model
from cube_volpool.tests.reliability.histories.daemons import Daemon
from cube_volpool.tests.reliability.histories.history import Event, Key, Kind
from cube_volpool.tests.reliability.histories.hub import Hub, Task

#: Answers after which a caller asks again.
_AGAIN: Final = (
    exception.ClaimInProgress,
    exception.Busy,
    exception.CinderUnavailable,
    exception.Withheld,
)
#: What a caller waits beyond its budget for an answer, in seconds.
_MARGIN: Final = 5.0
#: How many ask together at most.
_TOGETHER: Final = 4


@dataclasses.dataclass(eq=False)
class Caller:
    """Somebody who wants one volume."""

    key: Key
    who: model.Caller
    request: model.ClaimRequest
    budget: float
    tries: int
    #: When it asks next, in seconds of the clock.
    due: float
    task: Task | None = None
    daemon: Daemon | None = None
    attempt: int = 0
    #: Where in the request, when it asked with others.
    place: int | None = None
    gives_up_at: float = 0.0
    is_over: bool = False


class Callers:
    """All of them, and the history of what they saw.

    ``judge`` is told every answer: (caller, volume body, source); ``gone``
    says which of the volumes of a key need not be the answer any more, now
    that this one is.
    """

    def __init__(
        self,
        hub: Hub,
        chance: random.Random,
        daemons: list[Daemon],
        *,
        judge: Callable[[Caller, Mapping[str, Any], str], None],
        gone: Callable[[set[str], str | None], list[str]],
    ) -> None:
        self.history: list[Event] = []
        self.waiting: list[Caller] = []
        self.counted: Counter[str] = Counter()
        self.defects: list[str] = []
        self._hub = hub
        self._chance = chance
        self._daemons = daemons
        self._judge = judge
        self._gone = gone
        #: When somebody asked for a key for the first time.
        self.asked_since: dict[Key, float] = {}
        self._known: dict[Key, set[str]] = defaultdict(set)
        self._attempts = 0
        #: By key and body: somebody who asked that.
        self._asked: dict[tuple[Key, str], Caller] = {}

    def add(self, caller: Caller) -> None:
        """Somebody comes."""
        token = caller.who.auth_token or caller.who.project_id
        if token.endswith(caller.who.project_id):
            # One with a wrong token could settle nothing.
            self._asked[caller.key, caller.request.params_hash()] = caller
        self.waiting.append(caller)

    def come_back(self, key: Key, params_hash: str) -> None:
        """Let one who asked exactly that ask again, with all patience."""
        caller = self._asked[key, params_hash]
        self.add(
            dataclasses.replace(
                caller, tries=40, budget=30, due=self._hub.now, task=None,
                is_over=False,
            )
        )

    def due(self) -> list[Caller]:
        """Return those who would ask now."""
        return [
            caller
            for caller in self.waiting
            if caller.task is None and caller.due <= self._hub.now
        ]

    def ask(self, caller: Caller) -> bool:
        """Let a caller send its claim to some daemon; False: none is up.

        With all others for whom the same one asks just now.
        """
        if caller.task is not None:
            return True
        up = [daemon for daemon in self._daemons if daemon.is_up]
        if not up:
            return False
        daemon = self._chance.choice(up)
        others = {
            other.key: other
            for other in self.due()
            if (other.who, other.budget) == (caller.who, caller.budget)
        }
        together = list({caller.key: caller, **others}.values())
        self._send(daemon, caller, together[:_TOGETHER])
        return True

    def _send(
        self, daemon: Daemon, first: Caller, together: list[Caller]
    ) -> None:
        self._attempts += 1
        is_all = len(together) > 1 and self._chance.random() < 0.4
        requests = [caller.request for caller in together]

        def one() -> Any:
            return daemon.claim(first.who, first.request, budget=first.budget)

        def several() -> Any:
            return daemon.claim_many(
                first.who,
                requests,
                budget=first.budget,
                all_or_nothing=is_all,
            )

        work = several if len(together) > 1 else one
        self.counted["requests for several"] += work is several
        task = self._hub.spawn(
            f"{daemon.name}:claim#{self._attempts}", daemon.life, work
        )
        task.attempt = self._attempts
        for place, caller in enumerate(together):
            self.asked_since.setdefault(caller.key, self._hub.now)
            caller.attempt = self._attempts
            caller.place = place if len(together) > 1 else None
            caller.daemon = daemon
            caller.gives_up_at = self._hub.now + caller.budget + _MARGIN
            caller.task = task
            self.counted["claims"] += 1
            self._tell(caller, Kind.INVOKE)

    def listen(self) -> None:
        """Hear the answers that are in, and give up what takes too long."""
        for caller in [c for c in self.waiting if c.task is not None]:
            task = caller.task
            assert task is not None
            if task.is_over:
                self._answered(caller, task)
            elif self._hub.now >= caller.gives_up_at:
                self.counted["no answer"] += 1
                self._tell(caller, Kind.INFO, error="no answer")
                self._again(caller, 1)

    def _answered(self, caller: Caller, task: Task) -> None:
        if task.outcome is None:
            # It died; its caller hears nothing, and waits for nothing.
            self._tell(caller, Kind.INFO, error="crash")
            self.counted["died"] += 1
            self._again(caller, self._chance.uniform(0, caller.budget))
            return
        good, value = task.outcome
        if good and caller.place is not None:
            value = value[caller.place]
            good = not isinstance(value, Exception)
        if good:
            self.counted[f"ok, {value.source}"] += 1
            self._tell(
                caller,
                Kind.OK,
                volume_id=value.volume["id"],
                source=str(value.source),
            )
            self._judge(caller, value.volume, str(value.source))
            self._leave(caller)
        elif isinstance(value, exception.VolpoolError):
            self._refused(caller, value)
        else:
            self.defects.append(f"a claim raised {value!r}")
            self._leave(caller)

    def _refused(self, caller: Caller, error: exception.VolpoolError) -> None:
        name = type(error).__name__
        self.counted[name] += 1
        unknown = isinstance(error, exception.ClaimInProgress)
        kind = Kind.INFO if unknown else Kind.FAIL
        self._tell(caller, kind, error=name)
        if isinstance(error, _AGAIN):
            fields: dict[str, float] = getattr(error, "kwargs", {})
            self._again(caller, float(fields.get("retry_after", 5)))
        else:
            self._leave(caller)

    def _again(self, caller: Caller, delay: float) -> None:
        caller.tries -= 1
        caller.task = None
        caller.due = self._hub.now + delay
        if caller.tries <= 0:
            self._leave(caller)

    def _leave(self, caller: Caller) -> None:
        caller.is_over = True
        self.waiting.remove(caller)

    def arrived(self, attempt: int, key: Key, volume_id: str) -> None:
        """A volume came into a project, on behalf of a claim call."""
        self._known[key].add(volume_id)
        self.history.append(Event(Kind.ARRIVE, key, attempt, volume_id))

    def moved(self, volume_id: str) -> None:
        """An operator gave a volume to another project."""
        self.history.append(Event(Kind.MOVED, ("", ""), 0, volume_id))

    def _tell(
        self,
        caller: Caller,
        kind: Kind,
        *,
        volume_id: str | None = None,
        source: str | None = None,
        error: str | None = None,
    ) -> None:
        known = self._known[caller.key]
        for lost in self._gone(known, volume_id):
            known.discard(lost)
            self.history.append(Event(Kind.GONE, caller.key, 0, lost))
        if volume_id is not None:
            known.add(volume_id)
        self.history.append(
            Event(kind, caller.key, caller.attempt, volume_id, source, error)
        )
