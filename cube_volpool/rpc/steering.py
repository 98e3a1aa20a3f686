"""The operators' methods of the wire: pools, volumes and claims."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import oslo_messaging as om
from oslo_log import log as logging

from cube_volpool import exception, model, volumeapi
from cube_volpool.rpc import api, operator_request, request
from cube_volpool.rpc.answering import Policy, answering

LOG = logging.getLogger(__name__)

#: What is shown of a thing, as plain JSON.
Shown = Mapping[str, Any]


class Steering(Protocol):
    """What can be done; every method may raise NotKnown, Refused and Busy."""

    def pause(self, pool: model.PoolName) -> None:
        """Build nothing more."""

    def resume(self, pool: model.PoolName) -> None:
        """Build again."""

    def drain(self, pool: model.PoolName) -> None:
        """Give all stock up."""

    def refill(self, pool: model.PoolName) -> None:
        """Look at a pool now."""

    def hold(self, ident: str) -> model.PooledVolume:
        """Keep a volume from claims."""

    def evict(
        self, ident: str, *, reason: str | None
    ) -> model.PooledVolume:
        """Give a volume up."""


class Inventory(Protocol):
    """What can be shown, as plain JSON."""

    def volumes(
        self, *, after: int | None, limit: int, **filters: Any
    ) -> tuple[Sequence[Shown], int | None]:
        """Return a page of volumes, and where the next one begins."""

    def claims(
        self, *, after: int | None, limit: int, **filters: Any
    ) -> tuple[Sequence[Shown], int | None]:
        """Return a page of claims, and where the next one begins."""

    def volume(self, row: model.PooledVolume) -> Shown:
        """Return one volume."""

    def plan(self, pool: model.PoolName | None) -> Sequence[Shown]:
        """Return what the next rounds would do.

        Raises NotKnown, Busy and what the volume API raises.
        """


class Endpoint:
    """The methods.  See :mod:`cube_volpool.rpc.api`."""

    target = om.Target(version=api.VERSION)

    def __init__(
        self, steering: Steering, inventory: Inventory, *, policy: Policy
    ) -> None:
        self._steering = steering
        self._inventory = inventory
        self._policy = policy

    # ``expose`` must be the outermost: it marks what it gets.
    @om.rpc.expose
    @answering
    def list_volumes(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Tell volumes.  See the page above for the filters."""
        filters, page = operator_request.parse_volumes(arguments)
        self._policy.authorize("list_volumes", ctxt)
        found, after = self._inventory.volumes(
            after=page.after, limit=page.limit, **filters
        )
        return {"volumes": [dict(one) for one in found], "next": after}

    @om.rpc.expose
    @answering
    def list_claims(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Tell claims."""
        filters, page = operator_request.parse_claims(arguments)
        self._policy.authorize("list_claims", ctxt)
        found, after = self._inventory.claims(
            after=page.after, limit=page.limit, **filters
        )
        return {"claims": [dict(one) for one in found], "next": after}

    @om.rpc.expose
    @answering
    def hold_volume(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Keep a volume from claims.  Argument: volume_id."""
        ident = operator_request.parse_hold(arguments)
        self._authorize("hold_volume", ctxt, ident)
        return {
            "volume": dict(self._inventory.volume(self._steering.hold(ident)))
        }

    @om.rpc.expose
    @answering
    def evict_volume(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Give a volume up.  Arguments: volume_id, reason."""
        ident, reason = operator_request.parse_evict(arguments)
        self._authorize("evict_volume", ctxt, ident)
        row = self._steering.evict(ident, reason=reason)
        return {"volume": dict(self._inventory.volume(row))}

    @om.rpc.expose
    @answering
    def pause_pool(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Let a pool build nothing more.  Argument: pool."""
        return self._steer("pause_pool", self._steering.pause, ctxt, arguments)

    @om.rpc.expose
    @answering
    def resume_pool(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Let a pool build again.  Argument: pool."""
        return self._steer(
            "resume_pool", self._steering.resume, ctxt, arguments
        )

    @om.rpc.expose
    @answering
    def drain_pool(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Let a pool give its stock up.  Argument: pool."""
        return self._steer("drain_pool", self._steering.drain, ctxt, arguments)

    @om.rpc.expose
    @answering
    def refill_pool(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Let a pool be looked at now.  Argument: pool."""
        return self._steer(
            "refill_pool", self._steering.refill, ctxt, arguments
        )

    @om.rpc.expose
    @answering
    def get_plan(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Tell what the next round would do.  Argument: pool."""
        pool = operator_request.parse_plan(arguments)
        self._policy.authorize("get_plan", ctxt)
        try:
            planned = self._inventory.plan(pool)
        except volumeapi.VolumeAPIError as error:
            raise exception.CinderUnavailable(reason=str(error)) from error
        return {"pools": [dict(one) for one in planned]}

    def _steer(
        self,
        method: str,
        do: Callable[[model.PoolName], None],
        ctxt: Any,
        arguments: Mapping[str, Any],
    ) -> dict[str, Any]:
        pool = operator_request.parse_pool(arguments)
        self._authorize(method, ctxt, pool)
        do(pool)
        return {}

    def _authorize(self, method: str, ctxt: Any, what: str) -> None:
        """Let the caller pass, and keep who asked for what."""
        self._policy.authorize(method, ctxt)
        LOG.info(
            "%s of %s by request %s", method, what, request.request_id(ctxt)
        )
