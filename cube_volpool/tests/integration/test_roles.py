"""The least roles that each account needs, asked of Keystone and Cinder."""

from cube_volpool import exception
from cube_volpool.tests.integration import accounts, base, installation

_ONE = {"deb": {**base.NOFLAT, "min_ready": 1}}


class RolesCase(base.LabCase):
    """A daemon with accounts of this test's own."""

    def user(self, short: str) -> accounts.User:
        """Make a user without any role."""
        name = f"{self.site.tag}-{short}"
        return self.useFixture(accounts.User(self.lab, name))

    def assert_nothing_given(self, name: str) -> None:
        """The caller has nothing, and the shelf has its volume again."""
        self.assertEqual([], self.named(name))
        self.until_full()


class TestTenantAccount(RolesCase):
    """Service mode: the account that acts in the callers' projects."""

    def test_without_a_role_there_nothing_is_given(self):
        """Keystone gives it no token of the project."""
        self.fill(_ONE, changes={"tenant": self.user("none").options()})

        self.assertRaises(
            exception.CinderUnavailable, self.claim, "none_sys"
        )

        self.assert_nothing_given("none_sys")

    def test_a_reader_is_refused_by_cinder(self):
        """It may look the name up, and no more: accept takes a member."""
        reader = self.user("reader").grant("reader", "skyline-a")
        self.fill(_ONE, changes={"tenant": reader.options()})
        before = set(self.shelf())

        error = self.assertRaises(
            exception.CinderUnavailable, self.claim, "reader_sys"
        )

        self.assertIn("403", str(error))
        self.assert_nothing_given("reader_sys")
        self.assertEqual(before, set(self.shelf()))

    def test_a_member_is_enough_for_every_hit(self):
        """The least role of service mode."""
        member = self.user("member").grant("member", "skyline-a")
        self.fill(_ONE, changes={"tenant": member.options()})

        answer = self.claim("member_sys")

        self.assertEqual("pool", answer["source"])


class TestServiceUser(RolesCase):
    """Caller mode: the account whose token goes along."""

    def fill_with(self, user: accounts.User) -> None:
        """Start a daemon that acts with the callers' tokens."""
        self.fill(
            _ONE,
            changes={
                "tenant": {"use_caller_token": True},
                "service_user": {
                    **user.options(), **installation.project("service"),
                },
            },
        )

    def claim_as_alice(self, name: str):
        """Claim with alice's own token."""
        return self.claim(name, auth_token=self.member("skyline-a").token)

    def test_a_member_of_the_service_project_may_not_ask_for_tokens(self):
        """Keystone tells nobody else whose a token is."""
        self.fill_with(self.user("plain").grant("member", "service"))

        self.assertRaises(
            exception.CinderUnavailable, self.claim_as_alice, "plain_sys"
        )

        self.assert_nothing_given("plain_sys")

    def test_the_role_service_is_enough(self):
        """The least role of caller mode; the callers are plain members."""
        self.fill_with(self.user("service").grant("service", "service"))

        answer = self.claim_as_alice("service_sys")

        self.assertEqual("pool", answer["source"])


class TestPoolAccount(RolesCase):
    """The account of the pool project."""

    def start_with(self, user: accounts.User) -> None:
        """Start a daemon; its pool account is this user."""
        self.start(
            _ONE,
            {
                "pool_project": {
                    **user.options(), **installation.project("volpool"),
                }
            },
        )

    def test_a_reader_can_make_no_volume(self):
        """And the pool says why it stays empty."""
        self.start_with(self.user("reader").grant("reader", "volpool"))

        self.until(self._is_refused, "the pool says that it is refused")

        self.assertEqual({}, self.shelf())

    def _is_refused(self) -> bool:
        try:
            [pool] = self.pools().values()
        except (exception.Busy, ValueError):
            return False
        return "403" in (pool["last_error"] or "")

    def test_a_member_is_enough(self):
        """The least role; more, admin, is refused at the start."""
        self.start_with(self.user("member").grant("member", "volpool"))
        self.until_full()

        self.assertEqual("pool", self.claim("pool_sys")["source"])
