"""TLS to the broker and to both databases, with real servers.

The servers are called ``localhost`` in their certificate and nothing else.
"""

import os
import pathlib
from typing import Any
from urllib import parse

import fixtures
import sqlalchemy as sa
import testscenarios
from oslotest import base

from cube_volpool import client, exception
from cube_volpool.db import migration
from cube_volpool.tests import engine, simulator
from cube_volpool.tests.functional import broker, installation
from cube_volpool.tests.functional.db import databases

load_tests = testscenarios.load_tests_apply_scenarios

#: The directory of the certificates and the broker's URL with TLS.
FOLDER, BROKER = "VOLPOOL_TEST_TLS", "VOLPOOL_TEST_AMQP_TLS_URL"
POOL = {"os_name": "debian-12", "volume_type": "ssd", "min_ready": 1}
#: How each driver is told the authority; it then looks at the name as well.
_VERIFYING = {
    "mysql": "ssl_ca={ca}",
    "postgresql": "sslmode=verify-full&sslrootcert={ca}",
}
_SESSION = {
    "mysql": "SHOW STATUS LIKE 'Ssl_version'",
    "postgresql": "SELECT 'x', version FROM pg_stat_ssl"
    " WHERE pid = pg_backend_pid()",
}


def _needed(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        raise AssertionError(
            f"{variable} is not set; tools/servers/up.sh starts the servers "
            "and prints the file to source"
        )
    return found


class TLSCase(base.BaseTestCase):
    """A daemon that is to talk to its servers with TLS alone."""

    database: type[databases.Mariadb] | type[databases.Postgresql]
    scenarios = [
        ("MariaDB", {"database": databases.Mariadb}),
        ("PostgreSQL", {"database": databases.Postgresql}),
    ]

    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(_needed(FOLDER))
        self.cloud = simulator.Cloud.lab(
            simulator.RealClock(), build_seconds=0.1, build_seconds_per_gib=0.1
        )
        self.server = self.enterContext(simulator.serve(self.cloud))
        made = self.database()
        self.plain = sa.make_url(made.create())
        self.addCleanup(made.drop)
        opened = sa.create_engine(self.plain)
        migration.sync(opened)
        opened.dispose()

    def database_url(self, ca: str = "ca.pem", host: str = "localhost") -> Any:
        """Return the URL with TLS: whom to trust, how to call the server."""
        query = _VERIFYING[self.plain.get_backend_name()].format(
            ca=self.folder / ca
        )
        return self.plain.set(host=host).update_query_string(query)

    def broker_url(self, ca: str = "ca.pem", host: str = "localhost") -> str:
        """Return the broker's URL with TLS; options stand in its query."""
        parts = parse.urlsplit(_needed(BROKER))
        account = parts.netloc.rpartition("@")[0]
        query = {
            "ssl": "true",
            "ssl_ca_file": self.folder / ca,
            "amqp_auto_delete": "true",
            "rabbit_retry_interval": 1,
            "rabbit_interval_max": 1,
        }
        return parts._replace(
            netloc=f"{account}@{host}:{parts.port}",
            query=parse.urlencode(query),
        ).geturl()

    def start(self, **changes: Any) -> engine.Engine:
        """Start a daemon with these URLs, the right ones by default."""
        urls = {
            "database": self.database_url().render_as_string(False),
            "broker": self.broker_url(),
            **changes,
        }
        config: dict[str, Any] = installation.sections(
            auth_url=self.server.auth_url,
            database=urls["database"],
            broker=urls["broker"],
            pools={"deb": POOL},
        )
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        return self.useFixture(
            engine.Engine(engine.write(folder / "engine.conf", config))
        )

    def test_daemon_serves_over_tls_alone(self) -> None:
        """Broker and database with TLS, their names verified: a claim."""
        self.start()
        client.configure(transport_url=self.broker_url())

        engine.wait_until(lambda: self.ready() == 1, "a volume is ready")
        answer = client.claim_volume(
            {"project_id": self.cloud.project_id("skyline-a")},
            {
                "name": "web_sys",
                "volume_type": "ssd",
                "snapshot_id": self.cloud.snapshot_id(
                    "debian-12_ssd_20261120"
                ),
            },
            budget=20,
        )

        self.assertEqual("pool", answer["source"])
        self.assertIn("TLSv1", self.tls_version())

    def ready(self) -> int:
        """Return how many volumes the pool has, 0 without an answer."""
        try:
            found = client.get_pools(
                {"project_id": self.cloud.project_id("skyline-a")}, timeout=5
            )
        except exception.Busy:
            return 0
        return int(found["pools"][0]["ready"])

    def tls_version(self) -> str:
        """Return what a connection with the daemon's URL speaks."""
        opened = sa.create_engine(self.database_url())
        self.addCleanup(opened.dispose)
        statement = _SESSION[self.plain.get_backend_name()]
        with opened.connect() as connection:
            return str(connection.execute(sa.text(statement)).one()[1])

    def test_database_of_another_authority_is_not_trusted(self) -> None:
        """The daemon waits, and says that the certificate is the trouble."""
        url = self.database_url(ca="other-ca.pem").render_as_string(False)
        daemon = self.start(database=url)

        daemon.wait_for("has to wait: the database does not answer")
        self.assertIn("certificate verify failed", daemon.said())

    def test_database_of_another_name_is_not_trusted(self) -> None:
        """A right certificate on the wrong machine is wrong."""
        url = self.database_url(host="127.0.0.1").render_as_string(False)
        daemon = self.start(database=url)

        daemon.wait_for("has to wait: the database does not answer")
        self.assertRegex(daemon.said(), "certificate .*127.0.0.1")

    def test_missing_certificate_refuses_the_start(self) -> None:
        """Of the database or of the broker: one sentence, status 78."""
        for change, gone in (
            ("database", "gone-1.pem"),
            ("broker", "gone-2.pem"),
        ):
            urls = {
                "database": self.database_url(ca=gone).render_as_string(False),
                "broker": self.broker_url(ca=gone),
            }
            daemon = self.start(**{change: urls[change]})

            self.assertEqual(78, daemon.exit_status())
            self.assertRegex(
                daemon.said(), rf"\[.*\] .*: .*{gone} cannot be read: No such"
            )
            self.assertNotIn("Traceback", daemon.said())

    def test_certificate_lost_and_found_while_running(self) -> None:
        """As a database that is away: a line that names the file."""
        kept = self.folder / "ca.pem"
        own = pathlib.Path(self.useFixture(fixtures.TempDir()).path, "ca.pem")
        own.write_bytes(kept.read_bytes())
        url = self.database_url(ca=str(own)).render_as_string(False)
        relay = self.useFixture(
            broker.Door("localhost", self.plain.port or 0)
        )
        relay.open()
        daemon = self.start(
            database=sa.make_url(url).set(port=relay.port)
            .render_as_string(False)
        )
        daemon.wait_for("All checks passed")
        own.unlink()
        # It ends the connections that there are.
        relay.open()

        daemon.wait_for(f"{own} cannot be read: No such file")
        own.write_bytes(kept.read_bytes())

        daemon.wait_for("works again")
        # What a duty says before the traceback of what it did not expect.
        self.assertNotIn("it goes on", daemon.said())

    def test_broker_of_another_authority_is_not_trusted(self) -> None:
        """The daemon goes on trying, and says what the trouble is."""
        daemon = self.start(broker=self.broker_url(ca="other-ca.pem"))

        daemon.wait_for("certificate verify failed")

    def test_broker_of_another_name_is_not_trusted(self) -> None:
        """A right certificate on the wrong machine is wrong."""
        daemon = self.start(broker=self.broker_url(host="127.0.0.1"))

        daemon.wait_for("IP address mismatch")
