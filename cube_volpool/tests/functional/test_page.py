"""The status page of a real daemon, in a real browser."""

import re
import shutil
import struct
import subprocess

import requests
from oslotest import base

from cube_volpool import client
from cube_volpool.tests import asking, engine
from cube_volpool.tests.functional import installation, service
from cube_volpool.tests.functional.test_daemon import free_port

_VHOST = "page"


class PageTest(base.BaseTestCase):
    """A daemon with the pool ``deb`` of two volumes, filled."""

    def setUp(self) -> None:
        super().setUp()
        port = free_port()
        running = self.useFixture(
            service.Service(
                _VHOST,
                pools={
                    "deb": installation.POOL,
                    "suse": {**installation.POOL, "os_name": "suse"},
                },
                changes={"status": {"port": port}},
            )
        )
        self.cloud, self.folder = running.cloud, running.folder
        self.address = f"http://127.0.0.1:{port}/"
        client.configure(transport_url=running.broker_url)
        engine.wait_until(lambda: self.ready() == 2, "two are ready")
        project = {"project_id": self.cloud.project_id("skyline-a")}
        client.claim_volume(
            project,
            {"name": "<i>web</i>_sys", "volume_type": "ssd", "snapshot_id":
             self.cloud.snapshot_id("debian-12_ssd_20261120")},
        )

    def ready(self) -> int:
        """Return how many volumes the pool has."""
        return sum(pool["ready"] for pool in asking.pools())

    def browse(self, *options: str) -> str:
        """Open the page in Chromium; return what it printed."""
        chromium = shutil.which("chromium")
        assert chromium is not None, "tools/test.sh installs chromium"
        done = subprocess.run(
            [
                chromium, "--headless", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--hide-scrollbars",
                f"--user-data-dir={self.folder / 'browser'}",
                "--window-size=1200,1000", *options, self.address,
            ],
            capture_output=True, text=True, check=True, timeout=90,
        )
        return done.stdout

    def test_what_a_browser_shows(self) -> None:
        """Pools with what ails them, and the claim, its name as text."""
        dom = self.browse("--dump-dom")

        rows = re.findall(r"<tr>\s*<td>(\w+)</td>", dom)
        self.assertEqual(["deb", "suse"], rows)
        self.assertIn("&lt;i&gt;web&lt;/i&gt;_sys", dom)
        self.assertRegex(dom, r'<polyline points="[0-9.]+,0.0')
        self.assertIn('class="bad"', dom)

    def test_a_picture(self) -> None:
        """The page is drawn, and is not blank."""
        picture = self.folder / "page.png"
        self.browse(f"--screenshot={picture}")
        data = picture.read_bytes()

        self.assertEqual((1200, 1000), struct.unpack(">II", data[16:24]))
        # A blank one of that size takes some 5 kB.
        self.assertGreater(len(data), 20_000)

    def test_nothing_comes_from_elsewhere_and_nothing_runs(self) -> None:
        """No script, no address, and a policy that forbids both."""
        answer = requests.get(self.address, timeout=20)

        self.assertNotRegex(answer.text, r"<script|src=|href=|url\(")
        self.assertIn(
            "default-src 'none'", answer.headers["Content-Security-Policy"]
        )
        self.assertNotIn("labadmin", answer.text)
