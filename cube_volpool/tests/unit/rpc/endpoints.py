"""An endpoint over claims that only remember."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import oslo_messaging as om
from oslo_config import cfg

from cube_volpool import catalogue, exception, model, refresh
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.rpc import operators, policy, steering
from cube_volpool.tests.unit import stock

PROJECT = "9d3f6d5c8b8e4f0f9d0a6c1f2b7e4a55"
CONTEXT = {"project_id": PROJECT}
#: Of an operator; the project does not matter.
OPERATOR = {"roles": ["admin"], "request_id": "req-op"}
SNAPSHOT = "2f1c5d7e-6f0b-4a55-9d0e-0c6a3f6f2b11"
#: What skyline sends for a boot volume.
VOLUME: dict[str, Any] = {
    "size": None,
    "multiattach ": False,
    "snapshot_id": SNAPSHOT,
    "name": "vm-1_sys",
    "volume_type": "ssd",
    "metadata": {},
}
NOW = 1000.0
BUDGET = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Given:
    """An answer of the claims below."""

    volume: Mapping[str, Any]
    source: model.Source = model.Source.POOL


class RememberedClaims:
    """Keeps what it is asked; answers, or raises what it was given.

    ``failing`` has errors of single claims of several, by name.
    """

    def __init__(
        self,
        error: Exception | None = None,
        failing: Mapping[str, Exception] | None = None,
    ) -> None:
        self.asked: list[tuple[model.Caller, model.ClaimRequest, float]] = []
        self.together: list[tuple[list[str], bool]] = []
        self._error = error
        self._failing = failing or {}

    def claim(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        *,
        deadline: float,
    ) -> Given:
        self.asked.append((caller, request, deadline))
        if self._error is not None:
            raise self._error
        return Given(volume={"id": "v-1", "name": request.name})

    def claim_many(
        self,
        caller: model.Caller,
        requests: Sequence[model.ClaimRequest],
        *,
        deadline: float,
        all_or_nothing: bool,
    ) -> list[Given | Exception]:
        names = [request.name for request in requests]
        self.together.append((names, all_or_nothing))
        return [
            self._failing.get(request.name)
            or self.claim(caller, request, deadline=deadline)
            for request in requests
        ]


SYNCED = refresh.Synced(
    changes=(
        refresh.Change(
            pool=model.PoolName("deb"),
            before=None,
            after=model.SnapshotId(SNAPSHOT),
        ),
        refresh.Change(
            pool=model.PoolName("odd"),
            before=model.SnapshotId(SNAPSHOT),
            after=None,
            error="Cinder has no volume type nvme",
        ),
    ),
    findings=(
        catalogue.Finding(
            snapshot_id=model.SnapshotId(SNAPSHOT),
            name="backup",
            problem="is creating",
            is_trouble=False,
        ),
    ),
)


class RememberedImages:
    """Keeps what it is asked; answers, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.refilled: list[str] = []
        self._error = error

    def _done(self, *words: str) -> refresh.Synced:
        self.asked.append(words)
        if self._error is not None:
            raise self._error
        return SYNCED

    def plan(self) -> refresh.Synced:
        return self._done("plan")

    def sync(self) -> refresh.Synced:
        return self._done("sync")

    def rollback(self, os_name: str, volume_type: str) -> refresh.Synced:
        return self._done("rollback", os_name, volume_type)

    def allow(self, snapshot_id: model.SnapshotId) -> refresh.Synced:
        return self._done("allow", snapshot_id)

    def shown(self) -> list[dict[str, Any]]:
        self._done("list")
        return [{"os_name": "debian-12", "held_by": {"available": 2}}]


def make_operators(
    images: RememberedImages, found: policy.Policy | None = None
) -> operators.Endpoint:
    return operators.Endpoint(
        images,
        images.shown,
        policy=found or make_policy(),
        refill=images.refilled.append,
    )


def make_endpoint(
    claims: RememberedClaims, pools: list[dict[str, Any]] | None = None
) -> rpc_claims.Endpoint:
    return rpc_claims.Endpoint(
        claims,
        lambda: pools or [],
        policy=make_policy(),
        default_budget=BUDGET,
        clock=lambda: NOW,
    )


def make_policy(**options: Any) -> policy.Policy:
    """Return the policy of a configuration without a policy file."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    return policy.Policy(conf, **options)


def refusal_of(call, /, *args: Any, **kwargs: Any) -> exception.VolpoolError:
    """Return the error that ``call`` puts on the wire."""
    try:
        answer = call(*args, **kwargs)
    except om.ExpectedException as refusal:
        error = refusal.exc_info[1]
        assert isinstance(error, exception.VolpoolError)
        return error
    raise AssertionError(f"answered {answer} and refused nothing")


ROW = stock.row(volume_id="4f1c5d7e-6f0b-4a55-9d0e-0c6a3f6f2b44")


class RememberedSteering:
    """Keeps what it is asked; answers, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self._error = error

    def _done(self, *words: Any) -> model.PooledVolume:
        self.asked.append(words)
        if self._error is not None:
            raise self._error
        return ROW

    def pause(self, pool: model.PoolName) -> None:
        self._done("pause", pool)

    def resume(self, pool: model.PoolName) -> None:
        self._done("resume", pool)

    def drain(self, pool: model.PoolName) -> None:
        self._done("drain", pool)

    def refill(self, pool: model.PoolName) -> None:
        self._done("refill", pool)

    def hold(self, ident: str) -> model.PooledVolume:
        return self._done("hold", ident)

    def evict(self, ident: str, *, reason: str | None) -> model.PooledVolume:
        return self._done("evict", ident, reason)

    # -- what can be shown ----------------------------------------------------

    def volumes(self, **filters: Any) -> tuple[list[dict[str, Any]], int]:
        self._done("volumes", filters)
        return [{"id": "v-1"}], 7

    def claims(self, **filters: Any) -> tuple[list[dict[str, Any]], int]:
        self._done("claims", filters)
        return [{"name": "a"}], 7

    def volume(self, row: model.PooledVolume) -> dict[str, Any]:
        return {"id": row.volume_id}

    def plan(self, pool: model.PoolName | None) -> list[dict[str, Any]]:
        self._done("plan", pool)
        return [{"name": "deb", "actions": [], "held_back": None}]


def make_steering(
    remembered: RememberedSteering, found: policy.Policy | None = None
) -> steering.Endpoint:
    return steering.Endpoint(
        remembered, remembered, policy=found or make_policy()
    )
