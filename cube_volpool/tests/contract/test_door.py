"""Whom Cinder lets in: one test, one fact.

*Source:* Cinder 29 at microversion 3.70, seen on a real one; the
simulator has to answer the same.
"""

from cube_volpool.tests.contract import cloud


class DoorFacts(cloud.CinderCase):
    """Tokens, URLs and microversions."""

    def test_no_token_is_401(self):
        """Without a token, or with nonsense, nothing is told."""
        for headers in ({}, {"X-Auth-Token": "nonsense"}):
            self.says(401, self.site.http.get(
                f"{self.pool.url}/volumes", headers=headers))

    def test_own_project_in_the_url_is_fine(self):
        """The old form of the URL still works."""
        self.says(200, self.pool.get(f"/{self.pool.project_id}/volumes"))

    def test_other_project_in_the_url_is_400(self):
        """The URL's project has to be the token's."""
        self.says(400, self.pool.get(f"/{self.alice.project_id}/volumes"),
                  "Malformed request url")

    def test_too_new_microversion_is_406(self):
        """A microversion the cloud lacks is refused."""
        self.says(406, self.pool.get("/volumes", version="3.999"))

    def test_microversions_are_told_without_a_token(self):
        """The root of the endpoint names the highest microversion."""
        answer = self.site.http.get(
            self.pool.url.partition("/v3")[0] + "/")
        self.says(300, answer)
        version, = answer.json()["versions"]
        self.assertGreaterEqual(int(version["version"].split(".")[1]), 70)

    def test_answer_names_its_microversion(self):
        """Every answer says which microversion it speaks."""
        answer = self.pool.get("/volumes", limit=1)
        self.assertEqual("volume 3.70",
                         answer.headers["OpenStack-API-Version"])
