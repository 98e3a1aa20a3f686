"""Tokens of the service account: how they are got, and when anew."""

import datetime

from keystoneauth1 import session as ks_session
from keystoneauth1.identity import v3
from oslotest import base

from cube_volpool import model, volumeapi
from cube_volpool.cinder import connection, tenants, tokens
from cube_volpool.tests import simulator, world
from cube_volpool.tests.simulator import faults

#: Of a token whose end is far away, and of one to be renewed, in seconds.
_LONG, _SHORT = 14400, 400


class TokensCase(base.BaseTestCase):
    """The service account in a Keystone on the machine's own clock."""

    def setUp(self):
        super().setUp()
        # keystoneauth asks the machine's clock when a token ends.
        self.cloud = simulator.Cloud.lab(simulator.RealClock())
        self.cloud.identity.token_seconds = _LONG
        self.session = ks_session.Session(session=simulator.mount(self.cloud))
        for name in ("project-c", "nobodys"):
            self.cloud.add_project(name)
        self.cloud.identity.grant("skyline", "project-c", "member")
        self.account = self.auth()
        self.tenants = tenants.ServiceTenants(
            self.session,
            self.rescoped,
            endpoint=connection.Endpoint(region_name="RegionOne"),
        )

    def auth(self, **scope):
        """Return the account's plugin with a password."""
        return v3.Password(
            self.cloud.auth_url,
            username="skyline",
            password=world.PASSWORD,
            user_domain_id="default",
            **scope,
        )

    def rescoped(self, project_id):
        """Return the plugin that a project's claims have."""
        return tokens.Rescoped(
            self.account,
            project_id,
            by_password=self.auth(project_id=project_id),
        )

    def project(self, name):
        """Return a project's id."""
        return model.ProjectId(self.cloud.project_id(name))

    def claim(self, name):
        """Use a project's API, as a claim does."""
        self.tenants.for_claim(self.project(name), None).list_volumes(
            name="web_sys"
        )

    def asked(self):
        """Return by what each token was asked for, since the last time."""
        found = [
            entry.body["auth"]["identity"]["methods"][0]
            for entry in self.cloud.journal.entries()
            if entry.route == "/identity/auth/tokens"
            and entry.method == "POST"
        ]
        self.cloud.journal.clear()
        return found


class RescopedTest(TokensCase):
    """One password for all projects."""

    def test_password_is_checked_once_for_all_projects(self):
        """It takes Keystone thirty times as long as a change of scope."""
        self.claim("skyline-a")
        self.claim("skyline-b")
        self.claim("skyline-a")

        self.assertEqual(["password", "token", "token"], self.asked())

    def test_token_is_of_the_project(self):
        """And of no other."""
        found = self.tenants.for_claim(self.project("skyline-b"), None)

        self.assertEqual(self.project("skyline-b"), found.project_id)

    def test_password_helps_where_scopes_may_not_be_changed(self):
        """Keystone's ``allow_rescope_scoped_token``."""
        self.claim("skyline-a")
        self.asked()
        self.cloud.fault(
            "POST", "/identity/auth/tokens", faults.refuse(403), times=1
        )
        self.claim("skyline-b")

        self.assertEqual(["token", "password"], self.asked())

    def test_revoked_token_is_replaced(self):
        """Its successor serves the next projects."""
        self.claim("skyline-a")
        self.asked()
        self.cloud.identity.tokens[
            self.account.auth_ref.auth_token
        ].revoked = True
        self.claim("skyline-b")
        self.assertEqual(["token", "password"], self.asked())

        self.claim("project-c")

        self.assertEqual(["password", "token"], self.asked())

    def test_project_without_a_role_costs_the_others_nothing(self):
        """The account's token was not the trouble."""
        self.claim("skyline-a")
        self.asked()
        self.assertRaises(volumeapi.Unreachable, self.claim, "nobodys")
        self.assertEqual(["token", "password"], self.asked())

        self.claim("skyline-b")

        self.assertEqual(["token"], self.asked())


class RenewalTest(TokensCase):
    """The turns of the duty."""

    def setUp(self):
        super().setUp()
        self.cloud.identity.token_seconds = _SHORT

    def test_token_that_ends_soon_is_renewed(self):
        """Before anybody has to wait for it."""
        self.account.get_access(self.session)
        self.age(self.account, 0.6)
        before = self.account.get_token(self.session)

        self.assertTrue(tokens.ends_soon(self.account))
        tokens.renew(self.account, self.session)

        self.assertNotEqual(before, self.account.auth_ref.auth_token)
        self.assertFalse(tokens.ends_soon(self.account))

    def test_account_without_a_token_has_nothing_to_renew(self):
        """Nobody needed one yet."""
        self.assertFalse(tokens.ends_soon(self.account))

    def test_projects_that_claim_are_renewed_and_others_dropped(self):
        """An hour has more projects than claim in the next."""
        for name in ("skyline-a", "skyline-b"):
            self.claim(name)
            self.age(self.kept(name), 0.6)
        self.tenants.renew()
        self.asked()

        self.age(self.kept("skyline-a"), 0.6)
        self.age(self.kept("skyline-b"), 0.6)
        self.claim("skyline-b")
        self.tenants.renew()

        self.assertEqual(["token"], self.asked())
        self.claim("skyline-b")
        self.assertEqual([], self.asked())
        self.claim("skyline-a")
        self.assertEqual(["token"], self.asked())

    def test_project_that_shut_us_out_is_dropped(self):
        """The others are renewed all the same."""
        for name in ("skyline-a", "skyline-b"):
            self.claim(name)
            self.age(self.kept(name), 0.6)
        user = self.cloud.identity.user("skyline")
        assert user is not None
        del user.roles[self.project("skyline-a")]
        self.tenants.renew()
        self.asked()

        self.assertRaises(volumeapi.Unreachable, self.claim, "skyline-a")
        self.asked()
        self.claim("skyline-b")
        self.assertEqual([], self.asked())

    def test_keystone_that_is_away_is_told(self):
        """And the token at hand stays."""
        self.claim("skyline-a")
        self.age(self.kept("skyline-a"), 0.6)
        self.cloud.fault(
            "POST", "/identity/auth/tokens", faults.refuse(503)
        )

        self.assertRaises(volumeapi.Unreachable, self.tenants.renew)
        self.claim("skyline-a")

    def kept(self, name):
        """Return the credential of a project's claims."""
        return self.tenants._kept[self.project(name)].auth

    def age(self, auth, part):
        """Let this part of the life of a token be over."""
        token = auth.auth_ref._data["token"]
        gone = datetime.timedelta(
            seconds=part * self.cloud.identity.token_seconds
        )
        for key in ("issued_at", "expires_at"):
            when = datetime.datetime.fromisoformat(token[key]) - gone
            token[key] = when.isoformat()
