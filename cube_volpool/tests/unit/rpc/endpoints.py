"""An endpoint over claims that only remember."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import oslo_messaging as om
from oslo_config import cfg

from cube_volpool import exception, model
from cube_volpool.rpc import policy, server

PROJECT = "9d3f6d5c8b8e4f0f9d0a6c1f2b7e4a55"
CONTEXT = {"project_id": PROJECT}
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
    """Keeps what it is asked; answers, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[model.Caller, model.ClaimRequest, float]] = []
        self._error = error

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


def make_endpoint(
    claims: RememberedClaims, pools: list[dict[str, Any]] | None = None
) -> server.Endpoint:
    return server.Endpoint(
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
