"""The daemon that the DevStack plugin started, on the cloud it is part of.

``tox -e devstack`` runs these on the machine of a DevStack, as the user who
ran ``stack.sh`` and with the credentials of ``openrc demo demo``.
"""

import json
import os
import pathlib
import subprocess
import sys
import uuid
from typing import Any

import requests
from keystoneauth1 import adapter, session
from keystoneauth1.identity import v3
from oslo_config import cfg
from oslotest import base

from cube_volpool import client, conf
from cube_volpool.tests import engine

#: Where ``devstack/settings`` puts the configuration.
_FILE = os.environ.get(
    "VOLPOOL_CONF", "/etc/cube_volpool/cube_volpool.conf"
)
_UNIT = "devstack@cube-volpool-engine"
#: What the daemon itself asks for.
_MICROVERSION = "3.70"
_VARIABLES = (
    "OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME",
)


def _configuration() -> cfg.ConfigOpts:
    """Return what the daemon was started with."""
    read = cfg.ConfigOpts()
    conf.register(read)
    read([], project="cube_volpool", default_config_files=[_FILE])
    return read


def _demo() -> adapter.Adapter:
    """Return Cinder as the user of ``openrc demo demo`` sees it."""
    given = [os.environ.get(name) or "" for name in _VARIABLES]
    if not all(given):
        raise AssertionError(
            f"{', '.join(_VARIABLES)}: source openrc demo demo first"
        )
    url, username, password, project = given
    login = v3.Password(
        auth_url=url,
        username=username,
        password=password,
        user_domain_id="default",
        project_name=project,
        project_domain_id="default",
    )
    return adapter.Adapter(
        session.Session(auth=login),
        service_type="block-storage",
        region_name=os.environ.get("OS_REGION_NAME"),
        default_microversion=_MICROVERSION,
    )


class TestPlugin(base.BaseTestCase):
    """One pool, which the plugin configured and seeded."""

    def setUp(self) -> None:
        super().setUp()
        self.conf = _configuration()
        client.configure(conf=self.conf)
        self.cinder = _demo()
        self.project_id = self.cinder.get_project_id()
        [self.pool_name] = self.conf.enabled_pools
        # Whatever the tests before have taken is there again.
        engine.wait_until(self.is_full, "the pool is full")

    def pool(self) -> dict[str, Any]:
        """Return the pool as the daemon tells it."""
        [pool] = client.get_pools({})["pools"]
        return dict(pool)

    def is_full(self) -> bool:
        """Has the pool what it should keep, and some?"""
        pool = self.pool()
        return 0 < pool["target"] == pool["ready"]

    def steer(self, *words: str) -> str:
        """Run ``cube-volpool`` with the daemon's file; it must do."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("OS_")
        }
        done = subprocess.run(
            [
                sys.executable, "-m", "cube_volpool.cmd.cli",
                "--config-file", _FILE, *words,
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**kept, "PYTHONWARNINGS": "ignore"},
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def claim(self, name: str) -> dict[str, Any]:
        """Claim a volume of the pool's kind for the project ``demo``."""
        pool = self.pool()
        answer = client.claim_volume(
            {"project_id": self.project_id},
            {"name": name, "volume_type": pool["volume_type"]},
            os_name=pool["os_name"],
            budget=60,
        )
        self.addCleanup(
            self.cinder.delete, f"/volumes/{answer['volume']['id']}"
        )
        return answer

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return a claim's volume as its owner sees it, once it is made."""
        path = f"/volumes/{answer['volume']['id']}"

        def look() -> dict[str, Any]:
            return dict(self.cinder.get(path).json()["volume"])

        engine.wait_until(
            lambda: look()["status"] == "available", f"{path} is available"
        )
        return look()

    def test_a_claim_gives_a_volume_of_the_pool(self) -> None:
        """Under its name, in the caller's project, ready to boot."""
        name = f"volpool-{uuid.uuid4().hex[:8]}_sys"
        answer = self.claim(name)
        volume = self.shown(answer)

        self.assertEqual("pool", answer["source"])
        self.assertEqual(name, volume["name"])
        self.assertEqual(
            self.project_id, volume["os-vol-tenant-attr:tenant_id"]
        )
        self.assertEqual("true", volume["bootable"])
        self.assertEqual(
            self.pool()["current_snapshot_id"], volume["snapshot_id"]
        )

    def test_the_same_name_gives_the_same_volume(self) -> None:
        """However often it is asked for."""
        name = f"volpool-{uuid.uuid4().hex[:8]}_sys"
        first = self.claim(name)
        again = client.claim_volume(
            {"project_id": self.project_id},
            {"name": name, "volume_type": self.pool()["volume_type"]},
            os_name=self.pool()["os_name"],
            budget=60,
        )

        self.assertEqual(first["volume"]["id"], again["volume"]["id"])

    def test_an_empty_pool_falls_back_to_a_create(self) -> None:
        """A drained one, until it is resumed."""
        self.addCleanup(self.steer, "pool", "resume", self.pool_name)
        self.steer("pool", "drain", self.pool_name)
        engine.wait_until(
            lambda: self.pool()["ready"] == 0, "the pool is drained"
        )
        answer = self.claim(f"volpool-{uuid.uuid4().hex[:8]}_sys")

        self.assertEqual("created", answer["source"])
        self.assertEqual(
            self.project_id,
            self.shown(answer)["os-vol-tenant-attr:tenant_id"],
        )

    def test_doctor_finds_nothing_wrong(self) -> None:
        """Accounts, roles, quota, broker, database and clocks are right."""
        found = json.loads(self.steer("doctor", "-f", "json"))

        self.assertEqual([], [row for row in found if row["Result"] != "ok"])

    def test_service_runs_and_is_ready(self) -> None:
        """systemd has it as active, and it says of itself that it is well."""
        state = subprocess.run(
            ["systemctl", "is-active", _UNIT],
            capture_output=True, text=True, check=False,
        )
        self.assertEqual("active\n", state.stdout)
        at = f"http://{self.conf.status.host}:{self.conf.status.port}"
        self.assertEqual(
            200, requests.get(f"{at}/readyz", timeout=10).status_code
        )
        self.assertEqual(0o600, pathlib.Path(_FILE).stat().st_mode & 0o777)
