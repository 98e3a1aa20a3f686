"""Caller-token mode: we act with the caller's own token, and keep none."""

from typing import Any

import sqlalchemy as sa
from keystoneauth1.identity import v3

from cube_volpool import app, exception, model
from cube_volpool.cinder import api as cinder
from cube_volpool.cinder import tenants
from cube_volpool.claim import parallel
from cube_volpool.claim.job import Answer
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_ENDPOINT = cinder.Endpoint(region_name="RegionOne")


class CallerCase(base.ScenarioCase):
    """A daemon with ``use_caller_token``."""

    tenant_user = "alice"

    def setUp(self) -> None:
        super().setUp()
        self.first, self.second = self.shelf()
        self.token = self.issue("alice", "skyline-a")
        self.house = self.wire()
        self.cloud.journal.clear()

    def issue(self, user: str, project: str) -> str:
        """Return a token that the caller brings along."""
        auth = v3.Password(
            self.cloud.auth_url,
            username=user,
            password=world.PASSWORD,
            user_domain_id="default",
            project_id=self.world.project(project),
        )
        return str(auth.get_token(self.world.session()))

    def wire(self) -> app.House:
        pool = self.world.project("volpool")
        service = v3.Password(
            self.cloud.auth_url,
            username="volpool",
            password=world.PASSWORD,
            user_domain_id="default",
            project_id=self.world.project("service"),
        )
        self.tenants = tenants.CallerTenants(
            self.world.session(),
            self.cloud.auth_url,
            service,
            endpoint=_ENDPOINT,
        )
        return app.wire(
            self.world.settings,
            store=self.world.new_store(),
            keyrings=app.Keyrings(
                pool=self.world.keyring("volpool", pool), tenants=self.tenants
            ),
            ticker=self.clock,
            runner=parallel.Serial(),
            hands=parallel.Serial(),
        )

    def ask(
        self,
        token: str | None = "",
        project: str = "skyline-a",
        **changes: Any,
    ) -> Answer:
        """Claim with a token; alice's when none is named."""
        request = model.ClaimRequest(
            **{
                "name": "web_sys",
                "volume_type": "ssd",
                "snapshot_id": self.cloud.snapshot_id(base.SSD),
                **changes,
            }
        )
        return self.house.claimer.claim(
            model.Caller(
                project_id=self.world.project(project),
                auth_token=self.token if token == "" else token,
            ),
            request,
            deadline=self.clock.monotonic() + 30,
        )

    def assert_no_trace(self) -> None:
        self.assertEqual([], self.claims())
        self.assertEqual([], self.calls())
        self.assertEqual([self.first, self.second], self.shelf())

    def die_at(self, method: str, path: str, moment: str) -> None:
        self.die(method, path, moment)
        self.assertRaises(base.Died, self.ask)
        self.clock.advance(base.LEASE)


class TokenCase(CallerCase):
    """Whose token it is decides."""

    def test_volume_is_the_callers_own(self) -> None:
        """Accepted by alice herself: project and user are hers."""
        answer = self.ask()

        volume = self.assert_given()
        alice = self.cloud.identity.user("alice")
        assert alice is not None
        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(self.first, volume.id)
        self.assertEqual(alice.id, volume.user_id)
        self.assertEqual(
            ["GET /volumes/detail", "POST /volume-transfers/*/accept"],
            self.calls(user="alice"),
        )

    def test_token_of_another_project_is_a_mismatch(self) -> None:
        """Bob's token opens nothing in alice's project."""
        token = self.issue("bob", "skyline-b")

        error = self.assertRaises(
            exception.ProjectMismatch, self.ask, token
        )

        self.assertEqual(
            self.world.project("skyline-b"), error.token_project
        )
        self.assert_no_trace()

    def test_keyring_itself_compares_the_project(self) -> None:
        """Whoever asks it, and whatever he compares himself."""
        token = self.issue("bob", "skyline-b")

        self.assertRaises(
            exception.ProjectMismatch,
            self.tenants.for_claim,
            self.world.project("skyline-a"),
            token,
        )

    def test_missing_token_is_named(self) -> None:
        """Without one there is nobody to act for."""
        error = self.assertRaises(exception.InvalidRequest, self.ask, None)

        self.assertEqual("context.auth_token", error.field)
        self.assert_no_trace()

    def test_unknown_token_is_refused(self) -> None:
        """Keystone does not know it."""
        error = self.assertRaises(
            exception.InvalidRequest, self.ask, "gAAAAABnonsense"
        )

        self.assertEqual("context.auth_token", error.field)
        self.assertNotIn("gAAAAABnonsense", str(error))
        self.assert_no_trace()

    def test_keystone_down_is_cinder_unavailable(self) -> None:
        """Whose token it is cannot be asked."""
        self.cloud.fault("GET", "/identity/**", faults.refuse(503))

        self.assertRaises(exception.CinderUnavailable, self.ask)

        self.assert_no_trace()

    def test_token_is_nowhere_in_the_ledger(self) -> None:
        """Tokens are never kept."""
        self.ask()

        for claim in self.claims():
            self.assertNotIn(self.token, repr(claim))

    def test_roles_are_keystones_word(self) -> None:
        """In the project of the token, asked for once."""
        self.assertEqual(
            {"member", "reader"}, set(self.tenants.roles(self.token))
        )
        self.ask()

        asked = [
            seen
            for seen in self.cloud.requests
            if (seen.method, seen.route) == ("GET", "/identity/auth/tokens")
        ]
        self.assertEqual(1, len(asked))
        self.assertRaises(
            exception.InvalidRequest, self.tenants.roles, "no token"
        )

    def test_miss_is_pool_empty(self) -> None:
        """A plain member's token does not see the pool's snapshot."""
        self.ask(name="a")
        self.ask(name="b")

        self.assertRaises(exception.PoolEmpty, self.ask)

        self.assert_nothing_given()


class WithoutTenantCase(CallerCase):
    """Nobody's token is at hand when rescue looks."""

    def rescue_here(self) -> None:
        self.assertEqual(1, self.house.rescuer.round())

    def test_given_volume_is_bound_unconfirmed(self) -> None:
        """Two 404s, apart, mean given."""
        self.die_at("POST", base.ACCEPT, "after")
        start = self.clock.monotonic()

        self.rescue_here()

        self.assertEqual(5, self.clock.monotonic() - start)
        self.assertEqual(self.first, self.assert_given().id)
        answer = self.ask()
        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(self.first, answer.volume["id"])
        self.rest()

    def test_one_404_is_not_given(self) -> None:
        """The pool's replica lagged: left open, then settled."""
        self.die_at("POST", base.ACCEPT, "before")
        self.cloud.fault(
            "GET", "/volumes/*", faults.refuse(404), times=1, user="volpool"
        )

        self.rescue_here()

        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)
        self.clock.advance(base.LEASE)
        self.rescue_here()
        self.assert_condemned(self.first)
        self.assert_nothing_given()

    def test_wrongly_bound_claim_is_settled_by_the_next_call(self) -> None:
        """Lost, taken for given: the caller's own token knows better."""
        self.die_at("POST", base.ACCEPT, "after")
        self.cloud.drop_volume(self.cloud.volume(self.first))
        self.rescue_here()
        self.assertEqual(model.ClaimStatus.BOUND, self.record().status)

        answer = self.ask()

        self.assertEqual(self.second, answer.volume["id"])
        self.assertEqual(self.second, self.assert_given().id)

    def test_offer_without_key_is_cancelled_and_evicted(self) -> None:
        """What the pool's keyring sees needs no tenant."""
        self.die_at("POST", base.ACCEPT, "before")

        self.rescue_here()

        self.assert_condemned(self.first)
        self.assert_nothing_given()
        self.rest()

    def test_retry_with_a_token_binds_at_once(self) -> None:
        """The caller's own call looks with the caller's own eyes."""
        self.die_at("POST", base.ACCEPT, "after")

        answer = self.ask()

        self.assertEqual(self.first, answer.volume["id"])
        self.assert_given()

    def test_open_create_waits_for_its_caller(self) -> None:
        """A miss cannot be looked into without a token."""
        self.ask(name="a")
        self.ask(name="b")
        self.cloud.identity.grant("alice", "skyline-a", "admin")
        self.token = self.issue("alice", "skyline-a")
        self.die_at("POST", "/volumes", "after")
        left = self.record()

        self.rescue_here()
        # Nor taken over: its caller must find it free.
        self.assertEqual(left, self.record())

        answer = self.ask()

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(answer.volume["id"], self.assert_given().id)

    def lose_row(self) -> None:
        """Let the ledger have no row of the volume that was offered."""
        with self.world.store.ledger.write() as session:
            session.execute(
                sa.delete(models.backup_volumes).where(
                    models.backup_volumes.c.claim_id.is_not(None)
                )
            )

    def test_lone_offer_that_is_open_is_withdrawn(self) -> None:
        """The pool's keyring sees all of it: nothing was given."""
        self.die_at("POST", base.ACCEPT, "before")
        self.lose_row()

        self.rescue_here()

        self.assertEqual({}, self.cloud.transfers)
        self.assert_nothing_given()

    def test_lone_offer_that_is_not_open_waits_for_its_caller(self) -> None:
        """Accepted or withdrawn: only the caller's token tells."""
        self.die_at("POST", base.ACCEPT, "after")
        self.lose_row()

        self.rescue_here()

        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)
        # At once: its caller must find the claim free.
        self.assertEqual(self.first, self.ask().volume["id"])
        self.assert_given()

    def test_lone_offer_accepted_during_the_look_is_not_guessed(self) -> None:
        """Without its row a 404 may as well be a delete of ours."""
        self.cloud.fault("POST", base.ACCEPT, faults.late(), times=1)
        self.die("GET", "/volume**", "before", user="volpool")
        self.assertRaises(base.Died, self.ask)
        self.clock.advance(base.LEASE)
        self.lose_row()
        self.at(
            "DELETE", "/volume-transfers/*", "before", self.cloud.run_late
        )

        self.rescue_here()

        self.assertEqual(model.ClaimStatus.OFFERED, self.record().status)
        self.assertEqual(self.first, self.ask().volume["id"])
        self.assert_given()
