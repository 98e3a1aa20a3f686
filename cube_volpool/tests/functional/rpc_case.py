"""Both ends of the wire, with a topic of their own on a real broker."""

import threading
import time

import fixtures
from oslo_config import cfg
from oslotest import base

from cube_volpool.client import connection
from cube_volpool.rpc import api, server
from cube_volpool.tests.functional import broker
from cube_volpool.tests.unit.rpc import endpoints

#: For something that happens at once, on a machine with other work.
SOON = 20.0


def make_conf():
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    return conf


class SlowClaims(endpoints.RememberedClaims):
    """Claims that end when the test lets them."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def claim(self, caller, request, *, deadline):
        self.begun.set()
        self.may_end.wait(SOON)
        return super().claim(caller, request, deadline=deadline)


class RPCCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(broker.OwnTopic())
        self.useFixture(fixtures.Timeout(90, gentle=True))

    def serve(self, claims, url=None, images=None):
        """Start a daemon's end; returns at once."""
        transport = api.make_transport(
            make_conf(), url=url or broker.broker_url()
        )
        rpc = server.RpcServer(
            lambda: server.make_server(
                transport,
                endpoints.make_endpoint(claims),
                endpoints.make_operators(
                    images or endpoints.RememberedImages()
                ),
                host="host-1",
            )
        )
        rpc.start()
        self.addCleanup(transport.cleanup)
        self.addCleanup(rpc.stop, 10)
        return rpc

    def serving(self, claims, url=None, images=None):
        rpc = self.serve(claims, url, images)
        self.assertTrue(rpc.wait_until_serving(SOON))
        return rpc

    def connect(self, url=None):
        return connection.Connection(
            make_conf(), url=url or broker.broker_url(), max_calls=2
        )

    def claim(self, way, timeout=SOON):
        return way.call(
            endpoints.CONTEXT,
            "claim_volume",
            timeout=timeout,
            volume=endpoints.VOLUME,
        )

    def until(self, condition):
        """Wait for ``condition`` to be true."""
        end = time.monotonic() + SOON
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not come to be")
            time.sleep(0.02)
