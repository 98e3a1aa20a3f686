"""How many claims a daemon works on at a time: in all, by project, by pool."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cube_volpool import exception, model, origin, settings

#: A claim lasts about a tenth of a second, so a place is free soon.
_RETRY_AFTER: Final = 1


class Admission:
    """Counts in this process alone; more daemons admit more."""

    def __init__(self, limits: settings.ClaimSettings) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._projects: Counter[str] = Counter()
        self._pools: Counter[str] = Counter()
        #: How they came: one by one, or several in a request.
        self._ways: Counter[str] = Counter()

    @contextmanager
    def place(
        self, project_id: model.ProjectId, *, in_batch: bool = False
    ) -> Iterator[None]:
        """Hold a place for one claim.  Raises Busy at once when full.

        ``in_batch``: it is one of a request for several.  Those have a share
        of the places, so that single claims find some at any time.
        """
        way = "batch" if in_batch else "single"
        with self._lock:
            self._refuse_when_full(project_id)
            if in_batch:
                self._refuse_batch_when_full()
            self._projects[project_id] += 1
            self._ways[way] += 1
        with self._held(self._projects, project_id), self._held(
            self._ways, way
        ):
            yield

    @contextmanager
    def pool_place(self, wanted: model.Wanted | None) -> Iterator[None]:
        """Hold a place at the pool that such rows are in.

        Raises Busy at once when that pool has its share of the claims; a
        claim that no pool serves needs no place.
        """
        if wanted is None:
            yield
            return
        # Volumes of one type and snapshot are one pool's, but for size and
        # zone; the ledger need not be asked for its name.
        key = f"{wanted.type} {wanted.snapshot_id}"
        with self._lock:
            if self._pools[key] >= self._limits.max_outstanding_per_pool:
                raise exception.Busy(
                    reason=f"{self._pools[key]} claims on "
                    f"{origin.described(wanted.snapshot_id)} are under way",
                    retry_after=_RETRY_AFTER,
                )
            self._pools[key] += 1
        with self._held(self._pools, key):
            yield

    @contextmanager
    def _held(self, places: Counter[str], key: str) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                places[key] -= 1
                if not places[key]:
                    del places[key]

    def _refuse_when_full(self, project_id: model.ProjectId) -> None:
        if self._projects.total() >= self._limits.max_outstanding:
            raise exception.Busy(
                reason="this daemon works on as many claims as it may",
                retry_after=_RETRY_AFTER,
            )
        mine = self._projects[project_id]
        if mine >= self._limits.max_outstanding_per_project:
            raise exception.Busy(
                reason=f"{mine} claims of project {project_id} are under way",
                retry_after=_RETRY_AFTER,
            )

    def _refuse_batch_when_full(self) -> None:
        if self._ways["batch"] >= self._limits.max_outstanding_in_batches:
            raise exception.Busy(
                reason="this daemon works on as many claims of requests for "
                "several volumes as it may",
                retry_after=_RETRY_AFTER,
            )
