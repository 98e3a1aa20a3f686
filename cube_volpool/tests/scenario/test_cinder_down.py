"""Bad days: Cinder or Keystone is down, or not what it should be."""

from typing import Any

from keystoneauth1.identity import v3

from cube_volpool import exception, model, volumeapi
from cube_volpool.cinder import api as cinder
from cube_volpool.cinder import probe
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults


class DownCase(base.ScenarioCase):
    """Nothing answers, in several ways."""

    ways = (
        faults.refuse(500),
        faults.refuse(502),
        faults.refuse(503),
        faults.drop(),
        faults.hang(),
    )

    def test_cinder_down_is_an_error_within_the_budget(self) -> None:
        """Nothing is given, and nobody waits longer than asked."""
        for number, act in enumerate(self.ways):
            down = self.cloud.fault("*", "/volume**", act)
            start = self.clock.monotonic()

            self.assertRaises(
                exception.CinderUnavailable, self.one.claim, f"web{number}"
            )

            self.assertLessEqual(self.clock.monotonic() - start, 30)
            self.assert_nothing_given(f"web{number}")
            self.cloud.faults.remove(down)
            self.clock.advance(600)
            self.one.fill()
        self.rest()

    def test_unsent_calls_leave_the_shelf_intact(self) -> None:
        """Refused before it was looked at: every volume is as it was."""
        before = self.shelf()
        self.cloud.fault("*", "/volume**", faults.throttle())

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assert_nothing_given()
        for volume_id in before:
            self.assert_on_shelf(volume_id)

    def test_miss_during_an_outage_is_no_create(self) -> None:
        """An outage is an error, not an empty pool."""
        self.empty_the_shelf()
        since = len(self.cloud.requests)
        self.cloud.fault("GET", "/volume**", faults.refuse(503))

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assertNotIn("POST /volumes", self.calls(since=since))

    def test_dead_backend_is_in_progress_then_settled(self) -> None:
        """cinder-volume is gone: accept cannot go through."""
        self.cloud.backend.stop()

        self.assertRaises(
            exception.ClaimInProgress, self.one.claim, budget=600
        )

        self.assertEqual([], self.named())
        self.cloud.backend.start()
        self.rest()
        self.assert_nothing_given()

    def test_daemon_recovers_by_itself(self) -> None:
        """Rounds go on through an outage; afterwards the pool fills."""
        self.one.claim("a")
        down = self.cloud.fault("*", "/volume**", faults.refuse(503))
        for _ in range(30):
            self.one.house.reconciler.round()
            self.one.house.reconciler.audit()
            self.rescue()
            self.clock.advance(10)
        self.assertIsNotNone(self.pool_record().last_error)
        self.cloud.faults.remove(down)

        for _ in range(60):
            self.one.house.reconciler.round()
            self.clock.advance(10)

        self.assertEqual(2, len(self.shelf()))
        self.assertIsNone(self.pool_record().last_error)
        self.rest()

    def test_outage_makes_no_storm(self) -> None:
        """Refill backs off: an hour of outage is a handful of creates."""
        self.one.claim("a")
        since = len(self.cloud.requests)
        self.cloud.fault("POST", "/volumes", faults.refuse(503))

        for _ in range(120):
            self.one.house.reconciler.round()
            self.clock.advance(30)

        self.assertLess(self.calls(since=since).count("POST /volumes"), 20)

    def test_outage_evicts_nothing(self) -> None:
        """A round that saw half decides nothing."""
        before = self.shelf()
        self.cloud.fault("GET", "/volumes/*", faults.refuse(503))

        self.one.house.reconciler.audit()
        self.one.house.reconciler.round()

        self.assertEqual(before, self.shelf())

    def test_proxys_404_is_no_absence(self) -> None:
        """A 404 that is not Cinder's own forgets no row."""
        first, second = self.shelf()
        del self.cloud.volume(first).metadata[model.DEPLOYMENT_KEY]
        self.cloud.fault(
            "GET", "/volumes/*",
            faults.refuse(404, headers={"Via": "1.1 proxy"}),
            when=lambda seen: first in seen.route,
        )

        self.one.house.reconciler.audit()

        self.assertEqual([first, second], self.shelf())


class KeystoneCase(base.ScenarioCase):
    """Keystone does not answer."""

    fills = False

    def test_claims_fail_and_the_shelf_is_intact(self) -> None:
        """No token, no call; nothing is even reserved."""
        self.one.fill()
        before = self.shelf()
        for act in (faults.refuse(503), faults.drop(), faults.hang()):
            down = self.cloud.fault("*", "/identity/**", act)

            self.assertRaises(
                exception.CinderUnavailable, self.one.claim
            )

            self.cloud.faults.remove(down)
            for volume_id in before:
                self.assert_on_shelf(volume_id)
        self.assertEqual(before[0], self.one.claim().volume["id"])

    def test_expired_token_is_renewed(self) -> None:
        """A token that Cinder does not take any more costs one retry."""
        self.one.fill()
        self.one.claim("a")
        self.cloud.identity.revoke("volpool")
        self.cloud.identity.revoke("skyline")

        self.assertEqual(model.Source.POOL, self.one.claim("b").source)

        self.assert_given("b")

    def test_project_without_the_tenant_account_gets_nothing(self) -> None:
        """Keystone does not let us in there: an error, nothing given."""
        self.one.fill()
        self.cloud.add_project("stranger")

        self.assertRaises(
            exception.CinderUnavailable, self.one.claim, project="stranger"
        )

        self.assertEqual(2, len(self.shelf()))

    def test_pool_keyring_out_of_order_opens_nothing(self) -> None:
        """The pool's account cannot log in at all: nothing is written."""
        self.one.fill()
        fresh = self.world.daemon("fresh")
        self.change_password("volpool")

        self.assertRaises(exception.CinderUnavailable, fresh.claim)

        self.assertEqual([], self.claims())
        self.assertEqual(2, len(self.shelf()))

    def test_pool_keyring_that_expires_releases_the_row(self) -> None:
        """Rename and offer were never sent: back on the shelf."""
        self.one.fill()
        self.one.claim("a")
        [last] = self.shelf()
        self.change_password("volpool")
        self.cloud.identity.revoke("volpool")

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assert_nothing_given()
        self.assert_on_shelf(last)


class StartCase(base.ScenarioCase):
    """What the pool's account and Cinder must be before anything is served."""

    fills = False

    def check(self, **endpoint: Any) -> None:
        auth = v3.Password(
            self.cloud.auth_url,
            username="volpool",
            password=world.PASSWORD,
            user_domain_id="default",
            project_id=self.world.project("volpool"),
        )
        session = self.world.session()
        session.auth = auth
        probe.Probe(
            session,
            auth,
            endpoint=cinder.Endpoint(region_name="RegionOne", **endpoint),
        ).check()

    def refusal(self, **endpoint: Any) -> str:
        error = self.assertRaises(
            exception.StartupRefused, self.check, **endpoint
        )
        return str(error)

    def test_plain_member_is_let_in(self) -> None:
        """The lab's own account passes."""
        self.check()

    def test_admin_is_refused(self) -> None:
        """With that role a late DELETE could reach a customer's disk."""
        self.cloud.identity.grant("volpool", "volpool", "admin")

        self.assertIn("role admin", self.refusal())

    def test_old_cinder_is_refused(self) -> None:
        """The microversion that is needed must be offered."""
        self.assertIn("3.71", self.refusal(microversion="3.72"))

    def test_missing_filters_are_refused(self) -> None:
        """An operator took the filter by metadata away."""
        body = (
            b'{"resource_filters": [{"resource": "volume",'
            b' "filters": ["name", "status"]}]}'
        )
        act = faults.wrong_json()
        change = act.change  # type: ignore[attr-defined]
        act.change = lambda answer: _with(change(answer), body)  # type: ignore[attr-defined]
        self.cloud.fault("GET", "/resource_filters", act)

        self.assertIn("metadata", self.refusal())

    def test_wrong_password_is_refused(self) -> None:
        """Waiting does not mend it."""
        self.change_password("volpool")

        self.assertIn("[pool_project]", self.refusal())

    def test_absent_keystone_is_waited_for(self) -> None:
        """What may pass is no refusal."""
        self.cloud.fault("*", "/identity/**", faults.drop())

        self.assertRaises(volumeapi.Unreachable, self.check)

    def test_absent_cinder_is_waited_for(self) -> None:
        """The same for Cinder."""
        self.cloud.fault("*", "/resource_filters", faults.refuse(503))

        self.assertRaises(volumeapi.Unclear, self.check)


def _with(answer, body):
    answer.body = body
    return answer
