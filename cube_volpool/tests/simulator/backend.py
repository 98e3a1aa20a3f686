"""What cinder-volume does after the API answered 202, by the clock.

Creates from one snapshot are serial (one exclusive lock per snapshot),
and at most three flattens run side by side.
*Source:* cinder volume/flows/manager/create_volume.py and
rbd_concurrent_flatten_operations.
"""
import dataclasses
import datetime
import enum
import heapq
import itertools
from collections.abc import Callable

from cube_volpool.tests.simulator.clock import Clock


class Outcome(enum.StrEnum):
    """How a job ends."""

    OK = "ok"
    """As wanted."""
    ERROR = "error"
    """The volume ends in error, or error_deleting."""
    BUSY = "busy"
    """Only of a delete: the volume is available again."""
    STUCK = "stuck"
    """Never ends; holds neither lock nor slot."""


@dataclasses.dataclass(slots=True)
class Timing:
    """How long the slow things take, in seconds.

    The defaults are those of a real Cinder on a small Ceph.
    """

    build_seconds: float = 0.4
    build_seconds_per_gib: float = 2.5
    delete_seconds: float = 0.3
    snapshot_seconds: float = 0.3
    extend_seconds: float = 0.3
    rpc_response_timeout: float = 60.0


@dataclasses.dataclass(slots=True)
class Job:
    """One piece of backend work on the volume or snapshot ``target``."""

    kind: str
    target: str
    seconds: float
    finish: Callable[[Outcome], None]
    lock: str | None = None
    flattens: bool = False
    outcome: Outcome = Outcome.OK


@dataclasses.dataclass(slots=True)
class _Plan:
    kind: str
    outcome: Outcome
    times: int | None
    lock: str | None
    target: str | None


class Backend:
    """The queue of jobs and what runs. The cloud's lock guards it."""

    def __init__(self, clock: Clock, timing: Timing, *,
                 flatten_slots: int = 3) -> None:
        self._clock = clock
        self.timing = timing
        self.flatten_slots = flatten_slots
        self.up = True
        self.time = clock.now()
        self._order = itertools.count()
        self._queue: list[Job] = []
        self._running: list[tuple[datetime.datetime, int, Job]] = []
        self._plans: list[_Plan] = []

    def plan(self, kind: str, outcome: Outcome | str, *,
             times: int | None = 1, lock: str | None = None,
             target: str | None = None) -> None:
        """Say how coming jobs end.

        Args:
            kind: ``create``, ``delete``, ``snapshot``,
                ``snapshot-delete``, ``extend``, or ``cast``: the message
                of a create to the scheduler, ``stuck`` when it is lost
                behind a 202, ``error`` when the broker refuses it: the
                row stays ``creating`` without a host, the client gets
                500.
            outcome: how they end; ``times=None`` means from now on.
            lock: only those of this snapshot.
            target: only that of this volume or snapshot.
        """
        self._plans.append(_Plan(kind, Outcome(outcome), times, lock,
                                 target))

    def submit(self, job: Job) -> None:
        """Queue a job; it starts as soon as its lock and slot are free."""
        job.outcome = self.planned(job.kind, job.target, job.lock)
        self._queue.append(job)
        self._start(self._clock.now())

    def settle(self) -> None:
        """Let everything happen that was due until now, in order."""
        now = self._clock.now()
        while self.up and self._running and self._running[0][0] <= now:
            due, _, job = heapq.heappop(self._running)
            self.time = due
            job.finish(job.outcome)
            self._start(due)
        self.time = now

    def pending(self, kind: str | None = None) -> list[Job]:
        """What runs or waits, the running first."""
        jobs = [job for _, _, job in sorted(
            self._running, key=lambda entry: entry[:2])] + self._queue
        return [job for job in jobs if kind in (None, job.kind)]

    def forget(self, target: str) -> None:
        """Drop every job of a volume or snapshot that is gone."""
        self._queue = [j for j in self._queue if j.target != target]
        self._running = [r for r in self._running if r[2].target != target]
        heapq.heapify(self._running)
        self._start(self._clock.now())

    def stop(self) -> None:
        """The service dies: nothing runs, synchronous calls time out."""
        self.settle()
        self.up = False

    def start(self) -> None:
        """The service is back: every create under way ends in error.

        *Source:* cinder volume/manager.py, _do_cleanup.
        """
        self.up = True
        jobs, self._queue, self._running = self.pending(), [], []
        for job in jobs:
            if job.kind == "create":
                job.finish(Outcome.ERROR)
            else:
                self._queue.append(job)
        self._start(self._clock.now())

    def planned(self, kind: str, target: str,
                lock: str | None) -> Outcome:
        """Take the planned outcome of one job; OK when none fits."""
        for plan in self._plans:
            if (plan.kind == kind and plan.lock in (None, lock)
                    and plan.target in (None, target)):
                if plan.times is not None:
                    plan.times -= 1
                    if plan.times <= 0:
                        self._plans.remove(plan)
                return plan.outcome
        return Outcome.OK

    def _start(self, at: datetime.datetime) -> None:
        if not self.up:
            return
        locks = {job.lock for _, _, job in self._running if job.lock}
        slots = self.flatten_slots - sum(
            job.flattens for _, _, job in self._running)
        waiting = []
        for job in self._queue:
            if job.outcome is Outcome.STUCK:
                continue
            if job.lock in locks or (job.flattens and slots <= 0):
                waiting.append(job)
            else:
                due = at + datetime.timedelta(seconds=job.seconds)
                heapq.heappush(self._running,
                               (due, next(self._order), job))
                slots -= job.flattens
            if job.lock:
                locks.add(job.lock)
        self._queue = waiting
