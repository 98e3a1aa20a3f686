"""What the sample file and the documentation show."""

import re
import subprocess
import sys
from typing import Any

from oslo_config import cfg
from oslotest import base

from cube_volpool.conf import daemon, keyring, opts, pool

_UNITS = r"\b(seconds|days|GiB|volumes|claims)\b"
_LITTLE = r"\bToo (few|little|low|short|small)\b|\bToo old\b"
_MUCH = r"\b[Tt]oo (many|much|high|long|large)\b|\bToo new\b"


def _own() -> list[tuple[str, Any]]:
    groups = [
        *opts.GROUPS,
        ("pool", pool.OPTS),
        ("tenant", keyring.TENANT_OPTS),
    ]
    return [(group, opt) for group, options in groups for opt in options]


class Help(base.BaseTestCase):
    """Every option of ours explains itself."""

    def test_every_option_has_sentences(self):
        """No option is without help."""
        for group, opt in _own():
            with self.subTest(group=group, option=opt.name):
                self.assertGreater(len(opt.help or ""), 60)
                self.assertTrue(opt.help.endswith("."))

    def test_every_number_has_a_unit_and_says_what_goes_wrong(self):
        """Numbers tell their unit, and what too little and too much do."""
        numbers = [
            (group, opt)
            for group, opt in _own()
            if isinstance(opt, cfg.IntOpt | cfg.FloatOpt)
        ]

        self.assertGreater(len(numbers), 20)
        for group, opt in numbers:
            with self.subTest(group=group, option=opt.name):
                self.assertRegex(opt.help or "", _UNITS)
                self.assertRegex(opt.help or "", _LITTLE)
                self.assertRegex(opt.help or "", _MUCH)

    def test_options_named_in_help_exist(self):
        """A related option is not one that was renamed since."""
        known = {opt.dest for _group, opt in _own()} | {
            "os_table",
            "pool_project",
            "service_user",
            "oslo_messaging_rabbit",
            "executor_thread_pool_size",
            "rbd_concurrent_flatten_operations",
            "rabbit_qos_prefetch_count",
            "rpc_response_timeout",
            "auth_type",
            "timeout",
            "cube_volpool_deployment",
        }
        for group, opt in _own():
            named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", opt.help))
            with self.subTest(group=group, option=opt.name):
                self.assertEqual(set(), named - known)


class Sample(base.BaseTestCase):
    """What oslo-config-generator is given."""

    def test_every_group_is_listed_once(self):
        """list_opts names each group once, and no option twice."""
        groups = [
            str(getattr(group, "name", group)) for group, _ in opts.list_opts()
        ]

        self.assertEqual(sorted(set(groups)), sorted(groups))
        for _group, options in opts.list_opts():
            dests = [opt.dest for opt in options]
            self.assertEqual(sorted(set(dests)), sorted(dests))

    def test_the_sample_offers_no_project_for_tenants(self):
        """What load refuses in [tenant] is not in the sample either."""
        tenant = dict(
            (group, options)
            for group, options in opts.list_opts()
            if isinstance(group, str)
        )["tenant"]

        self.assertFalse(
            {"project_id", "project_name"} & {opt.dest for opt in tenant}
        )

    def test_secrets_are_marked(self):
        """Passwords are not printed where options are logged."""
        for _group, options in opts.list_opts():
            for opt in options:
                if opt.dest == "password":
                    self.assertTrue(opt.secret)

    def test_listing_does_not_choose_a_backend(self):
        """opts.py stays free of oslo.service and oslo.messaging."""
        code = (
            "import sys; from cube_volpool.conf import opts; "
            "opts.set_defaults(); opts.list_opts(); "
            "print(sorted(name for name in sys.modules if "
            "name in ('oslo_service', 'oslo_messaging', 'eventlet')))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
        )

        self.assertEqual("[]", done.stdout.strip())

    def test_the_default_host_is_not_this_machine_in_the_sample(self):
        """The sample does not name the machine it was made on."""
        host = next(opt for opt in daemon.OPTS if opt.name == "host")

        self.assertNotEqual(host.default, host.sample_default)
