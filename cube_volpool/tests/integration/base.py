"""The base of the tests on the real lab."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from oslotest import base
from testtools import content

from cube_volpool import client, exception
from cube_volpool.tests import engine
from cube_volpool.tests.integration import installation, lab, relay

#: For something that takes seconds on a quiet machine.
SOON = 90.0
#: The owners of boot volumes, and a plain member in each project.
MEMBERS = {"skyline-a": "alice", "skyline-b": "bob"}
NOFLAT = {"os_name": "debian-12", "volume_type": "noflat"}


class LabCase(base.BaseTestCase):
    """Daemons on the real lab; claims are made in the test's process."""

    def setUp(self) -> None:
        super().setUp()
        self.lab = lab.Lab.described()
        self.site = self.useFixture(installation.Installation(self.lab))
        client.configure(transport_url=self.lab.amqp_url)

    def start(
        self,
        pools: engine.Sections,
        changes: engine.Sections | None = None,
        *,
        name: str = "one",
    ) -> engine.Engine:
        """Start a daemon; returns at once."""
        running = engine.Engine(self.site.configure(name, pools, changes))
        self.addCleanup(self._keep_what_it_said, running)
        self.useFixture(running)
        # Runs before the kill: whatever the test did, nothing may have come
        # as a surprise to the daemon.
        self.addCleanup(self._stop, running)
        return running

    def start_behind_relay(
        self,
        pools: engine.Sections,
        changes: engine.Sections | None = None,
        *,
        name: str = "one",
    ) -> tuple[engine.Engine, relay.Relay]:
        """Start a daemon whose every request to Cinder is seen."""
        through = self.useFixture(relay.Relay(self.lab.cinder_url))
        door = {"endpoint_override": through.url}
        doors: engine.Sections = {
            "pool_project": door, "tenant": door, **(changes or {}),
        }
        return self.start(pools, doors, name=name), through

    def fill(
        self, pools: engine.Sections, **options: Any
    ) -> engine.Engine:
        """Start a daemon and wait until its pools are full."""
        running = self.start(pools, **options)
        self.until_full()
        return running

    def pools(self) -> dict[str, dict[str, Any]]:
        """Return what ``get_pools`` says, by short name."""
        answer = client.get_pools({})
        return {
            pool["name"].partition(".")[2]: pool for pool in answer["pools"]
        }

    def until_full(self) -> None:
        """Wait until every pool has what it should keep, and no more."""
        self.until(self._is_full, "the pools are full")

    def _is_full(self) -> bool:
        try:
            pools = self.pools().values()
        except exception.Busy:
            return False
        return bool(pools) and all(
            pool["ready"] == pool["target"] and not pool["creating"]
            for pool in pools
        )

    def claim(
        self,
        name: str,
        project: str = "skyline-a",
        *,
        budget: float = 60,
        kind: str = "noflat",
        **context: str,
    ) -> Mapping[str, Any]:
        """Claim a debian volume as skyline would."""
        return client.claim_volume(
            {"project_id": self.lab.projects[project], **context},
            self.body(name, kind),
            budget=budget,
        )

    def body(self, name: str, kind: str = "noflat") -> dict[str, Any]:
        """Return the body of a create; the name gets this run's tag."""
        return {
            "name": self.name(name),
            "size": None,
            "snapshot_id": self.lab.snapshots[f"debian-12_{kind}_20261120"],
            "volume_type": kind,
            "metadata": {"purpose": "test"},
        }

    def name(self, short: str) -> str:
        """Return the full name of a volume."""
        return f"{self.site.tag}-{short}"

    def member(self, project: str) -> lab.Account:
        """Return a plain member's account in a tenant's project."""
        return self.lab.account(MEMBERS[project], project)

    def named(self, name: str, project: str = "skyline-a") -> list[str]:
        """Return the ids of the volumes of a name in a project."""
        found = self.member(project).volumes(name=self.name(name))
        return [volume["id"] for volume in found]

    def shelf(self) -> dict[str, dict[str, Any]]:
        """Return the pool project's volumes of this run, by id."""
        account = self.lab.account("volpool", "volpool")
        return {
            volume["id"]: volume
            for volume in account.volumes()
            if self.site.owns(volume)
        }

    def side_by_side(
        self, jobs: Mapping[str, Callable[[], Any]]
    ) -> dict[str, Any]:
        """Run all at once; what each returned or raised."""
        results: dict[str, Any] = {}

        def run(key: str, job: Callable[[], Any]) -> None:
            try:
                results[key] = job()
            except Exception as error:
                results[key] = error

        threads = [
            threading.Thread(target=run, args=item) for item in jobs.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for a condition."""
        engine.wait_until(lambda: bool(condition()), what, SOON)

    def _stop(self, running: engine.Engine) -> None:
        if running.is_running:
            self.assertEqual(0, running.stop())
        self.assertNotIn("Traceback", running.said())

    def _keep_what_it_said(self, running: engine.Engine) -> None:
        self.addDetail(
            running.output.name, content.text_content(running.said())
        )
