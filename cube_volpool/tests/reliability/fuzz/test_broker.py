"""Raw AMQP messages to a real daemon: it serves on as if nothing were."""

import pathlib
import uuid
from urllib import parse

import fixtures
import sqlalchemy as sa
from kombu import connection
from oslotest import base

from cube_volpool import client, exception
from cube_volpool.db import migration
from cube_volpool.rpc import api
from cube_volpool.tests import engine, figures, simulator
from cube_volpool.tests.functional import broker, installation
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.reliability.fuzz import messages
from cube_volpool.tests.reliability.fuzz.message import Sort, packed
from cube_volpool.tests.reliability.fuzz.test_fuzz import SEED

_NUMBER = 400
#: Bodies that oslo.messaging does not even take for a message of its own.
_BODIES = (
    (b"", "application/json"),
    (b"\x00\xff\xfe", "application/json"),
    (b"{", "application/json"),
    (b"7", "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"oslo.version": "2.0"}', "application/json"),
    (b"A" * 10 * 2**20, "text/plain"),
    (b"cos\nsystem\n(S'true'\ntR.", "application/x-python-serialize"),
    (b"!!python/object/apply:os.system [true]", "application/x-yaml"),
    (b"x", "no/such-type"),
)


class TestRawMessages(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud = simulator.Cloud.lab(
            simulator.RealClock(), build_seconds=0.1, build_seconds_per_gib=0.1
        )
        self.server = self.enterContext(simulator.serve(self.cloud))
        made = databases.Mariadb()
        self.database = made.create()
        self.addCleanup(made.drop)
        opened = sa.create_engine(self.database)
        migration.sync(opened)
        opened.dispose()
        self.url = broker.broker_url().replace("/volpool?", "/fuzz?")
        client.configure(transport_url=self.url)

    def start(self) -> engine.Engine:
        """Start a daemon that creates nothing by itself."""
        config = installation.sections(
            auth_url=self.server.auth_url,
            database=self.database,
            broker=self.url,
            pools={"deb": {**installation.POOL, "min_ready": 0}},
        )
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = engine.write(folder / "engine.conf", config)
        return self.useFixture(engine.Engine(path))

    def answers(self) -> bool:
        """Does the daemon answer?"""
        try:
            client.get_pools(self.context(), timeout=5)
        except exception.Busy:
            return False
        return True

    def context(self) -> dict[str, str]:
        """Return a caller's context."""
        return {"project_id": self.cloud.project_id("skyline-a")}

    def claims(self) -> int:
        """Return how many claims the ledger has."""
        opened = sa.create_engine(self.database)
        self.addCleanup(opened.dispose)
        with opened.connect() as session:
            found = session.execute(sa.text("SELECT COUNT(*) FROM claims"))
            return int(found.scalar_one())

    def publish(self) -> int:
        """Publish garbage of every sort; return how much."""
        source = messages.Source(
            SEED,
            project=self.context()["project_id"],
            snapshot=str(uuid.uuid4()),
            token="a-token",
        )
        bodies = [
            (packed(message).encode(), "application/json")
            for message in source.take(_NUMBER)
            if message.sort in (Sort.UNSOUND, Sort.FORBIDDEN, Sort.NO_CALL)
            or message.raw is not None
        ]
        plain = parse.urlsplit(self.url)._replace(scheme="amqp", query="")
        with connection.Connection(plain.geturl()) as opened:
            producer = opened.Producer()
            for body, kind in (*_BODIES, *bodies):
                producer.publish(
                    body,
                    exchange=api.EXCHANGE,
                    routing_key=api.TOPIC,
                    content_type=kind,
                    content_encoding="utf-8",
                )
        return len(_BODIES) + len(bodies)

    def test_daemon_outlives_garbage_and_does_nothing(self) -> None:
        """Raw bytes, pickles, broken envelopes: no claim, and it answers."""
        daemon = self.start()
        engine.wait_until(self.answers, "the daemon answers", patience=120)

        published = self.publish()

        # It was read to its end: what is asked now is answered.
        engine.wait_until(self.answers, "it still answers", patience=120)
        self.assertTrue(daemon.is_running)
        self.assertEqual(0, self.claims())
        self.assertNotIn("thread ", _died(daemon.said()))
        figures.record("fuzzed messages", good=published, of=published)


def _died(log: str) -> str:
    return "\n".join(line for line in log.splitlines() if " died" in line)
