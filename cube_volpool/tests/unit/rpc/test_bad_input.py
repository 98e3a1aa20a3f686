"""What is refused, and which field the refusal names."""

from typing import Any

import testscenarios
from oslotest import base

from cube_volpool import exception
from cube_volpool.tests.unit.rpc import endpoints

load_tests = testscenarios.load_tests_apply_scenarios

LONG = "x" * 300
CUT = "x" * 30 + "..."
NAN, INFINITE = float("nan"), float("inf")


def _volume(field, *values):
    """One scenario for each bad value of a key of the volume."""
    for number, value in enumerate(values):
        yield (
            f"volume-{field}-{number}-{len(repr(value))}",
            {
                "arguments": {"volume": endpoints.VOLUME | {field: value}},
                "field": f"volume.{field}",
            },
        )


def _argument(field, *values):
    for number, value in enumerate(values):
        yield (
            f"argument-{field}-{number}",
            {
                "arguments": {"volume": endpoints.VOLUME, field: value},
                "field": field,
            },
        )


def _context(field, *values):
    for number, value in enumerate(values):
        yield (
            f"{field}-{number}-{len(repr(value))}",
            {"ctxt": endpoints.CONTEXT | {field: value}, "field": field},
        )


def _metadata(name, key, value, field):
    return (
        f"metadata-{name}",
        {
            "arguments": {
                "volume": endpoints.VOLUME | {"metadata": {key: value}}
            },
            "field": field,
        },
    )


def _without(field):
    volume = {k: v for k, v in endpoints.VOLUME.items() if k != field}
    return (
        f"without-{field}",
        {"arguments": {"volume": volume}, "field": f"volume.{field}"},
    )


BAD_WORDS = (
    *(None, "", " ", LONG, 7, True, ["a"], {"a": 1}, " a", "a ", "a\n"),
    "x" * 256,
    *("a\x00b", "a\x1fb", "a\x7fb", "a\x9fb", "a\u2028b", "\ud800"),
)


class TestBadInput(base.BaseTestCase):
    arguments: dict[str, Any]
    field: str
    scenarios = [
        *_volume("name", *BAD_WORDS),
        *_volume("volume_type", *BAD_WORDS),
        *_volume("availability_zone", *BAD_WORDS[1:]),
        *_argument("os_name", *BAD_WORDS[1:]),
        *_volume(
            "size",
            0,
            -1,
            "abc",
            2**20 + 1,
            10**9,
            10**400,
            1.5,
            1.0,
            NAN,
            True,
        ),
        *_volume("size", "", "0", "-1", "1e3", "1.0", " 1", "1\n", "٣"),
        *_volume("size", "9" * 5000, [1], {}),
        *_volume("snapshot_id", "", "abc", 7, [], "{" + endpoints.SNAPSHOT),
        *_volume("snapshot_id", endpoints.SNAPSHOT + "\n", "g" * 32),
        *_volume("snapshot_id", endpoints.SNAPSHOT.replace("-", "", 1)),
        *_volume("multiattach", True, 1, 0, "false", []),
        *_volume("multiattach ", True, "no"),
        *_volume("metadata", [], "a", 1, {str(n): "" for n in range(129)}),
        *_volume("imageRef", "", "a", 7, endpoints.SNAPSHOT),
        *_volume("source_volid", "a", [], endpoints.SNAPSHOT),
        *_volume("image_id", None, endpoints.SNAPSHOT),
        *_volume("multiattach  ", False),
        *_argument("budget", 0, -1, 3600.1, NAN, INFINITE, "10", True, []),
        *_argument("self", None),
        *_argument("ctxt", {}),
        *_argument("volume", None, [], "a", 1, [[[[[]]]]]),
        *_argument("os_nam", "debian-12"),
        _without("name"),
        _without("volume_type"),
        _metadata("value-number", "a", 1, "volume.metadata.a"),
        _metadata("value-null", "a", None, "volume.metadata.a"),
        _metadata("value-long", "a", "x" * 256, "volume.metadata.a"),
        _metadata("value-nul", "a", "\x00", "volume.metadata.a"),
        _metadata("value-surrogate", "a", "\udfff", "volume.metadata.a"),
        _metadata("key-empty", "", "b", "volume.metadata."),
        _metadata("key-letter", "a*", "b", "volume.metadata.a*"),
        _metadata("key-newline", "a\n", "b", r"volume.metadata.a\n"),
        _metadata(
            "key-long", "x" * 256, "b", f"volume.metadata.{'x' * 30}..."
        ),
        _metadata(
            "key-ours",
            "cube_volpool_claim",
            "b",
            "volume.metadata.cube_volpool_claim",
        ),
        ("nothing", {"arguments": {}, "field": "volume"}),
        (
            "nothing-to-make-it-from",
            {
                "arguments": {
                    "volume": endpoints.VOLUME | {"snapshot_id": None}
                },
                "field": "volume.snapshot_id",
            },
        ),
    ]

    def test_error_names_the_field_and_nothing_is_asked(self):
        """A bad value is refused by its field, and no claim is opened."""
        claims = endpoints.RememberedClaims()
        endpoint = endpoints.make_endpoint(claims)

        error = endpoints.refusal_of(
            endpoint.claim_volume, endpoints.CONTEXT, **self.arguments
        )

        self.assertIs(exception.InvalidRequest, type(error))
        self.assertEqual(self.field, error.field)
        self.assertTrue(error.reason)
        self.assertLess(len(str(error)), 250)
        self.assertNotIn("x" * 61, str(error))
        self.assertEqual([], claims.asked)


class TestBadContext(base.BaseTestCase):
    ctxt: dict[str, Any]
    field: str
    scenarios = [
        *_context("project_id", None, "", 7, "a" * 65, "a b", "a/b", "a\n"),
        *_context("project_id", "é"),
        *_context("auth_token", 7, [], "a b", "a\r\nb", "é"),
        *_context("auth_token", "secret" * 4000),
        *_context("request_id", 7, "a\nb", "x" * 129),
        *_context("global_request_id", {}, "a\x00b"),
        ("without-project", {"ctxt": {}, "field": "project_id"}),
    ]

    def test_error_names_the_field_and_repeats_nothing(self):
        """Of a context an error tells the key alone; a token stays secret."""
        claims = endpoints.RememberedClaims()
        endpoint = endpoints.make_endpoint(claims)

        error = endpoints.refusal_of(
            endpoint.claim_volume, self.ctxt, volume=endpoints.VOLUME
        )

        self.assertIs(exception.InvalidRequest, type(error))
        self.assertEqual(f"context.{self.field}", error.field)
        self.assertNotIn("secret", str(error))
        self.assertEqual([], claims.asked)

    def test_context_that_is_no_dictionary_is_refused(self):
        """Whatever a broker hands over as a context is looked at first."""
        endpoint = endpoints.make_endpoint(endpoints.RememberedClaims())
        no_contexts: list[Any] = [None, [], "a", 7]

        fields = {
            endpoints.refusal_of(
                endpoint.claim_volume, ctxt, volume=endpoints.VOLUME
            ).field
            for ctxt in no_contexts
        }

        self.assertEqual({"context"}, fields)
