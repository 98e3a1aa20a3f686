"""What Keystone answers, as far as the daemon leans on it."""
from cube_volpool.tests.contract import cloud


class TokenFacts(cloud.CinderCase):
    """Tokens by password, re-scoped, and looked at."""

    def look(self, token: str, subject: str) -> int:
        return self.site.http.get(
            f"{self.site.auth_url}/auth/tokens", headers={
                "X-Auth-Token": token, "X-Subject-Token": subject},
        ).status_code

    def rescope(self, token: str, project_id: str) -> tuple[int, dict]:
        answer = self.site.http.post(
            f"{self.site.auth_url}/auth/tokens", json={"auth": {
                "identity": {"methods": ["token"], "token": {"id": token}},
                "scope": {"project": {"id": project_id}}}})
        return answer.status_code, answer.json()

    def test_wrong_password_is_401(self):
        """A wrong password is told no more than that."""
        answer = self.site.sign_in("alice", "skyline-a", "wrong")
        self.says(401, answer, "requires authentication")

    def test_project_without_role_is_401(self):
        """A project the user has no role in is as good as none."""
        self.says(401, self.site.sign_in("alice", "skyline-b"))

    def test_unknown_project_is_401(self):
        """An unknown project is 401 as well, not 404."""
        self.says(401, self.site.sign_in("alice", "no-such-project"))

    def test_token_names_project_user_and_roles(self):
        """The body of a token says whose it is and what it may do."""
        token = self.site.sign_in("volpool", "volpool").json()["token"]

        self.assertEqual("volpool", token["project"]["name"])
        self.assertEqual(self.pool.user_id, token["user"]["id"])
        roles = {role["name"] for role in token["roles"]}
        self.assertIn("member", roles)
        self.assertNotIn("admin", roles)

    def test_token_may_look_at_itself(self):
        """Validation of a token by itself is 200."""
        self.assertEqual(200, self.look(self.alice.token, self.alice.token))

    def test_member_may_not_look_at_other_users_token(self):
        """A plain member cannot validate another user's token."""
        self.assertEqual(403, self.look(self.pool.token, self.alice.token))

    def test_admin_may_look_at_any_token(self):
        """An admin validates any token."""
        self.assertEqual(200, self.look(self.admin.token, self.alice.token))

    def test_unknown_subject_token_is_404(self):
        """A subject token that is none is 404, not 401."""
        self.assertEqual(404, self.look(self.admin.token, "gAAAAAnonsense"))

    def test_rescoped_token_keeps_expiry(self):
        """A token made from a token ends when the first one does."""
        first = self.site.sign_in("skyline", "skyline-a")
        expected = first.json()["token"]["expires_at"]
        self.site.pass_time(1.1)

        status, body = self.rescope(first.headers["X-Subject-Token"],
                                    self.bob.project_id)

        self.assertEqual(201, status)
        self.assertEqual(self.bob.project_id, body["token"]["project"]["id"])
        self.assertEqual(expected, body["token"]["expires_at"])

    def test_rescope_to_foreign_project_is_401(self):
        """Re-scoping to a project without a role is refused."""
        status, _ = self.rescope(self.alice.token, self.bob.project_id)
        self.assertEqual(401, status)
