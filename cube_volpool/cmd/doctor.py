"""``cube-volpool doctor``: is this installation well, and if not, why."""

import argparse
from typing import Any

from cube_volpool.cli import command
from cube_volpool.cmd import checkup


class Doctor(command.Lister):
    """Look at a daemon's configuration and at all that it needs."""

    def run(self, parsed_args: Any) -> int:
        """Show the findings; 1 when something failed."""
        self._has_failed = False
        return super().run(parsed_args) or int(self._has_failed)

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Look at one thing after the other."""
        given: Any = self.app_args
        findings = list(checkup.Checkup(given.config_file).findings())
        self._has_failed = any(
            one.result is checkup.Result.FAILED for one in findings
        )
        return (
            ("Check", "Result", "Seen"),
            [(one.check, one.result.value, one.told) for one in findings],
        )
