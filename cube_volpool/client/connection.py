"""A call with a deadline of its own, and with proof when it was never sent.

With a dead broker a call of oslo.messaging blocks for ever, whatever its
time-out, while it makes its reply queue; when the broker is back, the call
goes on and sends.  So each call runs in a daemon thread, and its context is
handed over behind a gate: closed at the deadline, it stops the message.
"""

import socket
import threading
import time
from collections.abc import Mapping
from concurrent import futures
from typing import Any, Final

import oslo_messaging as om
from oslo_log import log as logging

from cube_volpool import exception
from cube_volpool.rpc import api

LOG = logging.getLogger(__name__)

#: A message is sent once: a second one that the broker gives back as
#: undeliverable would prove nothing about the first.  A pooled connection
#: that died with the broker costs the caller one ClaimInProgress.
_SEND_RETRIES: Final = 0
#: For one host of the broker to take a connection, in seconds.
_KNOCK_TIMEOUT: Final = 1.0
#: What a task should wait before it asks again, in seconds.
_RETRY_AFTER: Final = 5


class NotSent(exception.Busy):
    """Proof: the request never left this process and never will."""


class NobodyListens(NotSent):
    """Nor did anybody, ever: no daemon has made the queue."""


class NoAnswer(Exception):
    """The request may have been sent; what became of it is not known."""


class _Abandoned(Exception):
    """The gate was closed before the message was made."""


class _Gate:
    """Passed or closed, whichever comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed = False
        self._closed = False

    def go_through(self) -> None:
        """Pass.  Raises _Abandoned when the gate is closed."""
        with self._lock:
            if self._closed:
                raise _Abandoned
            self._passed = True

    def close(self) -> bool:
        """Close; True when nobody passed, and so nobody will."""
        with self._lock:
            self._closed = not self._passed
            return self._closed


class _GatedContext:
    """A context that can be read only through the gate.

    The driver turns the context into a part of the message after the reply
    queue is there and before anything is sent; no message without it.
    """

    def __init__(self, values: Mapping[str, Any], gate: _Gate) -> None:
        self._values = values
        self._gate = gate

    def to_dict(self) -> dict[str, Any]:
        self._gate.go_through()
        return dict(self._values)


class Connection:
    """One process's way to the daemons."""

    def __init__(
        self,
        conf: Any,
        *,
        url: str | None,
        max_calls: int,
        version: str = api.CLIENT_VERSION,
    ) -> None:
        transport = api.make_transport(conf, url=url)
        parsed = om.TransportURL.parse(conf, url)
        self._hosts = [
            (host.hostname, host.port)
            for host in parsed.hosts
            if host.hostname and host.port
        ]
        # Tracing reads and writes the context itself; other drivers need a
        # dictionary, or hand it over unread.
        self._gated = (
            parsed.transport in ("rabbit", "kombu")
            and not conf.oslo_messaging_tracing.tracing_enabled
        )
        self._rpc = om.get_rpc_client(
            transport,
            api.client_target(version),
            retry=_SEND_RETRIES,
            transport_options=om.TransportOptions(at_least_once=True),
        )
        self._slots = threading.BoundedSemaphore(max_calls)
        self._doubtful = True

    def call(
        self,
        context: Mapping[str, Any],
        method: str,
        *,
        timeout: float,
        version: str | None = None,
        **arguments: Any,
    ) -> Any:
        """Return what the daemon answers, within ``timeout`` seconds.

        ``version`` is the one that a method needs, where that is another.
        Raises the daemon's own error, NotSent or NoAnswer.
        """
        deadline = time.monotonic() + timeout
        if not self._slots.acquire(timeout=timeout):
            raise _not_sent("too many calls are under way")
        if self._doubtful and not self._is_broker_there():
            self._slots.release()
            raise _not_sent("the message broker is away")
        gate = _Gate()
        future: futures.Future[Any] = futures.Future()
        threading.Thread(
            target=self._run,
            args=(future, gate, context, method, deadline, version, arguments),
            name="volpool-call",
            daemon=True,
        ).start()
        return self._outcome(future, gate, deadline=deadline)

    def _run(
        self,
        future: "futures.Future[Any]",
        gate: _Gate,
        context: Mapping[str, Any],
        method: str,
        deadline: float,
        version: str | None,
        arguments: Mapping[str, Any],
    ) -> None:
        try:
            timeout = max(0.1, deadline - time.monotonic())
            passed = _GatedContext(context, gate) if self._gated else context
            if not self._gated:
                gate.go_through()
            needed = {} if version is None else {"version": version}
            prepared = self._rpc.prepare(timeout=timeout, **needed)
            future.set_result(prepared.call(passed, method, **arguments))
        except BaseException as error:
            future.set_exception(error)
        finally:
            self._slots.release()

    def _outcome(
        self, future: "futures.Future[Any]", gate: _Gate, *, deadline: float
    ) -> Any:
        try:
            answer = future.result(max(0.0, deadline - time.monotonic()))
        except exception.VolpoolError as error:
            self._doubtful = False
            raise (api.plain_error(error) or error) from None
        except om.MessageUndeliverable as error:
            raise NobodyListens(
                reason="no daemon has ever listened; nothing sent",
                retry_after=_RETRY_AFTER,
            ) from error
        except Exception as error:
            self._doubtful = True
            if gate.close():
                raise _not_sent(
                    f"the message broker took nothing ({type(error).__name__})"
                ) from error
            LOG.debug("no answer: %r", error)
            raise NoAnswer(f"no answer ({type(error).__name__})") from error
        self._doubtful = False
        return answer

    def _is_broker_there(self) -> bool:
        """Does any host of the broker take a connection?"""
        for address in self._hosts:
            try:
                socket.create_connection(address, _KNOCK_TIMEOUT).close()
            except OSError:
                continue
            return True
        return not self._hosts


def _not_sent(reason: str) -> NotSent:
    return NotSent(reason=f"{reason}; nothing sent", retry_after=_RETRY_AFTER)
