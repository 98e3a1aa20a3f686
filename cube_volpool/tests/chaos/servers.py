"""The real broker and databases, which chaos stops, kills and starts."""

import contextlib
import os
import pathlib
import re
import subprocess
from collections.abc import Iterator

import fixtures

VARIABLE = "VOLPOOL_SERVERS_DIR"
_SCRIPTS = pathlib.Path(__file__).parents[3] / "tools" / "servers"


class Servers(fixtures.Fixture):
    """RabbitMQ, MariaDB and PostgreSQL as ``tools/servers/up.sh`` has them.

    They must run already; who started them stops them.  ``urls`` are those
    of the file that the script writes, by variable.
    """

    def _setUp(self) -> None:
        folder = os.environ.get(VARIABLE)
        if not folder:
            raise AssertionError(
                f"{VARIABLE} is not set: chaos stops and starts the servers "
                "that tools/servers/up.sh keeps there"
            )
        self.folder = pathlib.Path(folder)
        written = self.folder / "env"
        if not written.exists():
            raise AssertionError(f"there is no {written}: run up.sh first")
        self.urls = dict(
            re.findall(
                r"^export (\w+)='?\"?([^'\"\n]*)", written.read_text(), re.M
            )
        )
        # Whatever a nemesis was in the middle of.
        self.addCleanup(self.start)

    def stop(self, name: str, *, crash: bool = False) -> None:
        """Stop a server; returns when it is gone."""
        run_script("stop.sh", name, *(["KILL"] if crash else []))

    def start(self) -> None:
        """Start what does not run; returns when it listens."""
        run_script("up.sh")

    @contextlib.contextmanager
    def away(self, name: str, *, crash: bool = False) -> Iterator[None]:
        """Let a server be gone for the time of the block."""
        self.stop(name, crash=crash)
        try:
            yield
        finally:
            self.start()


def run_script(name: str, *arguments: str) -> str:
    """Run a script of ``tools/servers``; return its output's last line."""
    done = subprocess.run(
        [str(_SCRIPTS / name), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise AssertionError(
            f"{name} {' '.join(arguments)} ended with {done.returncode}:\n"
            f"{done.stdout}{done.stderr}"
        )
    return (done.stdout.splitlines() or [""])[-1]


class Tmpfs(fixtures.Fixture):
    """A small file system that can be filled up to the last byte."""

    def __init__(self, path: pathlib.Path, *, mebibytes: int) -> None:
        self.path = path
        self._size = mebibytes

    def _setUp(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self._size}m",
             "volpool-chaos", str(self.path)],
            capture_output=True, text=True,
        )
        if done.returncode:
            raise AssertionError(
                "a full disk needs a tmpfs of its own, and mounting one "
                f"needs root: {done.stderr.strip()}"
            )
        self.addCleanup(
            subprocess.run, ["umount", "--lazy", str(self.path)], check=True
        )

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Have no byte left for the time of the block."""
        filler = self.path / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12, 1):
                    with contextlib.suppress(OSError):
                        while file.write(b"x" * size) == size:
                            pass
            yield
        finally:
            filler.unlink()
