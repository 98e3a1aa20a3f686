"""Several claims in one request: what reaches the journey, what leaves."""

from typing import Any, ClassVar

import testscenarios
from oslotest import base

from cube_volpool import exception, settings
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.rpc import schema
from cube_volpool.tests.unit.rpc import endpoints

load_tests = testscenarios.load_tests_apply_scenarios


def volume(name: Any = "vm-1_sys", **changes: Any) -> dict[str, Any]:
    """Return what skyline sends, under a name."""
    return {**endpoints.VOLUME, "name": name, **changes}


class TestSound(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.claims = endpoints.RememberedClaims()
        self.endpoint = endpoints.make_endpoint(self.claims)

    def test_each_is_a_claim_and_the_answers_are_in_order(self):
        """The budget and the OS name are for all of them."""
        answer = self.endpoint.claim_volumes(
            endpoints.CONTEXT,
            volumes=[volume("b"), volume("a", snapshot_id=None)],
            os_name="debian-12",
            budget=2.5,
        )

        self.assertEqual([(["b", "a"], False)], self.claims.together)
        self.assertEqual(
            [
                {"volume": {"id": "v-1", "name": name}, "source": "pool"}
                for name in ("b", "a")
            ],
            answer["results"],
        )
        (_, first, deadline), (_, second, _) = self.claims.asked
        self.assertEqual(endpoints.SNAPSHOT, first.snapshot_id)
        self.assertIsNone(second.snapshot_id)
        self.assertEqual("debian-12", second.os_name)
        self.assertEqual(endpoints.NOW + 2.5, deadline)

    def test_all_or_nothing_is_told_on(self):
        """Null is no."""
        for value, told in ((True, True), (False, False), (None, False)):
            self.endpoint.claim_volumes(
                endpoints.CONTEXT, volumes=[volume()], all_or_nothing=value
            )

            self.assertEqual((["vm-1_sys"], told), self.claims.together[-1])

    def test_as_many_as_a_project_may_have_under_way(self):
        """And not one more."""
        volumes = [volume(str(number)) for number in range(32)]

        answer = self.endpoint.claim_volumes(
            endpoints.CONTEXT, volumes=volumes
        )

        self.assertEqual(32, len(answer["results"]))
        self.assertEqual(
            settings.ClaimSettings().max_outstanding_per_project,
            schema.MAX_VOLUMES,
        )


class TestErrors(base.BaseTestCase):
    def results(self, **failing: Exception) -> list[dict[str, Any]]:
        claims = endpoints.RememberedClaims(failing=failing)
        endpoint = endpoints.make_endpoint(claims)
        answer: dict[str, list[dict[str, Any]]] = endpoint.claim_volumes(
            {"project_id": "p", "request_id": "req-7"},
            volumes=[volume("a"), volume("b")],
        )
        return answer["results"]

    def test_an_error_has_its_class_its_words_and_its_fields(self):
        """The other claims have their answers."""
        error = exception.Busy(reason="full", retry_after=3)

        given, refused = self.results(b=error)

        self.assertEqual("pool", given["source"])
        self.assertEqual(
            {
                "error": {
                    "code": "Busy",
                    "message": "full; try again in 3 s",
                    "fields": {"reason": "full", "retry_after": 3},
                }
            },
            refused,
        )

    def test_a_defect_leaves_that_claim_under_way(self):
        """Its words are for the log alone."""
        for defect in (
            KeyError("password"), exception.LostRace(what="claim", id=7)
        ):
            refused, given = self.results(a=defect)

            self.assertEqual("pool", given["source"])
            self.assertEqual("ClaimInProgress", refused["error"]["code"])
            self.assertEqual("a", refused["error"]["fields"]["name"])
            self.assertIn("req-7", refused["error"]["message"])
            self.assertNotIn("password", str(refused))

    def test_a_defect_of_the_request_leaves_all_under_way(self):
        """Nobody knows what was given."""
        endpoint = endpoints.make_endpoint(
            endpoints.RememberedClaims(KeyError("password"))
        )

        error = endpoints.refusal_of(
            endpoint.claim_volumes,
            endpoints.CONTEXT,
            volumes=[volume("a"), volume("b")],
        )

        self.assertIs(exception.ClaimInProgress, type(error))
        self.assertEqual("a", error.name)
        self.assertIn("all others", str(error))

    def test_a_stale_request_is_not_carried_out(self):
        """As one for a single volume."""
        claims = endpoints.RememberedClaims()
        found = rpc_claims.Endpoint(
            claims,
            list,
            policy=endpoints.make_policy(),
            default_budget=endpoints.BUDGET,
            wall_clock=lambda: 5000.0,
        )

        error = endpoints.refusal_of(
            found.claim_volumes,
            endpoints.CONTEXT,
            volumes=[volume()],
            deadline=4969.0,
        )

        self.assertIs(exception.Busy, type(error))
        self.assertEqual([], claims.together)


class TestBadInput(base.BaseTestCase):
    arguments: dict[str, Any]
    field: str
    words: str
    scenarios: ClassVar[list[Any]] = [
        (name, {"arguments": arguments, "field": field, "words": words})
        for name, arguments, field, words in (
            ("none", {}, "volumes", "is missing"),
            ("null", {"volumes": None}, "volumes", "not null"),
            ("one", {"volumes": volume()}, "volumes", "must be of type array"),
            ("empty", {"volumes": []}, "volumes", "must not be empty"),
            (
                "too many",
                {"volumes": [volume(str(n)) for n in range(33)]},
                "volumes",
                "has a length of 33, at most 32",
            ),
            (
                "a word among them",
                {"volumes": [volume(), "x"]},
                "volumes.1",
                "must be of type object",
            ),
            (
                "a bad name",
                {"volumes": [volume("a"), volume("b"), volume("\n")]},
                "volumes.2.name",
                "control characters",
            ),
            (
                "a name twice",
                {"volumes": [volume("a"), volume("b"), volume("c"),
                             volume("b")]},
                "volumes.3.name",
                "is the name of volumes.1 already",
            ),
            (
                "no source",
                {"volumes": [volume("a"), volume("b", snapshot_id=None)]},
                "volumes.1.snapshot_id",
                "one of snapshot_id, size and os_name",
            ),
            (
                "two sources",
                {"volumes": [volume(imageRef=endpoints.SNAPSHOT)]},
                "volumes.0.imageRef",
                "cannot be given together",
            ),
            (
                "an unknown key",
                {"volumes": [volume(image="x")]},
                "volumes.0.image",
                "is not a known key",
            ),
            (
                "no boolean",
                {"volumes": [volume()], "all_or_nothing": 1},
                "all_or_nothing",
                "must be of type boolean",
            ),
            (
                "the argument of one",
                {"volumes": [volume()], "volume": volume()},
                "volume",
                "is not a known key",
            ),
            (
                "no budget",
                {"volumes": [volume()], "budget": 0},
                "budget",
                "must be more than 0",
            ),
        )
    ]

    def test_error_names_the_field_and_nothing_is_asked(self):
        """A bad value is refused by its field, and no claim is opened."""
        claims = endpoints.RememberedClaims()
        endpoint = endpoints.make_endpoint(claims)

        error = endpoints.refusal_of(
            endpoint.claim_volumes, endpoints.CONTEXT, **self.arguments
        )

        self.assertIs(exception.InvalidRequest, type(error))
        self.assertEqual(self.field, error.field)
        self.assertIn(self.words, error.reason)
        self.assertEqual([], claims.together)
