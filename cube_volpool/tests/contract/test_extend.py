"""What Cinder answers to an extension: one test, one fact.

*Source:* Cinder 29, ``volume/api.py:API._extend``.
"""
from typing import Any

import requests

from cube_volpool.tests.contract import cloud


class ExtendFacts(cloud.CinderCase):
    """POST /volumes/{id}/action, os-extend."""

    def extend(self, ident: str, size: int,
               account: cloud.Account | None = None) -> requests.Response:
        """Ask for a size."""
        return (account or self.pool).post(
            f"/volumes/{ident}/action", {"os-extend": {"new_size": size}})

    def own(self) -> dict[str, Any]:
        """An available volume of a plain member's own."""
        answer = self.create(self.alice, snapshot_id=None, size=1)
        return self.settled(answer.json()["volume"]["id"],
                            account=self.alice)

    def test_extension_is_202_and_done_later(self):
        """The status tells; at its end the size is there, and no error."""
        volume = self.own()

        self.says(202, self.extend(volume["id"], 3, self.alice))
        self.assertIn(self.show(volume["id"], self.alice)["status"],
                      ("extending", "available"))
        self.assertEqual(
            3, self.settled(volume["id"], account=self.alice)["size"])

    def test_size_that_is_there_is_400(self):
        """So a second one of the same size does no harm."""
        volume = self.own()

        self.says(400, self.extend(volume["id"], 1, self.alice),
                  "must be greater than current size")

    def test_offered_volume_is_not_extended(self):
        """400 while it awaits its transfer."""
        volume = self.ready()
        self.offer(volume["id"])

        self.says(400, self.extend(volume["id"], 3), "status")

    def test_volume_that_was_accepted_is_its_new_owners_to_extend(self):
        """The pool does not even see it any more."""
        volume = self.ready()
        self.accept(self.alice, self.offer(volume["id"]))

        self.says(404, self.extend(volume["id"], 3))
        self.says(202, self.extend(volume["id"], 3, self.alice))
        self.assertEqual(
            3, self.settled(volume["id"], account=self.alice)["size"])

    def test_quota_is_that_of_the_volumes_project(self):
        """413, and the volume stays as it is.

        It tells the project's figures of all types, even when the quota of
        one type is what is full.
        """
        kind = self.private_type(gigabytes=2)
        volume = self.ready(volume_type=kind)
        self.says(202, self.accept(self.alice, self.offer(volume["id"])))

        self.says(413, self.extend(volume["id"], 3, self.alice),
                  "exceeds allowed gigabytes quota")
        shown = self.show(volume["id"], self.alice)
        self.assertEqual((1, "available"), (shown["size"], shown["status"]))
