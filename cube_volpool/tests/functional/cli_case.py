"""``cube-volpool`` as a process, and a daemon for it to ask."""

import json
import os
import subprocess
import sys
from typing import Any

from oslotest import base

from cube_volpool.tests import engine
from cube_volpool.tests.functional import service


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program with these words, and nothing of our environment."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("OS_")
    }
    return subprocess.run(
        [sys.executable, "-m", "cube_volpool.cmd.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**kept, "PYTHONWARNINGS": "ignore", **environment},
    )


class CliCase(base.BaseTestCase):
    """A daemon with the pool ``deb`` of two volumes, filled."""

    #: The daemons of other tests must not take what is asked of this one.
    vhost = "cli"

    def setUp(self) -> None:
        super().setUp()
        running = self.useFixture(service.Service(self.vhost))
        self.cloud, self.file = running.cloud, running.file
        self.auth_url = running.auth_url
        self.wait_for("Ready", 2)

    def run_(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that speaks to this daemon."""
        return run("--config-file", str(self.file), *words)

    def done(self, *words: str) -> str:
        """Run a command that must do; return what it printed."""
        ended = self.run_(*words)
        self.assertEqual(
            (0, ""), (ended.returncode, ended.stderr), ended.stdout
        )
        return ended.stdout

    def table(self, *words: str) -> Any:
        """Run a command that shows something; return it."""
        return json.loads(self.done(*words, "-f", "json"))

    def refusal(self, status: int, *words: str) -> str:
        """Run a command that must not do; return its one sentence."""
        ended = self.run_(*words)
        self.assertEqual(status, ended.returncode, ended.stderr)
        self.assertEqual("", ended.stdout)
        self.assertEqual(1, ended.stderr.count("\n"), ended.stderr)
        return ended.stderr.strip()

    def wait_for(self, column: str, value: object) -> None:
        """Wait until the pool shows a value."""

        def is_so() -> bool:
            ended = self.run_("pool", "show", "deb", "-f", "json")
            return ended.returncode == 0 and (
                json.loads(ended.stdout)[column] == value
            )

        engine.wait_until(is_so, f"{column} is {value}")
