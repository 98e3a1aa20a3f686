"""The cloud behind a requests session, without a socket.

Losses look as on a real socket: the exceptions of requests are raised,
a body that ends early is found by urllib3 itself. An answer that drips is
given up after the time-out, as the service's own transport does it.
"""
import io
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import requests
import urllib3
from requests import adapters

from cube_volpool.tests.simulator.application import TIMEOUT, Application
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.faults import Dropped, Hung


class CloudAdapter(adapters.HTTPAdapter):
    """A requests transport adapter that calls the WSGI application."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self._application = Application(cloud)
        self._clock = cloud.clock

    def send(self, request: requests.PreparedRequest, stream: bool = False,
             timeout: Any = None, verify: Any = True, cert: Any = None,
             proxies: Mapping[str, str] | None = None) -> requests.Response:
        """Run the request in this thread.

        Raises requests' ConnectionError and ReadTimeout as scripted.
        """
        wait = timeout[1] if isinstance(timeout, tuple) else timeout
        status: list[Any] = []

        def start_response(line: str, headers: list[tuple[str, str]],
                           exc_info: Any = None) -> None:
            status[:] = [line, headers]

        try:
            pieces = self._application(
                _environ(request, wait), start_response)
            if not isinstance(pieces, list):
                pieces = self._in_time(request, pieces, wait)
            body = b"".join(pieces)
        except Dropped:
            raise requests.ConnectionError(
                urllib3.exceptions.ProtocolError(
                    "Connection aborted.", ConnectionResetError(
                        104, "Connection reset by peer")),
                request=request) from None
        except Hung:
            raise requests.ReadTimeout(
                f"Read timed out. (read timeout={wait})",
                request=request) from None
        line, headers = status
        code, _, reason = line.partition(" ")
        raw = urllib3.HTTPResponse(
            io.BytesIO(body), headers=headers, status=int(code),
            reason=reason, preload_content=False,
            request_method=request.method)
        return self.build_response(request, raw)

    def _in_time(self, request: requests.PreparedRequest,
                 pieces: Iterable[bytes],
                 wait: float | None) -> Iterator[bytes]:
        began = self._clock.now()
        for piece in pieces:
            lasted = (self._clock.now() - began).total_seconds()
            if wait and lasted >= wait:
                raise requests.ConnectionError(
                    urllib3.exceptions.TimeoutError("Read timed out."),
                    request=request)
            yield piece


def mount(cloud: Cloud) -> requests.Session:
    """A session every URL of which leads into the cloud."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", CloudAdapter(cloud))
    return session


def _environ(request: requests.PreparedRequest,
             timeout: float | None) -> dict[str, Any]:
    url = urllib.parse.urlsplit(request.url or "")
    data = request.body or b""
    body = data.encode() if isinstance(data, str) else bytes(data)
    environ = {
        "REQUEST_METHOD": request.method, "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote(url.path, "latin-1"),
        "QUERY_STRING": url.query, "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port or 80), "HTTP_HOST": url.netloc,
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)), TIMEOUT: timeout}
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ["HTTP_" + key] = value
    return environ
