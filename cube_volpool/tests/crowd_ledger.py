"""The ledger of a crowd: what it has once ``crowd`` filled a cloud."""

import itertools
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models
from cube_volpool.tests.simulator import crowd, lab
from cube_volpool.tests.simulator.cloud import Cloud

#: Rows in one INSERT.
_CHUNK: Final = 2000


def fill(
    engine: sa.Engine,
    cloud: Cloud,
    *,
    volumes: int,
    pools: int,
    claims: int = 0,
    projects: int = 0,
) -> None:
    """Write the rows of all volumes, and claims that have ended."""
    _insert(engine, models.backup_volumes, _rows(cloud, volumes, pools))
    if claims:
        ended = _claims(cloud, claims, pools=pools, projects=projects)
        _insert(engine, models.claims, ended)


def _insert(
    engine: sa.Engine, table: sa.Table, rows: Iterable[Mapping[str, Any]]
) -> None:
    waiting = iter(rows)
    while chunk := list(itertools.islice(waiting, _CHUNK)):
        with engine.begin() as connection:
            connection.execute(sa.insert(table), chunk)


def _rows(cloud: Cloud, volumes: int, pools: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of all volumes, each on the shelf."""
    sources = {
        name: cloud.snapshot_id(f"{name}_{crowd.TYPE}_{lab.DATE}")
        for name in map(crowd.pool, range(pools))
    }
    type_id = cloud.type_of(crowd.TYPE).id
    for one in crowd.volumes(volumes, pools):
        made = cloud.volumes[one.volume_id].created_at.replace(tzinfo=None)
        marker = model.Marker(one.marker)
        yield {
            "marker": marker,
            "pool": one.pool,
            "volume_id": one.volume_id,
            "name": model.pooled_name(marker),
            "type": crowd.TYPE,
            "volume_type_id": type_id,
            "os": one.pool,
            "snapshot_id": sources[one.pool],
            "size_gib": crowd.SIZE_GIB,
            "availability_zone": "nova",
            "status": model.RowStatus.AVAILABLE,
            "held": False,
            "generation": 1,
            "created_at": made,
            "updated_at": made,
        }


def _claims(
    cloud: Cloud, claims: int, *, pools: int, projects: int
) -> Iterator[dict[str, Any]]:
    """Yield claims that were given a volume, of all projects in turns."""
    ids = [
        cloud.project_id(crowd.project(number)) for number in range(projects)
    ]
    now = cloud.second().replace(tzinfo=None)
    for number in range(claims):
        yield {
            "marker": str(uuid.uuid4()),
            "params_hash": "x" * 64,
            "project_id": ids[number % projects],
            "name": f"old-{number}",
            "status": model.ClaimStatus.BOUND,
            "source": model.Source.POOL,
            "pool": crowd.pool(number % pools),
            "volume_id": str(uuid.uuid4()),
            "owner_token": str(uuid.uuid4()),
            "lease_until": now,
            "generation": 1,
            "attempts": 1,
            "created_at": now,
            "updated_at": now,
        }
