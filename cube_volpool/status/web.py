"""The HTTP server: metrics and health, on loopback by default."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref import simple_server

import prometheus_client as prometheus
from oslo_log import log

from cube_volpool import exception
from cube_volpool.status import page

LOG = log.getLogger(__name__)

#: Requests that are answered side by side; others are sent away.
_AT_ONCE: Final = 32
#: What keeps a daemon from being healthy, or ready; nothing: it is.
Troubles = Callable[[], list[str]]
_StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_Wsgi = Callable[[Mapping[str, Any], _StartResponse], Iterable[bytes]]

_TEXT: Final = "text/plain; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"


class Site:
    """The WSGI application.

    ``/`` is the status page.  ``/healthz`` answers 200 as long as the process
    should be left alive, ``/readyz`` as long as it serves, both 503 with the
    reasons otherwise.
    """

    def __init__(
        self,
        registry: prometheus.CollectorRegistry,
        *,
        ails: Troubles,
        waits: Troubles,
        page: page.Page,
    ) -> None:
        self._pages: dict[str, _Wsgi] = {
            "/": _shown(page),
            "/metrics": prometheus.make_wsgi_app(registry),
            "/healthz": _health(ails),
            "/readyz": _health(waits),
        }

    def __call__(
        self, environ: Mapping[str, Any], start_response: _StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _answer(start_response, "405 Method Not Allowed", "")
        answer = self._pages.get(environ["PATH_INFO"] or "/")
        if answer is None:
            return _answer(
                start_response,
                "404 Not Found",
                "".join(f"{path}\n" for path in sorted(self._pages)),
            )
        return answer(environ, start_response)


def _shown(of: page.Page) -> _Wsgi:
    def answer(
        _environ: Mapping[str, Any], start_response: _StartResponse
    ) -> Iterable[bytes]:
        try:
            html = of.render()
        except exception.LedgerUnavailable as error:
            status = "503 Service Unavailable"
            return _answer(start_response, status, f"{error}\n")
        return _answer(start_response, "200 OK", html, kind=_HTML)

    return answer


def _health(troubles: Troubles) -> _Wsgi:
    def answer(
        _environ: Mapping[str, Any], start_response: _StartResponse
    ) -> Iterable[bytes]:
        found = troubles()
        if not found:
            return _answer(start_response, "200 OK", "ok\n")
        words = "".join(f"{trouble}\n" for trouble in found)
        return _answer(start_response, "503 Service Unavailable", words)

    return answer


def _answer(
    start_response: _StartResponse,
    status: str,
    text: str,
    *,
    kind: str = _TEXT,
) -> Iterable[bytes]:
    body = text.encode()
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        # Nothing from elsewhere, no scripts, in nobody's frame.
        "Content-Security-Policy": "default-src 'none'; "
        "style-src 'unsafe-inline'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    start_response(status, list(headers.items()))
    return [body]


class _Quiet(simple_server.WSGIRequestHandler):
    """Writes no line for each request; a scrape comes every few seconds."""

    #: Whoever connects and says nothing is sent away, in seconds.
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        LOG.debug("HTTP: %s", format % args)


class _Threading(ThreadingMixIn, simple_server.WSGIServer):
    """One thread for each request: a page that waits keeps nobody."""

    daemon_threads = True
    #: A port in TIME_WAIT is no reason not to start.
    allow_reuse_address = True

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__(*args, **keywords)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, while there are not too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(
        self, request: Any, client_address: Any
    ) -> None:
        """Answer, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody went away in the middle: no news for anybody."""
        LOG.debug("HTTP: %s was not answered", client_address)


class _ThreadingIPv6(_Threading):
    address_family = socket.AF_INET6


class Server:
    """Serves a site in a thread of its own.

    Raises OSError when the address cannot be taken.
    """

    def __init__(self, site: Site, *, host: str, port: int) -> None:
        is_v6 = ipaddress.ip_address(host).version == 6
        kind = _ThreadingIPv6 if is_v6 else _Threading
        self._server = simple_server.make_server(
            host, port, site, kind, _Quiet
        )
        self._host, self._port = host, port

    def is_at(self, host: str, port: int | None) -> bool:
        """Does it listen there?"""
        return (self._host, self._port) == (host, port)

    def show(self, site: Site) -> None:
        """Show another site from now on."""
        self._server.set_app(site)

    def start(self) -> None:
        """Begin to answer; returns at once."""
        threading.Thread(
            target=self._server.serve_forever, name="status", daemon=True
        ).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
