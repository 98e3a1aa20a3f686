"""The machine that ``tools/machine/up.sh`` boots, and commands in it."""

import pathlib
import subprocess

import pexpect

from cube_volpool.tests import engine

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_IN = _ROOT / "tools/machine/in.sh"
#: Where the machine has this checkout.
_CHECKOUT = "/srv/cube_volpool"
#: An installation of packages among them, in seconds.
_PATIENCE = 600.0

UNIT = "cube-volpool-engine"
CONFIGURATION = "/etc/cube_volpool/cube_volpool.conf"


def _words(command: str) -> list[str]:
    # As in the shell of an operator who stops at what fails.
    return ["bash", "-ec", f"cd {_CHECKOUT}\n{command}"]


def run(
    command: str, *, given: str | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command as root, in the checkout.

    Raises AssertionError with all it said when it fails, unless ``check`` is
    off.
    """
    done = subprocess.run(
        [str(_IN), *_words(command)],
        input=given,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(
            f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done


def answer(command: str, password: str) -> None:
    """Run a command that asks for a new password, twice, on its terminal."""
    asked = pexpect.spawn(
        str(_IN), _words(command), encoding="utf-8", timeout=_PATIENCE
    )
    for _ in range(2):
        asked.expect("[Pp]assword:")
        asked.sendline(password)
    asked.expect(pexpect.EOF)
    asked.close()
    if asked.exitstatus != 0:
        raise AssertionError(f"{command}: {asked.exitstatus}\n{asked.before}")


def write(path: str, text: str) -> None:
    """Write a file, with the owner and rights it has."""
    run(f"cat > {path}", given=text)


def shown(*properties: str) -> dict[str, str]:
    """Return properties of the daemon's unit, as systemd has them."""
    done = run(f"systemctl show {UNIT} --property={','.join(properties)}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def journal(since: str) -> str:
    """Return what the unit said, and what systemd said of it."""
    return run(
        f"journalctl --no-pager --unit={UNIT} --after-cursor='{since}'"
    ).stdout


def cursor() -> str:
    """Return the place of the journal's end."""
    last = run("journalctl --no-pager --lines=0 --show-cursor").stdout
    return last.rpartition("-- cursor: ")[2].strip()


def wait_until_shown(**wanted: str) -> None:
    """Wait until the unit has these properties."""

    def is_so() -> bool:
        return shown(*wanted) == wanted

    engine.wait_until(is_so, f"{UNIT} has {wanted}")
