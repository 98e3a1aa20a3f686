"""The simulator behind a loopback socket, and as a process."""
import signal
import subprocess
import sys
import time

import requests

from cube_volpool.tests import simulator
from cube_volpool.tests.simulator import faults
from cube_volpool.tests.unit.simulator import lab


class SocketFacts(lab.CloudCase):
    """The same faults behind a loopback socket."""

    def setUp(self):
        super().setUp()
        server = simulator.serve(self.cloud)
        self.cloud.URL = server.__enter__().url
        self.addCleanup(server.__exit__, None, None, None)
        self.http = requests.Session()
        self.addCleanup(self.http.close)

    def test_answers_are_the_same(self):
        """A volume is made and shown."""
        ident = self.create().json()["volume"]["id"]
        answer = self.call("GET", f"/volumes/{ident}")
        self.assertEqual("creating", answer.json()["volume"]["status"])

    def test_connection_is_kept(self):
        """Many requests, one connection."""
        ports = set()
        for _ in range(3):
            answer = self.http.get(f"{self.cloud.URL}/volume/", stream=True)
            connection = answer.raw.connection
            assert connection is not None
            ports.add(connection.sock.getsockname()[1])
            self.assertTrue(answer.content)
        self.assertEqual(1, len(ports))

    def test_dropped_is_a_reset(self):
        """The client sees a broken connection, then a good one."""
        self.cloud.fault("POST", "/volumes", faults.drop(), times=1)
        self.assertRaises(requests.ConnectionError, self.create)
        self.assertEqual(202, self.create().status_code)

    def test_lost_by_timeout(self):
        """The client's own time-out ends it; the volume is there."""
        self.cloud.fault("POST", "/volumes", faults.lose("timeout"))
        self.assertRaises(requests.ReadTimeout, self.create, timeout=0.2)
        self.assertEqual("creating", self.cloud.volume("v").status)

    def test_half_body(self):
        """The connection ends in the middle of the body."""
        self.cloud.fault("POST", "/volumes", faults.half_body())
        self.assertRaises(requests.exceptions.ChunkedEncodingError,
                          self.create)

    def test_drip_is_longer_than_any_read(self):
        """A time-out from byte to byte does not end it."""
        self.cloud.clock = simulator.RealClock()
        self.cloud.fault("POST", "/volumes", faults.slow_drip(1.2))
        began = time.monotonic()

        self.assertEqual(202, self.create(timeout=0.5).status_code)

        self.assertGreater(time.monotonic() - began, 1.2)


class ProcessFacts(lab.CloudCase):
    """python -m cube_volpool.tests.simulator."""

    def test_process_prints_its_url_and_ends_on_sigterm(self):
        """One line, a Keystone behind it, exit 0."""
        process = subprocess.Popen(
            [sys.executable, "-m", "cube_volpool.tests.simulator",
             "--build-seconds-per-gib", "0.1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        output = process.stdout
        assert output is not None
        self.addCleanup(output.close)
        self.addCleanup(process.kill)
        url = output.readline().strip()
        self.assertEqual(200, requests.get(
            f"{url}/identity/v3", timeout=10).status_code)

        process.send_signal(signal.SIGTERM)

        self.assertEqual(0, process.wait(10))
