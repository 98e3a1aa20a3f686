"""What a sound request becomes, and what leaves the endpoint."""

from datetime import timedelta
from typing import Any
from unittest import mock

import oslo_messaging as om
from oslo_config import cfg
from oslotest import base

from cube_volpool import exception, model
from cube_volpool.client import fallback
from cube_volpool.rpc import api, server
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.tests.unit.rpc import endpoints


class Secret(exception.PoolEmpty):
    """A class of the house below one of the wire."""


class TestClaimVolume(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.claims = endpoints.RememberedClaims()
        self.endpoint = endpoints.make_endpoint(self.claims)

    def _asked(self, ctxt=endpoints.CONTEXT, **arguments):
        self.endpoint.claim_volume(ctxt, **arguments)
        return self.claims.asked[-1]

    def test_skylines_body_is_a_claim(self):
        """The stray key and the nulls of skyline's body are no obstacle."""
        _, request, deadline = self._asked(volume=endpoints.VOLUME)

        self.assertEqual(
            model.ClaimRequest(
                name="vm-1_sys",
                volume_type="ssd",
                snapshot_id=model.SnapshotId(endpoints.SNAPSHOT),
            ),
            request,
        )
        self.assertEqual(endpoints.NOW + 30, deadline)

    def test_everything_given_arrives(self):
        """Each argument has its place in the claim."""
        _, request, deadline = self._asked(
            volume={
                "name": "Ω" * 255,
                "volume_type": "ssd",
                "size": "010",
                "metadata": {"a-b_c:d.e /1": "ü\n"},
                "availability_zone": "nova",
                "multiattach": False,
            },
            os_name="debian-12",
            budget=2.5,
        )

        self.assertEqual(
            model.ClaimRequest(
                name="Ω" * 255,
                volume_type="ssd",
                size_gib=10,
                metadata={"a-b_c:d.e /1": "ü\n"},
                availability_zone="nova",
                os_name="debian-12",
            ),
            request,
        )
        self.assertEqual(endpoints.NOW + 2.5, deadline)

    def test_snapshot_id_is_written_as_cinder_writes_it(self):
        """An id without dashes or in capitals is the same snapshot."""
        bare = endpoints.SNAPSHOT.replace("-", "").upper()

        _, request, _ = self._asked(
            volume=endpoints.VOLUME | {"snapshot_id": bare}
        )

        self.assertEqual(endpoints.SNAPSHOT, request.snapshot_id)

    def test_other_sources_are_told_apart(self):
        """An image, a volume, or nothing at all; each in one word."""
        for changes, expected in (
            ({"imageRef": endpoints.SNAPSHOT},
             f"image:{endpoints.SNAPSHOT}"),
            ({"source_volid": endpoints.SNAPSHOT.upper()},
             f"volume:{endpoints.SNAPSHOT}"),
            ({"imageRef": None, "source_volid": None, "size": 1}, None),
        ):
            _, request, _ = self._asked(
                volume=endpoints.VOLUME | {"snapshot_id": None} | changes
            )

            self.assertEqual(expected, request.snapshot_id)

    def test_context_gives_project_token_and_request(self):
        """The id that spans services is the one the log is searched by."""
        caller, _, _ = self._asked(
            {
                "project_id": "p",
                "auth_token": "t",
                "request_id": "req-1",
                "global_request_id": "req-2",
                "roles": ["member"],
            },
            volume=endpoints.VOLUME,
        )

        self.assertEqual(
            model.Caller(
                project_id=model.ProjectId("p"),
                auth_token="t",
                request_id="req-2",
            ),
            caller,
        )

    def test_project_alone_is_enough_of_a_context(self):
        """In service mode there is no token, and an empty one is none."""
        caller, _, _ = self._asked(
            {"project_id": "p", "auth_token": ""}, volume=endpoints.VOLUME
        )

        self.assertEqual(model.Caller(project_id=model.ProjectId("p")), caller)

    def test_answer_has_the_volume_and_its_source(self):
        """The answer can stand in place of Cinder's create answer."""
        answer = self.endpoint.claim_volume(
            endpoints.CONTEXT, volume=endpoints.VOLUME
        )

        self.assertEqual(
            {"volume": {"id": "v-1", "name": "vm-1_sys"}, "source": "pool"},
            answer,
        )
        self.assertIs(str, type(answer["source"]))


class TestErrors(base.BaseTestCase):
    def _error(self, raised):
        endpoint = endpoints.make_endpoint(endpoints.RememberedClaims(raised))
        return endpoints.refusal_of(
            endpoint.claim_volume,
            {"project_id": "p", "request_id": "req-7"},
            volume=endpoints.VOLUME,
        )

    def test_error_of_the_wire_leaves_without_its_cause(self):
        """What failed below, and where, is for the log alone."""
        raised = exception.CinderUnavailable(reason="Cinder does not answer")
        raised.__cause__ = KeyError("password")

        error = self._error(raised)

        self.assertIs(exception.CinderUnavailable, type(error))
        self.assertEqual({"reason": "Cinder does not answer"}, error.kwargs)
        self.assertEqual(str(raised), str(error))
        self.assertIsNone(error.__cause__)
        self.assertIsNone(error.__context__)
        self.assertIsNone(error.__traceback__)

    def test_subclass_leaves_as_its_class_of_the_wire(self):
        """A caller never meets a class it cannot import."""
        error = self._error(Secret(name="n", reason="r"))

        self.assertIs(exception.PoolEmpty, type(error))

    def test_unforeseen_error_leaves_the_claim_under_way(self):
        """After a defect nobody knows what was given, so none says so."""
        for raised in (
            KeyError("password"),
            exception.LostRace(what="claim", id=7),
        ):
            error = self._error(raised)

            self.assertIs(exception.ClaimInProgress, type(error))
            self.assertEqual("vm-1_sys", error.name)
            self.assertGreater(error.retry_after, 0)
            self.assertIn("req-7", str(error))
            self.assertNotIn("password", str(error))
            self.assertNotIn("claim 7", str(error))


class TestGetPools(base.BaseTestCase):
    def test_answer_has_the_pools(self):
        """What is on the shelves needs no project."""
        endpoint = endpoints.make_endpoint(
            endpoints.RememberedClaims(), [{"name": "a", "ready": 3}]
        )

        self.assertEqual(
            {"pools": [{"name": "a", "ready": 3}]}, endpoint.get_pools({})
        )

    def test_unknown_argument_is_refused(self):
        """A typing error is told and not passed over."""
        endpoint = endpoints.make_endpoint(endpoints.RememberedClaims())

        error = endpoints.refusal_of(endpoint.get_pools, {}, pool="a")

        self.assertEqual("pool", error.field)

    def test_unforeseen_error_is_busy(self):
        """A ledger that cannot be read is no reason to show its words."""
        endpoint = rpc_claims.Endpoint(
            endpoints.RememberedClaims(),
            lambda: [][1],
            policy=endpoints.make_policy(),
            default_budget=timedelta(seconds=1),
        )

        error = endpoints.refusal_of(endpoint.get_pools, {})

        self.assertIs(exception.Busy, type(error))
        self.assertNotIn("index", str(error))


class TestExposure(base.BaseTestCase):
    def test_three_methods_and_no_more_may_be_called(self):
        """What is not exposed does not exist for a caller."""
        endpoint = endpoints.make_endpoint(endpoints.RememberedClaims())
        policy = om.ExplicitRPCAccessPolicy()

        self.assertEqual(
            ["claim_volume", "claim_volumes", "get_pools"],
            [n for n in dir(endpoint) if policy.is_allowed(endpoint, n)],
        )
        self.assertEqual(api.VERSION, endpoint.target.version)

    def test_and_four_of_operators(self):
        """Of the same version, for they are one interface."""
        endpoint = endpoints.make_operators(endpoints.RememberedImages())
        policy = om.ExplicitRPCAccessPolicy()

        self.assertEqual(
            ["allow_os", "list_os", "rollback_os", "sync_os"],
            [n for n in dir(endpoint) if policy.is_allowed(endpoint, n)],
        )
        self.assertEqual(api.VERSION, endpoint.target.version)


class TestDeadline(base.BaseTestCase):
    """A request that was read long after its caller had gone."""

    def claim(self, deadline):
        """Claim; return what reached the journey."""
        claims = endpoints.RememberedClaims()
        found = rpc_claims.Endpoint(
            claims,
            list,
            policy=endpoints.make_policy(),
            default_budget=endpoints.BUDGET,
            wall_clock=lambda: 5000.0,
        )
        found.claim_volume(
            endpoints.CONTEXT, volume=endpoints.VOLUME, deadline=deadline
        )
        return claims.asked

    def test_a_stale_request_is_not_carried_out(self):
        """Another daemon has answered its caller since."""
        error = endpoints.refusal_of(self.claim, 4969.0)

        self.assertIs(exception.Busy, type(error))
        self.assertIn("31 s after its deadline", str(error))

    def test_clocks_may_differ(self):
        """Ahead by any time, behind by half a minute."""
        for deadline in (4971.0, 5000.0, 9999.0, None):
            self.assertEqual(1, len(self.claim(deadline)))

    def test_the_client_counts_on_no_more(self):
        """Its margin is for clocks that differ as well."""
        self.assertLessEqual(
            api.CLOCKS_DIFFER, fallback.Terms().margin
        )


class TestNoCall(base.BaseTestCase):
    """What reaches the server and is no call of ours."""

    def refusal(self, **message):
        """Return what the dispatcher answers."""
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        found = server.make_server(
            api.make_transport(conf, url="fake:/"),
            endpoints.make_endpoint(endpoints.RememberedClaims()),
            host="here",
        )
        incoming = mock.Mock(ctxt={}, message=message, client_timeout=None)
        return endpoints.refusal_of(found.dispatcher.dispatch, incoming)

    def test_unknown_methods_are_bad_input(self):
        """No traceback for the log, and none for whoever sent it."""
        strange: list[Any] = [
            "drain", "_secret", "__init__", "target", 5, None, {},
        ]
        for method in strange:
            refused = self.refusal(method=method, args={}, version="1.0")

            self.assertIs(exception.InvalidRequest, type(refused))
            self.assertEqual("method", refused.field)

    def test_another_version_is_told_which_one_is_served(self):
        """A newer caller learns why."""
        for version in ("2.0", "1.99"):
            refused = self.refusal(
                method="get_pools", args={}, version=version
            )

            self.assertEqual("version", refused.field)
            self.assertIn(api.VERSION, str(refused))
