"""A configuration that is right, to be made wrong in one place."""

import pathlib
from typing import Any

import fixtures
from oslo_config import cfg
from oslotest import base

from cube_volpool import conf, exception, settings

Groups = dict[str, dict[str, Any]]

RIGHT: Groups = {
    "DEFAULT": {"enabled_pools": "a, b", "deployment_id": "cloud-1"},
    "database": {"connection": "sqlite://"},
    "pool:a": {"os_name": "debian-12", "volume_type": "ceph-ssd"},
    "pool:b": {"os_name": "windows", "volume_type": "ceph-sas"},
    "pool_project": {
        "auth_type": "password",
        "auth_url": "http://127.0.0.1:5000/v3",
        "username": "volpool",
        "user_domain_id": "default",
        "password": "invented",
        "project_id": "1" * 32,
    },
    "tenant": {
        "auth_type": "password",
        "auth_url": "http://127.0.0.1:5000/v3",
        "username": "accept",
        "user_domain_id": "default",
        "password": "invented",
    },
}


def with_changes(changes: Groups) -> str:
    """Return the text of the right file, changed; None takes away."""
    lines = []
    for group in dict.fromkeys([*RIGHT, *changes]):
        values = {**RIGHT.get(group, {}), **changes.get(group, {})}
        lines.append(f"[{group}]")
        lines += [
            f"{option} = {value}"
            for option, value in values.items()
            if value is not None
        ]
    return "\n".join(lines) + "\n"


class ConfCase(base.BaseTestCase):
    """Loads real files with the real registry, a fresh one each time."""

    def parse(self, text: str) -> cfg.ConfigOpts:
        """Return a parsed configuration of one file."""
        folder = self.useFixture(fixtures.TempDir()).path
        path = pathlib.Path(folder, "cube_volpool.conf")
        path.write_text(text)
        parsed = cfg.ConfigOpts()
        conf.register(parsed)
        parsed(
            ["--config-file", str(path)],
            project="cube_volpool",
            default_config_dirs=[],
        )
        return parsed

    def load(self, changes: Groups | None = None) -> settings.Settings:
        """Return the settings of the right file with these changes."""
        return conf.load(self.parse(with_changes(changes or {})))

    def assert_refused(
        self, group: str, option: str, reason: str, changes: Groups
    ) -> None:
        """The changed file is refused, and the error names the option."""
        error = self.assertRaises(
            exception.InvalidConfiguration, self.load, changes
        )

        self.assertEqual((group, option), (error.group, error.option))
        self.assertRegex(error.reason, reason)
        self.assertIn(f"[{group}] {option}: ", str(error))
