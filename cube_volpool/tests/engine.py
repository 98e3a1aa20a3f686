"""The daemon as a process of its own, for tests with real servers."""

import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import fixtures

Sections = Mapping[str, Mapping[str, object]]

#: How long a started daemon may take to do what a test waits for, in s.
PATIENCE = 60.0


def sections(
    *,
    auth_url: str,
    database: str,
    broker: str,
    pools: Sections,
    tenant: str = "skyline",
    deployment: str = "test",
) -> dict[str, dict[str, object]]:
    """Return a configuration for the accounts of the lab's world."""
    account = {
        "auth_type": "password",
        "auth_url": auth_url,
        "password": "labadmin",
        "user_domain_name": "Default",
        "region_name": "RegionOne",
    }
    return {
        "DEFAULT": {
            "enabled_pools": ",".join(pools),
            "deployment_id": deployment,
            "transport_url": broker,
            "graceful_shutdown_timeout": 10,
        },
        "database": {"connection": database},
        "pool_project": {
            **account,
            "username": "volpool",
            "project_name": "volpool",
            "project_domain_name": "Default",
        },
        "tenant": {**account, "username": tenant},
        "reconcile": {"interval": 1},
        **{f"pool:{name}": dict(pool) for name, pool in pools.items()},
    }


def write_config(path: pathlib.Path, config: Sections) -> pathlib.Path:
    """Write a configuration file; return its path."""
    lines = []
    for section, options in config.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {value}" for name, value in options.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def wait_until(
    condition: Callable[[], bool], what: str, patience: float = PATIENCE
) -> None:
    """Return once the condition holds; fails after ``patience`` seconds."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {patience} s")
        time.sleep(0.1)


class Engine(fixtures.Fixture):
    """A running ``cube-volpool-engine``; killed at the end of the test."""

    def __init__(self, config: Sections) -> None:
        self._config = config

    def _setUp(self) -> None:
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config_file = write_config(folder / "engine.conf", self._config)
        self._log = folder / "engine.log"
        self.start()
        self.addCleanup(self.kill)

    def manage(self, *command: str) -> str:
        """Run ``cube-volpool-manage``; return what it printed."""
        return subprocess.run(
            self._program("manage", *command),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def start(self) -> None:
        """Start it, again if it has ended."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._program("engine"), stdout=log, stderr=log
            )

    def log(self) -> str:
        """Return what it has said until now."""
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str) -> None:
        """Wait until it says something."""

        def said() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(
                    f"ended with {self.process.returncode}:\n{self.log()}"
                )
            return text in self.log()

        try:
            wait_until(said, f"{text!r} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from error

    def stop(self) -> int:
        """Send SIGTERM; return the exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def exit_status(self) -> int:
        """Wait until it ends by itself; return the exit status."""
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def _program(self, name: str, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            f"cube_volpool.cmd.{name}",
            "--config-file",
            os.fspath(self.config_file),
            *arguments,
        ]
