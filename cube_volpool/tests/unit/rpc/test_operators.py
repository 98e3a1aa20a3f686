"""The operators' methods: what they ask for, answer and refuse."""

import json
from typing import Any

import fixtures
import testscenarios

from cube_volpool import exception, volumeapi
from cube_volpool.tests.unit.rpc import endpoints, operating

load_tests = testscenarios.load_tests_apply_scenarios

_SNAPSHOT = endpoints.SNAPSHOT
_WORD = {"os_name": "debian-12", "volume_type": "ssd"}
_BAD_WORDS: tuple[Any, ...] = (
    *(None, "", " ", "x" * 256, 7, True, ["a"], {}, "a ", "a\n", "\x00"),
)
_NO_BOOLEANS: tuple[Any, ...] = (0, 1, "true", "", [], {}, 1.0)
_NO_IDS: tuple[Any, ...] = (
    *(None, "", "abc", 7, [], {}, True, _SNAPSHOT + "\n", "{" + _SNAPSHOT),
    *("g" * 32, _SNAPSHOT.replace("-", "", 1), "x" * 10**6),
)
#: A sound call of each method, and what it asks for.
_CALLS: tuple[operating.Call, ...] = (
    ("sync_os", {}, ("sync",)),
    ("list_os", {}, ("list",)),
    ("rollback_os", _WORD, ("rollback", "debian-12", "ssd")),
    ("allow_os", {"snapshot_id": _SNAPSHOT}, ("allow", _SNAPSHOT)),
)
#: All but the list.
_CHANGING = tuple(call for call in _CALLS if call[0] != "list_os")
#: A method, the field that is off, and the arguments.
_BAD: tuple[operating.Bad, ...] = (
    *(("sync_os", "dry_run", {"dry_run": v}) for v in _NO_BOOLEANS),
    ("sync_os", "pool", {"pool": "deb"}),
    ("list_os", "os_name", {"os_name": "debian-12"}),
    ("list_os", "self", {"self": 1}),
    ("rollback_os", "os_name", {}),
    ("rollback_os", "os_name", {"volume_type": "ssd"}),
    ("rollback_os", "volume_type", {"os_name": "debian-12"}),
    *(
        ("rollback_os", key, {**_WORD, key: v})
        for key in _WORD
        for v in _BAD_WORDS
    ),
    ("rollback_os", "snapshot_id", {**_WORD, "snapshot_id": "a"}),
    *(("allow_os", "snapshot_id", {"snapshot_id": v}) for v in _NO_IDS),
    ("allow_os", "snapshot_id", {}),
    ("allow_os", "os_name", {"snapshot_id": _SNAPSHOT, "os_name": "a"}),
)


class OperatorsCase(operating.OperatorCase):
    """The endpoint over images that only remember."""

    calls = _CALLS
    error: Exception | None = None

    def setUp(self):
        super().setUp()
        self.images = endpoints.RememberedImages(self.error)
        self.asked = self.images.asked
        self.endpoint = endpoints.make_operators(self.images)


class TestAnswers(OperatorsCase):
    def test_each_method_asks_for_one_thing(self):
        """With the arguments that it was given."""
        for method, arguments, asked in _CALLS:
            self.call(method, **arguments)

            self.assertEqual([asked], self.images.asked)
            self.images.asked.clear()

    def test_changes_and_findings_are_plain_json(self):
        """They arrive as they are, whatever serialises them."""
        for method, arguments, _ in _CHANGING:
            answer = self.call(method, **arguments)

            self.assertEqual(answer, json.loads(json.dumps(answer)))
            self.assertEqual(
                {
                    "changes": [
                        {
                            "pool": "deb",
                            "before": None,
                            "after": _SNAPSHOT,
                            "error": None,
                        },
                        {
                            "pool": "odd",
                            "before": _SNAPSHOT,
                            "after": None,
                            "error": "Cinder has no volume type nvme",
                        },
                    ],
                    "findings": [
                        {
                            "snapshot_id": _SNAPSHOT,
                            "name": "backup",
                            "problem": "is creating",
                            "is_trouble": False,
                        }
                    ],
                },
                answer,
            )

    def test_the_list_is_what_the_ledger_has(self):
        """Under one key, so that there can be others one day."""
        self.assertEqual(
            {
                "images": [
                    {"os_name": "debian-12", "held_by": {"available": 2}}
                ]
            },
            self.call("list_os"),
        )

    def test_pools_that_changed_are_looked_at_at_once(self):
        """Each is refilled; who asked is in the log."""
        log = self.useFixture(fixtures.FakeLogger())
        for method, arguments, _ in _CHANGING:
            self.images.refilled.clear()
            self.call(
                method, endpoints.OPERATOR | endpoints.CONTEXT, **arguments
            )

            self.assertEqual(["deb", "odd"], self.images.refilled)
            self.assertIn(f"{method} by request req-op", log.output)

    def test_a_dry_run_changes_nothing(self):
        """It plans, and wakes nobody."""
        self.call("sync_os", dry_run=True)

        self.assertEqual([("plan",)], self.images.asked)
        self.assertEqual([], self.images.refilled)
        for is_dry in (False, None):
            self.call("sync_os", dry_run=is_dry)
            self.assertEqual(("sync",), self.images.asked[-1])

    def test_a_snapshot_is_written_as_cinder_writes_it(self):
        """An id without dashes or in capitals is the same snapshot."""
        bare = _SNAPSHOT.replace("-", "").upper()
        self.call("allow_os", snapshot_id=bare)

        self.assertEqual([("allow", _SNAPSHOT)], self.images.asked)


class TestRefusals(operating.RefusalFacts, OperatorsCase):
    """Nobody but operators."""


class TestBadInput(operating.BadInputFacts, OperatorsCase):
    """Of each method, field by field."""

    scenarios = operating.bad_scenarios(_BAD)


class TestErrors(operating.ErrorFacts, OperatorsCase):
    """What goes wrong below."""

    scenarios = operating.error_scenarios(
        (
            exception.NoImage(image="snapshot x", reason="r"),
            exception.NoImage,
        ),
        (
            exception.ImagesUnavailable(table="os", reason="r"),
            exception.ImagesUnavailable,
        ),
        (exception.LostRace(what="pool", id=1), exception.Busy),
    )

    def test_no_pool_is_woken(self):
        """Nothing has changed for any."""
        for method, arguments, _ in _CALLS:
            self.refusal(method, **arguments)

        self.assertEqual([], self.images.refilled)


class TestCinderAway(OperatorsCase):
    error = volumeapi.Unclear("Cinder answered 503")

    def test_a_sync_says_so(self):
        """A dry one as well: both read Cinder."""
        for is_dry in (True, False):
            error = self.refusal("sync_os", dry_run=is_dry)

            self.assertIs(exception.CinderUnavailable, type(error))
            self.assertIn("503", str(error))
        self.assertEqual([], self.images.refilled)
