"""The environment of a daemon, as its requests follow it."""

import pathlib

import fixtures
from oslotest import base

from cube_volpool.cinder import transport
from cube_volpool.tests.unit.cinder import servers


class EnvironmentTest(base.BaseTestCase):
    """What the environment of a daemon says of its requests."""

    def setUp(self):
        super().setUp()
        for name in ("http_proxy", "no_proxy", "REQUESTS_CA_BUNDLE"):
            self.useFixture(fixtures.EnvironmentVariable(name))
        self.server, self.proxy = (
            self.useFixture(servers.BrokenServer(servers.answer(200)))
            for _ in range(2)
        )

    def get(self):
        """Ask the server, with a session as it is made now."""
        with transport.Session() as session:
            session.get(self.server.url).close()

    def test_proxy_is_asked(self):
        """As by every program."""
        name = fixtures.EnvironmentVariable("http_proxy", self.proxy.url)
        self.useFixture(name)
        self.get()

        self.assertEqual((0, 1), self.asked())

    def test_host_without_proxy_is_asked_itself(self):
        """The environment names it."""
        for name, value in (
            ("http_proxy", self.proxy.url), ("no_proxy", "127.0.0.1")
        ):
            self.useFixture(fixtures.EnvironmentVariable(name, value))
        self.get()

        self.assertEqual((1, 0), self.asked())

    def test_environment_is_read_once(self):
        """It stays as it is, and reading it costs as much as the call."""
        with transport.Session() as session:
            session.get(self.server.url).close()
            name = fixtures.EnvironmentVariable("http_proxy", self.proxy.url)
            self.useFixture(name)
            session.get(self.server.url).close()

        self.assertEqual((2, 0), self.asked())

    def test_certificates_of_the_environment_are_taken(self):
        """Unless the configuration names others, or wants none."""
        self.useFixture(
            fixtures.EnvironmentVariable("REQUESTS_CA_BUNDLE", "/ca.pem")
        )
        with transport.Session() as session:
            found = [
                session.merge_environment_settings(
                    "https://cinder.test/v3", {}, None, verify, None
                )["verify"]
                for verify in (True, "/other.pem", False)
            ]

        self.assertEqual(["/ca.pem", "/other.pem", False], found)

    def test_no_password_of_the_users_file_is_sent(self):
        """Cinder has its token."""
        home = self.useFixture(fixtures.TempHomeDir())
        file = pathlib.Path(home.path) / ".netrc"
        file.write_text("machine 127.0.0.1 login volpool password secret1\n")
        self.get()

        self.assertNotIn(b"uthorization", self.server.requests[0])

    def asked(self):
        """Return how many requests the server got, and the proxy."""
        return len(self.server.requests), len(self.proxy.requests)
