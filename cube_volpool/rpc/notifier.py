"""Notifications on the message bus, for whoever listens there.

Off unless ``driver`` of ``[oslo_messaging_notifications]`` names one, as in
every OpenStack service.  They are sent by a thread of their own: a broker that
is away, or a bus that nobody reads, keeps no claim waiting.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import oslo_messaging as om
from oslo_config import cfg
from oslo_log import log as logging

from cube_volpool import exception

LOG = logging.getLogger(__name__)

_GROUP: Final = "oslo_messaging_notifications"
#: What every event's name begins with.
PREFIX: Final = "cube_volpool"
#: Events that wait for the broker; more than that are dropped.
_WAITING: Final = 1000
#: That some were dropped is one line in this many seconds.
_REMIND: Final = 60.0


class Notifier:
    """Sends events, once started.  Raises InvalidConfiguration."""

    def __init__(self, conf: cfg.ConfigOpts, *, host: str) -> None:
        self._transport = _transport(conf)
        self._inner = om.Notifier(
            self._transport, publisher_id=f"{PREFIX}.{host}"
        )
        self._events: queue.Queue[tuple[str, Mapping[str, Any]] | None] = (
            queue.Queue(_WAITING)
        )
        self._dropped = 0
        self._told_at = 0.0
        self._thread = threading.Thread(
            target=self._send, name="notifications", daemon=True
        )

    def start(self) -> None:
        """Begin to send; until then events wait."""
        self._thread.start()

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        """Send an event some time later; returns at once.

        ``event`` is a name without the prefix, ``payload`` plain JSON.
        """
        try:
            self._events.put_nowait((f"{PREFIX}.{event}", payload))
        except queue.Full:
            self._dropped += 1
            now = time.monotonic()
            if now - self._told_at >= _REMIND:
                LOG.warning(
                    "%d notifications were dropped: the bus takes none",
                    self._dropped,
                )
                self._told_at = now

    def stop(self, timeout: float) -> None:
        """Send what waits, for ``timeout`` seconds at most."""
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._events.put(None, timeout=timeout)
                self._thread.join(timeout)
        self._transport.cleanup()

    def _send(self) -> None:
        while (event := self._events.get()) is not None:
            name, payload = event
            try:
                self._inner.info({}, name, dict(payload))
            except Exception as error:
                # The outermost frame of this thread: it is only news.
                LOG.warning("The event %s was not sent: %s", name, error)


def wanted(conf: cfg.ConfigOpts) -> bool:
    """Does the configuration name a driver that sends anything?"""
    # Making one registers the options; it connects to nothing.
    _transport(conf).cleanup()
    drivers = conf[_GROUP].driver
    return any(driver not in ("", "noop") for driver in drivers)


def _transport(conf: cfg.ConfigOpts) -> om.Transport:
    try:
        return om.get_notification_transport(conf)
    except (om.InvalidTransportURL, om.DriverLoadFailure) as error:
        raise exception.InvalidConfiguration(
            group=_GROUP, option="transport_url", reason=str(error)
        ) from error
    except ValueError:
        # Its text may repeat a part of the password.
        raise exception.InvalidConfiguration(
            group=_GROUP,
            option="transport_url",
            reason="is no URL of a broker",
        ) from None
