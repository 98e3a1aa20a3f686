"""Callers at a steady pace: skyline's workers, and what they were told.

The pace is kept whatever the answers are, as long as not too many callers
are at it: a fleet of workers has a size.
"""

import random
import threading
import time
import uuid
from concurrent import futures
from typing import Any

import fixtures
from keystoneauth1 import adapter, session
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1.identity import v3

from cube_volpool import client, exception
from cube_volpool.tests.chaos.history import (
    Attempt,
    History,
    Key,
    Outcome,
)
from cube_volpool.tests.chaos.installation import SNAPSHOTS, Installation
from cube_volpool.tests.simulator import lab

PROJECTS = ("skyline-a", "skyline-b")
#: What one call may take, in seconds.
_BUDGET = 5.0
#: A task waits what the error says, but no longer, in seconds.
_LONGEST_PAUSE = 2.0
#: As many tasks at a time; then the next waits for its turn.
_WORKERS = 64
#: How long a customer keeps a volume, in seconds: longer than any request
#: for it can be on its way, for a repeat after that would make a new one.
_KEPT = 60.0
#: One task in so many asks once, whatever it is told.
_ASKS_ONCE = 10
#: One task in so many goes the way of skyline's worker.
_WORKER = 5

#: The contract of these: nothing was given.
_NOTHING = (
    exception.Busy,
    exception.CinderUnavailable,
    exception.PoolEmpty,
    exception.QuotaExceeded,
    exception.InvalidRequest,
    exception.ProjectMismatch,
)
_UNCLEAR = (exception.ClaimInProgress, exception.ClaimMismatch)
#: What a worker's own calls to Cinder end with.
_CLOUD = (ks_exceptions.ClientException,)


class CldAPI:
    """The cloud as skyline's worker sees it in one project."""

    def __init__(self, auth_url: str, project_id: str) -> None:
        auth = v3.Password(
            auth_url, username="skyline", password=lab.PASSWORD,
            user_domain_id="default", project_id=project_id,
        )
        self.context = {"project_id": project_id}
        self._cinder = adapter.Adapter(
            session.Session(auth, timeout=4), service_type="block-storage",
            region_name="RegionOne",
        )

    def get(self, _service: str, url: str) -> Any:
        """Return the decoded answer of a GET."""
        return self._cinder.get(f"/{url}").json()

    def post(self, _service: str, url: str, body: Any) -> Any:
        """Return the decoded answer of a POST."""
        return self._cinder.post(f"/{url}", json=body).json()


class Load(fixtures.Fixture):
    """Claims at ``rate`` a second, recorded in ``history``."""

    def __init__(
        self, installation: Installation, history: History, *, rate: float
    ) -> None:
        self.history = history
        self.rate = rate
        #: Tasks that no worker was free for.
        self.held_up = 0
        self._installation = installation
        self._cloud = installation.cloud
        self._stopping = threading.Event()
        self._given_up = threading.Event()
        self._tasks: set[futures.Future[None]] = set()
        self._released: set[str] = set()

    def _setUp(self) -> None:
        self._apis = {
            project: CldAPI(
                self._installation.auth_url, self._cloud.project_id(project)
            )
            for project in PROJECTS
        }
        self._free = threading.Semaphore(_WORKERS)
        self._pool = futures.ThreadPoolExecutor(_WORKERS)
        self.addCleanup(self._pool.shutdown, cancel_futures=True)
        self.addCleanup(self._given_up.set)
        self._pacer = threading.Thread(target=self._pace, daemon=True)
        self._pacer.start()
        self.addCleanup(self._stopping.set)

    def finish(self, patience: float) -> int:
        """Begin no more tasks; return how many did not come to an end."""
        self._stopping.set()
        self._pacer.join()
        left = futures.wait(tuple(self._tasks), patience).not_done
        self._given_up.set()
        return len(left)

    def burst(self, count: int) -> None:
        """Begin so many tasks at once, as far as workers are free."""
        for _ in range(count):
            self._begin(once=False)

    def _pace(self) -> None:
        number = 0
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            self._begin(
                once=number % _ASKS_ONCE == 0,
                as_worker=number % _WORKER == 1,
            )
            number += 1
            # Behind a hiccup of this process nothing is made up for.
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            if number % max(1, int(self.rate)) == 0:
                self._release()

    def _begin(self, *, once: bool, as_worker: bool = False) -> None:
        if not self._free.acquire(blocking=False):
            self.held_up += 1
            return
        project = random.choice(PROJECTS)
        key = Key(
            self._cloud.project_id(project), f"{uuid.uuid4().hex[:12]}_sys"
        )
        run = self._worker if as_worker else self._claimer
        future = self._pool.submit(run, project, key, once)
        self._tasks.add(future)
        future.add_done_callback(self._ended)

    def _ended(self, future: futures.Future[None]) -> None:
        self._free.release()
        self._tasks.discard(future)

    def _claimer(self, project: str, key: Key, once: bool) -> None:
        kind = random.choice(tuple(SNAPSHOTS))

        def call() -> tuple[str, str | None]:
            answer = client.claim_volume(
                {"project_id": key.project_id},
                {
                    "name": key.name,
                    "volume_type": kind,
                    "snapshot_id": self._cloud.snapshot_id(SNAPSHOTS[kind]),
                },
                budget=_BUDGET,
            )
            return answer["volume"]["id"], answer["source"]

        while not self._attempt(key, "claim", call):
            if once or self._given_up.is_set():
                return

    def _worker(self, project: str, key: Key, once: bool) -> None:
        kind = random.choice(tuple(SNAPSHOTS))
        tried_at: list[float] = []

        def call() -> tuple[str, str | None]:
            found = client.create_volume_if_absent(
                self._apis[project],
                key.name.removesuffix("_sys"),
                "sys",
                volume_type=kind,
                snapshot_id=self._cloud.snapshot_id(SNAPSHOTS[kind]),
                budget=_BUDGET,
                first_tried_at=tried_at[0] if tried_at else None,
            )
            return found, None

        first = time.time()
        while not self._attempt(key, "worker", call):
            if self._given_up.is_set():
                return
            tried_at.append(first)

    def _attempt(self, key: Key, way: str, call: Any) -> bool:
        """Make one call, note it; True when there is a volume.

        After an error returns when the next attempt is due.
        """
        begun = time.monotonic()
        volume_id = source = None
        error: Exception | None = None
        try:
            volume_id, source = call()
            outcome = Outcome.OK
        except _UNCLEAR as unclear:
            outcome, error = Outcome.INFO, unclear
        except _NOTHING as nothing:
            outcome, error = Outcome.FAIL, nothing
        except _CLOUD as cloud:
            outcome, error = Outcome.INFO, cloud
        except Exception as strange:
            outcome, error = Outcome.STRANGE, strange
        self.history.add(
            Attempt(
                key=key, way=way, begun=begun, ended=time.monotonic(),
                outcome=outcome, volume_id=volume_id, source=source,
                error="" if error is None else
                f"{type(error).__name__}: {error}",
            )
        )
        if error is not None:
            pause = getattr(error, "retry_after", 1)
            time.sleep(min(pause, _LONGEST_PAUSE) * random.uniform(0.5, 1))
        return error is None

    def _release(self) -> None:
        """Let customers delete what they have had for a while."""
        now = time.monotonic()
        due = self.history.between(now - _KEPT - 5, now - _KEPT)
        for attempt in due:
            if attempt.volume_id and attempt.volume_id not in self._released:
                self._released.add(attempt.volume_id)
                with self._cloud.lock:
                    volume = self._cloud.volumes.get(attempt.volume_id)
                    if volume is not None and volume.status == "available":
                        self._cloud.drop_volume(volume)
