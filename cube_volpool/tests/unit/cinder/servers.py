"""Servers that fail, each in one way, on a real socket."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable

import fixtures

#: What a script does with one accepted connection.
Script = Callable[[socket.socket], None]


class BrokenServer(fixtures.Fixture):
    """Runs a script for each connection; ``url`` leads to it."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script

    def _setUp(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        self.addCleanup(self._close)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            with contextlib.suppress(OSError):
                self._read_request(connection)
                self._script(connection)

    def _read_request(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            got = connection.recv(65536)
            if not got:
                raise OSError("hung up")
            head += got
        self.requests.append(head)

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()


def refused_url() -> str:
    """Return a URL at whose port nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def silent(_connection: socket.socket) -> None:
    """Take the request and never answer."""


def reset(connection: socket.socket) -> None:
    """Take the request and reset the connection."""
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    connection.close()


def hang_up(connection: socket.socket) -> None:
    """Take the request and close the connection in order."""
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def answer(
    status: int,
    body: bytes | None = None,
    *,
    promised: int | None = None,
    headers: dict[str, str] | None = None,
) -> Script:
    """Answer each request; a body shorter than promised is cut off."""
    if body is None:
        message = f"the word for {status}"
        fault = {"error": {"code": status, "message": message}}
        body = json.dumps(fault).encode()
    length = len(body) if promised is None else promised
    lines = [
        f"HTTP/1.1 {status} Word",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"

    def script(connection: socket.socket) -> None:
        connection.sendall(head + body)
        hang_up(connection)

    return script


def drip(head: bytes, body: bytes, *, pause: float) -> Script:
    """Answer a byte at a time: the body alone, or the head as well.

    ``head`` is sent at once where there is a body.
    """

    def script(connection: socket.socket) -> None:
        slow = body or head
        connection.sendall(head if body else b"")
        for at in range(len(slow)):
            time.sleep(pause)
            connection.sendall(slow[at : at + 1])
        hang_up(connection)

    return script
