"""Wire to values, of operators' requests; see ``request`` for the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cube_volpool import model
from cube_volpool.rpc import operator_schema as schema
from cube_volpool.rpc import request

#: Of a page, where the caller does not say.
_LIMIT: Final = 100


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where a listing goes on, and how far."""

    after: int | None
    limit: int


def parse_sync(arguments: Mapping[str, Any]) -> bool:
    """Return ``dry_run`` of ``sync_os``.

    This and the others raise InvalidRequest.
    """
    request.check(schema.SYNC, arguments)
    return bool(arguments.get("dry_run"))


def parse_rollback(arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Return the OS and type of ``rollback_os``."""
    request.check(schema.ROLLBACK, arguments)
    return arguments["os_name"], arguments["volume_type"]


def parse_allow(arguments: Mapping[str, Any]) -> model.SnapshotId:
    """Return the snapshot of ``allow_os``."""
    request.check(schema.ALLOW, arguments)
    return model.SnapshotId(request.cinder_id(arguments["snapshot_id"]))


def parse_pool(arguments: Mapping[str, Any]) -> model.PoolName:
    """Return the pool of a method that steers one."""
    request.check(schema.POOL, arguments)
    return model.PoolName(arguments["pool"])


def parse_plan(arguments: Mapping[str, Any]) -> model.PoolName | None:
    """Return the pool of ``get_plan``; None is all."""
    request.check(schema.PLAN, arguments)
    pool = arguments.get("pool")
    return None if pool is None else model.PoolName(pool)


def parse_hold(arguments: Mapping[str, Any]) -> str:
    """Return the volume of ``hold_volume``: its id, or its marker."""
    request.check(schema.VOLUME_ID, arguments)
    return request.cinder_id(arguments["volume_id"])


def parse_evict(arguments: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the volume of ``evict_volume``, and why it goes."""
    request.check(schema.EVICT, arguments)
    volume = request.cinder_id(arguments["volume_id"])
    return volume, arguments.get("reason")


def parse_volumes(
    arguments: Mapping[str, Any],
) -> tuple[Mapping[str, Any], Page]:
    """Return the filters of ``list_volumes``, and the page."""
    request.check(schema.VOLUMES, arguments)
    ident, status = arguments.get("volume_id"), arguments.get("status")
    return {
        "ident": None if ident is None else request.cinder_id(ident),
        "pool": arguments.get("pool"),
        "status": None if status is None else model.RowStatus(status),
    }, _page(arguments)


def parse_claims(
    arguments: Mapping[str, Any],
) -> tuple[Mapping[str, Any], Page]:
    """Return the filters of ``list_claims``, and the page."""
    request.check(schema.CLAIMS, arguments)
    status = arguments.get("status")
    return {
        "project_id": arguments.get("project_id"),
        "name": arguments.get("name"),
        "pool": arguments.get("pool"),
        "status": None if status is None else model.ClaimStatus(status),
    }, _page(arguments)


def _page(arguments: Mapping[str, Any]) -> Page:
    return Page(
        after=arguments.get("after"), limit=arguments.get("limit") or _LIMIT
    )
