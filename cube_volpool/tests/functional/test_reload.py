"""SIGHUP: the configuration is read anew, and no claim is lost."""

import os
import signal
import threading
import time
from typing import Any

from oslotest import base

from cube_volpool import client
from cube_volpool.tests import asking, engine
from cube_volpool.tests.functional import installation, service
from cube_volpool.tests.simulator import faults

_VHOST = "reload"
_IN_FORCE = "The new configuration is in force"
_REFUSED = "what is in force stays"


class ReloadTest(base.BaseTestCase):
    """A daemon with the pool ``deb`` of two volumes, filled."""

    def setUp(self) -> None:
        super().setUp()
        self.pools = {"deb": dict(installation.POOL)}
        running = self.useFixture(service.Service(_VHOST, self.pools))
        self.cloud, self.config = running.cloud, running.config
        self.file, self.daemon = running.file, running.daemon
        client.configure(transport_url=running.broker_url)
        self.wait_ready(deb=2)

    def context(self) -> dict[str, str]:
        """Return a caller's context."""
        return {"project_id": self.cloud.project_id("skyline-a")}

    def ready(self) -> dict[str, int]:
        """Return how many volumes each pool has."""
        return {pool["name"]: pool["ready"] for pool in asking.pools()}

    def wait_ready(self, **pools: int) -> None:
        """Wait until there are these pools, with so many volumes each."""
        engine.wait_until(
            lambda: self.ready() == pools, f"{pools} are ready", patience=90
        )

    def claim(self, name: str) -> Any:
        """Claim over the real broker."""
        return client.claim_volume(
            self.context(),
            {
                "name": name,
                "volume_type": "ssd",
                "snapshot_id": self.cloud.snapshot_id(
                    "debian-12_ssd_20261120"
                ),
            },
            budget=40,
        )

    def hang_up(self) -> None:
        """Write the configuration, and send SIGHUP."""
        self.config["DEFAULT"]["enabled_pools"] = ",".join(self.pools)
        for name, pool in self.pools.items():
            self.config[f"pool:{name}"] = pool
        engine.write(self.file, self.config)
        os.kill(self.daemon.pid, signal.SIGHUP)

    def wait_said(self, words: str, times: int) -> None:
        """Wait until the log has something so many times."""
        engine.wait_until(
            lambda: self.daemon.said().count(words) == times,
            f"{words!r}, {times} times",
        )

    def test_pools_are_added_resized_and_taken_out(self) -> None:
        """What is taken out keeps its volumes, and claims are served."""
        self.pools["ubu"] = {**installation.POOL, "os_name": "ubuntu-24.04",
                             "min_ready": 1}
        self.pools["deb"]["min_ready"] = 3
        self.hang_up()
        self.daemon.wait_for(_IN_FORCE)
        self.wait_ready(deb=3, ubu=1)
        before = set(self.cloud.volumes)

        del self.pools["ubu"]
        self.hang_up()
        self.wait_ready(deb=3)

        self.assertEqual(before, set(self.cloud.volumes))
        self.assertEqual("pool", self.claim("web_sys")["source"])

    def test_the_claim_that_runs_is_finished(self) -> None:
        """By the daemon that began it, after the new one serves."""
        released, held = threading.Event(), threading.Event()

        def stand_still(_seen: object) -> None:
            held.set()
            released.wait(30)

        self.cloud.fault(
            "POST", "/volume-transfers/*/accept",
            faults.hook(before=stand_still), times=1,
        )
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(self.claim("web_sys"))
        )
        asking.start()
        self.assertTrue(held.wait(30))

        self.hang_up()
        self.daemon.wait_for(_IN_FORCE)
        self.assertEqual("pool", self.claim("other_sys")["source"])
        released.set()
        asking.join(30)

        self.assertEqual(["pool"], [one["source"] for one in answers])
        self.assertEqual(0, self.daemon.stop())

    def test_a_bad_file_is_refused_and_the_last_good_one_stays(self) -> None:
        """It says which option it was."""
        self.config["claim"] = {"lease": 1}
        self.hang_up()
        self.daemon.wait_for(_REFUSED)

        self.assertIn("[claim] lease", self.daemon.said())
        self.assertEqual("pool", self.claim("web_sys")["source"])
        self.config["claim"] = {}
        self.hang_up()
        self.daemon.wait_for(_IN_FORCE)

    def test_nothing_that_a_file_may_hold_ends_the_daemon(self) -> None:
        """Nonsense for a broker, and what is no text at all."""
        url = self.config["DEFAULT"]["transport_url"]
        for number, wrong in enumerate(
            ("rabit://u:p@h/", "rabbit://u:s3cr3t/x@h/", "nonsense")
        ):
            self.config["DEFAULT"]["transport_url"] = wrong
            self.hang_up()
            self.wait_said(_REFUSED, number + 1)
        self.file.write_bytes(b"[DEFAULT]\n# \xe4\n")
        os.kill(self.daemon.pid, signal.SIGHUP)
        self.wait_said(_REFUSED, 4)

        self.assertEqual("pool", self.claim("web_sys")["source"])
        self.assertNotIn("s3cr3t", self.daemon.said())
        self.config["DEFAULT"]["transport_url"] = url
        self.hang_up()
        self.daemon.wait_for(_IN_FORCE)

    def test_a_configuration_that_cannot_serve_does_no_work(self) -> None:
        """Its pool is smaller, and nothing is given up for that."""
        before = set(self.cloud.volumes)
        good = self.config["DEFAULT"]["transport_url"]
        self.config["DEFAULT"]["transport_url"] = "rabbit://a:b@127.0.0.1:1/"
        self.pools["deb"]["min_ready"] = 1
        self.hang_up()
        self.daemon.wait_for("The configuration is read anew")
        time.sleep(6)

        self.assertEqual(before, set(self.cloud.volumes))
        self.assertEqual({"deb": 2}, self.ready())
        self.config["DEFAULT"]["transport_url"] = good
        self.hang_up()
        self.wait_ready(deb=1)

    def test_reloads_leave_nothing_behind(self) -> None:
        """Neither threads nor connections, however many there were."""
        self.hang_up()
        self.wait_said(_IN_FORCE, 1)
        self.claim("web_sys")
        # What comes and goes with a call goes.
        time.sleep(8)
        before = self.threads()
        for number in range(5):
            self.hang_up()
            self.wait_said(_IN_FORCE, number + 2)
            self.claim(f"web{number}_sys")

        # One thread was left behind for each connection.
        engine.wait_until(
            lambda: self.threads() <= before + 2,
            f"{before} threads, and hardly more",
        )

    def threads(self) -> int:
        """Return how many threads the daemon has."""
        return len(os.listdir(f"/proc/{self.daemon.pid}/task"))

    def test_new_credentials_are_taken(self) -> None:
        """And wrong ones are refused, by Keystone's word."""
        self.config["pool_project"]["password"] = "s3cr3t-wrong"
        self.hang_up()
        self.daemon.wait_for("the one before stays")
        self.assertEqual("pool", self.claim("a_sys")["source"])

        user = self.cloud.identity.user("volpool")
        assert user is not None
        user.password = "s3cr3t-new"
        self.config["pool_project"]["password"] = "s3cr3t-new"
        self.hang_up()
        self.daemon.wait_for(_IN_FORCE)

        self.wait_ready(deb=2)
        self.assertEqual("pool", self.claim("b_sys")["source"])
        self.assertNotIn("s3cr3t", self.daemon.said())

    def test_one_reload_after_the_other(self) -> None:
        """Ten at once come to one; nothing is left of the others."""
        for _ in range(10):
            self.hang_up()
        self.daemon.wait_for(_IN_FORCE)

        for number in range(3):
            self.assertIn(
                self.claim(f"web{number}_sys")["source"], ("pool", "created")
            )
        self.assertEqual(0, self.daemon.stop())
        self.assertNotIn("Traceback", self.daemon.said())
