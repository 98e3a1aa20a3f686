"""The daemon with a real broker and database, the cloud simulated."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import threading
import time
import uuid
from concurrent import futures

import fixtures
import requests
from oslotest import base

from cube_volpool import client, exception
from cube_volpool.tests import engine, simulator
from cube_volpool.tests.functional import broker, installation
from cube_volpool.tests.simulator import faults


class DaemonTest(base.BaseTestCase):
    """One daemon, MariaDB and RabbitMQ behind doors that can be shut."""

    def setUp(self) -> None:
        super().setUp()
        clock = simulator.RealClock()
        self.cloud = simulator.Cloud.lab(
            clock, build_seconds=0.1, build_seconds_per_gib=0.1
        )
        self.server = self.enterContext(simulator.serve(self.cloud))
        self.database = self.useFixture(installation.Database())
        self.database_door = self.useFixture(
            broker.Door(self.database.host, self.database.port)
        )
        self.broker_door = self.useFixture(broker.Door())

    def config(self, **pools):
        """Return a configuration that goes through the doors."""
        return installation.sections(
            auth_url=self.server.auth_url,
            database=self.database.url(port=self.database_door.port),
            broker=broker.broker_url(port=self.broker_door.port),
            pools=pools or {"deb": installation.POOL},
        )

    def write(self, config) -> pathlib.Path:
        """Write a configuration file."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        return engine.write(folder / "engine.conf", config)

    def configure_client(self) -> None:
        """Let the client library talk to the broker, not to the door."""
        client.configure(transport_url=broker.broker_url())

    def context(self, project: str = "skyline-a") -> dict[str, str]:
        """Return a caller's context."""
        return {"project_id": self.cloud.project_id(project)}

    def ready(self) -> int:
        """Return how many volumes the pool has, 0 without an answer."""
        try:
            found = client.get_pools(self.context(), timeout=5)
        except exception.Busy:
            return 0
        return found["pools"][0]["ready"]

    def wait_ready(self) -> None:
        """Wait until the pool is at its target."""
        engine.wait_until(
            lambda: self.ready() == 2, "two volumes are ready", patience=120
        )

    def claim(self, name: str, budget: float = 20.0):
        """Claim a debian volume over the real broker."""
        return client.claim_volume(
            self.context(),
            {
                "name": name,
                "volume_type": "ssd",
                "snapshot_id": self.cloud.snapshot_id(
                    "debian-12_ssd_20261120"
                ),
            },
            budget=budget,
        )

    def test_waits_for_broker_and_database_at_start(self) -> None:
        """What is down at the start is waited for, and said."""
        self.database.sync()
        daemon = self.useFixture(engine.Engine(self.write(self.config())))
        daemon.wait_for("start has to wait")

        self.database_door.open()
        daemon.wait_for("All checks passed")
        self.broker_door.open()
        self.configure_client()

        self.wait_ready()
        self.assertEqual("pool", self.claim("web_sys")["source"])
        self.assertEqual(0, daemon.stop())

    def test_database_lost_and_found(self) -> None:
        """A claim says that the ledger is away; then all goes on."""
        daemon = self.serve()
        self.database_door.shut()

        self.assertRaises(exception.LedgerUnavailable, self.claim, "a_sys")
        daemon.wait_for("has to wait: the database does not answer")
        self.database_door.open()

        engine.wait_until(lambda: self.ready() > 0, "the ledger is back")
        self.assertEqual("pool", self.claim("a_sys")["source"])
        self.assertNotIn("Traceback", daemon.said())

    def test_broker_lost_and_found(self) -> None:
        """The daemon serves again once the broker is back."""
        self.serve()
        self.broker_door.shut()
        self.assertRaises(exception.VolpoolError, self.claim, "a_sys", 5.0)
        self.broker_door.open()

        engine.wait_until(lambda: self.ready() > 0, "the daemon answers")
        self.assertEqual("pool", self.claim("b_sys")["source"])

    def test_cinder_lost_and_found(self) -> None:
        """Claims fail within their budget; refill recovers by itself."""
        self.serve()
        fault = self.cloud.fault(
            "*", "/volume**", faults.refuse(503)
        )
        error = self.assertRaises(
            exception.VolpoolError, self.claim, "a_sys", 10.0
        )
        self.assertIsInstance(
            error, (exception.CinderUnavailable, exception.Busy)
        )
        self.cloud.faults.remove(fault)

        self.assertEqual("pool", self.claim("b_sys")["source"])
        self.wait_ready()

    def test_refill_starts_at_once(self) -> None:
        """A claim rings: no turn of the interval has to pass."""
        config = self.config()
        config["reconcile"] = {"interval": 300, "audit_interval": 600}
        self.serve(config)
        self.claim("web_sys")

        self.wait_ready()

    def test_schema_missing_is_refused(self) -> None:
        """A database without tables: told how to make them, status 1."""
        self.database_door.open()
        daemon = self.useFixture(engine.Engine(self.write(self.config())))

        self.assertEqual(1, daemon.exit_status())
        self.assertIn("cube-volpool-manage db sync", daemon.said())

    def test_admin_account_is_refused(self) -> None:
        """An admin could reach volumes that were handed out."""
        self.database.sync()
        self.database_door.open()
        config = self.config()
        config["pool_project"].update(username="admin", project_name="admin")
        daemon = self.useFixture(engine.Engine(self.write(config)))

        self.assertEqual(1, daemon.exit_status())
        self.assertIn("has the role admin", daemon.said())

    def test_contradiction_exits_78(self) -> None:
        """A contradiction names its option before anything is served."""
        config = self.config()
        config["claim"] = {"lease": 1}
        daemon = self.useFixture(engine.Engine(self.write(config)))

        self.assertEqual(78, daemon.exit_status())
        self.assertIn("[claim] lease", daemon.said())

    def test_bad_transport_url_exits_78(self) -> None:
        """The broker's URL is part of the configuration too."""
        config = self.config()
        config["DEFAULT"]["transport_url"] = "nope://x"
        daemon = self.useFixture(engine.Engine(self.write(config)))

        self.assertEqual(78, daemon.exit_status())
        self.assertIn("transport_url", daemon.said())

    def test_logs_are_json_carry_the_id_and_are_quiet_when_idle(self) -> None:
        """One line for each change of state, and none for no change."""
        config = self.config()
        config["DEFAULT"]["use_json"] = "true"
        daemon = self.serve(config)
        ours = f"req-{uuid.uuid4()}"
        client.claim_volume(
            {**self.context(), "request_id": ours},
            {"name": "web_sys", "volume_type": "ssd", "snapshot_id":
             self.cloud.snapshot_id("debian-12_ssd_20261120")},
        )
        self.wait_ready()
        lines = [
            json.loads(line)
            for line in daemon.said().splitlines()
            if line.startswith("{")
        ]

        [handed] = [
            line for line in lines
            if line["name"] == "cube_volpool.claim.handover"
        ]
        self.assertEqual(ours, handed["context"]["request_id"])
        self.assertIn("volume", handed["message"])
        before = daemon.said()
        time.sleep(5)
        self.assertEqual(before, daemon.said())

    def test_a_report_of_what_it_is_doing(self) -> None:
        """SIGUSR2: threads, pools, claims and options, and no password."""
        daemon = self.serve()
        self.claim("web_sys")
        os.kill(daemon.pid, signal.SIGUSR2)
        daemon.wait_for("Configuration of the daemon")
        daemon.wait_for("graceful_shutdown_timeout = 10")

        said = daemon.said()
        for words in (
            "Guru Meditation", "Pools", "target = 2", "Claims under way",
            "Duties", "reconcile = ", "Threads",
        ):
            self.assertIn(words, said)
        self.assertNotIn("labadmin", said)
        self.assertTrue(daemon.is_running)

    def test_metrics_and_health(self) -> None:
        """Of a daemon that waits, that serves, and whose broker is away."""
        config = self.config()
        port = free_port()
        config["status"] = {"port": port}
        self.database.sync()
        self.database_door.open()
        self.useFixture(engine.Engine(self.write(config)))
        self.wait_answer(port, "/healthz", 200)
        self.wait_answer(port, "/readyz", 503)

        self.broker_door.open()
        self.configure_client()
        self.wait_ready()
        self.claim("web_sys")

        self.wait_answer(port, "/readyz", 200)
        metrics = self.wait_answer(port, "/metrics", 200)
        for sample in (
            'cube_volpool_pool_claims_total{pool="deb",result="hit"} 1.0',
            'cube_volpool_claim_duration_seconds_count{outcome="pool"} 1.0',
            'cube_volpool_pool_target_volumes{pool="deb"} 2.0',
            "cube_volpool_ledger_up 1.0",
            'duty_last_success_timestamp_seconds{duty="reconcile"}',
        ):
            self.assertIn(sample, metrics)
        self.database_door.shut()
        self.assertIn(
            "database", self.wait_answer(port, "/readyz", 503)
        )
        self.database_door.open()
        self.wait_answer(port, "/readyz", 200)
        self.broker_door.shut()
        self.assertIn("broker", self.wait_answer(port, "/readyz", 503))
        self.wait_answer(port, "/healthz", 200)

    def wait_answer(self, port: int, path: str, status: int) -> str:
        """Wait until a page answers with a status; return what it says."""
        said = []

        def answers() -> bool:
            with contextlib.suppress(requests.ConnectionError):
                answer = requests.get(
                    f"http://127.0.0.1:{port}{path}", timeout=20
                )
                said.append(answer.text)
                return answer.status_code == status
            return False

        engine.wait_until(answers, f"{path} answers {status}")
        return said[-1]

    def test_a_port_that_is_taken_keeps_nobody_from_serving(self) -> None:
        """It is said, and claims go on."""
        config = self.config()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            config["status"] = {"port": taken.getsockname()[1]}
            daemon = self.serve(config)

            daemon.wait_for("nothing is shown")
            self.assertEqual("pool", self.claim("web_sys")["source"])

    def test_stop_finishes_the_claim_that_runs(self) -> None:
        """SIGTERM in the middle of a claim: the caller has its answer."""
        daemon = self.serve()
        self.cloud.fault(
            "POST",
            "/volume-transfers/*/accept",
            faults.hook(before=lambda seen: daemon.terminate()),
            times=1,
        )

        self.assertEqual("pool", self.claim("web_sys")["source"])
        self.assertEqual(0, daemon.exit_status())

    def test_surplus_of_claims_is_turned_away_at_once(self) -> None:
        """Two places, both held by a Cinder that stands still: "busy"."""
        config = self.config()
        config["claim"] = {
            "max_outstanding": 2, "max_outstanding_per_project": 2,
        }
        self.serve(config)
        released = threading.Event()
        self.addCleanup(released.set)
        held = threading.Semaphore(0)

        def stand_still(_seen) -> None:
            held.release()
            released.wait(30)

        self.cloud.fault(
            "POST",
            "/volume-transfers/*/accept",
            faults.hook(before=stand_still),
        )
        with futures.ThreadPoolExecutor(40) as pool:
            first = [pool.submit(self.claim, f"a{n}", 60) for n in range(2)]
            for _ in first:
                self.assertTrue(held.acquire(timeout=30))

            surplus = [pool.submit(self.claim, f"b{n}", 60) for n in range(38)]

            # Long before anybody's budget, and while both places are taken.
            for answer in surplus:
                error = answer.exception(timeout=30)
                self.assertIsInstance(error, exception.Busy)
                self.assertIn("as many claims as it may", str(error))
            released.set()
            for answer in first:
                self.assertEqual("pool", answer.result(30)["source"])

    def serve(self, config=None) -> engine.Engine:
        """Start a daemon and wait until its pool is full."""
        self.database.sync()
        self.database_door.open()
        self.broker_door.open()
        self.configure_client()
        written = self.write(config or self.config())
        daemon = self.useFixture(engine.Engine(written))
        self.wait_ready()
        return daemon


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
