"""The base of the simulator's own tests: a lab cloud and its clients."""
from typing import Any

import requests
from oslotest import base

from cube_volpool.tests import simulator

SSD = "debian-12_ssd_20261120"
SAS = "debian-12_sas_20261120"
NOFLAT = "debian-12_noflat_20261120"


class CloudCase(base.BaseTestCase):
    """A cloud whose clock the test moves."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = simulator.SimClock()
        self.cloud = simulator.Cloud.lab(self.clock)
        self.http = simulator.mount(self.cloud)

    def token(self, user: str = "volpool", project: str = "volpool") -> str:
        """A token by password."""
        domain = {"id": "default"}
        answer = self.http.post(f"{self.cloud.auth_url}/auth/tokens", json={
            "auth": {"identity": {"methods": ["password"], "password": {
                "user": {"name": user, "password": "labadmin",
                         "domain": domain}}},
                "scope": {"project": {"name": project, "domain": domain}}}})
        return answer.headers["X-Subject-Token"]

    def call(self, method: str, path: str, body: Any = None, *,
             user: str = "volpool", project: str = "volpool",
             timeout: float | None = None) -> requests.Response:
        """One request to Cinder as this user."""
        return self.http.request(
            method, f"{self.cloud.URL}/volume/v3{path}", json=body,
            timeout=timeout, headers={
                "X-Auth-Token": self.token(user, project),
                "OpenStack-API-Version": "volume 3.70"})

    def create(self, snapshot: str = SSD, name: str = "v",
               **options: Any) -> requests.Response:
        """POST a volume from a snapshot of the lab."""
        return self.call("POST", "/volumes", {"volume": {
            "name": name, "snapshot_id": self.cloud.snapshot_id(snapshot)}},
            **options)

    def ready(self, name: str = "v") -> str:
        """The id of an available volume."""
        ident = self.create(NOFLAT, name).json()["volume"]["id"]
        self.clock.advance(1)
        return str(ident)

    def offer(self, ident: str) -> dict[str, Any]:
        """An offer of a volume, its key in it."""
        answer = self.call("POST", "/volume-transfers", {
            "transfer": {"volume_id": ident, "no_snapshots": True}})
        transfer: dict[str, Any] = answer.json()["transfer"]
        return transfer

    def accept(self, transfer: dict[str, Any], *, user: str = "alice",
               project: str = "skyline-a",
               timeout: float | None = None) -> requests.Response:
        """Accept an offer as another project's user."""
        return self.call(
            "POST", f"/volume-transfers/{transfer['id']}/accept",
            {"accept": {"auth_key": transfer["auth_key"]}}, user=user,
            project=project, timeout=timeout)
