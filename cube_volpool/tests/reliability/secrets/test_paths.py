"""Every path of a claim and of a round, with every logger at DEBUG."""

import itertools
import re
from typing import Any

import fixtures
import testscenarios
from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability.secrets import ear, house
from cube_volpool.tests.simulator import faults

load_tests = testscenarios.load_tests_apply_scenarios

#: Each call that the daemon makes: method, route, glob over the URL.
CALLS = (
    ("POST", "/identity/auth/tokens", "*/auth/tokens*"),
    ("GET", "/identity/auth/tokens", "*/auth/tokens*"),
    ("GET", "/volumes/detail", "*/volumes/detail*"),
    ("GET", "/volumes/*", "*/volumes/*-*"),
    ("POST", "/volumes", "*/volumes"),
    ("PUT", "/volumes/*", "*/volumes/*"),
    ("DELETE", "/volumes/*", "*/volumes/*"),
    ("POST", "/volume-transfers", "*/volume-transfers"),
    ("GET", "/volume-transfers", "*/volume-transfers?*"),
    ("DELETE", "/volume-transfers/*", "*/volume-transfers/*"),
    ("POST", "/volume-transfers/*/accept", "*/accept"),
    ("GET", "/snapshots/detail", "*/snapshots/detail*"),
    ("GET", "/types", "*/types*"),
)
KINDS: dict[str, Any] = {
    **{
        str(status): lambda status=status: faults.refuse(status)
        for status in (400, 401, 403, 404, 409, 413, 500, 502, 503)
    },
    "429": faults.throttle,
    "reset": faults.drop,
    "timeout": faults.hang,
    "answer lost": faults.lose,
    "time-out after the effect": lambda: faults.lose("timeout"),
    "half a body": faults.half_body,
    "no JSON": faults.wrong_json,
}
ECHOES = (400, 401, 404, 500)
#: What differs where the token is the caller's.
_WITH_TOKEN = ("400", "401", "500", "reset", "half a body", "no JSON")


class SecretCase(base.BaseTestCase):
    """One house in one mode, an ear on all that it logs."""

    with_token = False

    def prepare(self, *, guarded: bool = True) -> None:
        """Build a house with two volumes on its shelf."""
        self.world = self.useFixture(house.CanaryWorld())
        self.ear = self.useFixture(ear.Ear(guarded=guarded))
        self.house = house.CanaryHouse(self.world, with_token=self.with_token)
        self.refill()
        self._numbers = itertools.count()

    def refill(self) -> None:
        """Two volumes on the shelf again, and nothing under way."""
        for _ in range(8):
            self.house.turn()
            self.world.clock.advance(10)
            if self.house.is_full():
                return

    def outputs(self) -> dict[str, str]:
        """Return everything that somebody may read."""
        self.house.call("get_pools", {})
        return {
            "log": self.ear.heard,
            "answers": self.house.said(),
            "database": self.world.ledger_bytes(),
        }

    def assert_no_canary(self, case: str) -> None:
        """No output has a secret; counts what was looked at."""
        found = hits(self.outputs())

        self.assertEqual([], found, case)

    def claim(self, **changes: Any) -> Any:
        """Claim under a name not used before."""
        return self.house.claim(f"web-{next(self._numbers)}", **changes)


def hits(outputs: dict[str, str]) -> list[str]:
    """Return a line for each secret found, and where; a few are enough."""
    return [
        f"{place}: ...{text[max(0, match.start() - 120):match.end() + 60]}"
        for place, text in outputs.items()
        for match in itertools.islice(re.finditer(house.MARK, text), 5)
    ]


class TestPaths(SecretCase):
    scenarios = [
        ("service mode", {"with_token": False}),
        ("caller mode", {"with_token": True}),
    ]

    def test_paths_without_a_fault_tell_no_secret(self):
        """Hit, miss, repeat, other body, quota, nonsense: no secret."""
        self.prepare()
        kinds = [
            self.claim().kind,
            self.house.claim("web-0").kind,
            self.claim(size=3).kind,
            self.claim(volume_type="sas").kind,
            self.claim(volume_type="").kind,
            self.house.call("claim_volume", {"volume": []}).kind,
            self.house.call("no_such_method", {}).kind,
            self.house.call("_clock", {}).kind,
        ]
        self.world.cloud.set_quota("skyline-a", volumes=0)
        kinds.append(self.claim().kind)
        self.refill()

        self.assertEqual("ok", kinds[0])
        self.assertIn("QuotaExceeded", kinds)
        self.assertIn("InvalidRequest", kinds)
        self.assert_no_canary("no fault")
        figures.record("outputs without a secret", good=3, of=3)

    def test_faulty_answers_tell_no_secret(self):
        """Each call x each kind of trouble, in claims and in rounds."""
        self.prepare()
        good = 0
        kinds = _WITH_TOKEN if self.with_token else KINDS
        for (method, route, _url), kind in itertools.product(CALLS, kinds):
            rule = self.world.cloud.fault(method, route, KINDS[kind]())
            self.provoke()
            self.world.cloud.faults.remove(rule)
            self.refill()
            good += 3
        self.assert_no_canary("faults")
        figures.record("outputs without a secret", good=good, of=good)

    def test_servers_that_repeat_the_request_tell_no_secret(self):
        """Keystone or Cinder puts our request into its own error."""
        self.prepare()
        good = 0
        statuses = ECHOES[1::2] if self.with_token else ECHOES
        for (method, _route, url), status in itertools.product(
            CALLS, statuses
        ):
            self.world.echo.armed = (method, url, status)
            self.provoke()
            self.world.echo.armed = None
            self.refill()
            good += 3
        self.assert_no_canary("echo")
        figures.record("outputs without a secret", good=good, of=good)

    def provoke(self) -> None:
        """A hit, a miss and all duties, with tokens that are new."""
        self.world.cloud.identity.revoke("volpool")
        self.world.cloud.identity.revoke("skyline")
        self.claim()
        self.claim(size=2)
        self.world.clock.advance(40)
        self.house.turn()


class TestTheEarHears(SecretCase):
    def test_without_the_guard_secrets_are_found(self):
        """What the tests above look for is there once nobody masks it."""
        self.prepare(guarded=False)
        self.claim()

        found = hits({"log": self.ear.heard})

        self.assertTrue([one for one in found if "auth_key" in one], found)

    def test_without_masked_errors_callers_read_secrets(self):
        """One place masks what servers repeat; nothing behind it does."""
        self.prepare()
        self.useFixture(
            fixtures.MonkeyPatch(
                "cube_volpool.volumeapi.VolumeAPIError.__init__",
                Exception.__init__,
            )
        )
        for method, _route, url in CALLS:
            self.world.echo.armed = (method, url, 500)
            self.claim()
            self.world.echo.armed = None
            self.refill()

        outputs = self.outputs()
        self.assertNotEqual([], hits({"answers": outputs["answers"]}))
        self.assertEqual([], hits({"log": outputs["log"]}))
