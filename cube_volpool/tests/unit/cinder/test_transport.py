"""The transport: whole answers in time, over real sockets."""

import gzip
import http.server
import threading
import time
from datetime import timedelta

import requests
import testscenarios
from keystoneauth1 import session as ks_session
from keystoneauth1 import token_endpoint
from oslotest import base

from cube_volpool import clock, conf, model, volumeapi
from cube_volpool.cinder import api, breaker, gate, sessions, transport
from cube_volpool.tests.unit.cinder import servers
from cube_volpool.tests.unit.conf import base as conf_base

load_tests = testscenarios.load_tests_apply_scenarios

_VOLUME = model.VolumeId("00000000-0000-4000-8000-000000000001")
_BODY = b'{"volume": {}}' + b" " * 100
_PLAIN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"x-compute-request-id: req-1\r\n"
)
_LENGTH = _PLAIN + f"Content-Length: {len(_BODY)}\r\n\r\n".encode()
#: Between two bytes; far less than the time-out, which no single read meets.
_PAUSE = 0.05
_TIMEOUT = 0.5
#: What a busy machine may add to it.
_SLACK = 1.0


def _gate(failures=0):
    breakers = gate.Breakers(
        breaker.Limits(failures=failures, pause=60),
        clock=clock.SystemClock(),
        chance=lambda: 1.0,
    )
    return gate.Gate(transport.Adapter(), breakers)


class _Auth(token_endpoint.Token):
    def get_project_id(self, session, **kwargs):
        return "p1"


class DripCase(base.BaseTestCase):
    """A Cinder that sends a byte now and then."""

    head: bytes
    body: bytes
    scenarios = [
        ("body", {"head": _LENGTH, "body": _BODY}),
        ("head", {"head": _LENGTH + _BODY, "body": b""}),
        (
            "chunks",
            {
                "head": _PLAIN + b"Transfer-Encoding: chunked\r\n\r\n",
                "body": b"1\r\n \r\n" * 30,
            },
        ),
        ("body without a length", {"head": _PLAIN + b"\r\n", "body": _BODY}),
        (
            "headers without an end",
            {"head": _PLAIN + b"x-a: b\r\n" * 20, "body": b""},
        ),
        (
            "nothing but promises",
            {"head": b"HTTP/1.1 100 Wait\r\n\r\n" * 9, "body": b""},
        ),
    ]

    def setUp(self):
        super().setUp()
        self.server = self.useFixture(
            servers.BrokenServer(
                servers.drip(self.head, self.body, pause=_PAUSE)
            )
        )

    def api(self, **limits):
        """Return a volume API of that Cinder."""
        session = requests.Session()
        self.addCleanup(session.close)
        session.mount("http://", _gate(**limits))
        return api.CinderAPI(
            ks_session.Session(session=session),
            _Auth(self.server.url, "token"),
            endpoint=api.Endpoint(
                endpoint_override=f"{self.server.url}/v3",
                timeout=timedelta(seconds=_TIMEOUT),
                accept_timeout=timedelta(seconds=2 * _TIMEOUT),
            ),
        )

    def assert_given_up(self, call, *, after=_TIMEOUT):
        """The call lasts as long as it may, and is unclear."""
        began = time.monotonic()
        self.assertRaises(volumeapi.Unclear, call)
        lasted = time.monotonic() - began

        self.assertGreaterEqual(lasted, after - 0.05)
        self.assertLess(lasted, after + _SLACK)

    def test_call_is_given_up_after_its_time(self):
        """It may have been executed, read or effect."""
        cinder = self.api()

        self.assert_given_up(lambda: cinder.get_volume(_VOLUME))
        self.assert_given_up(lambda: cinder.delete_volume(_VOLUME))
        self.assertEqual(2, len(self.server.requests))

    def test_accept_has_its_own_time(self):
        """Longer than the others', and an end all the same."""
        cinder = self.api()
        offer = model.Offer(
            transfer_id=model.TransferId("t"), auth_key="invented"
        )

        self.assert_given_up(
            lambda: cinder.accept(offer), after=2 * _TIMEOUT
        )

    def test_call_within_a_budget_ends_with_it(self):
        """The caller is told while he still listens."""
        cinder = self.api().bounded(timedelta(seconds=_TIMEOUT / 2))

        self.assert_given_up(
            lambda: cinder.get_volume(_VOLUME), after=_TIMEOUT / 2
        )

    def test_dripping_server_is_left_alone(self):
        """What does not end counts as a failure of the endpoint."""
        cinder = self.api(failures=3).bounded(timedelta(seconds=0.2))
        for call in (
            lambda: cinder.get_volume(_VOLUME),
            lambda: cinder.list_volumes(),
            lambda: cinder.list_snapshots(),
        ):
            self.assertRaises(volumeapi.Unclear, call)

        self.assertRaises(volumeapi.Suspended, cinder.get_volume, _VOLUME)


class KeystoneTest(conf_base.ConfCase):
    """A daemon's own sessions, as its options make them."""

    def test_dripping_keystone_is_given_up_too(self):
        """No token within the time-out: the pool's Cinder was not asked."""
        server = self.useFixture(
            servers.BrokenServer(servers.drip(_LENGTH, _BODY, pause=_PAUSE))
        )
        parsed = self.parse(
            conf_base.with_changes(
                {
                    "pool_project": {
                        "auth_url": f"{server.url}/v3",
                        "timeout": 1,
                    },
                    "claim": {"default_budget": 2},
                }
            )
        )
        cinder = sessions.Sessions(
            parsed,
            conf.load(parsed),
            http=None,
            clock=clock.SystemClock(),
            chance=lambda: 1.0,
        ).pool()
        began = time.monotonic()

        self.assertRaises(volumeapi.Unreachable, cinder.get_volume, _VOLUME)

        # keystoneauth asks for the versions first, and goes on without them.
        self.assertEqual(2, len(server.requests))
        self.assertLess(time.monotonic() - began, 2 + _SLACK)


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers in each of the forms that HTTP has for one."""

    protocol_version = "HTTP/1.1"
    connections: set[tuple[str, int]] = set()

    def _answer(self):
        self.connections.add(self.client_address)
        kind = self.path.strip("/")
        content = b"" if kind == "empty" else b"x" * 200_000
        self.send_response(204 if kind == "empty" else 200)
        if kind == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
        elif kind == "packed":
            content = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        if kind in ("plain", "packed"):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = _answer  # noqa: N815 - named by http.server

    def log_message(self, format, *args):
        """Nobody reads it."""


class WellCase(base.BaseTestCase):
    """A server that is well is answered as ever."""

    def setUp(self):
        super().setUp()
        _Handler.connections = set()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.session = requests.Session()
        self.addCleanup(self.session.close)
        self.session.mount("http://", _gate())

    def get(self, kind, **how):
        return self.session.get(f"{self.url}/{kind}", timeout=5, **how)

    def test_every_form_of_an_answer_is_read_whole(self):
        """And all over one connection, which is used again."""
        for kind, length in (
            ("plain", 200_000),
            ("chunked", 200_000),
            ("packed", 200_000),
            ("empty", 0),
        ):
            self.assertEqual(length, len(self.get(kind).content), kind)
        head = self.session.head(f"{self.url}/plain", timeout=5)
        self.assertEqual((200, b""), (head.status_code, head.content))
        self.assertEqual(200_000, len(self.get("plain").content))

        self.assertEqual(1, len(_Handler.connections))

    def test_time_counts_for_each_answer_anew(self):
        """A connection that is kept longer than a time-out is no slow one."""
        for _ in range(3):
            time.sleep(0.4)
            answer = self.session.get(f"{self.url}/plain", timeout=0.5)
            self.assertEqual(200, answer.status_code)

        self.assertEqual(1, len(_Handler.connections))

    def test_without_a_time_out_there_is_no_bound(self):
        """As requests has it; the daemon's own calls all have one."""
        answer = self.session.get(f"{self.url}/chunked")

        self.assertEqual(200_000, len(answer.content))


class ProxyTest(base.BaseTestCase):
    """A proxy may drip as well."""

    def test_answer_through_a_proxy_is_bounded(self):
        """Also the one that opens a tunnel."""
        server = self.useFixture(
            servers.BrokenServer(
                servers.drip(_LENGTH + _BODY, b"", pause=_PAUSE)
            )
        )
        for scheme in ("http", "https"):
            session = requests.Session()
            self.addCleanup(session.close)
            session.mount(f"{scheme}://", _gate())
            began = time.monotonic()

            self.assertRaises(
                requests.RequestException,
                session.get,
                f"{scheme}://cinder.test/",
                proxies={scheme: server.url},
                timeout=_TIMEOUT,
            )

            self.assertLess(
                time.monotonic() - began, _TIMEOUT + _SLACK, scheme
            )
