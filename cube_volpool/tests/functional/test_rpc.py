"""Both ends of the wire over a real message broker."""

from typing import Any

import oslo_messaging as om
import testscenarios

from cube_volpool import exception
from cube_volpool.rpc import api
from cube_volpool.tests.functional import broker, rpc_case
from cube_volpool.tests.unit.rpc import endpoints

load_tests = testscenarios.load_tests_apply_scenarios


class TestErrors(rpc_case.RPCCase):
    error: exception.VolpoolError
    scenarios = [
        (type(error).__name__, {"error": error})
        for error in (
            exception.InvalidRequest(field="volume.name", reason="{odd} é"),
            exception.ProjectMismatch(token_project="a", project_id="b"),
            exception.PoolEmpty(name="n", reason="no snapshot"),
            exception.Withheld(name="n", failed="m"),
            exception.ClaimInProgress(name="n", retry_after=7),
            exception.ClaimMismatch(name="n"),
            exception.QuotaExceeded(cinder_message="VolumeLimitExceeded: 10"),
            exception.Busy(reason="full", retry_after=3),
            exception.LedgerUnavailable(reason="no database", retry_after=4),
            exception.CinderUnavailable(reason="no Keystone"),
            exception.NotPermitted(method="claim_volume", rule="r"),
            exception.NotExtended(
                name="n", volume_id="v", size_gib=1, wanted_gib=2, reason="r"
            ),
            exception.ImagesUnavailable(table="os", reason="r"),
            exception.NoImage(image="OS debian-12, type ssd,", reason="r"),
            exception.NotKnown(what="pool", id="suse"),
            exception.Refused(what="volume", id="v", reason="is reserved"),
        )
    ]

    def test_error_arrives_with_class_fields_and_text(self):
        """What the daemon raises is what the caller catches."""
        self.serving(endpoints.RememberedClaims(self.error))

        error = self.assertRaises(type(self.error), self.claim, self.connect())

        self.assertIs(type(self.error), type(error))
        self.assertEqual(self.error.kwargs, error.kwargs)
        self.assertEqual(str(self.error), str(error))
        self.assertIsNone(error.__cause__)


class TestWire(rpc_case.RPCCase):
    def test_every_error_of_the_wire_is_tried_above(self):
        """A new class of error has to make the journey too."""
        tried = {type(s["error"]) for _, s in TestErrors.scenarios}

        self.assertEqual(set(api.WIRE_ERRORS), tried)

    def test_answer_and_pools_arrive(self):
        """A claim's answer and the shelves, as the daemon gave them."""
        self.serving(endpoints.RememberedClaims())
        way = self.connect()

        self.assertEqual(
            {"volume": {"id": "v-1", "name": "vm-1_sys"}, "source": "pool"},
            self.claim(way),
        )
        self.assertEqual(
            {"pools": []}, way.call({}, "get_pools", timeout=rpc_case.SOON)
        )

    def test_operators_methods_are_served_beside(self):
        """By the same server, each with what it was given."""
        images = endpoints.RememberedImages()
        self.serving(endpoints.RememberedClaims(), images=images)
        way = self.connect()

        def call(method, **arguments):
            return way.call(
                endpoints.OPERATOR, method, timeout=rpc_case.SOON, **arguments
            )

        self.assertEqual(2, len(call("sync_os", dry_run=True)["changes"]))
        self.assertEqual("debian-12", call("list_os")["images"][0]["os_name"])
        call("rollback_os", os_name="debian-12", volume_type="ssd")
        call("allow_os", snapshot_id=endpoints.SNAPSHOT)
        self.assertEqual(
            [
                ("plan",),
                ("list",),
                ("rollback", "debian-12", "ssd"),
                ("allow", endpoints.SNAPSHOT),
            ],
            images.asked,
        )

    def test_who_is_no_operator_learns_the_rule(self):
        """The refusal arrives as its own class; nothing is asked."""
        images = endpoints.RememberedImages()
        self.serving(endpoints.RememberedClaims(), images=images)

        error = self.assertRaises(
            exception.NotPermitted,
            self.connect().call,
            endpoints.CONTEXT,
            "list_os",
            timeout=rpc_case.SOON,
        )

        self.assertEqual("cube_volpool:list_os", error.rule)
        self.assertEqual([], images.asked)

    def test_nothing_of_a_defect_is_on_the_wire(self):
        """Neither words nor trace of an unforeseen error leave the daemon."""
        self.serving(endpoints.RememberedClaims(KeyError("password")))
        rpc = om.get_rpc_client(
            api.make_transport(rpc_case.make_conf(), url=broker.broker_url()),
            api.client_target(),
            timeout=rpc_case.SOON,
        )

        error = self.assertRaises(
            exception.ClaimInProgress,
            rpc.call,
            endpoints.CONTEXT,
            "claim_volume",
            volume=endpoints.VOLUME,
        )

        self.assertNotIn("password", str(error))
        self.assertNotIn("Traceback", str(error))
        self.assertNotIn(".py", str(error))

    def test_method_that_is_not_exposed_is_refused(self):
        """Private parts of the endpoint cannot be called."""
        self.serving(endpoints.RememberedClaims())
        way = self.connect()

        for method in ("_clock", "target", "claim"):
            error = self.assertRaises(
                exception.InvalidRequest,
                way.call,
                {},
                method,
                timeout=rpc_case.SOON,
            )
            self.assertEqual("method", error.field)

    def test_garbage_is_refused_over_the_wire(self):
        """What JSON carries and a volume cannot have is named."""
        claims = endpoints.RememberedClaims()
        self.serving(claims)
        way = self.connect()

        garbage: list[Any] = [[], "a" * 10**6, {"\ud800": 1}, {"name": ""}]
        for volume in garbage:
            self.assertRaises(
                exception.InvalidRequest,
                way.call,
                endpoints.CONTEXT,
                "claim_volume",
                timeout=rpc_case.SOON,
                volume=volume,
            )
        self.assertEqual([], claims.asked)
