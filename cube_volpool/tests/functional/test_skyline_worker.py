"""The example worker, run by Celery's own on a real message broker."""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid
from datetime import timedelta
from urllib import parse

import celery
import fixtures
from oslo_config import cfg
from oslotest import base
from testtools import content

from cube_volpool import exception
from cube_volpool.rpc import api, policy, server
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.tests import simulator
from cube_volpool.tests.functional import broker
from cube_volpool.tests.unit.rpc import endpoints

ROOT = pathlib.Path(__file__).parents[3]
SNAPSHOT = "debian-12_ssd_20261120"
#: For a task that is retried once, on a machine with other work.
PATIENCE = 60

#: The example as it stands, on queues that no other test has.
_WORKER = """
import os
from cube_volpool.rpc import api
api.EXCHANGE = api.TOPIC = os.environ["TEST_TOPIC"]
from skyline_worker import app
app.conf.task_default_queue = os.environ["TEST_QUEUE"]
"""


class ScriptedClaims(endpoints.RememberedClaims):
    """Raises what it was given, one after the other, then answers."""

    def __init__(self):
        super().__init__()
        self.errors = []

    def claim(self, caller, request, *, deadline):
        self._error = self.errors.pop(0) if self.errors else None
        return super().claim(caller, request, deadline=deadline)


class TestSkylineWorker(base.BaseTestCase):
    topic: str
    queue: str
    cloud: simulator.Cloud
    claims: ScriptedClaims
    app: celery.Celery
    log: pathlib.Path

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.topic = f"cube_volpool_test_{uuid.uuid4().hex}"
        cls.queue = f"{cls.topic}_tasks"
        with contextlib.ExitStack() as stack:
            cls._start(stack)
            cls.addClassCleanup(stack.pop_all().close)

    @classmethod
    def _start(cls, stack):
        cls.cloud = simulator.Cloud.lab(simulator.RealClock())
        keystone = stack.enter_context(simulator.serve(cls.cloud)).auth_url
        names = broker.OwnTopic(cls.topic)
        stack.enter_context(names)
        cls.claims = ScriptedClaims()
        stack.callback(cls._serve().stop, 5)
        parts = parse.urlsplit(broker.broker_url())
        url = parts._replace(scheme="amqp", query="").geturl()
        cls.app = celery.Celery(broker=url, backend="rpc://")
        cls.app.conf.task_default_queue = cls.queue
        stack.callback(cls._delete_queue)
        folder = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory())
        )
        (folder / "worker_of_test.py").write_text(_WORKER)
        cls.log = folder / "worker.log"
        stack.enter_context(
            _worker_process(
                cls.log,
                TEST_TOPIC=cls.topic,
                TEST_QUEUE=cls.queue,
                CELERY_BROKER_URL=url,
                VOLPOOL_TRANSPORT_URL=broker.broker_url(),
                OS_AUTH_URL=keystone,
                OS_USERNAME="skyline",
                OS_PASSWORD="labadmin",
                OS_USER_DOMAIN_ID="default",
            )
        )

    @classmethod
    def _serve(cls):
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        transport = api.make_transport(conf, url=broker.broker_url())
        endpoint = rpc_claims.Endpoint(
            cls.claims,
            list,
            policy=policy.Policy(conf),
            default_budget=timedelta(seconds=30),
        )
        rpc = server.RpcServer(
            lambda: server.make_server(transport, endpoint, host="host-1")
        )
        rpc.start()
        if not rpc.wait_until_serving(PATIENCE):
            raise RuntimeError("the RPC server does not listen")
        return rpc

    @classmethod
    def _delete_queue(cls):
        with cls.app.connection_for_write() as opened:
            opened.default_channel.queue_delete(cls.queue)
            opened.default_channel.exchange_delete(cls.queue)

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.Timeout(PATIENCE + 30, gentle=True))
        self.addOnException(self._show_log)
        self.claims.asked.clear()
        self.claims.errors.clear()
        self.hostname = f"vm-{uuid.uuid4().hex[:8]}"
        self.project_id = self.cloud.project_id("skyline-a")

    def _show_log(self, _exc_info):
        self.addDetail("worker", content.text_content(self.log.read_text()))

    def _result(self):
        """Run the task, return what it came to."""
        return self.app.send_task(
            "skyline_worker.create_boot_volume",
            args=[self.project_id, self.hostname],
            kwargs={
                "volume_type": "ssd",
                "snapshot_id": self.cloud.snapshot_id(SNAPSHOT),
            },
        ).get(timeout=PATIENCE)

    def _volumes(self):
        return [
            v
            for v in self.cloud.volumes_of("skyline-a")
            if v.name == f"{self.hostname}_sys"
        ]

    def test_task_returns_the_claimed_volume(self):
        """The worker looks the name up, claims, and makes nothing."""
        self.assertEqual("v-1", self._result())

        caller, request, _ = self.claims.asked[0]
        self.assertEqual(self.project_id, caller.project_id)
        self.assertTrue(caller.auth_token)
        self.assertEqual(f"{self.hostname}_sys", request.name)
        self.assertEqual([], self._volumes())

    def test_task_asks_again_while_the_claim_is_under_way(self):
        """One task, several tries, one volume."""
        self.claims.errors += [
            exception.ClaimInProgress(name="n", retry_after=0.1),
            exception.Busy(reason="full", retry_after=0.1),
            exception.CinderUnavailable(reason="Cinder is away"),
        ]

        self.assertEqual("v-1", self._result())
        self.assertEqual(4, len(self.claims.asked))
        self.assertEqual([], self._volumes())

    def test_task_makes_the_volume_when_the_pool_is_empty(self):
        """As skyline always did, and a repeat finds that one."""
        self.claims.errors += [exception.PoolEmpty(name="n", reason="r")]

        volume_id = self._result()

        self.assertEqual([volume_id], [v.id for v in self._volumes()])
        self.assertEqual(volume_id, self._result())
        self.assertEqual(1, len(self.claims.asked))

    def test_task_fails_with_cinders_words_over_quota(self):
        """A quota is the project's to know of, and nothing is made."""
        self.claims.errors += [
            exception.QuotaExceeded(cinder_message="VolumeLimitExceeded")
        ]

        error = self.assertRaises(exception.QuotaExceeded, self._result)

        self.assertIn("VolumeLimitExceeded", str(error))
        self.assertEqual([], self._volumes())


@contextlib.contextmanager
def _worker_process(log, **environment):
    """Run Celery's worker with two forked children until the end."""
    path = [log.parent, ROOT / "doc" / "examples", ROOT]
    command = "worker_of_test worker --concurrency 2 --loglevel INFO"
    with (
        log.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "celery", "-A"]
            + [*command.split(), "--without-gossip", "--without-mingle"]
            # Two workers of one name lock each other out.
            + ["--hostname", f"{environment['TEST_QUEUE']}@localhost"],
            env=os.environ
            | {"PYTHONPATH": ":".join(map(str, path))}
            | environment,
            cwd=log.parent,
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)
