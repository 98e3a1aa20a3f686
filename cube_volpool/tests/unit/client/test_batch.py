"""Several claims in one call, over the in-process transport."""

from typing import ClassVar

import fixtures
import oslo_messaging as om
from oslo_config import cfg
from oslotest import base

from cube_volpool import client, exception
from cube_volpool.client import batch
from cube_volpool.rpc import api, server
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.tests.unit.rpc import endpoints

_CONTEXT = {"project_id": "p"}
_VOLUMES = [{**endpoints.VOLUME, "name": name} for name in ("b", "a")]


def _names(results: list[client.Result]) -> list[str]:
    """Return the names of the volumes; no result may be an error."""
    given = [result for result in results if isinstance(result, dict)]
    assert len(given) == len(results), results
    return [result["volume"]["name"] for result in given]


class _Older(rpc_claims.Endpoint):
    """The methods of a daemon before there was this one."""

    target = om.Target(version="1.2")
    claim_volumes = None


class ClientCase(base.BaseTestCase):
    """A daemon's end in this process; one for all, for it stops slowly."""

    endpoint: ClassVar[type[rpc_claims.Endpoint]] = rpc_claims.Endpoint
    claims: ClassVar[endpoints.RememberedClaims]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.claims = endpoints.RememberedClaims()
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        transport = api.make_transport(conf, url="fake:/")
        endpoint = cls.endpoint(
            cls.claims,
            list,
            policy=endpoints.make_policy(),
            default_budget=endpoints.BUDGET,
            clock=lambda: endpoints.NOW,
        )
        rpc = server.RpcServer(
            lambda: server.make_server(transport, endpoint, host="host-1")
        )
        rpc.start()
        cls.addClassCleanup(rpc.stop, 5)
        if not rpc.wait_until_serving(5):
            raise RuntimeError("the in-process server does not listen")

    def setUp(self):
        super().setUp()
        self.claims.asked.clear()
        self.claims.together.clear()
        self.claims._failing = {}
        client.configure("fake:/")
        self.addCleanup(setattr, client, "_client", None)


class TestBatch(ClientCase):
    """A daemon that has the method."""

    def test_results_are_in_the_order_of_the_volumes(self):
        """One request; the budget that arrives leaves time to come back."""
        results = client.claim_volumes(_CONTEXT, _VOLUMES, budget=5)

        self.assertEqual(["b", "a"], _names(results))
        self.assertEqual([(["b", "a"], False)], self.claims.together)
        self.assertEqual(endpoints.NOW + 4.5, self.claims.asked[0][2])

    def test_a_list_is_several_claims_wherever_it_is_given(self):
        """Also to the function for one."""
        results = client.claim_volume(_CONTEXT, _VOLUMES, "debian-12")

        self.assertEqual(["b", "a"], _names(results))
        self.assertEqual("debian-12", self.claims.asked[0][1].os_name)

    def test_an_error_is_an_exception_of_its_class(self):
        """With its text and its fields, as if it had been raised."""
        error = exception.QuotaExceeded(cinder_message="{full}")
        self.claims._failing = {"a": error}

        given, told = client.claim_volumes(
            _CONTEXT, _VOLUMES, all_or_nothing=True
        )

        self.assertEqual(["b"], _names([given]))
        assert isinstance(told, exception.QuotaExceeded)
        self.assertEqual(error.kwargs, told.kwargs)
        self.assertEqual("{full}", str(told))
        self.assertEqual([(["b", "a"], True)], self.claims.together)

    def test_what_is_wrong_with_the_request_is_raised(self):
        """Nothing was given by it."""
        error = self.assertRaises(
            exception.InvalidRequest,
            client.claim_volumes,
            _CONTEXT,
            [*_VOLUMES, {"name": "c"}],
        )

        self.assertEqual("volumes.2.volume_type", error.field)

    def test_no_volumes_are_no_request(self):
        """And no error."""
        self.assertEqual([], client.claim_volumes(_CONTEXT, []))
        self.assertEqual([], self.claims.together)

    def test_neither_a_volume_nor_a_list_is_refused_here(self):
        """A programming error."""
        self.assertRaises(TypeError, client.claim_volume, _CONTEXT, None)


class TestOlder(ClientCase):
    """A daemon that has not."""

    endpoint = _Older

    def test_each_is_claimed_by_itself(self):
        """With what is left of the budget; the order stays."""
        self.claims._error = None

        results = client.claim_volumes(_CONTEXT, _VOLUMES, budget=5)

        self.assertEqual(["b", "a"], _names(results))
        self.assertEqual([], self.claims.together)
        for _, _, deadline in self.claims.asked:
            self.assertTrue(0 < deadline - endpoints.NOW <= 4.5)

    def test_errors_are_in_their_places(self):
        """Each is that claim's alone."""
        bad = {**endpoints.VOLUME, "name": ""}

        told, given = client.claim_volumes(_CONTEXT, [bad, _VOLUMES[1]])

        self.assertIs(exception.InvalidRequest, type(told))
        self.assertEqual(["a"], _names([given]))

    def test_all_or_nothing_is_not_to_be_had(self):
        """And nothing is claimed."""
        error = self.assertRaises(
            exception.InvalidRequest,
            client.claim_volumes,
            _CONTEXT,
            _VOLUMES,
            all_or_nothing=True,
        )

        self.assertEqual("all_or_nothing", error.field)
        self.assertIn("too old", str(error))
        self.assertEqual([], self.claims.asked)


class TestSilence(base.BaseTestCase):
    def test_no_answer_leaves_all_of_them_open(self):
        """Whoever has none asks again with the same names."""
        # The driver's queues are the process's: the request would lie there
        # until the next test serves it.
        self.useFixture(
            fixtures.MonkeyPatch("cube_volpool.rpc.api.TOPIC", "nobody")
        )
        client.configure("fake:/")
        self.addCleanup(setattr, client, "_client", None)

        error = self.assertRaises(
            exception.ClaimInProgress,
            client.claim_volumes,
            _CONTEXT,
            _VOLUMES,
            budget=0.2,
        )

        self.assertEqual("b and 1 more", error.name)


class TestUnknown(base.BaseTestCase):
    def test_an_error_of_a_newer_daemon_is_an_error_still(self):
        """Its words are told."""
        error = {"code": "Moonstruck", "message": "the moon", "fields": {}}

        [told] = batch.results({"results": [{"error": error}]})

        self.assertIs(exception.VolpoolError, type(told))
        self.assertEqual("the moon", str(told))
