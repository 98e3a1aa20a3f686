"""The sweep with a real kill: the first daemon is a process of its own."""

import contextlib
import dataclasses
import select
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from cube_volpool.db.store import PARTS
from cube_volpool.tests import simulator
from cube_volpool.tests.reliability.crash import (
    doors,
    journeys,
    sweep,
    victim,
)
from cube_volpool.tests.reliability.crash.places import Place
from cube_volpool.tests.simulator.application import Application

#: How long a child may think about its next call, in seconds.
_PATIENCE: Final = 60.0


class Killer:
    """Gives jobs to the process that forks the victims.

    The cloud of each run is served on one loopback socket.
    """

    def __init__(
        self, place: Place, server: simulator.Server, link: victim.Link,
        answers: int,
    ) -> None:
        self.place = place
        self.server = server
        self.link = link
        self._answers = answers

    def read(self) -> Any:
        """Return what the victim says next; fails when it says nothing."""
        ready, _, _ = select.select([self._answers], [], [], _PATIENCE)
        if not ready:
            raise AssertionError(f"no word from the victim in {_PATIENCE} s")
        said = self.link.read()
        if said is None:
            raise AssertionError("the process that forks the victims ended")
        return said


@contextlib.contextmanager
def killer(place: Place) -> Iterator[Killer]:
    """Start the process that forks the victims; ended at the end."""
    with (
        simulator.serve(simulator.Cloud.lab()) as server,
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", victim.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        answers = process.stdout.fileno()
        link = victim.Link(answers, process.stdin.fileno())
        try:
            yield Killer(place, server, link, answers)
        finally:
            process.stdin.close()
            process.kill()


class KilledRun(sweep.Run):
    """A run whose first daemon is killed."""

    def __init__(
        self, by: Killer, name: str, point: doors.Point
    ) -> None:
        super().__init__(by.place, journeys.ALL[name])
        self._by = by
        self._name = name
        self._point = point

    def act(self) -> None:
        """Let the victim do the journey; it must die at its point."""
        by, point = self._by, self._point
        dead = doors.Process()
        self.processes.append(dead)
        by.server.application = Application(self.world.cloud)
        by.link.write(dataclasses.asdict(self._job()))
        while "ended" not in (said := by.read()):
            if "failed" in said:
                raise AssertionError(said["failed"])
            if said["wants"] == "time":
                self.world.clock.advance(said["seconds"])
            else:
                self.watch()
            by.link.write({"now": self.world.clock.now().isoformat()})
        if said["ended"] != victim.DIED:
            raise AssertionError(f"{said['ended']}: nothing died {point}")
        dead.is_dead = True

    def _job(self) -> victim.Job:
        cloud = self.world.cloud
        point = self._point
        return victim.Job(
            journey=self._name,
            point=(point.number, point.call, point.side),
            auth_url=self._by.server.auth_url,
            ledger=self._by.place.url,
            projects={
                project.name: project.id
                for project in cloud.identity.projects.values()
            },
            snapshots={
                str(snapshot.name): snapshot.id
                for snapshot in cloud.snapshots.values()
            },
            now=self.world.clock.now().isoformat(),
        )


def points(calls: list[str]) -> list[doors.Point]:
    """Return every moment at which a process can be killed.

    Also with a transaction open; but not with a call on its way, for the
    simulator executes what it was sent.
    """
    found = []
    for number, call in enumerate(calls, start=1):
        sides = [doors.Side.BEFORE, doors.Side.AFTER]
        if call.partition(".")[0] in PARTS and not doors.is_read(call):
            sides.insert(1, doors.Side.DURING)
        found += [doors.Point(number, call, side) for side in sides]
    return found


def kill_at(
    by: Killer, name: str, point: doors.Point, order: sweep.Order
) -> list[str]:
    """Kill the daemon there, recover, and return what is wrong then."""
    with KilledRun(by, name, point) as run:
        run.act()
        run.recover(order)
        return [f"{point}, {order}: {problem}" for problem in run.problems]
