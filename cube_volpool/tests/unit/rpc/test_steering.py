"""The methods that steer pools and volumes: ask, answer, refuse."""

import json
from typing import Any

import fixtures
import testscenarios

from cube_volpool import exception, model, volumeapi
from cube_volpool.tests.unit.rpc import endpoints, operating

load_tests = testscenarios.load_tests_apply_scenarios

_ID = endpoints.SNAPSHOT
_EVERY = {
    "pool": None, "status": None, "after": None, "limit": 100,
}
_VOLUMES = {**_EVERY, "ident": None}
_CLAIMS = {**_EVERY, "name": None, "project_id": None}
#: A sound call of each method, and what it asks for.
_CALLS: tuple[operating.Call, ...] = (
    ("pause_pool", {"pool": "deb"}, ("pause", "deb")),
    ("resume_pool", {"pool": "deb"}, ("resume", "deb")),
    ("drain_pool", {"pool": "deb"}, ("drain", "deb")),
    ("refill_pool", {"pool": "deb"}, ("refill", "deb")),
    ("hold_volume", {"volume_id": _ID}, ("hold", _ID)),
    ("evict_volume", {"volume_id": _ID}, ("evict", _ID, None)),
    (
        "evict_volume",
        {"volume_id": _ID, "reason": "bad sectors"},
        ("evict", _ID, "bad sectors"),
    ),
    ("list_volumes", {}, ("volumes", _VOLUMES)),
    (
        "list_volumes",
        {
            "volume_id": _ID, "pool": "deb", "status": "available",
            "after": 7, "limit": 1000,
        },
        (
            "volumes",
            {
                "ident": _ID, "pool": "deb", "limit": 1000, "after": 7,
                "status": model.RowStatus.AVAILABLE,
            },
        ),
    ),
    ("list_claims", {}, ("claims", _CLAIMS)),
    (
        "list_claims",
        {"project_id": "p", "name": "a", "status": "bound"},
        (
            "claims",
            {
                **_CLAIMS, "project_id": "p", "name": "a",
                "status": model.ClaimStatus.BOUND,
            },
        ),
    ),
    ("get_plan", {}, ("plan", None)),
    ("get_plan", {"pool": "deb"}, ("plan", "deb")),
)
_STEER = ("pause_pool", "resume_pool", "drain_pool", "refill_pool")
_NO_WORDS: tuple[Any, ...] = (
    *("", " ", "x" * 256, 7, True, ["a"], {}, "a ", "a\n", "\x00"),
)
_NO_IDS: tuple[Any, ...] = (
    *("", "abc", 7, [], {}, True, _ID + "\n", "{" + _ID, "g" * 32),
)
_NO_NUMBERS: tuple[Any, ...] = (-1, 10**12, 1.5, "1", True, [], {})
_NO_STATUSES: tuple[Any, ...] = ("", "gone", 7, True, [], {})
#: A method, the field that is off, and the arguments.
_BAD: tuple[operating.Bad, ...] = (
    *((method, "pool", {}) for method in _STEER),
    *(
        (method, "pool", {"pool": bad})
        for method in _STEER
        for bad in (None, *_NO_WORDS)
    ),
    *(
        (method, "volume_id", {"volume_id": bad})
        for method in ("hold_volume", "evict_volume")
        for bad in (None, *_NO_IDS)
    ),
    *(("list_volumes", "volume_id", {"volume_id": bad}) for bad in _NO_IDS),
    ("hold_volume", "reason", {"volume_id": _ID, "reason": "a"}),
    *(
        ("evict_volume", "reason", {"volume_id": _ID, "reason": bad})
        for bad in (*_NO_WORDS, "x" * 201)
    ),
    *(
        (method, name, {name: bad})
        for method in ("list_volumes", "list_claims")
        for name in ("limit", "after")
        for bad in _NO_NUMBERS
    ),
    ("list_volumes", "limit", {"limit": 0}),
    ("list_volumes", "limit", {"limit": 1001}),
    *(
        ("list_claims", name, {name: bad})
        for name in ("name", "pool", "project_id")
        for bad in _NO_WORDS
    ),
    *(
        (method, "status", {"status": bad})
        for method in ("list_volumes", "list_claims")
        for bad in _NO_STATUSES
    ),
    ("get_plan", "pools", {"pools": ["deb"]}),
)


class SteeringCase(operating.OperatorCase):
    """The endpoint over something that only remembers."""

    calls = _CALLS
    error: Exception | None = None

    def setUp(self):
        super().setUp()
        self.steering = endpoints.RememberedSteering(self.error)
        self.asked = self.steering.asked
        self.endpoint = endpoints.make_steering(self.steering)


class TestAnswers(SteeringCase):
    def test_each_method_asks_for_one_thing(self):
        """With the arguments that it was given."""
        for method, arguments, asked in _CALLS:
            answer = self.call(method, **arguments)

            self.assertEqual([asked], self.steering.asked)
            self.assertEqual(answer, json.loads(json.dumps(answer)))
            self.steering.asked.clear()

    def test_what_is_answered(self):
        """The volume, a page, or nothing."""
        self.assertEqual({}, self.call("pause_pool", pool="deb"))
        self.assertEqual(
            {"volume": {"id": endpoints.ROW.volume_id}},
            self.call("hold_volume", volume_id=_ID),
        )
        self.assertEqual(
            {"volumes": [{"id": "v-1"}], "next": 7}, self.call("list_volumes")
        )

    def test_an_id_is_written_as_cinder_writes_it(self):
        """Without dashes or in capitals it is the same volume."""
        bare = _ID.replace("-", "").upper()
        self.call("hold_volume", volume_id=bare)

        self.assertEqual([("hold", _ID)], self.steering.asked)

    def test_who_asked_for_what_is_in_the_log(self):
        """Of all that changes something."""
        log = self.useFixture(fixtures.FakeLogger())
        self.call("drain_pool", pool="deb")
        self.call("evict_volume", volume_id=_ID)

        self.assertIn("drain_pool of deb by request req-op", log.output)
        self.assertIn(f"evict_volume of {_ID} by request req-op", log.output)


class TestRefusals(operating.RefusalFacts, SteeringCase):
    """Nobody but operators."""


class TestBadInput(operating.BadInputFacts, SteeringCase):
    """Of each method, field by field."""

    scenarios = operating.bad_scenarios(_BAD)


class TestErrors(operating.ErrorFacts, SteeringCase):
    """What goes wrong below."""

    scenarios = operating.error_scenarios(
        (exception.NotKnown(what="pool", id="x"), exception.NotKnown),
        (
            exception.Refused(what="volume", id="x", reason="r"),
            exception.Refused,
        ),
        (exception.Busy(reason="r", retry_after=1), exception.Busy),
    )


class TestCinderAway(SteeringCase):
    error = volumeapi.Unclear("Cinder answered 503")

    def test_a_plan_says_so(self):
        """It is the only method that reads Cinder."""
        error = self.refusal("get_plan")

        self.assertIs(exception.CinderUnavailable, type(error))
        self.assertIn("503", str(error))
