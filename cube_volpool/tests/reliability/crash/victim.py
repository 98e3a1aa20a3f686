"""The process that gets killed: a daemon alone with a socket and a file.

``python -m cube_volpool.tests.reliability.crash.victim`` reads a job a line
and forks a child for each, for starting Python anew costs seconds.  What
forks has one thread, no connection and no open ledger; the child opens its
own.  The child does a journey and ends by ``os._exit(9)`` at its point; with
it ends whatever it had in memory, on the wire and uncommitted.

Time and the watch over the invariants stay with who gave the job: the child
says on its output what it did or wants, and waits for a line.
"""

import dataclasses
import datetime
import gc
import json
import os
import sys
import traceback
from typing import Any, Final, NoReturn

import requests
import sqlalchemy as sa
from keystoneauth1 import session as ks_session

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import (
    doors,
    journeys,
    places,
    sweep,
)

#: The exit status of a child that died where it should.
DIED: Final = 9


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What a child is to do, and where."""

    journey: str
    #: Number, call and side.
    point: tuple[int, str, str]
    auth_url: str
    ledger: str
    #: Ids by name.
    projects: dict[str, str]
    snapshots: dict[str, str]
    #: ISO 8601, in UTC.
    now: str


class Link:
    """Lines of JSON over two file descriptors, unbuffered.

    What was read ahead would be lost to the other side of a fork.
    """

    def __init__(self, reads: int, writes: int) -> None:
        self._reads = reads
        self._writes = writes

    def read(self) -> Any:
        """Return the next line's value, None at the end."""
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self._reads, 1)
            if not byte:
                return None
            line += byte
        return json.loads(line)

    def write(self, value: Any) -> None:
        """Write a line."""
        os.write(self._writes, json.dumps(value).encode() + b"\n")

    def ask(self, **question: Any) -> Any:
        """Write a line and return the answer."""
        self.write(question)
        return self.read()


class _Clock:
    """The simulated time, which somebody else has."""

    def __init__(self, link: Link, now: str) -> None:
        self._link = link
        self._now = datetime.datetime.fromisoformat(now)

    def now(self) -> datetime.datetime:
        """Return the time as it was after the last call."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._now.timestamp()

    def advance(self, seconds: float) -> None:
        """Let everybody's time move on."""
        self.hear(self._link.ask(wants="time", seconds=seconds))

    sleep = advance

    def hear(self, answer: Any) -> None:
        """Take the time from an answer."""
        self._now = datetime.datetime.fromisoformat(answer["now"])


class _Cloud:
    """What a daemon's world asks of the cloud, without its state."""

    def __init__(self, job: Job) -> None:
        self.auth_url = job.auth_url
        self._job = job

    def project_id(self, name: str) -> str:
        return self._job.projects[name]

    def snapshot_id(self, name: str) -> str:
        return self._job.snapshots[name]


class _Guest(world.World):
    """A world of which somebody else has the cloud and the clock."""

    clock: Any
    cloud: Any

    def __init__(self, job: Job, link: Link, place: places.Place) -> None:
        config = journeys.ALL[job.journey].config
        super().__init__(config, place=place)
        self.clock = _Clock(link, job.now)
        self.cloud = _Cloud(job)
        self.store = self.new_store()

    def session(self) -> ks_session.Session:
        """Return a keystoneauth session over real sockets."""
        http = requests.Session()
        http.trust_env = False
        return ks_session.Session(session=http)


class _Mortal(doors.Process):
    """A process whose death is real."""

    engine: sa.Engine

    def die(self) -> NoReturn:
        """End the process."""
        os._exit(DIED)

    def die_in_transaction(self) -> None:
        """End the process in place of the next commit."""
        sa.event.listen(self.engine, "commit", lambda _: self.die())


def _live(job: Job, link: Link) -> None:
    """Do the journey; returns only when no death was met."""
    number, call, side = job.point
    place = places.Place(url=job.ledger)
    guest = _Guest(job, link, place)
    journey = journeys.ALL[job.journey]
    process = _Mortal(
        doors.Point(number, call, doors.Side(side)),
        watch=lambda: guest.clock.hear(link.ask(wants="watch")),
    )
    process.engine = place.engine
    daemon = guest.daemon(
        "victim", wrap=process.wrap, runner=journey.runner()
    )
    process.meanwhile = journey.happens_to(daemon)
    try:
        journey.act(daemon)
    except sweep.TROUBLE:
        return


def _child(job: Job, link: Link) -> NoReturn:
    try:
        _live(job, link)
    except BaseException:
        link.write({"failed": traceback.format_exc()})
        os._exit(1)
    os._exit(0)


def _warm_up() -> None:
    """Import and build once what every child would have to."""
    place = places.Place()
    sweep.count(place, journeys.ALL["hit"])
    place.close()
    gc.collect()
    gc.freeze()


def main() -> int:
    """Serve jobs until the input ends."""
    link = Link(sys.stdin.fileno(), sys.stdout.fileno())
    _warm_up()
    while (given := link.read()) is not None:
        child = os.fork()
        if not child:
            _child(Job(**given), link)
        _, status = os.waitpid(child, 0)
        link.write({"ended": os.waitstatus_to_exitcode(status)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
