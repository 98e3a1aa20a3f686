"""The gate: breakers over real sockets, and what 429 comes to."""

import requests
from keystoneauth1 import session as ks_session
from keystoneauth1 import token_endpoint
from oslotest import base
from requests import adapters

from cube_volpool import model, volumeapi
from cube_volpool.cinder import api, breaker, gate
from cube_volpool.tests import simulator
from cube_volpool.tests.unit.cinder import servers

_VOLUME = model.VolumeId("00000000-0000-4000-8000-000000000001")


class _Auth(token_endpoint.Token):
    def get_project_id(self, session, **kwargs):
        return "p1"


class GateTest(base.BaseTestCase):
    """A volume API whose requests pass a gate; one server each."""

    def setUp(self):
        super().setUp()
        self.clock = simulator.SimClock()
        self.breakers = gate.Breakers(
            breaker.Limits(failures=3, pause=8.0),
            clock=self.clock,
            chance=lambda: 1.0,
        )

    def api(self, url):
        """Return a volume API of the Cinder at a URL."""
        http = requests.Session()
        self.addCleanup(http.close)
        http.mount("http://", gate.Gate(adapters.HTTPAdapter(), self.breakers))
        return api.CinderAPI(
            ks_session.Session(session=http),
            _Auth(url, "token"),
            endpoint=api.Endpoint(endpoint_override=url),
        )

    def server(self, script):
        """Start a server."""
        return self.useFixture(servers.BrokenServer(script))

    def exhaust(self, cinder):
        """Fail over three paths."""
        for call in (
            lambda: cinder.get_volume(_VOLUME),
            lambda: cinder.list_volumes(),
            lambda: cinder.list_snapshots(),
        ):
            self.assertRaises(volumeapi.VolumeAPIError, call)

    def test_a_server_that_fails_all_the_time_is_left_alone(self):
        """The next call is answered without one."""
        server = self.server(servers.answer(500))
        cinder = self.api(f"{server.url}/v3")
        self.exhaust(cinder)
        sent = len(server.requests)

        error = self.assertRaises(
            volumeapi.Suspended, cinder.get_volume, _VOLUME
        )

        self.assertEqual(sent, len(server.requests))
        self.assertIn(server.url.removeprefix("http://"), str(error))

    def test_a_server_that_is_down_is_left_alone(self):
        """A refused connection is a failure of the endpoint."""
        cinder = self.api(f"{servers.refused_url()}/v3")

        self.exhaust(cinder)

        self.assertRaises(volumeapi.Suspended, cinder.get_volume, _VOLUME)

    def test_missing_certificate_is_told_and_nothing_is_sent(self):
        """Definite, and the file is named: no error without a meaning."""
        gone = "/nonexistent/ca.pem"
        http = requests.Session()
        self.addCleanup(http.close)
        http.mount(
            "https://", gate.Gate(adapters.HTTPAdapter(), self.breakers)
        )
        cinder = api.CinderAPI(
            ks_session.Session(session=http, verify=gone),
            _Auth("https://cinder.test/v3", "token"),
            endpoint=api.Endpoint(endpoint_override="https://cinder.test/v3"),
        )

        error = self.assertRaises(
            volumeapi.Unreachable, cinder.get_volume, _VOLUME
        )

        self.assertIn(gone, str(error))

    def test_refusals_are_no_failures(self):
        """A Cinder that says no is well."""
        cinder = self.api(f"{self.server(servers.answer(403)).url}/v3")

        for _ in range(5):
            self.exhaust(cinder)

        self.assertRaises(volumeapi.Forbidden, cinder.get_volume, _VOLUME)

    def test_two_endpoints_of_one_host_have_two_breakers(self):
        """Keystone and Cinder often are two paths of one host."""
        url = self.server(servers.answer(500)).url
        self.exhaust(self.api(f"{url}/volume"))

        error = self.assertRaises(
            volumeapi.Unclear, self.api(f"{url}/other").get_volume, _VOLUME
        )

        self.assertNotIsInstance(error, volumeapi.Suspended)

    def test_too_many_requests_come_with_the_pause_asked_for(self):
        """A date, or nothing, is no number of seconds."""
        for header, seconds in (("7", 7.0), ("soon", None), (None, None)):
            headers = {} if header is None else {"Retry-After": header}
            cinder = self.api(
                self.server(servers.answer(429, headers=headers)).url
            )

            error = self.assertRaises(
                volumeapi.Throttled, cinder.get_volume, _VOLUME
            )

            self.assertEqual(seconds, error.retry_after)
