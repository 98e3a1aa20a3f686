"""The real message broker, and a door to it that can be shut."""

import contextlib
import os
import select
import socket
import threading
import uuid
from urllib import parse

import fixtures
from kombu import connection

VARIABLE = "VOLPOOL_TEST_AMQP_URL"


def broker_url(*, port: int | None = None, vhost: str | None = None) -> str:
    """Return the URL of the real broker, through ``port`` when given.

    In a virtual host of its own when one is named; ``tools/servers`` has it.

    Everything declared goes away with its last consumer.
    """
    url = os.environ.get(VARIABLE)
    if not url:
        raise AssertionError(
            f"{VARIABLE} is not set, for example to "
            "rabbit://user:password@127.0.0.1:5672/vhost"
        )
    parts = parse.urlsplit(url)
    if port is not None:
        account = parts.netloc.rpartition("@")[0]
        parts = parts._replace(netloc=f"{account}@127.0.0.1:{port}")
    if vhost is not None:
        parts = parts._replace(path=f"/{vhost}")
    return parts._replace(
        query="amqp_auto_delete=true&kombu_reconnect_delay=0.1"
        "&rabbit_retry_interval=1&rabbit_interval_max=1"
    ).geturl()


class OwnTopic(fixtures.Fixture):
    """Names on the wire that no other test has."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or f"cube_volpool_test_{uuid.uuid4().hex}"

    def _setUp(self) -> None:
        for constant in ("EXCHANGE", "TOPIC"):
            self.useFixture(
                fixtures.MonkeyPatch(
                    f"cube_volpool.rpc.api.{constant}", self.name
                )
            )
        self.addCleanup(self._delete_exchange)

    def _delete_exchange(self) -> None:
        # A caller declares it too, and that one never had a consumer.
        url = broker_url().partition("?")[0].replace("rabbit:", "amqp:", 1)
        with connection.Connection(url) as opened:
            opened.default_channel.exchange_delete(self.name)


class Door(fixtures.Fixture):
    """A port before the broker, or another server: shut, deaf or open.

    Shut refuses connections, deaf takes them and says nothing, open passes
    everything on.  A change ends the connections there are.  A held door
    keeps them, and what is sent arrives once it is let go.
    """

    def __init__(self, host: str | None = None, port: int = 0) -> None:
        if host is None:
            parts = parse.urlsplit(broker_url())
            host, port = parts.hostname, parts.port or 5672
        self._server = (host, port)

    def _setUp(self) -> None:
        self._listener: socket.socket | None = None
        self._is_open = False
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: set[socket.socket] = set()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = broker_url(port=self.port)
        self.addCleanup(self.shut)

    def shut(self) -> None:
        """Take no connections."""
        self._is_open = False
        self._flows.set()
        if self._listener is not None:
            # Wakes up accept(), which close() alone does not.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self._hang_up()

    def make_deaf(self) -> None:
        """Take connections and leave them without a word."""
        self._is_open = False
        self._hang_up()
        self._listen()

    def hold(self) -> None:
        """Pass nothing on and end nothing, as a network cut in two does."""
        self._flows.clear()

    def let_go(self) -> None:
        """Pass on what was held back, and all that follows."""
        self._flows.set()

    def open(self) -> None:
        """Let everything through."""
        self._is_open = True
        self._hang_up()
        self._listen()

    def _listen(self) -> None:
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(
            target=self._accept, args=(self._listener,), daemon=True
        ).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            self._sockets.add(caller)
            if self._is_open:
                threading.Thread(
                    target=self._pass_on, args=(caller,), daemon=True
                ).start()

    def _pass_on(self, caller: socket.socket) -> None:
        ends = [caller]
        with contextlib.suppress(OSError, ValueError):
            broker = socket.create_connection(self._server)
            self._sockets.add(broker)
            ends.append(broker)
            other = {caller: broker, broker: caller}
            while True:
                for ready in select.select(list(other), [], [])[0]:
                    self._flows.wait()
                    sent = ready.recv(65536)
                    if not sent:
                        raise OSError("hung up")
                    other[ready].sendall(sent)
        # Both: else the broker takes a dead daemon for a living one.
        self._hang_up(*ends)

    def _hang_up(self, *which: socket.socket) -> None:
        for one in which or tuple(self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._sockets.discard(one)
