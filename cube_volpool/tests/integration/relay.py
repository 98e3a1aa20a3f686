"""A relay between one daemon and Cinder: sees every request, can hold one."""

import contextlib
import http.client
import http.server
import re
import threading
from dataclasses import dataclass, field
from urllib import parse

import fixtures

#: Headers of one connection, which the other must not be told.
_OF_A_CONNECTION = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding"}
)
#: How long a held request stays held when nobody frees it, in seconds.
_HELD_AT_MOST = 60


@dataclass(frozen=True)
class Seen:
    """One request of the daemon, and Cinder's status."""

    method: str
    path: str
    body: str
    status: int

    def names(self, ident: str) -> bool:
        """Does this id stand in it?"""
        return ident in self.path or ident in self.body


@dataclass
class Hold:
    """A request to wait for: before Cinder gets it, or its answer after."""

    method: str
    path: re.Pattern[str]
    before: bool
    arrived: threading.Event = field(default_factory=threading.Event)
    freed: threading.Event = field(default_factory=threading.Event)
    is_dropped: bool = False
    #: The path that matched.
    caught: str = ""

    def free(self) -> None:
        """Let it go on."""
        self.freed.set()

    def drop(self) -> None:
        """Never let it go on: Cinder does not get it."""
        self.is_dropped = True
        self.freed.set()


class Relay(fixtures.Fixture):
    """Listens on loopback and passes everything on to Cinder."""

    def __init__(self, cinder_url: str) -> None:
        super().__init__()
        self._cinder = parse.urlsplit(cinder_url)
        self._lock = threading.Lock()
        self._seen: list[Seen] = []
        self._holds: list[Hold] = []

    def _setUp(self) -> None:
        relay = self

        class Connection(_Connection):
            def relay(self) -> "Relay":
                return relay

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}{self._cinder.path}"
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(self._free_all)

    @property
    def seen(self) -> list[Seen]:
        """Every request so far that Cinder answered, oldest first."""
        with self._lock:
            return list(self._seen)

    def hold(self, method: str, path: str, *, before: bool) -> Hold:
        """Hold the next request like this; ``path`` is searched for."""
        hold = Hold(method, re.compile(path), before)
        with self._lock:
            self._holds.append(hold)
        return hold

    def release(self, hold: Hold) -> None:
        """Hold nothing for this any more."""
        hold.free()
        with self._lock, contextlib.suppress(ValueError):
            self._holds.remove(hold)

    def caught(self, method: str, path: str) -> Hold | None:
        """Take the hold that this request is for."""
        with self._lock:
            for hold in self._holds:
                if hold.method == method and hold.path.search(path):
                    self._holds.remove(hold)
                    hold.caught = path
                    return hold
        return None

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Ask Cinder, and note it down."""
        cinder = http.client.HTTPConnection(
            self._cinder.hostname or "", self._cinder.port, timeout=150
        )
        with contextlib.closing(cinder):
            cinder.request(method, path, body=body or None, headers=headers)
            answer = cinder.getresponse()
            content = answer.read()
        with self._lock:
            self._seen.append(
                Seen(method, path, body.decode(), answer.status)
            )
        return answer.status, answer.getheaders(), content

    def _free_all(self) -> None:
        with self._lock:
            holds = list(self._holds)
        for hold in holds:
            hold.drop()


class _Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self) -> Relay:
        """The relay this connection came in by."""
        raise NotImplementedError

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {
            key: value
            for key, value in self.headers.items()
            if key.lower() not in _OF_A_CONNECTION
        }
        self.close_connection = True
        hold = self.relay().caught(self.command, self.path)
        if hold is not None and hold.before and not _may_go_on(hold):
            return
        answer = self.relay().ask(self.command, self.path, headers, body)
        if hold is not None and not hold.before and not _may_go_on(hold):
            return
        # The daemon may have been killed meanwhile.
        with contextlib.suppress(OSError):
            self._answer(*answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes
    ) -> None:
        self.send_response_only(status)
        for key, value in headers:
            if key.lower() not in _OF_A_CONNECTION:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """The relay notes it all."""


def _may_go_on(hold: Hold) -> bool:
    hold.arrived.set()
    hold.freed.wait(_HELD_AT_MOST)
    return not hold.is_dropped
