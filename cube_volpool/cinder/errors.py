"""What a failed call proves: the only file that knows HTTP status codes.

*Source:* cinderclient 9.10 ``exceptions.from_response``; keystoneauth1 5.18
``session.Session._send_request``; Cinder ``exception.QuotaError`` (413).
"""

import requests
import urllib3
from cinderclient import exceptions as cinder_exceptions
from keystoneauth1 import exceptions as ksa_exceptions

from cube_volpool import volumeapi
from cube_volpool.cinder import gate


def meaning(error: Exception) -> volumeapi.VolumeAPIError:
    """Say what a failed call proves."""
    if isinstance(error, cinder_exceptions.ClientException):
        return _answered(error)
    if isinstance(error, ksa_exceptions.ConnectionError):
        # keystoneauth calls every time-out ConnectTimeout and every broken
        # connection ConnectFailure, also those after the request was sent;
        # only the error beneath tells.
        held_back = _held_back(error.__context__)
        if held_back is not None:
            return held_back
        if _was_never_connected(error.__context__):
            return volumeapi.Unreachable(str(error))
        return volumeapi.Unclear(str(error))
    if isinstance(error, ksa_exceptions.Unauthorized):
        return volumeapi.Denied(str(error))
    if isinstance(error, ksa_exceptions.CatalogException):
        return volumeapi.Unreachable(str(error))
    return volumeapi.Unclear(f"{type(error).__name__}: {error}")


def no_token(error: Exception) -> volumeapi.Unreachable:
    """Say why Keystone gave no token; so Cinder was not asked."""
    held_back = _held_back(error.__context__)
    if held_back is not None:
        return held_back
    text = f"Keystone: {error}"
    if isinstance(error, ksa_exceptions.Unauthorized):
        return volumeapi.Denied(text)
    return volumeapi.Unreachable(text)


def is_unknown_token(error: ksa_exceptions.ClientException) -> bool:
    """Does Keystone itself say that a token which was looked up is none?

    A proxy's 404 is not in Keystone's form.
    """
    refusals = (ksa_exceptions.NotFound, ksa_exceptions.BadRequest)
    if not isinstance(error, refusals) or error.response is None:
        return False
    try:
        return "error" in error.response.json()
    except (TypeError, ValueError):
        return False


def _held_back(cause: BaseException | None) -> volumeapi.Unreachable | None:
    if isinstance(cause, gate.Suspended):
        return volumeapi.Suspended(str(cause))
    if isinstance(cause, gate.Unsent):
        return volumeapi.Unreachable(str(cause))
    if isinstance(cause, gate.TooManyRequests):
        throttled = volumeapi.Throttled(str(cause))
        throttled.retry_after = cause.retry_after
        return throttled
    return None


def _answered(
    error: cinder_exceptions.ClientException,
) -> volumeapi.VolumeAPIError:
    text = str(error)
    if error.code == 404:
        # Absence is acted upon, so a 404 counts only from Cinder itself,
        # which puts its request id on every answer; a proxy does not.
        if error.request_id is None:
            return volumeapi.Unclear(f"not Cinder's own answer: {text}")
        return volumeapi.NotFound(text)
    if error.code == 413:
        return volumeapi.OverQuota(error.message)
    if error.code == 403:
        return volumeapi.Forbidden(text)
    if error.code == 401:
        return volumeapi.Denied(text)
    if error.code == 429:
        return volumeapi.Throttled(text)
    if 400 <= error.code < 500:
        return volumeapi.Refused(text)
    return volumeapi.Unclear(text)


def _was_never_connected(cause: BaseException | None) -> bool:
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    if not isinstance(cause, requests.exceptions.ConnectionError):
        return False
    inner = cause.args[0] if cause.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
