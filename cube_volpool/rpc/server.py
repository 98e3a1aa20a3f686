"""The server of the wire: it listens whatever the broker does."""

import threading
from collections.abc import Callable
from typing import Any, Final

import oslo_messaging as om
from oslo_log import log as logging
from oslo_messaging.rpc import dispatcher
from oslo_messaging.rpc import server as rpc_server

from cube_volpool import exception
from cube_volpool.rpc import api
from cube_volpool.rpc.answering import refusal

LOG = logging.getLogger(__name__)

#: Between two attempts to listen when the broker refuses, in seconds.
_START_PAUSE: Final = 5.0


class _Dispatcher(dispatcher.RPCDispatcher):
    """Answers what is no call of ours like any other bad input.

    oslo.messaging's own would log a traceback for each, and send it: whoever
    is on the bus could fill the log.
    """

    def dispatch(self, incoming: Any) -> Any:
        """Call a method of the endpoint.  Raises ExpectedException alone."""
        try:
            return super().dispatch(incoming)
        except om.ExpectedException:
            raise
        except om.UnsupportedVersion:
            refused = exception.InvalidRequest(
                field="version",
                reason=f"is not served here; {api.VERSION} is",
            )
        except Exception as error:
            # Nothing of an endpoint's comes here: no such method, or a
            # message of which a part has another type than all calls have.
            LOG.debug("No call: %s: %s", type(error).__name__, error)
            refused = exception.InvalidRequest(
                field="method", reason="is no method of this service"
            )
        raise refusal(refused)


def make_server(
    transport: om.Transport, *endpoints: object, host: str
) -> om.MessageHandlingServer:
    """Return a server of ``endpoints`` that does not listen yet.

    How many requests run side by side is ``executor_thread_pool_size``, and
    how many are fetched ahead ``rabbit_qos_prefetch_count``, both of the
    transport's configuration.  Contexts stay the dictionaries they are.
    """
    calls = _Dispatcher(
        endpoints, serializer=None, access_policy=om.ExplicitRPCAccessPolicy
    )
    return rpc_server.RPCServer(transport, api.server_target(host), calls)


class RpcServer:
    """A server that starts and stops whatever the broker does.

    With a dead broker oslo.messaging's ``start()`` blocks for ever, and its
    ``stop()`` behind it.  Both run in daemon threads here.
    """

    def __init__(self, make: Callable[[], om.MessageHandlingServer]) -> None:
        self._make = make
        self._server: om.MessageHandlingServer | None = None
        self._serving = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        #: Beginning to listen and stopping are one after the other.
        self._turn = threading.Lock()

    def start(self) -> None:
        """Begin to listen as soon as the broker lets us; returns at once."""
        self._thread = threading.Thread(
            target=self._listen, name="rpc-start", daemon=True
        )
        self._thread.start()

    def wait_until_serving(self, timeout: float | None = None) -> bool:
        """Wait until requests are taken; False after ``timeout`` seconds."""
        return self._serving.wait(timeout)

    @property
    def is_serving(self) -> bool:
        """Are requests taken now, as far as can be seen?"""
        if not self._serving.is_set() or self._stopping.is_set():
            return False
        return _is_connected(self._server)

    def stop(self, timeout: float) -> bool:
        """Take no more requests and finish those that run.

        Returns False when that was not done within ``timeout`` seconds; what
        is left then dies with the process.
        """
        with self._turn:
            self._stopping.set()
            if self._server is None:
                # Nothing was taken yet; one that begins after all ends itself.
                return True
        closing = threading.Thread(
            target=self._close, name="rpc-stop", daemon=True
        )
        closing.start()
        closing.join(timeout)
        return not closing.is_alive()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            server = self._make()
            try:
                server.start()
            except Exception:
                LOG.exception(
                    "the RPC server could not listen; trying again in %s s",
                    _START_PAUSE,
                )
                self._stopping.wait(_START_PAUSE)
                continue
            with self._turn:
                if not self._stopping.is_set():
                    self._server = server
                    self._serving.set()
                    LOG.info("the RPC server listens")
                    return
            _end(server)

    def _close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        if self._server is not None:
            _end(self._server)


def _end(server: om.MessageHandlingServer) -> None:
    server.stop()
    _leave_the_rest(server)
    server.wait()


def _connection(server: om.MessageHandlingServer | None) -> Any:
    """Return the connection that a server listens on.

    None where it is closed, or hidden.  *Source:* oslo.messaging 18.3
    ``_drivers/common.py``: a ConnectionContext raises when anything is asked
    of it after its end, so its own attributes are looked at.
    """
    adapter = getattr(server, "listener", None)
    listener = getattr(adapter, "_poll_style_listener", None)
    context = getattr(listener, "conn", None)
    return getattr(context, "__dict__", {}).get("connection")


def _is_connected(server: om.MessageHandlingServer | None) -> bool:
    """Has the listener a connection to the broker?  True where that is hidden.

    *Source:* oslo.messaging 18.3 ``_drivers/impl_rabbit.py``: a Connection
    has kombu's, which is not ``connected`` while it reconnects.
    """
    kombu = getattr(_connection(server), "connection", None)
    return bool(getattr(kombu, "connected", True))


def _leave_the_rest(server: om.MessageHandlingServer) -> None:
    """Let what a stopped server is still handed go back to the queue.

    A request is acknowledged when it is received, and closing the connection
    receives what lies in the socket: nobody would carry it out, and its caller
    would wait in vain.  What is not acknowledged goes to another daemon.
    *Source:* oslo.messaging 18.3 ``_drivers/amqpdriver.py``:
    ``RpcAMQPListener.__call__`` acknowledges, and ``AMQPListener.cleanup``
    closes, which waits for the broker to delete a queue.
    """
    for consumer in getattr(_connection(server), "_consumers", ()):
        consumer.callback = lambda _message: None
