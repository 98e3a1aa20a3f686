"""Who may call what."""

import pathlib
from typing import Any

import fixtures
import oslo_messaging as om
from oslo_config import cfg
from oslo_policy import policy as oslo_policy
from oslotest import base

from cube_volpool import exception
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.rpc import operators, policy, steering
from cube_volpool.tests.unit.rpc import endpoints


class PolicyCase(base.BaseTestCase):
    """A policy, with a file beside the configuration or without."""

    def policy(self, rules: str | None = None, **options: Any):
        """Return the policy in force."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        if rules is not None:
            (folder / "policy.yaml").write_text(rules, encoding="utf-8")
        main = folder / "cube_volpool.conf"
        main.touch()
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[str(main)])
        return policy.Policy(conf, **options)

    def assert_refused(self, found, method, ctxt):
        """The caller may not."""
        error = self.assertRaises(
            exception.NotPermitted, found.authorize, method, ctxt
        )
        self.assertIn(f"cube_volpool:{method}", str(error))


class DefaultsTest(PolicyCase):
    """Without a file."""

    def test_every_method_of_the_wire_has_a_rule(self):
        """A new one cannot be forgotten, nor a rule outlive its method."""
        exposed = {
            name
            for endpoint in (
                rpc_claims.Endpoint,
                operators.Endpoint,
                steering.Endpoint,
            )
            for name in dir(endpoint)
            if not name.startswith("_")
            and name != "target"
            and callable(getattr(endpoint, name))
        }

        rules = {
            rule.name.removeprefix(policy.PREFIX)
            for rule in policy.list_rules()
            if rule.name.startswith(policy.PREFIX)
        }

        self.assertEqual(exposed, rules)

    def test_a_context_with_a_project_may_claim(self):
        """Roles or not: in service mode the bus is the trust boundary."""
        found = self.policy()

        found.authorize("claim_volume", endpoints.CONTEXT)
        found.authorize("claim_volumes", endpoints.CONTEXT)

        strange: list[Any] = [
            {}, {"project_id": ""}, {"roles": ["admin"]}, None, [],
        ]
        for ctxt in strange:
            self.assert_refused(found, "claim_volume", ctxt)
            self.assert_refused(found, "claim_volumes", ctxt)

    def test_anybody_may_see_the_numbers_of_the_pools(self):
        """Nothing of any project is in them."""
        self.policy().authorize("get_pools", {})

    def test_all_else_is_for_operators_alone(self):
        """To see it as well: names, projects and images are in it."""
        found = self.policy()
        rules = {rule.name for rule in policy.list_rules()}
        methods = {
            name.removeprefix(policy.PREFIX)
            for name in rules
            if name.startswith(policy.PREFIX)
        }
        callers = {"claim_volume", "claim_volumes", "get_pools"}
        for method in methods - callers:
            for ctxt in ({}, endpoints.CONTEXT, {"roles": ["member"]}):
                self.assert_refused(found, method, ctxt)
            found.authorize(method, endpoints.OPERATOR)

    def test_a_method_without_a_rule_is_nobodys(self):
        """A programming error, and not an open door."""
        self.assertRaises(
            oslo_policy.PolicyNotRegistered,
            self.policy().authorize,
            "no_such_method",
            {"project_id": "p", "roles": ["admin"]},
        )

    def test_strange_contexts_are_no_obstacle(self):
        """What is no word is left out."""
        strange: list[Any] = [
            {"project_id": "p", "roles": "admin"},
            {"project_id": "p", "roles": [1, None, {}, "x" * 300]},
            {"project_id": "p", "user_id": ["u"], "auth_token": 5},
        ]
        for ctxt in strange:
            known = policy.credentials(ctxt)

            self.assertEqual(("p", None, ()), (
                known.project_id, known.user_id, known.roles))
            self.assertIsNone(known.auth_token)

    def test_a_token_is_shown_to_nobody(self):
        """Not even in a debugger's list of variables."""
        known = policy.credentials({"auth_token": "tok-secret"})

        self.assertEqual("tok-secret", known.auth_token)
        self.assertNotIn("tok-secret", repr(known))


class FileTest(PolicyCase):
    """With a file."""

    def test_a_rule_of_the_file_replaces_the_default(self):
        """An operator may want a role for claims."""
        found = self.policy('"cube_volpool:claim_volume": "role:member"\n')
        ctxt = dict(endpoints.CONTEXT)

        self.assert_refused(found, "claim_volume", ctxt)
        found.authorize("claim_volume", ctxt | {"roles": ["Member"]})

    def test_operators_are_who_the_rule_admin_says(self):
        """The rule that methods which steer the daemon refer to."""
        found = self.policy(
            f'"cube_volpool:get_pools": "{policy.ADMIN}"\n'
        )

        self.assert_refused(found, "get_pools", endpoints.CONTEXT)
        found.authorize("get_pools", {"roles": ["admin"]})

    def test_roles_are_those_that_keystone_tells_where_it_is_asked(self):
        """What the context says of them then counts for nothing."""
        asked = []

        def roles_of(credentials):
            asked.append(credentials.auth_token)
            return ("member",)

        found = self.policy(
            '"cube_volpool:get_pools": "role:admin"\n', roles_of=roles_of
        )

        self.assert_refused(
            found, "get_pools", {"roles": ["admin"], "auth_token": "t"}
        )
        self.assertEqual(["t"], asked)

    def test_a_file_that_cannot_be_used_is_told_at_the_start(self):
        """By the option's name."""
        for rules in ("{", '"cube_volpool:get_pools": "rule:nobody"\n'):
            error = self.assertRaises(
                exception.InvalidConfiguration, self.policy(rules).check
            )

            self.assertEqual("policy_file", error.option)


class EndpointTest(PolicyCase):
    """The rules at work."""

    def endpoint(self, rules):
        """Return an endpoint, and the claims behind it."""
        claims = endpoints.RememberedClaims()
        found = rpc_claims.Endpoint(
            claims,
            list,
            policy=self.policy(rules),
            default_budget=endpoints.BUDGET,
        )
        return found, claims

    def test_a_refused_claim_does_nothing(self):
        """And its caller is told which rule it was."""
        found, claims = self.endpoint('"cube_volpool:claim_volume": "!"\n')

        error = endpoints.refusal_of(
            found.claim_volume, endpoints.CONTEXT, volume=endpoints.VOLUME
        )

        self.assertIs(exception.NotPermitted, type(error))
        self.assertEqual("cube_volpool:claim_volume", error.rule)
        self.assertEqual([], claims.asked)

    def test_who_may_claim_no_volume_may_not_claim_several(self):
        """The rule of one is that of several, unless the file has another."""
        found, claims = self.endpoint('"cube_volpool:claim_volume": "!"\n')

        error = endpoints.refusal_of(
            found.claim_volumes,
            endpoints.CONTEXT,
            volumes=[endpoints.VOLUME],
        )

        self.assertEqual("cube_volpool:claim_volumes", error.rule)
        self.assertEqual([], claims.together)
        self.policy('"cube_volpool:claim_volumes": "role:member"\n').authorize(
            "claim_volumes", endpoints.CONTEXT | {"roles": ["member"]}
        )

    def test_bad_input_is_told_before_the_policy_is_asked(self):
        """Asking may cost a call to Keystone; bad input costs nothing."""
        found, _ = self.endpoint('"cube_volpool:claim_volume": "!"\n')

        error = endpoints.refusal_of(
            found.claim_volume, endpoints.CONTEXT, volume={}
        )

        self.assertIs(exception.InvalidRequest, type(error))

    def test_the_refusal_travels(self):
        """As its own class, with its fields."""
        found, _ = self.endpoint('"cube_volpool:get_pools": "!"\n')

        self.assertRaises(om.ExpectedException, found.get_pools, {})
