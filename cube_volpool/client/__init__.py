"""What a caller imports to get its boot volumes out of the pool.

Call :func:`configure` once, then :func:`claim_volume`, :func:`claim_volumes`
or, in the place of skyline's function of that name,
:func:`create_volume_if_absent`.  Errors are
the classes of :mod:`cube_volpool.exception`.  Needs oslo.messaging alone.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

from oslo_config import cfg

from cube_volpool import exception
from cube_volpool.client import batch, connection, fallback
from cube_volpool.client.batch import Result
from cube_volpool.client.fallback import WorkArgsError
from cube_volpool.rpc import api

__all__ = [
    "CINDER",
    "Result",
    "WorkArgsError",
    "claim_volume",
    "claim_volumes",
    "configure",
    "create_volume_if_absent",
    "get_pools",
]

#: What ``cld_api`` calls the block storage service, unless configured.
CINDER: Final = fallback.Terms.cinder
#: What a task should wait before it asks again, in seconds.
_RETRY_AFTER: Final = 5
#: Of a claim for which hardly any time was left, in seconds.
_LEAST_BUDGET: Final = 0.5
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


    def claim(
        self,
        context: Any,
        method: str,
        *,
        budget: float | None,
        version: str | None = None,
        **arguments: Any,
    ) -> Any:
        """Return a daemon's answer, within ``budget`` seconds.

        Raises the daemon's own error, NotSent or NoAnswer.
        """
        seconds = self.terms.default_budget if budget is None else budget
        return self.connection().call(
            _wire_context(context, send_token=self.send_token),
            method,
            timeout=seconds,
            version=version,
            **arguments,
            # The answer needs a moment for its way back.
            budget=seconds - min(1.0, seconds / 10),
            deadline=self.terms.clock() + seconds,
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


@overload
def claim_volume(
    context: Any,
    volume: Mapping[str, Any],
    os_name: str | None = None,
    budget: float | None = None,
) -> dict[str, Any]: ...


@overload
def claim_volume(
    context: Any,
    volume: Sequence[Mapping[str, Any]],
    os_name: str | None = None,
    budget: float | None = None,
) -> list[Result]: ...


def claim_volume(
    context: Any,
    volume: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    os_name: str | None = None,
    budget: float | None = None,
) -> dict[str, Any] | list[Result]:
    """Return a volume of the context's project, from the pool or made.

    :param context: a dictionary with ``project_id`` and, where used,
        ``auth_token``, or anything whose ``to_dict()`` gives one.
    :param volume: the inner object of a Cinder create; a list of them is
        :func:`claim_volumes`.
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
    if not isinstance(volume, Mapping):
        return claim_volumes(context, list(volume), os_name, budget)
    try:
        answer: dict[str, Any] = _configured().claim(
            context,
            "claim_volume",
            budget=budget,
            volume=dict(volume),
            os_name=os_name,
        )
    except connection.NoAnswer as error:
        raise exception.ClaimInProgress(
            name=volume.get("name"), retry_after=_RETRY_AFTER
        ) from error
    return answer


def claim_volumes(
    context: Any,
    volumes: Sequence[Mapping[str, Any]],
    os_name: str | None = None,
    budget: float | None = None,
    all_or_nothing: bool = False,
) -> list[Result]:
    """Claim several volumes of the context's project in one request.

    :param volumes: as ``volume`` of :func:`claim_volume`, at most 32, of
        different names.
    :param budget: seconds, for all of them together.
    :param all_or_nothing: give no volume while another one is known not to
        be had.  What is refused after that is told for itself.
    :returns: for each, in this order, what :func:`claim_volume` returns, or
        the error that it raises.
    :raises ClaimInProgress: no answer yet, for any.  Ask again with the same
        names.
    :raises VolpoolError: for all of them: none was given by this request.

    A daemon that is older than this method gets the claims one by one, and a
    few at a time; of such a one all or nothing cannot be had.
    """
    if not volumes:
        return []
    client = _configured()
    seconds = client.terms.default_budget if budget is None else budget
    until = client.terms.clock() + seconds
    try:
        answer = client.claim(
            context,
            "claim_volumes",
            budget=seconds,
            version=api.BATCH_VERSION,
            volumes=[dict(volume) for volume in volumes],
            os_name=os_name,
            all_or_nothing=all_or_nothing,
        )
    except connection.NoAnswer as error:
        raise exception.ClaimInProgress(
            name=batch.named(volumes), retry_after=_RETRY_AFTER
        ) from error
    except exception.InvalidRequest as error:
        if not batch.is_older(error):
            raise
        if all_or_nothing:
            raise exception.InvalidRequest(
                field="all_or_nothing",
                reason="the daemon that was asked is too old for it, and gave "
                "nothing; upgrade it, or ask without",
            ) from error
    else:
        return batch.results(answer)
    return batch.one_by_one(
        volumes,
        lambda volume: claim_volume(
            context,
            volume,
            os_name,
            max(_LEAST_BUDGET, until - client.terms.clock()),
        ),
    )


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
