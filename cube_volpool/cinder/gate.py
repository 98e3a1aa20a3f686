"""The gate before every HTTP request: breakers, and what 429 means.

A transport adapter of requests around the one that has the sockets.  Nothing
is repeated here: that is :mod:`cube_volpool.endurance`'s alone.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib import parse

import requests
from requests import adapters

from cube_volpool.cinder import breaker
from cube_volpool.clock import Clock

_TOO_MANY: Final = 429
_SICK: Final = 500


class Suspended(requests.ConnectionError):
    """A breaker is open: the request was not sent."""


class TooManyRequests(requests.ConnectionError):
    """The endpoint answered 429: the request was not executed.

    ``retry_after`` is what it asked for, in seconds, None where it did not.
    cinderclient drops the header, so it is read here.
    """

    def __init__(self, retry_after: float | None) -> None:
        super().__init__("too many requests (HTTP 429)")
        self.retry_after = retry_after


class Unsent(requests.ConnectionError):
    """A file of certificates is missing: the request was not sent."""


class Breakers:
    """One breaker for each endpoint, shared by all sessions of a process."""

    def __init__(
        self,
        limits: breaker.Limits,
        *,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._known: dict[str, breaker.Breaker] = {}

    def of(self, url: str) -> breaker.Breaker:
        """Return the breaker of the endpoint that a URL is of."""
        name = _endpoint(url)
        with self._lock:
            if name not in self._known:
                self._known[name] = breaker.Breaker(
                    name,
                    self._limits,
                    clock=self._clock,
                    chance=self._chance,
                )
            return self._known[name]

    def states(self) -> Mapping[str, bool]:
        """Return each endpoint, and whether its breaker is open."""
        with self._lock:
            return {name: one.is_open for name, one in self._known.items()}


class Gate(adapters.BaseAdapter):
    """Sends through ``inner``, while the breaker of the endpoint lets it."""

    def __init__(
        self, inner: adapters.BaseAdapter, breakers: Breakers
    ) -> None:
        super().__init__()
        self._inner = inner
        self._breakers = breakers

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: None
        | float
        | tuple[float, float]
        | tuple[float, None] = None,
        verify: bool | str = True,
        cert: None | bytes | str | tuple[bytes | str, bytes | str] = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request.

        Raises Suspended, Unsent and TooManyRequests besides what requests
        raises; keystoneauth makes a ConnectFailure of all of them.
        """
        url = request.url or ""
        path = f"{request.method} {parse.urlsplit(url).path}"
        try:
            with self._breakers.of(url).passing(path) as passage:
                response = self._carried(
                    request,
                    stream=stream,
                    timeout=timeout,
                    verify=verify,
                    cert=cert,
                    proxies=proxies,
                )
                if not stream:
                    # Read here: a body that breaks off, or does not end in
                    # time, is a failure of the endpoint as well.
                    _ = response.content
                if response.status_code >= _SICK:
                    passage.fail()
        except breaker.Open as error:
            raise Suspended(str(error), request=request) from None
        if response.status_code == _TOO_MANY:
            response.close()
            raise TooManyRequests(_retry_after(response.headers))
        return response

    def _carried(
        self, request: requests.PreparedRequest, **how: Any
    ) -> requests.Response:
        try:
            return self._inner.send(request, **how)
        except requests.RequestException:
            raise
        except OSError as error:
            # requests looks for the files before it connects, and what it
            # then raises is none of its own errors.
            raise Unsent(str(error), request=request) from error

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _endpoint(url: str) -> str:
    """Return host, port and the first word of the path.

    Keystone and Cinder often are two paths of one host and port.
    """
    parts = parse.urlsplit(url)
    return f"{parts.netloc}/{parts.path.lstrip('/').partition('/')[0]}"


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    """Read the seconds; a date is not worth an own reading of clocks."""
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return None
