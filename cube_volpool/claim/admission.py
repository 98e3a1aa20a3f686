"""How many claims a daemon works on at a time, in all and per project."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cube_volpool import exception, model, settings

#: A claim lasts about a tenth of a second, so a place is free soon.
_RETRY_AFTER: Final = 1


class Admission:
    """Counts in this process alone; more daemons admit more."""

    def __init__(self, limits: settings.ClaimSettings) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._projects: Counter[model.ProjectId] = Counter()

    @contextmanager
    def place(self, project_id: model.ProjectId) -> Iterator[None]:
        """Hold a place for one claim.  Raises Busy at once when full."""
        with self._lock:
            self._refuse_when_full(project_id)
            self._projects[project_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._projects[project_id] -= 1
                if not self._projects[project_id]:
                    del self._projects[project_id]

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
