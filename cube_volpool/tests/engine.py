"""The daemon as a process of its own, for tests with real servers."""

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import fixtures

Sections = Mapping[str, Mapping[str, object]]

#: How long a daemon may take to do what a test waits for, in seconds.
PATIENCE = 60.0
#: For an orderly stop, beyond graceful_shutdown_timeout, in seconds.
_STOPS_WITHIN = 40


def write(path: pathlib.Path, sections: Sections) -> pathlib.Path:
    """Write a configuration file."""
    lines = []
    for group, options in sections.items():
        lines.append(f"[{group}]")
        lines += [f"{key} = {value}" for key, value in options.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
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
    """``cube-volpool-engine`` in a process; stopped at the end.

    ``output`` is the file that has all it said.
    """

    def __init__(self, configuration: pathlib.Path) -> None:
        super().__init__()
        self._configuration = configuration
        #: Added to the environment of the next start.
        self.environment: dict[str, str] = {}
        self.output = configuration.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def _setUp(self) -> None:
        self.start()
        self.addCleanup(self.kill)

    @property
    def pid(self) -> int:
        """The process id.  Raises AssertionError before the start."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the daemon; returns at once."""
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "cube_volpool.cmd.engine",
                    "--config-file", str(self._configuration),
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={
                    **os.environ,
                    "PYTHONWARNINGS": "ignore",
                    **self.environment,
                },
                # Out of reach of a Ctrl-C: who pressed it stops us orderly.
                start_new_session=True,
            )

    def stop(self) -> int:
        """Ask the daemon to stop, wait for it, return its exit status."""
        self.terminate()
        assert self._process is not None
        return self._process.wait(_STOPS_WITHIN)

    def kill(self) -> None:
        """End the daemon at once, with no chance to tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def is_running(self) -> bool:
        """Does the process live?"""
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """Return everything it wrote."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text: str) -> None:
        """Wait until it says something; fails when it ends before."""

        def is_said() -> bool:
            if text not in self.said() and not self.is_running:
                raise AssertionError("the daemon ended")
            return text in self.said()

        try:
            wait_until(is_said, f"{text!r} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()}") from error

    def exit_status(self) -> int:
        """Wait until it ends by itself; return the exit status."""
        assert self._process is not None
        return self._process.wait(PATIENCE)

    def terminate(self) -> None:
        """Ask the daemon to stop, without waiting for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
