"""Options that are each right, and contradict each other."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from cube_volpool import exception, settings
from cube_volpool.conf import claim as claim_group
from cube_volpool.conf import pool as pool_group
from cube_volpool.conf import reconcile as reconcile_group

#: Renewals come every third of a lease; below this a short pause of the
#: process or of the database is taken for a death.
_SHORTEST_LEASE: Final = timedelta(seconds=2)


def check_pools(pools: Sequence[settings.PoolSpec]) -> None:
    """Refuse pools that a claim could not tell apart."""
    for position, pool in enumerate(pools):
        for other in pools[:position]:
            _check_twins(pool, other)
            _check_aliases(pool, other)


def check_images(pools: Sequence[settings.PoolSpec]) -> None:
    """Refuse a surge that a change of images could not get by with."""
    for pool in pools:
        surge = pool.surge.of(pool.min_ready)
        needed = pool.switch_at.of(pool.min_ready)
        group = pool_group.group_of(pool.name)
        if pool.min_ready > 0 and surge < 1:
            raise _wrong(
                group,
                "surge",
                "leaves no room for a single volume, so nothing on a full "
                "shelf could ever be replaced",
            )
        if needed > surge:
            raise _wrong(
                group,
                "switch_at",
                f"{needed} of {pool.min_ready} volumes is more than surge, "
                f"{surge}: a full shelf could never switch",
            )


def _check_twins(pool: settings.PoolSpec, other: settings.PoolSpec) -> None:
    if _kind(pool) == _kind(other):
        raise _wrong(
            pool_group.group_of(pool.name),
            "os_name",
            f"pool {other.name} has the same os_name, volume_type, size_gib, "
            "availability_zone and source; keep one of the two",
        )


def _kind(pool: settings.PoolSpec) -> tuple[object, ...]:
    return (
        pool.os_name,
        pool.volume_type,
        pool.size_gib,
        pool.availability_zone,
        pool.snapshot_id,
    )


def _check_aliases(pool: settings.PoolSpec, other: settings.PoolSpec) -> None:
    if pool.volume_type == other.volume_type:
        return
    shared = (
        (pool.type_aliases & other.type_aliases)
        | (pool.type_aliases & {other.volume_type.lower()})
        | (other.type_aliases & {pool.volume_type.lower()})
    )
    for alias in sorted(shared):
        raise _wrong(
            pool_group.group_of(pool.name),
            "type_aliases" if alias in pool.type_aliases else "volume_type",
            f"{alias} would mean {pool.volume_type} here and "
            f"{other.volume_type} in pool {other.name}",
        )


def check_claim(claim: settings.ClaimSettings, *, timeout: timedelta) -> None:
    """Refuse contradictions in ``[claim]``; ``timeout`` is the tenant's."""
    group = claim_group.GROUP
    if claim.lease < _SHORTEST_LEASE:
        raise _wrong(
            group,
            "lease",
            f"{_text(claim.lease)} is shorter than {_text(_SHORTEST_LEASE)}: "
            "living daemons would lose their claims",
        )
    if claim.look_pause >= claim.lease:
        raise _wrong(
            group,
            "look_pause",
            f"{_text(claim.look_pause)} is not below lease, "
            f"{_text(claim.lease)}",
        )
    for other, least in (
        ("accept_timeout", claim.accept_timeout),
        ("[tenant] timeout", timeout),
    ):
        if claim.miss_grace < least:
            raise _wrong(
                group,
                "miss_grace",
                f"{_text(claim.miss_grace)} is shorter than {other}, "
                f"{_text(least)}: a create could be repeated while the first "
                "is still under way",
            )
    if claim.max_outstanding_per_project > claim.max_outstanding:
        raise _wrong(
            group,
            "max_outstanding_per_project",
            f"{claim.max_outstanding_per_project} is more than "
            f"max_outstanding, {claim.max_outstanding}",
        )


def check_reconcile(
    reconcile: settings.ReconcileSettings,
    pools: Sequence[settings.PoolSpec],
    *,
    timeout: timedelta,
) -> None:
    """Refuse contradictions around ``[reconcile]``; the pool's timeout."""
    group = reconcile_group.GROUP
    if reconcile.audit_interval < reconcile.interval:
        raise _wrong(
            group,
            "audit_interval",
            f"{_text(reconcile.audit_interval)} is shorter than interval, "
            f"{_text(reconcile.interval)}",
        )
    if reconcile.max_creating_per_snapshot > reconcile.max_creating:
        raise _wrong(
            group,
            "max_creating_per_snapshot",
            f"{reconcile.max_creating_per_snapshot} is more than "
            f"max_creating, {reconcile.max_creating}",
        )
    if reconcile.intent_grace < timeout:
        raise _wrong(
            group,
            "intent_grace",
            f"{_text(reconcile.intent_grace)} is shorter than [pool_project] "
            f"timeout, {_text(timeout)}",
        )
    for pool in pools:
        if pool.max_creating > reconcile.max_creating:
            raise _wrong(
                pool_group.group_of(pool.name),
                "max_creating",
                f"{pool.max_creating} is more than [{group}] max_creating, "
                f"{reconcile.max_creating}",
            )
        if pool.lanes > pool.max_creating:
            raise _wrong(
                pool_group.group_of(pool.name),
                "lanes",
                f"{pool.lanes} is more than max_creating, "
                f"{pool.max_creating}: some would never be used",
            )


def _text(duration: timedelta) -> str:
    return f"{duration.total_seconds():g} s"


def _wrong(
    group: str, option: str, reason: str
) -> exception.InvalidConfiguration:
    return exception.InvalidConfiguration(
        group=group, option=option, reason=reason
    )
