"""What both ends share."""

import subprocess
import sys

from oslo_config import cfg
from oslotest import base

from cube_volpool import exception
from cube_volpool.rpc import api

_CLIENT = """
import sys
import cube_volpool.client
print(*sorted(sys.modules))
"""


class TestImports(base.BaseTestCase):
    def test_client_brings_nothing_of_the_server_along(self):
        """A caller needs oslo.messaging, and gets no part of a daemon."""
        loaded = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _CLIENT],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()

        ours = {m for m in loaded if m.split(".")[0] == "cube_volpool"}
        self.assertEqual(
            {
                "cube_volpool",
                "cube_volpool.client",
                "cube_volpool.client.batch",
                "cube_volpool.client.connection",
                "cube_volpool.client.fallback",
                "cube_volpool.exception",
                "cube_volpool.rpc",
                "cube_volpool.rpc.api",
            },
            ours,
        )
        self.assertEqual(
            set(),
            {"sqlalchemy", "oslo_db", "cinderclient", "jsonschema"}
            & set(loaded),
        )


class TestVersions(base.BaseTestCase):
    def test_a_client_asks_for_no_newer_daemon_than_it_needs(self):
        """Callers and daemons are upgraded in any order."""
        self.assertEqual("1.3", api.VERSION)
        self.assertEqual("1.3", api.BATCH_VERSION)
        self.assertEqual("1.2", api.OPERATOR_VERSION)
        self.assertEqual("1.0", api.client_target().version)


class TestTransport(base.BaseTestCase):
    def test_private_configuration_has_every_group_of_a_call(self):
        """oslo.messaging reads two groups that it registers elsewhere."""
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])

        api.make_transport(conf, url="fake:/")

        self.assertFalse(conf.oslo_messaging_metrics.metrics_enabled)
        self.assertFalse(conf.oslo_messaging_tracing.tracing_enabled)

    def test_registering_twice_is_no_conflict(self):
        """A caller may bring the global configuration, any number of times."""
        api.register_options(cfg.CONF)
        api.register_options(cfg.CONF)


class TestErrors(base.BaseTestCase):
    def test_every_error_of_the_wire_is_importable_by_a_caller(self):
        """One remote module is allowed, so all errors live in it."""
        self.assertEqual(
            ("cube_volpool.exception",), api.ALLOWED_REMOTE_EXMODS
        )
        for error in api.WIRE_ERRORS:
            self.assertEqual("cube_volpool.exception", error.__module__)

    def test_error_of_the_house_has_no_plain_form(self):
        """What is not meant for the wire cannot be put on it."""
        self.assertIsNone(
            api.plain_error(exception.LostRace(what="row", id=1))
        )
