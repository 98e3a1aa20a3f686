"""Cinder's quotas: limits and usage by project and resource."""
import collections

from cube_volpool.tests.simulator import records
from cube_volpool.tests.simulator.answers import Refusal

DEFAULTS = {
    "volumes": 10, "snapshots": 10, "gigabytes": 1000, "backups": 10,
    "backup_gigabytes": 1000, "per_volume_gigabytes": -1, "groups": 10,
}


class Quota:
    """Limits, usage and leaked reservations. The cloud's lock guards it.

    ``usage`` is counted, not computed, as in Cinder: a test that wants
    drift adds to it.
    """

    def __init__(self) -> None:
        self.limits: dict[tuple[str, str], int] = {}
        self.usage: collections.Counter[tuple[str, str]] = (
            collections.Counter())
        self.reserved: collections.Counter[tuple[str, str]] = (
            collections.Counter())

    def limit(self, project_id: str, resource: str) -> int:
        """The limit in force; -1 is none."""
        return self.limits.get((project_id, resource),
                               DEFAULTS.get(resource, -1))

    def total(self, project_id: str, resource: str) -> int:
        """In use and reserved."""
        key = project_id, resource
        return self.usage[key] + self.reserved[key]

    def check(self, project_id: str, deltas: dict[str, int],
              resource: str = "volumes") -> None:
        """Refuse with 413 what would go over; the first in order speaks.

        *Source:* cinder quota_utils.process_reserve_over_quota.
        """
        for name in sorted(deltas):
            delta, limit = deltas[name], self.limit(project_id, name)
            total = self.total(project_id, name)
            if delta < 0 or limit < 0 or limit >= delta + total:
                continue
            raise Refusal(413, _over(name, delta=delta, limit=limit,
                                     total=total, resource=resource))

    def check_growth(self, project_id: str, deltas: dict[str, int]) -> None:
        """Refuse with 413 an extension that would go over.

        Whichever quota it is, Cinder tells the project's figures of all
        types.  *Source:* cinder ``volume/api.py:API._extend``.
        """
        try:
            self.check(project_id, deltas)
        except Refusal as refusal:
            told = _over("gigabytes", delta=deltas["gigabytes"],
                         limit=self.limit(project_id, "gigabytes"),
                         total=self.total(project_id, "gigabytes"),
                         resource="volumes")
            raise Refusal(413, told) from refusal

    def check_one(self, project_id: str, size: int) -> None:
        """Refuse with 413 a volume larger than any may be."""
        limit = self.limit(project_id, "per_volume_gigabytes")
        if 0 <= limit < size:
            raise Refusal(413, f"Requested volume size {size}G is larger "
                               f"than maximum allowed limit {limit}G.")

    def add(self, project_id: str, deltas: dict[str, int]) -> None:
        """Commit; like Cinder never below zero."""
        for name, delta in deltas.items():
            key = project_id, name
            self.usage[key] = max(self.usage[key] + delta, 0)


def of_volume(volume: records.Volume, sign: int = 1) -> dict[str, int]:
    """What one volume counts for."""
    return of_size(volume.size, volume.volume_type, sign=sign)


def of_size(size: int, volume_type: records.VolumeType | None, *,
            sign: int = 1) -> dict[str, int]:
    """What a volume of this size (GiB) and type counts for."""
    deltas = {"volumes": sign, "gigabytes": sign * size}
    if volume_type is not None:
        deltas[f"volumes_{volume_type.name}"] = sign
        deltas[f"gigabytes_{volume_type.name}"] = sign * size
    return deltas


def of_snapshot(snapshot: records.Snapshot, sign: int = 1) -> dict[str, int]:
    """What one snapshot counts for."""
    deltas = {"snapshots": sign, "gigabytes": sign * snapshot.size}
    if snapshot.volume_type is not None:
        name = snapshot.volume_type.name
        deltas[f"snapshots_{name}"] = sign
        deltas[f"gigabytes_{name}"] = sign * snapshot.size
    return deltas


def _over(name: str, *, delta: int, limit: int, total: int,
          resource: str) -> str:
    if "gigabytes" in name:
        return ("Requested volume or snapshot exceeds allowed "
                f"{name} quota. Requested {delta}G, quota is {limit}G and "
                f"{total}G has been consumed.")
    if resource == "snapshots":
        return f"Maximum number of snapshots allowed ({limit}) exceeded"
    return (f"Maximum number of volumes allowed ({limit}) exceeded for "
            f"quota '{name}'.")
