"""The cloud on a loopback socket: threads, keep-alive, one write each."""
import contextlib
import http.server
import io
import socket
import socketserver
import struct
import threading
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any

from cube_volpool.tests.simulator.application import Application
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.faults import Dropped, Hung


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """An HTTP server in threads; ``url`` is its root."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, cloud: Cloud, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.application = Application(cloud)
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        """Such as ``http://127.0.0.1:40123``."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def auth_url(self) -> str:
        """Keystone's URL."""
        return f"{self.url}/identity/v3"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are no news."""

    def server_bind(self) -> None:
        """Bind without looking up the name of the machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = "127.0.0.1"
        self.server_port = int(self.server_address[1])


class _Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        started: list[Any] = []

        def start_response(line: str, headers: list[tuple[str, str]],
                           exc_info: Any = None) -> None:
            started[:] = [line, headers]

        try:
            pieces = self.server.application(
                self._environ(body), start_response)
        except Dropped:
            self._reset()
            return
        except Hung:
            self._wait_for_the_client()
            return
        line, headers = started
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        written = f"HTTP/1.1 {line}\r\n{head}\r\n".encode("latin-1")
        if not isinstance(pieces, list):
            self._drip(written, pieces)
            return
        content = b"".join(pieces)
        if int(dict(headers)["Content-Length"]) != len(content):
            self.close_connection = True
        self.wfile.write(written + content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _drip(self, head: bytes, pieces: Iterable[bytes]) -> None:
        """Send each piece when it comes, until the client goes."""
        try:
            self.wfile.write(head)
            for piece in pieces:
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command, "SCRIPT_NAME": "",
            "PATH_INFO": urllib.parse.unquote(path, "latin-1"),
            "QUERY_STRING": query, "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
            "wsgi.multiprocess": False, "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body))}
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key == "CONTENT_TYPE":
                environ[key] = value
            elif key != "CONTENT_LENGTH":
                environ["HTTP_" + key] = value
        return environ

    def _reset(self) -> None:
        # Linger of zero makes close() send RST instead of FIN.
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.connection.close()

    def _wait_for_the_client(self) -> None:
        self.close_connection = True
        self.connection.settimeout(0.2)
        while not self.server.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def log_message(self, format: str, *args: Any) -> None:
        """The journal of the cloud has it all."""


@contextlib.contextmanager
def serve(cloud: Cloud, port: int = 0) -> Iterator[Server]:
    """Serve in a thread; the server has ``url`` and ``auth_url``."""
    server = Server(cloud, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,),
                              daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
