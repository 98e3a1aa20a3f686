"""Accounts of a test's own on the real Keystone, with the roles it says."""

from typing import Any

import fixtures
import requests

from cube_volpool.tests.integration import installation, lab


class User(fixtures.Fixture):
    """A user that is removed again; ``grant`` gives it roles."""

    PASSWORD = "of-a-test"

    def __init__(self, where: lab.Lab, name: str) -> None:
        super().__init__()
        self._lab = where
        self.name = name

    def _setUp(self) -> None:
        made = self._keystone(
            "POST",
            "/users",
            {
                "user": {
                    "name": self.name,
                    "password": self.PASSWORD,
                    "domain_id": "default",
                }
            },
        )
        self._id = made["user"]["id"]
        self.addCleanup(self._keystone, "DELETE", f"/users/{self._id}")

    def grant(self, role: str, *projects: str) -> "User":
        """Give it a role in projects; returns itself."""
        found = self._keystone("GET", f"/roles?name={role}")["roles"]
        for project in projects:
            self._keystone(
                "PUT",
                f"/projects/{self._lab.projects[project]}/users/{self._id}"
                f"/roles/{found[0]['id']}",
            )
        return self

    def options(self) -> dict[str, object]:
        """Return what a configuration says of it."""
        return {
            **installation.account(self._lab, "volpool"),
            "username": self.name,
            "password": self.PASSWORD,
        }

    def _keystone(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(
            method,
            self._lab.auth_url + path,
            json=body,
            headers={
                "X-Auth-Token": self._lab.account("admin", "admin").token
            },
            timeout=lab.TIMEOUT,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None
