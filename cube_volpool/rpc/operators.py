"""The operators' methods of the wire: the images, seen and judged.

Each is what ``cube-volpool-manage os`` does, done by a daemon: pools whose
source changed are looked at right away.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import oslo_messaging as om
from oslo_log import log as logging

from cube_volpool import exception, model, refresh, volumeapi
from cube_volpool.rpc import api, operator_request, request
from cube_volpool.rpc.answering import Policy, answering

LOG = logging.getLogger(__name__)


class Images(Protocol):
    """What can be done with images.

    Raises what the volume API raises, ImagesUnavailable and NoImage.
    """

    def plan(self) -> refresh.Synced:
        """Say what a sync would change; changes nothing."""

    def sync(self) -> refresh.Synced:
        """Read the images, and let the pools follow."""

    def rollback(self, os_name: str, volume_type: str) -> refresh.Synced:
        """Let pools of an OS and type go back to the image before."""

    def allow(self, snapshot_id: model.SnapshotId) -> refresh.Synced:
        """Take the rejection of a snapshot back."""


class Endpoint:
    """The methods.  See :mod:`cube_volpool.rpc.api`."""

    target = om.Target(version=api.VERSION)

    def __init__(
        self,
        images: Images,
        shown: Callable[[], Sequence[Mapping[str, Any]]],
        *,
        policy: Policy,
        refill: Callable[[model.PoolName], None],
    ) -> None:
        self._images = images
        self._shown = shown
        self._policy = policy
        self._refill = refill

    # ``expose`` must be the outermost: it marks what it gets.
    @om.rpc.expose
    @answering
    def sync_os(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Read the images anew.  Argument: dry_run."""
        is_dry = operator_request.parse_sync(arguments)
        self._policy.authorize("sync_os", ctxt)
        with _cinder():
            synced = self._images.plan() if is_dry else self._images.sync()
        if not is_dry:
            self._follow("sync_os", ctxt, synced)
        return _told(synced)

    @om.rpc.expose
    @answering
    def list_os(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Tell the images, and what holds them.  No arguments."""
        request.parse_nothing(arguments)
        self._policy.authorize("list_os", ctxt)
        return {"images": [dict(image) for image in self._shown()]}

    @om.rpc.expose
    @answering
    def rollback_os(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Go back to the image before.  Arguments: os_name, volume_type."""
        os_name, volume_type = operator_request.parse_rollback(arguments)
        self._policy.authorize("rollback_os", ctxt)
        synced = self._images.rollback(os_name, volume_type)
        self._follow("rollback_os", ctxt, synced)
        return _told(synced)

    @om.rpc.expose
    @answering
    def allow_os(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Take a rejection back.  Argument: snapshot_id."""
        snapshot_id = operator_request.parse_allow(arguments)
        self._policy.authorize("allow_os", ctxt)
        synced = self._images.allow(snapshot_id)
        self._follow("allow_os", ctxt, synced)
        return _told(synced)

    def _follow(self, method: str, ctxt: Any, synced: refresh.Synced) -> None:
        """Let the pools that changed be looked at now; keep who asked."""
        changed = sorted(synced.pools)
        LOG.info(
            "%s by request %s changed the pools: %s",
            method,
            request.request_id(ctxt),
            ", ".join(changed) or "none",
        )
        for name in changed:
            self._refill(name)


@contextmanager
def _cinder() -> Iterator[None]:
    """Say on the wire that Cinder could not be read."""
    try:
        yield
    except volumeapi.VolumeAPIError as error:
        raise exception.CinderUnavailable(reason=str(error)) from error


def _told(synced: refresh.Synced) -> dict[str, Any]:
    """Return what was changed, or would be, as plain JSON."""
    return {
        "changes": [
            {
                "pool": change.pool,
                "before": change.before,
                "after": change.after,
                "error": change.error,
            }
            for change in synced.changes
        ],
        "findings": [
            {
                "snapshot_id": finding.snapshot_id,
                "name": finding.name,
                "problem": finding.problem,
                "is_trouble": finding.is_trouble,
            }
            for finding in synced.findings
        ],
    }
