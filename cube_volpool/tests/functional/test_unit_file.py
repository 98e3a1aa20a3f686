"""The unit of systemd, rated by systemd's own tool."""

import pathlib
import re
import subprocess

from oslotest import base
from testtools import content

_UNIT = (
    pathlib.Path(__file__).resolve().parents[3]
    / "etc/systemd/cube-volpool-engine.service"
)
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
