"""The cloud the contract tests talk to, and their base class.

By default it is the simulator, in process. With
``VOLPOOL_CONTRACT_MOUNT=socket`` it is the simulator behind a loopback
socket; with ``VOLPOOL_CONTRACT_AUTH_URL`` (Keystone's URL) it is a real
cloud with the accounts and snapshots of ``tools/lab``, whose password
``VOLPOOL_CONTRACT_PASSWORD`` may change.
"""
import atexit
import dataclasses
import functools
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests
from oslotest import base

from cube_volpool.tests import simulator

VERSION = "3.70"
PASSWORD = os.environ.get("VOLPOOL_CONTRACT_PASSWORD", "labadmin")
DATE = "20261120"


@dataclasses.dataclass(slots=True)
class Account:
    """A user in a project: a token, and plain HTTP with it."""

    http: requests.Session
    url: str
    token: str
    user_id: str
    project_id: str

    def call(self, method: str, path: str, body: Any = None, *,
             version: str = VERSION, **params: Any) -> requests.Response:
        """One request to Cinder; never raises for a status."""
        return self.http.request(
            method, self.url + path, json=body, params=params, timeout=150,
            headers={"X-Auth-Token": self.token,
                     "OpenStack-API-Version": f"volume {version}"})

    def get(self, path: str, **params: Any) -> requests.Response:
        """GET."""
        return self.call("GET", path, **params)

    def post(self, path: str, body: Any, **params: Any) -> requests.Response:
        """POST."""
        return self.call("POST", path, body, **params)

    def put(self, path: str, body: Any) -> requests.Response:
        """PUT."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> requests.Response:
        """DELETE."""
        return self.call("DELETE", path)


class Site:
    """Where the tests run: a Keystone URL and a way to let time pass."""

    def __init__(self) -> None:
        self.auth_url = os.environ.get("VOLPOOL_CONTRACT_AUTH_URL", "")
        self.is_real = bool(self.auth_url)
        self.pass_time: Callable[[float], None] = time.sleep
        if self.is_real:
            self.http = requests.Session()
        elif os.environ.get("VOLPOOL_CONTRACT_MOUNT") == "socket":
            server = simulator.serve(simulator.Cloud.lab(
                build_seconds=0.1, build_seconds_per_gib=0.4,
                delete_seconds=0.1))
            self.auth_url = server.__enter__().auth_url
            atexit.register(server.__exit__, None, None, None)
            self.http = requests.Session()
        else:
            clock = simulator.SimClock()
            cloud = simulator.Cloud.lab(clock)
            self.auth_url, self.http = cloud.auth_url, simulator.mount(cloud)
            self.pass_time = clock.advance

    def sign_in(self, user: str, project: str,
                password: str = PASSWORD) -> requests.Response:
        """Ask for a token by password."""
        domain = {"id": "default"}
        return self.http.post(f"{self.auth_url}/auth/tokens", json={"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user, "domain": domain, "password": password}}},
            "scope": {"project": {"name": project, "domain": domain}}}})

    @functools.cache  # noqa: B019 - one site per process
    def account(self, user: str, project: str) -> Account:
        """A signed-in account; one token per process."""
        answer = self.sign_in(user, project)
        token = answer.json()["token"]
        url = next(
            endpoint["url"] for service in token["catalog"]
            if service["type"] in ("volumev3", "block-storage")
            for endpoint in service["endpoints"]
            if endpoint["interface"] == "public")
        return Account(self.http, url, answer.headers["X-Subject-Token"],
                       token["user"]["id"], token["project"]["id"])


@functools.cache
def site() -> Site:
    """The one site of this process."""
    return Site()


class CinderCase(base.BaseTestCase):
    """Accounts, snapshots, and volumes that are cleaned up."""

    def setUp(self) -> None:
        super().setUp()
        self.site = site()
        self.pool = self.site.account("volpool", "volpool")
        self.alice = self.site.account("alice", "skyline-a")
        self.bob = self.site.account("bob", "skyline-b")
        self.tenant_admin = self.site.account("skyline", "skyline-a")
        self.admin = self.site.account("admin", "admin")
        self.mark = f"contract-{uuid.uuid4().hex}"

    def snapshot(self, system: str = "debian-12",
                 kind: str = "noflat") -> str:
        """The id of an OS snapshot of the pool's project."""
        name = f"{system}_{kind}_{DATE}"
        rows = self.pool.get("/snapshots", name=name).json()["snapshots"]
        return str(rows[0]["id"])

    def body(self, **changes: Any) -> dict[str, Any]:
        """A good create body; a change to None takes the key out."""
        volume = {"name": self.mark, "snapshot_id": self.snapshot(),
                  "volume_type": "noflat",
                  "metadata": {"contract": self.mark}, **changes}
        return {"volume": {k: v for k, v in volume.items()
                           if v is not None}}

    def create(self, account: Account | None = None,
               **changes: Any) -> requests.Response:
        """POST a volume; what comes of it is removed after the test."""
        answer = (account or self.pool).post("/volumes",
                                             self.body(**changes))
        return self.tidied(answer)

    def tidied(self, answer: requests.Response) -> requests.Response:
        """The same answer; the volume it made goes after the test."""
        if answer.status_code == 202:
            self.addCleanup(self.remove, answer.json()["volume"]["id"])
        return answer

    def flattening(self) -> dict[str, Any]:
        """A volume that stays ``creating`` for seconds, on its way."""
        answer = self.create(snapshot_id=self.snapshot(kind="ssd"),
                             volume_type="ssd")
        volume: dict[str, Any] = answer.json()["volume"]
        self.until(lambda: self.admin.get(
            f"/volumes/{volume['id']}").json()["volume"][
                "os-vol-host-attr:host"])
        return volume

    def ready(self, **changes: Any) -> dict[str, Any]:
        """An ``available`` volume of the pool, as GET shows it."""
        answer = self.create(**changes)
        self.assertEqual(202, answer.status_code, answer.text)
        return self.settled(answer.json()["volume"]["id"])

    def settled(self, ident: str, status: str = "available",
                account: Account | None = None) -> dict[str, Any]:
        """The volume once it has this status."""
        account = account or self.pool
        self.until(lambda: self.show(ident, account)["status"]
                   in (status, "error"))
        volume = self.show(ident, account)
        self.assertEqual(status, volume["status"])
        return volume

    def show(self, ident: str,
             account: Account | None = None) -> dict[str, Any]:
        """The volume as GET shows it."""
        answer = (account or self.pool).get(f"/volumes/{ident}")
        volume: dict[str, Any] = answer.json()["volume"]
        return volume

    def offer(self, ident: str) -> dict[str, Any]:
        """A transfer of the volume, its auth key in it."""
        answer = self.pool.post("/volume-transfers", {"transfer": {
            "volume_id": ident, "name": self.mark, "no_snapshots": True}})
        self.assertEqual(202, answer.status_code, answer.text)
        transfer: dict[str, Any] = answer.json()["transfer"]
        return transfer

    def accept(self, account: Account, transfer: dict[str, Any],
               key: str | None = None) -> requests.Response:
        """Accept a transfer, with its own key or another."""
        return account.post(
            f"/volume-transfers/{transfer['id']}/accept",
            {"accept": {"auth_key": key or transfer["auth_key"]}})

    def names(self, account: Account | None = None,
              **params: Any) -> list[str]:
        """The names a filtered list gives."""
        answer = (account or self.pool).get("/volumes/detail", **params)
        self.assertEqual(200, answer.status_code, answer.text)
        return [row["name"] for row in answer.json()["volumes"]]

    def until(self, condition: Callable[[], Any],
              seconds: float = 90) -> None:
        """Let time pass until the condition holds."""
        step = 0.2 if self.site.is_real else 0.1
        for _ in range(int(seconds / step)):
            if condition():
                return
            self.site.pass_time(step)
        self.fail(f"not within {seconds} s")

    def remove(self, ident: str) -> None:
        """Delete a volume wherever it went; safe to repeat."""
        def gone() -> bool:
            answer = self.admin.get(f"/volumes/{ident}")
            if answer.status_code == 404:
                return True
            for row in self.admin.get(
                    "/volume-transfers", all_tenants=1,
                    volume_id=ident).json()["transfers"]:
                self.admin.delete(f"/volume-transfers/{row['id']}")
            if answer.json()["volume"]["status"] not in (
                    "creating", "deleting"):
                self.admin.delete(f"/volumes/{ident}")
            return False
        self.until(gone)

    def private_type(self, **limits: int) -> str:
        """A type no tenant has access to, on the backend ``noflat``.

        Args:
            limits: quota of the project ``skyline-a`` for this type:
                volumes, gigabytes; with any the type is public.
        """
        name = f"t-{uuid.uuid4().hex[:12]}"
        made = self.admin.post("/types", {"volume_type": {
            "name": name, "os-volume-type-access:is_public": bool(limits)}})
        ident = made.json()["volume_type"]["id"]
        self.addCleanup(self.admin.delete, f"/types/{ident}")
        self.admin.post(f"/types/{ident}/extra_specs",
                        {"extra_specs": {"volume_backend_name": "noflat"}})
        if limits:
            self.limit(self.alice, name, **limits)
        else:
            self.admin.post(f"/types/{ident}/action", {
                "addProjectAccess": {"project": self.pool.project_id}})
        return name

    def limit(self, account: Account, kind: str, **limits: int) -> None:
        """Set the quota of an account's project for one type."""
        answer = self.admin.put(f"/os-quota-sets/{account.project_id}", {
            "quota_set": {f"{k}_{kind}": v for k, v in limits.items()}})
        self.assertEqual(200, answer.status_code, answer.text)

    def says(self, status: int, answer: requests.Response,
             words: str = "") -> None:
        """Assert a status and that the message has these words."""
        self.assertEqual(status, answer.status_code, answer.text)
        self.assertIn(words, answer.text)
