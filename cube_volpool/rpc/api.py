"""What both ends of the wire agree on: names, versions, errors, shapes.

A caller's side imports this module; it never sees the server's.

``claim_volume(ctxt, volume, os_name=None, budget=None, deadline=None)``
    ``volume`` is the inner object of a Cinder create: ``name`` and
    ``volume_type`` (name, alias or id) are needed, ``snapshot_id``, ``size``
    (GiB), ``metadata``, ``availability_zone`` and ``multiattach`` (null or
    false) are not.  ``os_name`` names an operating system instead of a
    snapshot; a snapshot wins.  ``budget`` is how many seconds the caller
    will still wait, and ``deadline`` when that ends, in seconds since the
    epoch: with it a request that lay somewhere is not carried out long after
    its caller has gone.  Returns ``{"volume": {...}, "source": "pool" |
    "created" | "existing"}``, the volume in the shape of Cinder's create
    answer.

``claim_volumes(ctxt, volumes, os_name=None, budget=None, deadline=None,
all_or_nothing=False)``
    Several of them for one project, at most 32, of different names.  Returns
    ``{"results": [...]}`` in the order of ``volumes``, each what
    ``claim_volume`` returns, or ``{"error": {"code": ..., "message": ...,
    "fields": {...}}}``, the code being the name of a class of
    ``WIRE_ERRORS``.  An error that is raised speaks for all of them.  As of
    version 1.3.

``get_pools(ctxt)``
    Returns ``{"pools": [{"name": ..., "ready": ..., ...}, ...]}``.

``list_os(ctxt)``
    Returns ``{"images": [{"os_name": ..., "type": ..., "version": ...,
    "snapshot_id": ..., "name": ..., "role": ..., "rejected": ..., "held_by":
    {...}}, ...]}``.  As of version 1.1, as are the three below.

``sync_os(ctxt, dry_run=False)``, ``rollback_os(ctxt, os_name,
volume_type)``, ``allow_os(ctxt, snapshot_id)``
    Read the images anew; go back to the image before; take a rejection back.
    Return ``{"changes": [{"pool": ..., "before": ..., "after": ..., "error":
    ...}, ...], "findings": [{"snapshot_id": ..., "name": ..., "problem": ...,
    "is_trouble": ...}, ...]}``; with ``dry_run`` what a sync would change.

``list_volumes(ctxt, volume_id=None, pool=None, status=None, after=None,
limit=100)``
    Returns ``{"volumes": [{"id": ..., "marker": ..., "pool": ..., "status":
    ..., "held": ..., ...}, ...], "next": ...}``; ``next`` is the ``after`` of
    the next page, null after the last.  ``volume_id`` is Cinder's id, or the
    marker.  As of version 1.2, as is all below.

``hold_volume(ctxt, volume_id)``, ``evict_volume(ctxt, volume_id,
reason=None)``
    Keep a ready volume from all but evictions; give one up.  Return
    ``{"volume": {...}}``, as it was before.

``list_claims(ctxt, project_id=None, name=None, pool=None, status=None,
after=None, limit=100)``
    Returns ``{"claims": [{"project_id": ..., "name": ..., "status": ...,
    ...}, ...], "next": ...}``, the newest first.

``pause_pool(ctxt, pool)``, ``resume_pool(ctxt, pool)``, ``drain_pool(ctxt,
pool)``, ``refill_pool(ctxt, pool)``
    Build nothing more; build again; give all stock up; look at the pool now.
    Return ``{}``.

``get_plan(ctxt, pool=None)``
    Returns ``{"pools": [{"name": ..., "actions": [{"action": ...,
    "volume_id": ..., "why": ...}, ...], "held_back": ...}, ...]}``:
    what the next round would do, and why it begins fewer creates than volumes
    are missing.

``ctxt`` is an oslo.context dictionary of which ``project_id`` (for a claim),
``roles`` (for the policy), ``auth_token``, ``request_id`` and
``global_request_id`` are read.  Errors are
the classes of ``WIRE_ERRORS``, with their fields in ``kwargs``.
"""

import importlib
from typing import Any, Final

import oslo_messaging as om

from cube_volpool import exception

#: Named in every target, so that no process-wide ``control_exchange`` of a
#: caller has to be changed.
EXCHANGE: Final = "cube_volpool"
TOPIC: Final = "cube_volpool"
#: Same major number, and a minor one at least as high, on the server.
VERSION: Final = "1.3"
#: What the client's own methods need: a caller may be newer than the daemon.
CLIENT_VERSION: Final = "1.0"
#: What it needs to claim several volumes in one request.
BATCH_VERSION: Final = "1.3"
#: And what an operator's do.
OPERATOR_VERSION: Final = "1.2"
#: By how many seconds the clocks of caller and daemon may differ.  Not more
#: than the client's ``margin``, which counts on it.
CLOCKS_DIFFER: Final = 30.0
#: The only module an error of the wire may come from.
ALLOWED_REMOTE_EXMODS: Final = (exception.__name__,)

WIRE_ERRORS: Final[tuple[type[exception.VolpoolError], ...]] = (
    exception.InvalidRequest,
    exception.ProjectMismatch,
    exception.NotPermitted,
    exception.PoolEmpty,
    exception.Withheld,
    exception.ClaimInProgress,
    exception.ClaimMismatch,
    exception.QuotaExceeded,
    exception.NotExtended,
    exception.Busy,
    exception.LedgerUnavailable,
    exception.CinderUnavailable,
    exception.ImagesUnavailable,
    exception.NoImage,
    exception.NotKnown,
    exception.Refused,
)

#: oslo.messaging reads these groups from the transport's configuration but
#: registers them on the global ``cfg.CONF`` alone: with a private ConfigOpts
#: every call would end in NoSuchOptError.  The attribute of the module has
#: the name of the group.
_UNREGISTERED: Final = (
    ("oslo_messaging._metrics.client", "oslo_messaging_metrics"),
    ("oslo_messaging._tracing.client", "oslo_messaging_tracing"),
)


def client_target(version: str = CLIENT_VERSION) -> om.Target:
    """Return the target of a call: any daemon that has such methods."""
    return om.Target(exchange=EXCHANGE, topic=TOPIC, version=version)


def server_target(host: str) -> om.Target:
    """Return the target of one daemon; ``host`` tells daemons apart."""
    return om.Target(exchange=EXCHANGE, topic=TOPIC, server=host)


def make_transport(conf: Any, *, url: str | None = None) -> om.Transport:
    """Return an RPC transport; connects to nothing yet.

    ``conf`` is an oslo.config ConfigOpts, the global one or a private one;
    ``url`` wins over its ``transport_url``.
    """
    register_options(conf)
    return om.get_rpc_transport(
        conf, url=url, allowed_remote_exmods=list(ALLOWED_REMOTE_EXMODS)
    )


def names_a_broker(conf: Any, url: str | None = None) -> bool:
    """Does ``url``, or ``transport_url`` of a configuration, name a host?

    Raises ValueError, without its text, when it is no URL of a broker.
    """
    try:
        make_transport(conf, url=url).cleanup()
        return bool(om.TransportURL.parse(conf, url).hosts)
    except (om.InvalidTransportURL, om.DriverLoadFailure, ValueError):
        raise ValueError("transport_url is no URL of a broker") from None


def register_options(conf: Any) -> None:
    """Register what oslo.messaging leaves out on a private ``conf``."""
    for module, group in _UNREGISTERED:
        try:
            options = getattr(importlib.import_module(module), group)
        except (ImportError, AttributeError):
            # Another release of oslo.messaging; then it reads them not, or
            # registers them itself.
            continue
        conf.register_opts(options, group=group)


def plain_error(
    error: exception.VolpoolError,
) -> exception.VolpoolError | None:
    """Return the same error as its own class, without trace or cause.

    Returns None when it is none of ``WIRE_ERRORS``.  oslo.messaging rebuilds
    a remote error as a subclass whose text carries the server's traceback.
    """
    for ancestor in type(error).__mro__:
        if ancestor in WIRE_ERRORS:
            return ancestor(*error.args, **error.kwargs)
    return None
