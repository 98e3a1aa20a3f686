"""The daemon as a process of its own."""

import os
import pathlib
import signal
import subprocess
import sys

import fixtures

#: For an orderly stop, beyond graceful_shutdown_timeout, in seconds.
_STOPS_WITHIN = 40


class Engine(fixtures.Fixture):
    """``cube-volpool-engine`` in a process; stopped at the end.

    ``output`` is the file that has all it said.
    """

    def __init__(self, configuration: pathlib.Path) -> None:
        super().__init__()
        self._configuration = configuration
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
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
                # Out of reach of a Ctrl-C: who pressed it stops us orderly.
                start_new_session=True,
            )

    def stop(self) -> int:
        """Ask the daemon to stop, wait for it, return its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
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
