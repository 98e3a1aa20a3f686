"""The record of requests, and the life of tokens."""
import requests

from cube_volpool.tests.simulator import faults
from cube_volpool.tests.unit.simulator import lab


class JournalFacts(lab.CloudCase):
    """Every request is on record."""

    def test_entry_says_who_did_what(self):
        """Method, route, project, user, status."""
        self.create()
        seen = self.cloud.requests[-1]
        self.assertEqual(
            ("POST", "/volumes", "volpool", "volpool", 202, 202),
            (seen.method, seen.route, seen.project, seen.user, seen.status,
             seen.effect))

    def test_secrets_are_left_out(self):
        """No auth key and no password."""
        transfer = self.offer(self.ready())
        self.accept(transfer)
        text = str(self.cloud.requests)
        self.assertNotIn(transfer["auth_key"], text)
        self.assertNotIn("labadmin", text)

    def test_lost_answer_has_an_effect_and_no_status(self):
        """What the client heard and what happened are two things."""
        self.cloud.fault("POST", "/volumes", faults.lose("reset"))
        self.assertRaises(requests.ConnectionError, self.create)
        seen = self.cloud.requests[-1]
        self.assertEqual((None, 202), (seen.status, seen.effect))

    def test_touches_finds_the_volume(self):
        """In the path and in the body."""
        ident = self.ready()
        self.offer(ident)
        self.call("GET", f"/volumes/{ident}")
        self.assertEqual(["POST", "GET"], [
            r.method for r in self.cloud.requests if r.touches(ident)])


class TokenFacts(lab.CloudCase):
    """Tokens end."""

    def get(self, token, **headers):
        return self.http.get(f"{self.cloud.URL}/volume/v3/volumes", headers={
            "X-Auth-Token": token, **headers}).status_code

    def test_expired_token_is_401(self):
        """After its time a token opens nothing."""
        token = self.token()
        self.clock.advance(14401)
        self.assertEqual(401, self.get(token))

    def test_service_token_lets_an_expired_one_pass(self):
        """With the role service, and only with it."""
        token = self.token()
        self.clock.advance(14401)
        for project, expected in (("service", 200), ("volpool", 401)):
            service = self.token(project=project)
            self.assertEqual(expected, self.get(
                token, **{"X-Service-Token": service}))

    def test_revoked_token_is_401(self):
        """At once."""
        token = self.token()
        self.cloud.identity.revoke("volpool")
        self.assertEqual(401, self.get(token))
