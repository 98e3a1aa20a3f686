"""A crowd: very many volumes of very many pools, and the projects to claim.

Filling pools by creates would take hours; here a cloud is as it is after
them.  Whoever needs rows for the volumes makes them of ``volumes()``, which
yields the same ones each time.
"""
import bisect
import datetime
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from cube_volpool import model
from cube_volpool.tests.simulator import lab, quota, records
from cube_volpool.tests.simulator.cloud import SERVICE_UUID, Cloud

TYPE = "ssd"
SIZE_GIB = 1


@dataclass(frozen=True, slots=True)
class Pooled:
    """A volume on the shelf, and how long ago it was made, in seconds."""

    pool: str
    volume_id: str
    marker: str
    age: int


def volumes(count: int, pools: int) -> Iterator[Pooled]:
    """Yield so many volumes, the oldest first, of the pools in turns."""
    chance = random.Random(count)

    def ident() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    for number in range(count):
        yield Pooled(
            pool(number % pools), ident(), ident(), count - number)


def pool(number: int) -> str:
    """The name of a pool, and of its OS."""
    return f"os-{number:03}"


def project(number: int) -> str:
    """The name of a project."""
    return f"crowd-{number:04}"


def seed(cloud: Cloud, *, count: int, pools: int, projects: int,
         deployment: str) -> None:
    """Put images, volumes and projects there, all at once.

    Listings in Cinder's stable order cost their page from now on. Whoever
    changes a volume's owner by hand says so to ``cloud.moved()``.
    """
    for number in range(pools):
        lab.seed_source(cloud, pool(number), TYPE, size=SIZE_GIB)
    for number in range(projects):
        cloud.add_project(project(number))
        cloud.identity.grant("skyline", project(number), "member")
    kind, owner = cloud.type_of(TYPE), cloud.project_id("volpool")
    sources = {name: cloud.snapshot_id(f"{name}_{TYPE}_{lab.DATE}")
               for name in map(pool, range(pools))}
    for one in volumes(count, pools):
        made = cloud.second() - datetime.timedelta(seconds=one.age)
        volume = records.Volume(
            one.volume_id, owner, owner, SIZE_GIB, made,
            name=model.pooled_name(model.Marker(one.marker)),
            status="available", bootable=True, volume_type=kind,
            snapshot_id=sources[one.pool], updated_at=made,
            host=f"lab@{TYPE}#{TYPE}", service_uuid=SERVICE_UUID,
            shared_targets=False, metadata={
                model.DEPLOYMENT_KEY: deployment,
                model.MARKER_KEY: one.marker,
                model.POOL_KEY: one.pool})
        cloud.volumes[volume.id] = volume
        cloud.quota.add(owner, quota.of_volume(volume))
    cloud.order = Order(cloud)


class Order:
    """A project's volumes as Cinder lists them, the oldest first.

    Sorted when first asked after a change of what there is. The cloud's
    lock guards it.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kept: dict[str, list[records.Volume]] = {}

    def moved(self) -> None:
        """Another volume is there, or one is not, or has another owner."""
        self._kept.clear()

    def behind(self, project_id: str,
               marker: records.Volume | None) -> Iterator[records.Volume]:
        """Yield a project's volumes that come after one, or all."""
        kept = self._kept.get(project_id)
        if kept is None:
            kept = sorted((row for row in self._cloud.volumes.values()
                           if row.project_id == project_id), key=_age)
            self._kept[project_id] = kept
        start = 0 if marker is None else bisect.bisect_right(
            kept, _age(marker), key=_age)
        for place in range(start, len(kept)):
            yield kept[place]


def _age(row: records.Volume) -> tuple[datetime.datetime, str]:
    return row.created_at, row.id
