"""The install page, followed to the letter on a machine with systemd.

The cloud is the lab's.  What an operator fills in is filled in, see
:func:`_filled_in`; everything else is done as it stands.  Then the service is
looked at where only a real systemd shows it.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any, ClassVar

import fixtures
from oslotest import base

from cube_volpool.tests import engine
from cube_volpool.tests.machine import cloud, host, page

_PASSWORD = "of-the-install-page"
#: The daemon's, read from the file that systemd starts it with.
_PROGRAM = "/opt/cube-volpool/bin/cube-volpool"
#: How long without a sign of life, in seconds, in place of a minute.
_WATCHDOG = 6
_POOL = "debian-12-ssd"


def _filled_in(place: cloud.Cloud) -> dict[str, str]:
    """Return what the example of the configuration has, and what is so."""
    return {
        "PASSWORD": _PASSWORD,
        "broker:5672": f"{place.broker.hostname}:{place.broker.port}",
        "@db/": f"@{place.database.hostname}:{place.database.port}/",
        "https://keystone:5000/v3": place.lab.auth_url,
        "windows-2022": "ubuntu-24.04",
        "ceph-ssd": "noflat",
        "type_aliases = ssd": "type_aliases = quick",
        "min_ready = 20": "min_ready = 2",
        "min_ready = 5": "min_ready = 1",
    }


class Installed(fixtures.Fixture):
    """The page's commands, from the first section to the last but one."""

    def _setUp(self) -> None:
        self.cloud = self.useFixture(cloud.Cloud())
        # Before the volumes go: it would build others.
        self.addCleanup(
            host.run, f"systemctl stop {host.UNIT}", check=False
        )
        self.done: list[str] = []
        for block in page.blocks("install.rst"):
            if block.section == "Upgrade":
                continue
            if block.language == "ini":
                self._configure(block.text)
            else:
                for command in block.commands():
                    self._do(command)

    def _do(self, command: str) -> None:
        command = command.replace("PASSWORD", _PASSWORD)
        if "--password-prompt" in command:
            host.answer(command, _PASSWORD)
        elif command.startswith("rabbitmqctl"):
            self.cloud.on_broker(command)
        else:
            host.run(command)
        self.done.append(command)

    def _configure(self, text: str) -> None:
        for example, fact in _filled_in(self.cloud).items():
            assert example in text, example
            text = text.replace(example, fact)
        host.write(host.CONFIGURATION, text)


class TestInstalled(base.BaseTestCase):
    """One installation for all; each test leaves it running and well."""

    installed: ClassVar[Installed]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.installed = Installed()
        cls.installed.setUp()
        cls.addClassCleanup(cls.installed.cleanUp)

    def ask(self, words: str) -> Any:
        """Run ``cube-volpool`` there, and return what it shows."""
        return json.loads(host.run(f"{_PROGRAM} {words} -f json").stdout)

    def claim(self, name: str) -> dict[str, Any]:
        """Claim a volume for the customer's project."""
        given: dict[str, Any] = self.ask(
            f"claim create {name} --type quick --os-name debian-12"
            f" --project {self.installed.cloud.project_id}"
        )
        return given

    def wait_until_full(self) -> None:
        """Wait until each pool has its target."""

        def is_full() -> bool:
            done = host.run(f"{_PROGRAM} pool list -f json", check=False)
            return done.returncode == 0 and all(
                pool["Ready"] == pool["Target"] > 0
                for pool in json.loads(done.stdout)
            )

        engine.wait_until(is_full, "the pools are full")

    @contextlib.contextmanager
    def configuration(self, before: str, after: str) -> Iterator[None]:
        """A changed configuration file, put back at the end."""
        file = host.CONFIGURATION
        kept = host.run(f"cat {file}").stdout
        assert before in kept, before
        host.write(file, kept.replace(before, after, 1))
        try:
            yield
        finally:
            host.write(file, kept)

    def test_a_claim_is_served(self) -> None:
        """From the pool, to a project of the customers' domain."""
        self.wait_until_full()
        given = self.claim("web-1_sys")
        volume = self.installed.cloud.volume(given["ID"])

        self.assertEqual("pool", given["Source"])
        self.assertEqual("web-1_sys", volume["name"])
        self.assertEqual(
            self.installed.cloud.project_id,
            volume["os-vol-tenant-attr:tenant_id"],
        )

    def test_daemon_has_no_rights_beyond_its_own(self) -> None:
        """It runs as its user, without capabilities, and keeps its secrets."""
        pid = host.shown("MainPID")["MainPID"]
        status = host.run(f"cat /proc/{pid}/status").stdout
        user = host.run(f"stat -c %U:%a /proc/{pid}").stdout

        self.assertIn("CapEff:\t0000000000000000\n", status)
        self.assertIn("CapBnd:\t0000000000000000\n", status)
        self.assertIn("NoNewPrivs:\t1\n", status)
        self.assertTrue(user.startswith("cube-volpool:"), user)
        self.assertEqual(
            "root:cube-volpool:640\n",
            host.run(f"stat -c %U:%G:%a {host.CONFIGURATION}").stdout,
        )

    def test_start_returns_when_the_daemon_is_ready(self) -> None:
        """``systemctl restart`` comes back, and a claim is served at once."""
        self.wait_until_full()
        host.run(f"systemctl restart {host.UNIT}")

        self.assertEqual(
            {"ActiveState": "active", "SubState": "running"},
            host.shown("ActiveState", "SubState"),
        )
        self.assertEqual("pool", self.claim("web-2_sys")["Source"])

    def test_reload_resizes_a_pool(self) -> None:
        """``systemctl reload`` reads the file anew, in the same process."""
        before = host.shown("MainPID", "NRestarts")

        def target() -> int:
            return int(self.ask(f"pool show {_POOL}")["Target"])

        with self.configuration("min_ready = 2", "min_ready = 3"):
            host.run(f"systemctl reload {host.UNIT}")
            engine.wait_until(lambda: target() == 3, "the pool is larger")
        host.run(f"systemctl reload {host.UNIT}")
        engine.wait_until(lambda: target() == 2, "it is as before")

        self.assertEqual(before, host.shown("MainPID", "NRestarts"))

    def test_a_killed_daemon_comes_back(self) -> None:
        """After SIGKILL, without a hand; and serves claims."""
        before = host.shown("MainPID")["MainPID"]
        self.wait_until_full()
        host.run(f"systemctl kill --signal=KILL {host.UNIT}")

        engine.wait_until(
            lambda: host.shown("MainPID")["MainPID"] not in (before, "0"),
            "it is another process",
        )
        host.wait_until_shown(ActiveState="active", SubState="running")
        self.assertEqual("pool", self.claim("web-3_sys")["Source"])

    def test_a_stuck_daemon_is_replaced(self) -> None:
        """systemd hears nothing of a stopped process, and ends it."""
        drop_in = f"/run/systemd/system/{host.UNIT}.service.d"
        host.run(
            f"mkdir -p {drop_in}; printf '[Service]\\nWatchdogSec="
            f"{_WATCHDOG}\\n' > {drop_in}/test.conf; systemctl daemon-reload;"
            f" systemctl restart {host.UNIT}"
        )
        self.addCleanup(
            host.run,
            f"rm -r {drop_in}; systemctl daemon-reload;"
            f" systemctl restart {host.UNIT}",
        )
        before, since = host.shown("MainPID")["MainPID"], host.cursor()
        # Fed as it should be, longer than that.
        host.run(f"sleep {2 * _WATCHDOG}")
        self.assertEqual(before, host.shown("MainPID")["MainPID"])
        host.run(f"kill -STOP {before}")

        engine.wait_until(
            lambda: host.shown("MainPID")["MainPID"] not in (before, "0"),
            "it is another process",
        )
        self.assertIn("Watchdog timeout", host.journal(since))
        host.wait_until_shown(ActiveState="active", SubState="running")

    def test_a_wrong_configuration_is_not_tried_again(self) -> None:
        """Status 78, the option in the journal, and no restart."""
        since = host.cursor()
        with self.configuration("min_ready = 2", "min_ready = two"):
            done = host.run(f"systemctl restart {host.UNIT}", check=False)
            self.assertNotEqual(0, done.returncode)
            host.wait_until_shown(ActiveState="failed")
            told = host.shown("ExecMainStatus", "NRestarts")
        self.assertEqual({"ExecMainStatus": "78", "NRestarts": "0"}, told)
        self.assertIn("min_ready", host.journal(since))
        host.run(f"systemctl start {host.UNIT}")

    def test_a_stop_is_orderly(self) -> None:
        """Within its time, with success."""
        host.run(f"systemctl stop {host.UNIT}")

        self.assertEqual(
            {"Result": "success", "ExecMainStatus": "0"},
            host.shown("Result", "ExecMainStatus"),
        )
        host.run(f"systemctl start {host.UNIT}")

    def test_upgrade_is_done_as_the_page_says(self) -> None:
        """The daemon runs after it, as another process."""
        before = host.shown("MainPID")["MainPID"]
        [upgrade] = [
            block
            for block in page.blocks("install.rst")
            if block.section == "Upgrade"
        ]
        for command in upgrade.commands():
            host.run(command)

        after = host.shown("MainPID", "ActiveState")
        self.assertEqual("active", after["ActiveState"])
        self.assertNotIn(after["MainPID"], (before, "0"))

    def test_nothing_is_left_out(self) -> None:
        """The commands of every section were among those that were done."""
        for start in (
            "openstack user create", "rabbitmqctl add_vhost", "mysql -e",
            "/opt/cube-volpool/bin/pip install", "systemd-sysusers",
            "/opt/cube-volpool/bin/cube-volpool-manage db sync",
            "/opt/cube-volpool/bin/cube-volpool-status upgrade check",
            "systemctl enable --now", f"{_PROGRAM} doctor",
        ):
            self.assertTrue(
                any(one.startswith(start) for one in self.installed.done),
                f"{start} in {self.installed.done}",
            )
