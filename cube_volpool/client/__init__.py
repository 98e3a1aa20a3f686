"""What a caller imports to get its boot volumes out of the pool.

Call :func:`configure` once, then :func:`claim_volume` or, in the place of
skyline's function of that name, :func:`create_volume_if_absent`.  Errors are
the classes of :mod:`cube_volpool.exception`.  Needs oslo.messaging alone.
"""

import os
from collections.abc import Mapping
from typing import Any, Final

from oslo_config import cfg

from cube_volpool import exception
from cube_volpool.client import connection, fallback
from cube_volpool.client.fallback import WorkArgsError

__all__ = [
    "CINDER",
    "WorkArgsError",
    "claim_volume",
    "configure",
    "create_volume_if_absent",
    "get_pools",
]

#: What ``cld_api`` calls the block storage service, unless configured.
CINDER: Final = fallback.Terms.cinder
#: What a task should wait before it asks again, in seconds.
_RETRY_AFTER: Final = 5
#: All that the server reads of a context; the rest stays here.
_CONTEXT_KEYS: Final = (
    "project_id",
    "auth_token",
    "request_id",
    "global_request_id",
)


class _Client:
    """What :func:`configure` set up."""

    def __init__(
        self,
        *,
        conf: Any,
        transport_url: str | None,
        terms: fallback.Terms,
        send_token: bool,
        max_calls: int,
    ) -> None:
        self.terms = terms
        self.send_token = send_token
        self._conf = conf
        self._url = transport_url
        self._max_calls = max_calls
        self._connections: dict[int, connection.Connection] = {}

    def connection(self) -> connection.Connection:
        """Return the connection of this process.

        A worker that was forked must not talk through its parent's sockets;
        and a lock could be held for ever in a child, so there is none.
        """
        known = self._connections.get(os.getpid())
        if known is not None:
            return known
        return self._connections.setdefault(
            os.getpid(),
            connection.Connection(
                self._conf, url=self._url, max_calls=self._max_calls
            ),
        )


_client: _Client | None = None


def configure(
    transport_url: str | None = None,
    *,
    conf: Any = None,
    send_token: bool = True,
    max_calls: int = 32,
    **terms: Any,
) -> None:
    """Set up this process and those it will fork.  Connects to nothing.

    :param transport_url: as in oslo.messaging; options of the driver may
        stand in its query, for example ``?ssl=true``.
    :param conf: a ConfigOpts that has ``transport_url`` and the rest;
        without one, nothing is read from any file.
    :param send_token: send the context's token; of no use, and better left
        out, where the daemon accepts with an account of its own.
    :param max_calls: how many calls may be under way, or stuck, at once.
    :param terms: ``categories``, ``cinder``, ``default_budget``,
        ``patience``, ``accept_timeout`` and ``margin``, as in
        :class:`cube_volpool.client.fallback.Terms`.
    """
    global _client
    if conf is None:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
    _client = _Client(
        conf=conf,
        transport_url=transport_url,
        terms=fallback.Terms(**terms),
        send_token=send_token,
        max_calls=max_calls,
    )


def claim_volume(
    context: Any,
    volume: Mapping[str, Any],
    os_name: str | None = None,
    budget: float | None = None,
) -> dict[str, Any]:
    """Return a volume of the context's project, from the pool or made.

    :param context: a dictionary with ``project_id`` and, where used,
        ``auth_token``, or anything whose ``to_dict()`` gives one.
    :param volume: the inner object of a Cinder create.
    :param budget: seconds; an answer or an error comes within them.
    :returns: ``{"volume": {...}, "source": "pool" | "created" |
        "existing"}``.
    :raises ClaimInProgress: no answer yet.  Ask again with the same name.
    :raises Busy: this request gave nothing, or never left.
    :raises VolpoolError: any other error of ``rpc.api.WIRE_ERRORS``.

    An error speaks for this request alone.  Who has asked for that name
    before, and had no answer, must look it up before he believes that he got
    nothing.
    """
    client = _configured()
    seconds = client.terms.default_budget if budget is None else budget
    try:
        answer: dict[str, Any] = client.connection().call(
            _wire_context(context, send_token=client.send_token),
            "claim_volume",
            timeout=seconds,
            volume=dict(volume),
            os_name=os_name,
            # The answer needs a moment for its way back.
            budget=seconds - min(1.0, seconds / 10),
            deadline=client.terms.clock() + seconds,
        )
    except connection.NoAnswer as error:
        raise exception.ClaimInProgress(
            name=volume.get("name"), retry_after=_RETRY_AFTER
        ) from error
    return answer


def get_pools(context: Any, timeout: float = 10.0) -> dict[str, Any]:
    """Return ``{"pools": [...]}``: what is on the shelves.

    Raises Busy when no daemon answers within ``timeout`` seconds.
    """
    client = _configured()
    try:
        answer: dict[str, Any] = client.connection().call(
            _wire_context(context, send_token=client.send_token),
            "get_pools",
            timeout=timeout,
        )
    except connection.NoAnswer as error:
        raise exception.Busy(
            reason=str(error), retry_after=_RETRY_AFTER
        ) from error
    return answer


def create_volume_if_absent(
    cld_api: Any, hostname: str, volume_category: str, **kwargs: Any
) -> str:
    """Return the id of the volume ``<hostname>_<volume_category>``.

    In the place of skyline's function of that name, with its result.

    :param cld_api: has ``get(service, url)`` and ``post(service, url,
        body)``, which return decoded JSON, and ``context``.
    :param volume_category: ``sys``, ``data`` or ``swap``; only ``sys`` comes
        from the pool, unless ``categories`` of ``configure`` has others.
    :param kwargs: as in :class:`cube_volpool.client.fallback.Order`; others
        are ignored.
    :raises WorkArgsError: the arguments make no volume.
    :raises ClaimInProgress: the task should try again, with
        ``first_tried_at``; when the pool can give nothing any more, such a
        try creates the volume as skyline always did.  With
        ``first_tried_at`` every error of the pool is this one until then.
    :raises VolpoolError: as :func:`claim_volume`, in the first try of a task.
        After Busy and CinderUnavailable it should try again as well.
    """
    return fallback.create_if_absent(
        cld_api,
        hostname,
        volume_category,
        order=fallback.Order.of(kwargs),
        terms=_configured().terms,
        claim=claim_volume,
    )


def _configured() -> _Client:
    if _client is None:
        raise RuntimeError("call cube_volpool.client.configure() first")
    return _client


def _wire_context(context: Any, *, send_token: bool) -> dict[str, Any]:
    values = context.to_dict() if hasattr(context, "to_dict") else context
    if not isinstance(values, Mapping):
        raise exception.InvalidRequest(
            field="context", reason="must be a dictionary or have to_dict()"
        )
    return {
        key: values[key]
        for key in _CONTEXT_KEYS
        if values.get(key) is not None and (send_token or key != "auth_token")
    }
