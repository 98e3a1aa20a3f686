"""The public functions, over the in-process transport."""

from oslo_config import cfg
from oslo_context import context as oslo_context
from oslotest import base

from cube_volpool import client, exception
from cube_volpool.client import connection
from cube_volpool.rpc import api, server
from cube_volpool.tests.unit.client import cloud
from cube_volpool.tests.unit.rpc import endpoints


class TestGate(base.BaseTestCase):
    def test_closed_gate_lets_nobody_through(self):
        """What was given up is never sent later."""
        gate = connection._Gate()

        self.assertTrue(gate.close())
        self.assertRaises(connection._Abandoned, gate.go_through)
        self.assertTrue(gate.close())

    def test_passed_gate_cannot_be_closed(self):
        """What may have been sent is never taken for unsent."""
        gate = connection._Gate()
        gate.go_through()

        self.assertFalse(gate.close())
        gate.go_through()


class TestConfigured(base.BaseTestCase):
    """The public functions, over the in-process transport."""

    claims: endpoints.RememberedClaims

    @classmethod
    def setUpClass(cls):
        # One for all: to stop a listener takes a second.
        super().setUpClass()
        cls.claims = endpoints.RememberedClaims()
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        transport = api.make_transport(conf, url="fake:/")
        rpc = server.RpcServer(
            lambda: server.make_server(
                transport,
                endpoints.make_endpoint(cls.claims, [{"name": "a"}]),
                host="host-1",
            )
        )
        rpc.start()
        cls.addClassCleanup(rpc.stop, 5)
        if not rpc.wait_until_serving(5):
            raise RuntimeError("the in-process server does not listen")

    def setUp(self):
        super().setUp()
        self.claims.asked.clear()
        client.configure("fake:/")
        self.addCleanup(setattr, client, "_client", None)

    def test_claim_gives_the_daemons_answer(self):
        """The budget that arrives leaves time for the way back."""
        answer = client.claim_volume(
            {"project_id": "p"}, endpoints.VOLUME, budget=5
        )

        self.assertEqual("pool", answer["source"])
        self.assertEqual(endpoints.NOW + 4.5, self.claims.asked[0][2])

    def test_oslo_context_is_cut_to_what_is_read(self):
        """Project, token and request ids; roles and names stay here."""
        client.claim_volume(
            oslo_context.RequestContext(
                project_id="p", auth_token="t", request_id="req-1"
            ),
            endpoints.VOLUME,
        )

        caller = self.claims.asked[0][0]
        self.assertEqual(
            ("p", "t", "req-1"),
            (caller.project_id, caller.auth_token, caller.request_id),
        )

    def test_token_stays_here_when_it_is_of_no_use(self):
        """In service mode no token has to be on the message bus."""
        client.configure("fake:/", send_token=False)

        client.claim_volume(
            {"project_id": "p", "auth_token": "t"}, endpoints.VOLUME
        )

        self.assertIsNone(self.claims.asked[0][0].auth_token)

    def test_context_of_another_kind_is_refused_here(self):
        """Nothing is sent for a context that cannot be one."""
        error = self.assertRaises(
            exception.InvalidRequest,
            client.claim_volume,
            None,
            endpoints.VOLUME,
        )

        self.assertEqual("context", error.field)

    def test_refusal_arrives_as_its_own_class(self):
        """The caller's log has the reason, and no trace of the daemon."""
        error = self.assertRaises(
            exception.InvalidRequest, client.claim_volume, {}, {"name": "n"}
        )

        self.assertIs(exception.InvalidRequest, type(error))
        self.assertEqual("volume.volume_type: is missing", str(error))

    def test_pools_are_shown(self):
        """get_pools has the answer of the wire."""
        self.assertEqual({"pools": [{"name": "a"}]}, client.get_pools({}))

    def test_volume_is_claimed_in_the_place_of_skylines_function(self):
        """cld_api's own context says for whom."""
        api_of_caller = cloud.CloudAPI()

        volume_id = client.create_volume_if_absent(
            api_of_caller,
            "vm-1",
            "sys",
            size=40,
            snapshot_id=endpoints.SNAPSHOT,
            volume_type="ssd",
        )

        self.assertEqual("v-1", volume_id)
        self.assertEqual("p", self.claims.asked[0][0].project_id)


class TestNotConfigured(base.BaseTestCase):
    def test_call_before_configure_says_what_is_missing(self):
        """The mistake of the first day has a clear word."""
        error = self.assertRaises(
            RuntimeError, client.claim_volume, {}, endpoints.VOLUME
        )

        self.assertIn("configure", str(error))
