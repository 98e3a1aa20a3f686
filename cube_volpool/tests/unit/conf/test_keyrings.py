"""The three sections of keystoneauth."""

from cube_volpool.tests.unit.conf import base
from cube_volpool.tests.unit.conf.base import ConfCase

_CREDENTIAL = {
    "auth_type": "v3applicationcredential",
    "application_credential_id": "x",
    "application_credential_secret": "invented",
    "username": None,
    "password": None,
}
_NO_TENANT = {
    "auth_type": None,
    "auth_url": None,
    "username": None,
    "password": None,
}
_SERVICE_USER = {
    "auth_type": "password",
    "auth_url": "http://127.0.0.1:5000/v3",
    "username": "volpool",
    "password": "invented",
    "user_domain_id": "default",
    "project_name": "service",
    "project_domain_id": "default",
}


class PoolProject(ConfCase):
    """[pool_project]: an account in one project."""

    def test_defaults_of_both_keyrings(self):
        """Requests end after 60 s and go to the block storage service."""
        parsed = self.parse(base.with_changes({}))

        for group in ("pool_project", "tenant"):
            self.assertEqual(60, parsed[group].timeout)
            self.assertEqual("block-storage", parsed[group].service_type)

    def test_no_account(self):
        """Without auth_type keystoneauth would quietly load nothing."""
        self.assert_refused(
            "pool_project",
            "auth_type",
            "not set",
            {"pool_project": {"auth_type": None}},
        )

    def test_an_unknown_kind_of_account(self):
        """auth_type names a plugin that is installed."""
        for group in ("pool_project", "tenant"):
            with self.subTest(group=group):
                self.assert_refused(
                    group,
                    "auth_type",
                    "nope",
                    {group: {"auth_type": "nope"}},
                )

    def test_an_account_that_is_not_complete(self):
        """The plugin's own required options are named."""
        for group in ("pool_project", "tenant"):
            with self.subTest(group=group):
                self.assert_refused(
                    group, "auth_url", "not set", {group: {"auth_url": None}}
                )

    def test_a_user_who_is_not_complete(self):
        """keystoneauth would tell with the first request, if at all."""
        for group in ("pool_project", "tenant"):
            for option in ("username", "password"):
                with self.subTest(group=group, option=option):
                    self.assert_refused(
                        group, option, "not set", {group: {option: None}}
                    )

    def test_names_without_their_domain(self):
        """Names of users and projects are unique in a domain alone."""
        self.assert_refused(
            "tenant",
            "user_domain_name",
            "username alone",
            {"tenant": {"user_domain_id": None}},
        )
        by_name = {"project_id": None, "project_name": "volpool"}
        self.assert_refused(
            "pool_project",
            "project_domain_name",
            "project_name alone",
            {"pool_project": by_name},
        )

    def test_a_default_domain_serves_both(self):
        """default_domain_id stands for the domains of user and project."""
        self.load(
            {
                "pool_project": {
                    "user_domain_id": None,
                    "project_id": None,
                    "project_name": "volpool",
                    "default_domain_id": "default",
                }
            }
        )

    def test_ids_need_no_domain(self):
        """A user by id is unique."""
        self.load(
            {
                "tenant": {
                    "username": None,
                    "user_domain_id": None,
                    "user_id": "2" * 32,
                }
            }
        )

    def test_no_project(self):
        """The pool's volumes live in a project."""
        self.assert_refused(
            "pool_project",
            "project_id",
            "not set",
            {"pool_project": {"project_id": None}},
        )

    def test_an_application_credential_needs_no_project(self):
        """An application credential is bound to its project already."""
        self.load({"pool_project": {**_CREDENTIAL, "project_id": None}})

    def test_an_application_credential_that_is_not_complete(self):
        """What a plugin says about its own options reaches the operator."""
        self.assert_refused(
            "pool_project",
            "auth_type",
            "application credential",
            {
                "pool_project": {
                    **_CREDENTIAL,
                    "application_credential_id": None,
                    "project_id": None,
                }
            },
        )

    def test_requests_without_an_end(self):
        """Every request has a time-out."""
        for group in ("pool_project", "tenant"):
            for value in (0, -5):
                with self.subTest(group=group, value=value):
                    self.assert_refused(
                        group,
                        "timeout",
                        "more than 0",
                        {group: {"timeout": value}},
                    )

    def test_requests_that_are_repeated(self):
        """A repeated POST would be a second volume."""
        for group in ("pool_project", "tenant"):
            for option in ("connect_retries", "status_code_retries"):
                with self.subTest(group=group, option=option):
                    self.assert_refused(
                        group, option, "must stay 0", {group: {option: 2}}
                    )

    def test_an_account_in_another_section(self):
        """auth_section takes the whole account from elsewhere."""
        self.load(
            {
                "pool_project": {
                    "auth_section": "shared",
                    "auth_type": None,
                    "auth_url": None,
                },
                "shared": {**_SERVICE_USER},
            }
        )


class Tenant(ConfCase):
    """[tenant]: tokens for the projects of the claims."""

    def test_a_project_is_a_contradiction(self):
        """The daemon sets the project of each claim by itself."""
        for option in (
            "project_id",
            "project_name",
            "domain_id",
            "domain_name",
            "system_scope",
            "trust_id",
        ):
            with self.subTest(option=option):
                self.assert_refused(
                    "tenant",
                    option,
                    "must not be set",
                    {"tenant": {option: "all"}},
                )

    def test_the_old_name_of_a_project_is_a_contradiction_too(self):
        """keystoneauth still reads tenant_name as project_name."""
        self.assert_refused(
            "tenant",
            "project_name",
            "must not be set",
            {"tenant": {"tenant_name": "skyline"}},
        )

    def test_a_project_in_the_section_it_points_to(self):
        """auth_section does not smuggle a project in."""
        self.assert_refused(
            "tenant",
            "project_id",
            "must not be set",
            {"tenant": {**_NO_TENANT, "auth_section": "pool_project"}},
        )

    def test_accounts_that_are_bound(self):
        """An application credential cannot ask for other projects."""
        for plugin in (_CREDENTIAL, {"auth_type": "none"}):
            with self.subTest(plugin=plugin["auth_type"]):
                self.assert_refused(
                    "tenant", "auth_type", "bound", {"tenant": plugin}
                )

    def test_nobody_to_accept(self):
        """Without an account and without callers' tokens nothing works."""
        self.assert_refused(
            "tenant", "auth_type", "use_caller_token", {"tenant": _NO_TENANT}
        )

    def test_callers_tokens_need_a_service_user(self):
        """use_caller_token sends a service token beside the caller's."""
        self.assert_refused(
            "service_user",
            "auth_type",
            "needs a service user",
            {"tenant": {**_NO_TENANT, "use_caller_token": True}},
        )

    def test_callers_tokens_need_no_account(self):
        """With use_caller_token the account of [tenant] may be missing."""
        self.load(
            {
                "tenant": {**_NO_TENANT, "use_caller_token": True},
                "service_user": _SERVICE_USER,
            }
        )

    def test_an_account_beside_callers_tokens_is_checked_too(self):
        """It finishes abandoned claims, so it may not be bound either."""
        self.assert_refused(
            "tenant",
            "project_name",
            "must not be set",
            {
                "tenant": {"use_caller_token": True, "project_name": "x"},
                "service_user": _SERVICE_USER,
            },
        )

    def test_a_service_user_that_is_not_complete(self):
        """A service user is checked even where it is optional."""
        self.assert_refused(
            "service_user",
            "auth_url",
            "not set",
            {"service_user": {**_SERVICE_USER, "auth_url": None}},
        )
