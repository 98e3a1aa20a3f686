"""Several claims in one request, and what becomes of their answers."""

from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from typing import Any, Final

from cube_volpool import exception
from cube_volpool.rpc import api

#: What one claim came to.
Result = dict[str, Any] | exception.VolpoolError

#: How many single claims take the place of one request at a time.
_SIDE_BY_SIDE: Final = 8
_ERRORS: Final = {error.__name__: error for error in api.WIRE_ERRORS}


def results(answer: Mapping[str, Any]) -> list[Result]:
    """Return the results of a daemon's answer, errors as exceptions."""
    return [_result(result) for result in answer["results"]]


def is_older(error: exception.InvalidRequest) -> bool:
    """Does it say that the daemon is older than the method?"""
    return bool(error.field == "version")


def one_by_one(
    volumes: Sequence[Mapping[str, Any]],
    claim: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> list[Result]:
    """Claim each by itself, a few at a time."""

    def result(volume: Mapping[str, Any]) -> Result:
        try:
            return claim(volume)
        except exception.VolpoolError as error:
            return error

    workers = min(_SIDE_BY_SIDE, len(volumes))
    with futures.ThreadPoolExecutor(workers) as threads:
        return list(threads.map(result, volumes))


def named(volumes: Sequence[Mapping[str, Any]]) -> str:
    """Return the first one's name, and how many others there are."""
    first = str(volumes[0].get("name"))
    others = len(volumes) - 1
    return f"{first} and {others} more" if others else first


def _result(result: dict[str, Any]) -> Result:
    error = result.get("error")
    if error is None:
        return result
    # A newer daemon may have an error that is not known here.
    known = _ERRORS.get(error["code"], exception.VolpoolError)
    return known(error["message"], **error["fields"])
