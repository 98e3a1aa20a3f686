"""Who may call a method of the wire, and what may leave it.

Its answer, or an error of the wire.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import oslo_messaging as om
from oslo_log import log as logging

from cube_volpool import exception
from cube_volpool.rpc import api, request

LOG = logging.getLogger(__name__)

#: After an error that nobody foresaw.  Long enough for a look at the log not
#: to be buried, short enough for a task that waits.
_RETRY_AFTER: Final = 5


class Policy(Protocol):
    """Who may call what."""

    def authorize(self, method: str, ctxt: object) -> None:
        """Let the caller of a method pass.  Raises NotPermitted."""


def refusal(error: exception.VolpoolError) -> om.ExpectedException:
    """Return what makes oslo.messaging send ``error`` and nothing with it.

    Its own decorator would take the traceback and the chain of causes along,
    with the words of whatever library failed below.
    """
    refused = om.ExpectedException()
    refused.exc_info = (type(error), error, None)
    return refused


def answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let only errors of the wire leave ``method``."""

    @functools.wraps(method)
    def answer(self: Any, ctxt: Any, /, **arguments: Any) -> Any:
        request.begin(ctxt)
        try:
            return method(self, ctxt, **arguments)
        except Exception as error:
            known = known_error(method.__name__, ctxt, arguments, error)
        # Outside of the except block, or the cause would go along after all.
        raise refusal(known)

    return answer


def known_error(
    method: str, ctxt: Any, arguments: Mapping[str, Any], error: Exception
) -> exception.VolpoolError:
    """Return the error of the wire that a caller is told.

    What is none of them is only told in the log.
    """
    if isinstance(error, exception.VolpoolError):
        known = api.plain_error(error)
        if known is not None:
            return known
    known = _unforeseen(ctxt, arguments)
    LOG.error("%s: %s", method, known, exc_info=error)
    return known


def _unforeseen(
    ctxt: Any, arguments: Mapping[str, Any]
) -> exception.VolpoolError:
    """Return what the caller is told of an error that nobody foresaw.

    Whether a volume was given before it, nobody knows; so a claim is *under
    way*, and a repeat settles it.
    """
    reason = (
        "an internal error; the daemon's log has it under request "
        f"{request.request_id(ctxt)}"
    )
    match arguments:
        case {"volume": {"name": str(name)}}:
            return exception.ClaimInProgress(
                f"the claim of {name} was stopped by {reason}; ask again "
                f"with the same name in {_RETRY_AFTER} s",
                name=name,
                retry_after=_RETRY_AFTER,
            )
        case {"volumes": [{"name": str(name)}, *_]}:
            return exception.ClaimInProgress(
                f"the claims of {name} and all others of the request were "
                f"stopped by {reason}; ask again with the same names in "
                f"{_RETRY_AFTER} s",
                name=name,
                retry_after=_RETRY_AFTER,
            )
        case _:
            return exception.Busy(reason=reason, retry_after=_RETRY_AFTER)
