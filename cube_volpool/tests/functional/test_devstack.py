"""The DevStack plugin, phase by phase.

What DevStack gives it stands in ``devstack.sh`` here; under a real one it is
run by ``tools/devstack.sh``.
"""

import os
import pathlib
import subprocess
import sys

import fixtures
from oslo_config import cfg
from oslotest import base

from cube_volpool import conf

_HERE = pathlib.Path(__file__).resolve()
_STANDIN = _HERE.with_name("devstack.sh")
_PLUGIN = _HERE.parents[3] / "devstack"
#: Those of stack.sh, which sources the plugin for each in one process.
_STACK = (
    "stack pre-install", "stack install", "stack post-config", "stack extra",
    "stack test-config",
)


class TestPhases(base.BaseTestCase):
    """A directory stands for the machine; ``told`` has who was called."""

    def setUp(self) -> None:
        super().setUp()
        self.place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.conf_dir = self.place / "etc"
        self.file = self.conf_dir / "cube_volpool.conf"

    def run_(
        self, *phases: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run phases in one process."""
        return subprocess.run(
            ["bash", str(_STANDIN), str(_PLUGIN), *phases],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONWARNINGS": "ignore",
                "PLACE": str(self.place),
                "VOLPOOL_CONF_DIR": str(self.conf_dir),
                "MANAGE": f"{sys.executable} -m cube_volpool.cmd.manage",
                **environment,
            },
        )

    def do(self, *phases: str, **environment: str) -> list[list[str]]:
        """Run phases that must do; return what was called, phase by phase."""
        told = self.place / "told"
        told.unlink(missing_ok=True)
        done = self.run_(*phases, **environment)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        found: list[list[str]] = []
        for line in told.read_text(encoding="utf-8").splitlines():
            if line.startswith("phase "):
                found.append([])
            elif found:
                found[-1].append(line)
        return found

    def test_each_phase_does_its_part(self) -> None:
        """Installed, then with accounts, then with tables and started."""
        before, install, configure, start, after = self.do(*_STACK)

        self.assertEqual(([], []), (before, after))
        self.assertEqual(
            [f"setup_develop {self.place}/cube_volpool"], install
        )
        self.assertIn("get_or_create_project volpool default", configure)
        self.assertIn(
            "get_or_add_user_project_role member volpool volpool", configure
        )
        tables = [line for line in start if " db sync" in line]
        self.assertEqual(1, len(tables))
        self.assertEqual(
            ["recreate_database cube_volpool", tables[0]], start[-3:-1]
        )
        name, program = start[-1].split()[1:3]
        self.assertEqual("cube-volpool-engine", name)
        self.assertTrue(program.startswith("/"), program)
        self.assertNotRegex(start[-1], "sudo|uwsgi")

    def test_configuration_is_one(self) -> None:
        """The daemon takes it; nobody else can read it."""
        self.do(*_STACK)
        read = cfg.ConfigOpts()
        conf.register(read)
        read([], default_config_files=[str(self.file)])
        [pool] = conf.load(read).pools

        self.assertEqual(
            ("devstack", "lvmdriver-1", 3),
            (pool.name, pool.volume_type, pool.min_ready),
        )
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)

    def test_a_second_run_finds_the_golden_image(self) -> None:
        """One volume and one snapshot, however often stack.sh runs."""
        first = self.do(*_STACK)[3]
        again = self.do(*_STACK)[3]

        made = [line for line in first if line.startswith("cinder create")]
        self.assertEqual(1, len(made))
        self.assertEqual(
            [], [line for line in again if line.startswith("cinder create")]
        )

    def test_a_golden_volume_that_failed_ends_the_run(self) -> None:
        """At once, and with what to look at."""
        done = self.run_(*_STACK, CINDER_STATUS="error")

        self.assertEqual(1, done.returncode)
        self.assertIn("show made: error; see what c-vol", done.stderr)

    def test_what_cinder_refuses_ends_the_run(self) -> None:
        """With what was asked for; nothing is waited for."""
        for command in ("create", "snapshot-create"):
            done = self.run_(*_STACK, CINDER_REFUSES=command)

            self.assertEqual(1, done.returncode)
            self.assertIn(f"cinder {command} --name", done.stderr)

    def test_no_image_is_made_where_none_is_wanted(self) -> None:
        """Only the daemon is started."""
        start = self.do(*_STACK, VOLPOOL_SEED="False")[3]

        self.assertFalse(any(line.startswith("cinder") for line in start))

    def test_unstack_stops_and_clean_removes(self) -> None:
        """Each in a process of its own, which knows the settings alone."""
        self.do(*_STACK)
        [unstack] = self.do("unstack")
        self.assertEqual(["stop_process cube-volpool-engine"], unstack)
        self.assertTrue(self.file.exists())
        unstack, clean = self.do("unstack", "clean")

        self.assertEqual([], clean)
        self.assertFalse(self.conf_dir.exists())

    def test_a_disabled_service_is_left_alone(self) -> None:
        """Every phase ends well, for its status is stack.sh's."""
        found = self.do(
            *_STACK, "unstack", "clean", VOLPOOL_DISABLED="True"
        )

        self.assertEqual([[]] * 7, found)
