"""The real lab as its ``lab.json`` describes it, and accounts in it."""

import functools
import json
import os
import pathlib
import time
from dataclasses import dataclass, field
from typing import Any

import requests

VARIABLE = "VOLPOOL_LAB_DIR"
#: The microversion the daemon itself asks for.
VERSION = "3.70"
#: Longer than the lab's Cinder waits for its own services, in seconds.
TIMEOUT = 150
#: Between two looks at a volume that is being made, in seconds.
_PAUSE = 0.05
#: What Cinder refuses to delete, and will not be for ever.
_UNDER_WAY = ("creating", "downloading", "deleting")


@dataclass(frozen=True, kw_only=True, eq=False)
class Lab:
    """Addresses, accounts and ids by name."""

    auth_url: str
    cinder_url: str
    region: str
    users: dict[str, str]
    projects: dict[str, str]
    snapshots: dict[str, str] = field(default_factory=dict)
    #: The golden volumes.
    sources: dict[str, str] = field(default_factory=dict)
    db_url: str = ""
    amqp_url: str = ""

    @classmethod
    @functools.cache
    def described(cls) -> "Lab":
        """Read ``lab.json``.  Raises AssertionError where there is none."""
        directory = os.environ.get(VARIABLE)
        if not directory:
            raise AssertionError(
                f"{VARIABLE} is not set; tools/lab/up.sh makes a lab, and "
                "tools/lab/env.sh says where"
            )
        path = pathlib.Path(directory) / "lab.json"
        if not path.exists():
            raise AssertionError(f"there is no {path}; run tools/lab/up.sh")
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: found[name] for name in cls.__annotations__})

    @functools.cache  # noqa: B019 - one lab for each process
    def account(self, user: str, project: str) -> "Account":
        """Return an account; it keeps its token."""
        return Account(self, user, project)


class Account:
    """A user in a project: a token, and plain HTTP to Cinder with it."""

    def __init__(self, lab: Lab, user: str, project: str) -> None:
        self.project_id = lab.projects[project]
        self._url = lab.cinder_url
        self.token = _token(lab, user, project)
        self.http = requests.Session()
        self.http.headers.update(
            {
                "X-Auth-Token": self.token,
                "OpenStack-API-Version": f"volume {VERSION}",
            }
        )

    def call(
        self, method: str, path: str, body: Any = None, **params: Any
    ) -> Any:
        """Return the decoded answer, None where it has no body.

        Raises requests.HTTPError for a status of 400 or more.
        """
        answer = self.http.request(
            method, self._url + path, json=body, params=params,
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def volume(self, volume_id: str) -> dict[str, Any] | None:
        """Return a volume as GET shows it, None when it is not there."""
        try:
            return self.show(volume_id)
        except requests.HTTPError as error:
            if error.response.status_code == 404:
                return None
            raise

    def show(self, volume_id: str) -> dict[str, Any]:
        """Return a volume as GET shows it."""
        shown = self.call("GET", f"/volumes/{volume_id}")
        found: dict[str, Any] = shown["volume"]
        return found

    def volumes(self, **filters: str) -> list[dict[str, Any]]:
        """Return the volumes of the account's own project."""
        found = self.call("GET", "/volumes/detail", **filters)["volumes"]
        return [
            volume
            for volume in found
            if volume["os-vol-tenant-attr:tenant_id"] == self.project_id
        ]

    def create(self, body: dict[str, Any]) -> str:
        """Create a volume, wait until it is available, return its id."""
        made = self.call("POST", "/volumes", {"volume": body})["volume"]
        volume_id = str(made["id"])
        while (status := self.show(volume_id)["status"]) != "available":
            if status != "creating":
                raise RuntimeError(f"volume {volume_id} is {status}")
            time.sleep(_PAUSE)
        return volume_id

    def delete(self, volume_id: str) -> bool:
        """Ask for a volume to go; True once it is gone.  Safe to repeat.

        A volume that is being created is left for the next time.
        """
        volume = self.volume(volume_id)
        if volume is None:
            return True
        if volume["status"] == "awaiting-transfer":
            for transfer in self.transfers(volume_id):
                self.call("DELETE", f"/volume-transfers/{transfer['id']}")
        elif volume["status"] not in _UNDER_WAY:
            self.call("DELETE", f"/volumes/{volume_id}")
        return False

    def transfers(self, volume_id: str) -> list[dict[str, Any]]:
        """Return the open offers of a volume."""
        found: list[dict[str, Any]] = self.call(
            "GET", "/volume-transfers", volume_id=volume_id
        )["transfers"]
        return found


def _token(lab: Lab, user: str, project: str) -> str:
    domain = {"id": "default"}
    account = {
        "name": user, "domain": domain, "password": lab.users[user],
    }
    answer = requests.post(
        f"{lab.auth_url}/auth/tokens",
        json={
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": account},
                },
                "scope": {"project": {"name": project, "domain": domain}},
            }
        },
        timeout=TIMEOUT,
    )
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]
