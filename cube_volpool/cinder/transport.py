"""How requests go out: connections, and what the environment says of them.

On these connections a whole answer has to come within the time-out.  A
socket's own counts anew with every byte that arrives: whoever lets an answer
drip, a sick proxy for one, could hold a thread for ever.  Here it counts for
the head and the body together, from the last byte of the request.  What comes
before has a bound each by itself: every address that a connection is tried
to, the TLS handshake, sending the request.  How long looking up a name may
take is the resolver's own business.

*Source:* urllib3 2.x ``connection.HTTPConnection.getresponse``, which sets
the read time-out before it makes the answer; CPython ``http.client``.
"""

import http.client
import io
import os
import socket
import time
from typing import Any, Final
from urllib import parse

import requests
import urllib3
from keystoneauth1 import session
from requests import utils
from urllib3 import connection


class _Until(io.RawIOBase):
    """The bytes of a socket, until the time-out that it has now is over."""

    def __init__(
        self, inner: io.RawIOBase, sock: socket.socket, seconds: float
    ) -> None:
        super().__init__()
        self._inner = inner
        self._sock = sock
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        """True, as io asks for it."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, or comes in time.  Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self._sock.settimeout(left)
        return self._inner.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._inner.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that is read whole within its socket's time-out."""

    def __init__(
        self, sock: socket.socket, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = sock.gettimeout()
        if seconds is not None:
            raw: Any = self.fp.detach()
            self.fp = io.BufferedReader(_Until(raw, sock, seconds))


class _Plain(connection.HTTPConnection):
    response_class = _Answer


class _Secure(connection.HTTPSConnection):
    response_class = _Answer


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS: Final = {"http": _PlainPool, "https": _SecurePool}


class Adapter(session.TCPKeepAliveAdapter):
    """keystoneauth's adapter of requests, over such connections."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class Session(requests.Session):
    """A session that reads the environment once, and ~/.netrc never.

    requests looks for proxies, certificates and passwords anew for each call,
    which costs a quarter of the call; and a daemon's environment stays as it
    is.  A password of ~/.netrc would go to Cinder beside the token.

    *Source:* requests 2.33 ``sessions.Session.merge_environment_settings``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self._proxies: dict[str, dict[str, str]] = {}
        self._certificates = os.environ.get(
            "REQUESTS_CA_BUNDLE"
        ) or os.environ.get("CURL_CA_BUNDLE")

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Return what requests does: the call's own settings win."""
        if verify is True or verify is None:
            verify = self._certificates or verify
        return super().merge_environment_settings(
            url, {**self._proxies_for(url), **(proxies or {})},
            stream, verify, cert,
        )

    def _proxies_for(self, url: str) -> dict[str, str]:
        parts = parse.urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._proxies:
            self._proxies[host] = utils.get_environ_proxies(host)
        return self._proxies[host]
