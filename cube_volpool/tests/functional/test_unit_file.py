"""The unit of systemd, rated by systemd's own tool."""

import pathlib
import re
import shutil
import stat
import subprocess

import fixtures
from oslotest import base
from testtools import content

_ETC = pathlib.Path(__file__).resolve().parents[3] / "etc"
_UNIT = _ETC / "systemd/cube-volpool-engine.service"
#: In tenths, from 0 (locked up) to 100; a plain unit has 92 and more.
_MOST = 15


class TestUnitFile(base.BaseTestCase):
    def rate(self, unit: pathlib.Path) -> subprocess.CompletedProcess[str]:
        """Rate a unit; the exit status says whether it is good enough."""
        done = subprocess.run(
            [
                "systemd-analyze", "security", "--offline=yes", "--no-pager",
                f"--threshold={_MOST}", str(unit),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        self.addDetail(unit.name, content.text_content(done.stdout))
        return done

    def exposure(self, done: subprocess.CompletedProcess[str]) -> float:
        """Return the rating."""
        found = re.search(r"exposure level for \S+ ([0-9.]+)", done.stdout)
        assert found is not None, done.stdout + done.stderr
        return float(found[1])

    def test_daemon_is_exposed_to_almost_nothing(self) -> None:
        """1.5 or less; what is left is the network and its own user."""
        done = self.rate(_UNIT)

        self.assertEqual(0, done.returncode, done.stdout)
        self.assertLessEqual(self.exposure(done), _MOST / 10)

    def test_tool_tells_a_plain_unit_apart(self) -> None:
        """Without the list of what is taken away the same tool refuses."""
        plain = pathlib.Path(self.create_tempfiles([("plain", "")], "")[0])
        unit = plain.with_suffix(".service")
        unit.write_text("[Service]\nUser=nobody\nExecStart=/bin/true\n")
        done = self.rate(unit)

        self.assertNotEqual(0, done.returncode)
        self.assertGreater(self.exposure(done), 8)

    def test_systemd_has_nothing_to_say_about_it(self) -> None:
        """Every line is one that it knows; the program is not installed."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        text = _UNIT.read_text(encoding="utf-8")
        unit = folder / _UNIT.name
        unit.write_text(
            re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
        )
        done = subprocess.run(
            ["systemd-analyze", "verify", str(unit)],
            capture_output=True, text=True, check=False,
        )

        self.assertEqual((0, ""), (done.returncode, done.stderr))


class TestAccount(base.BaseTestCase):
    """The daemon's user, and the place of its configuration."""

    def test_they_are_made_as_the_install_page_says(self) -> None:
        """By systemd's own tools, below a directory."""
        root = self.useFixture(fixtures.TempDir()).path
        pathlib.Path(root, "etc").mkdir()
        name = "cube-volpool.conf"
        for tool, place in (
            (["systemd-sysusers"], "sysusers.d"),
            (["systemd-tmpfiles", "--create"], "tmpfiles.d"),
        ):
            folder = pathlib.Path(root, "usr/lib", place)
            folder.mkdir(parents=True)
            shutil.copy(_ETC / place / name, folder)
            subprocess.run(
                [*tool, f"--root={root}", name],
                capture_output=True, text=True, check=True,
            )

        lines = pathlib.Path(root, "etc/passwd").read_text().splitlines()
        [account] = [
            line.split(":") for line in lines
            if line.startswith("cube-volpool:")
        ]
        self.assertEqual(
            ["/var/lib/cube_volpool", "/usr/sbin/nologin"], account[5:]
        )
        made = pathlib.Path(root, "etc/cube_volpool").stat()
        self.assertEqual(0o750, stat.S_IMODE(made.st_mode))
        self.assertEqual(int(account[3]), made.st_gid)
