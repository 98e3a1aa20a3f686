"""What changes around the pool: snapshots, quotas, cinder-volume."""

import random

from cube_volpool.tests.reliability.histories import town
from cube_volpool.tests.simulator import Cloud


class Surroundings:
    """Each change returns what it was, or None: there was nothing to do."""

    def __init__(self, cloud: Cloud, chance: random.Random) -> None:
        self._cloud = cloud
        self._chance = chance
        self._published = 0

    def publish(self) -> str:
        """Put a newer snapshot there."""
        self._published += 1
        return town.publish(self._cloud, self._chance, self._published)

    def withdraw(self) -> str | None:
        """Delete a snapshot, current or not; never the last one."""
        named = sorted(
            (s for s in self._cloud.snapshots.values()),
            key=lambda s: s.name or "",
        )
        found = self._chance.choice(named)
        prefix = (found.name or "").rpartition("_")[0]
        same = [s for s in named if (s.name or "").startswith(prefix)]
        if len(same) < 2:
            return None
        self._cloud.drop_snapshot(found)
        return found.name

    def limit(self) -> str:
        """Change the quota of a project."""
        project = self._chance.choice(town.PROJECTS)
        used = self._cloud.quota.usage[
            self._cloud.project_id(project), "volumes"
        ]
        limit = self._chance.choice((used, used + 1, 5000, 5000))
        self._cloud.set_quota(project, volumes=limit)
        return f"{project} {limit}"

    def plan(self) -> str:
        """Let the next jobs of cinder-volume go wrong."""
        kind = self._chance.choice(("create", "delete", "cast"))
        outcome = self._chance.choice(
            {
                "create": ("error", "stuck"),
                "delete": ("error", "busy", "stuck"),
                "cast": ("error", "stuck"),
            }[kind]
        )
        times = self._chance.choice((1, 1, 2, 3))
        self._cloud.backend.plan(kind, outcome, times=times)
        return f"{kind} {outcome} {times}"

    def stop(self) -> str | None:
        """Let cinder-volume die."""
        if not self._cloud.backend.up:
            return None
        self._cloud.backend.stop()
        return "cinder-volume"

    def start(self) -> str | None:
        """Let it come back."""
        if self._cloud.backend.up:
            return None
        self._cloud.backend.start()
        return "cinder-volume"
