"""Who and what there is in a run: projects, pools, requests."""

import dataclasses
import random
from datetime import timedelta
from typing import Final

from cube_volpool import model, settings
from cube_volpool.tests import world
from cube_volpool.tests.reliability.histories.callers import Caller
from cube_volpool.tests.simulator import Cloud, lab

PROJECTS: Final = ("skyline-a", "skyline-b", "skyline-c")
#: What is asked for: (OS, type).
KINDS: Final = (("debian-12", "ssd"), ("debian-12", "sas"))
#: Of these sizes pools are built by two lanes.
_LANED: Final = (3, 6)
_AGREED: Final = {"role": "boot"}


def found(cloud: Cloud) -> None:
    """Let there be a third project, and a service account of no rights.

    The accounts of tenants act in the pool's project as well: it has callers
    like any other, who see the stock there.
    """
    cloud.add_project("skyline-c")
    for user in ("admin", "skyline"):
        cloud.identity.grant(user, "skyline-c", "admin")
        cloud.identity.grant(user, "volpool", "admin")
    cloud.set_quota(
        "skyline-c", volumes=5000, gigabytes=20000, snapshots=100
    )
    for project in PROJECTS:
        cloud.add_user("carrier", **{project: "member"})


def draw_settings(chance: random.Random) -> settings.Settings:
    """Return a configuration; all daemons of a run begin with it."""
    return settings.Settings(
        deployment=world.DEPLOYMENT,
        pools=draw_pools(chance),
        catalogue=settings.CatalogueSettings(naming_rule=world.RULE),
        claim=settings.ClaimSettings(
            create_on_miss=chance.random() < 0.8,
            attempts=chance.choice((1, 2, 3)),
            max_outstanding_per_project=chance.choice((2, 32)),
        ),
        reconcile=settings.ReconcileSettings(
            max_creating=chance.choice((2, 4, 16)),
            max_creating_per_snapshot=chance.choice((2, 4)),
            deletes_per_hour=chance.choice((20, 100)),
            # Short beside a whole rest, which ends with fresh shelves alone.
            drain_time=timedelta(minutes=chance.choice((0, 1, 15))),
            drain_per_round=chance.choice((1, 2)),
            poison_after=chance.choice((0, 3)),
        ),
        purge_after=chance.choice((timedelta(hours=1), timedelta(days=30))),
    )


def draw_pools(chance: random.Random) -> tuple[settings.PoolSpec, ...]:
    """Return one pool or two."""
    kinds = KINDS if chance.random() < 0.6 else KINDS[:1]
    pools = (
        world.spec(
            f"{os_name}-{kind}",
            os_name=os_name,
            volume_type=kind,
            type_aliases=frozenset(),
            min_ready=chance.choice((0, 1, 2, 3, 4, 6, 8)),
            max_creating=chance.choice((2, 4)),
            max_age=chance.choice((None, None, timedelta(hours=2))),
            **_draw_change(chance),
        )
        for os_name, kind in kinds
    )
    # Large ones have lanes; that is drawn already.
    return tuple(
        dataclasses.replace(pool, lanes=2 if pool.min_ready in _LANED else 1)
        for pool in pools
    )


def _draw_change(chance: random.Random) -> dict[str, settings.Share]:
    """Return how a pool changes its image: as one, by half, one by one."""
    share = chance.choice(
        (
            settings.Share(),
            settings.Share(percent=50),
            settings.Share(volumes=1),
        )
    )
    return {"surge": share, "switch_at": share}


def newest(cloud: Cloud, os_name: str, kind: str) -> str | None:
    """Return the id of the newest snapshot of an OS and type."""
    named = [
        snapshot
        for snapshot in cloud.snapshots.values()
        if (snapshot.name or "").startswith(f"{os_name}_{kind}_")
    ]
    last = max(named, key=lambda s: s.name or "", default=None)
    return None if last is None else last.id


def draw_caller(
    cloud: Cloud,
    chance: random.Random,
    *,
    now: float,
    user: str | None,
    names: int,
) -> Caller:
    """Return somebody new; ``user`` is None where tokens are the callers'."""
    project = chance.choice(PROJECTS)
    if chance.random() < 0.05:
        project = "volpool"
    ident = model.ProjectId(cloud.project_id(project))
    os_name, kind = chance.choice(KINDS)
    snapshot = newest(cloud, os_name, kind)
    by_os = chance.random() < 0.15 or snapshot is None
    metadata = dict(_AGREED)
    if chance.random() < 0.1:
        metadata["role"] = "other"
    # The pool's own project as well: it sees the volumes that are being
    # handed over, by the names that their callers gave.
    name = f"host{chance.randrange(names)}_sys"
    return Caller(
        key=(project, name),
        who=model.Caller(
            project_id=ident,
            auth_token=None if user else _token(cloud, chance, project),
        ),
        request=model.ClaimRequest(
            name=name,
            volume_type=kind,
            snapshot_id=None if by_os else model.SnapshotId(snapshot or ""),
            os_name=os_name if by_os else None,
            metadata=metadata,
        ),
        budget=chance.choice((0.5, 3, 10, 30, 30)),
        tries=chance.choice((1, 2, 4, 8)),
        due=now,
    )


def draw_party(
    cloud: Cloud,
    chance: random.Random,
    *,
    now: float,
    user: str | None,
    names: int,
) -> list[Caller]:
    """Return somebody new, now and then one who wants several volumes."""
    first = draw_caller(cloud, chance, now=now, user=user, names=names)
    party = {first.key: first}
    if chance.random() < 0.25:
        for _ in range(chance.choice((1, 2, 3))):
            name = f"host{chance.randrange(names)}_sys"
            key = first.key[0], name
            request = dataclasses.replace(first.request, name=name)
            party.setdefault(
                key, dataclasses.replace(first, key=key, request=request)
            )
    return list(party.values())


def _token(cloud: Cloud, chance: random.Random, project: str) -> str:
    """Return a token, now and then one of another project."""
    if project == "volpool":
        return f"volpool@{cloud.project_id('volpool')}"
    if chance.random() < 0.02:
        project = chance.choice(PROJECTS)
    return f"carrier@{cloud.project_id(project)}"


def publish(cloud: Cloud, chance: random.Random, number: int) -> str:
    """Put a newer snapshot of some OS and type there; return its name."""
    os_name, kind = chance.choice(KINDS)
    date = str(20261120 + number)
    lab.seed_source(cloud, os_name, kind, size=1, date=date)
    return f"{os_name}_{kind}_{date}"
