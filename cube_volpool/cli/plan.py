"""``plan``: what the next rounds would do, and why."""

import argparse
from typing import Any, Final

from cube_volpool.cli import command
from cube_volpool.cli.command import key

_LISTED: Final = (
    ("Pool", key("pool")),
    ("Action", key("action")),
    ("Volume", key("volume_id")),
    ("Why", key("why")),
)


class Plan(command.Lister):
    """Show what the next round of the pools would do; changes nothing."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the pool."""
        parser = super().get_parser(prog_name)
        parser.add_argument("pool", nargs="?", help="all unless given")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for the plan; what holds a pool back is a row as well."""
        planned = self.daemon.call("get_plan", pool=parsed_args.pool)
        rows: list[dict[str, Any]] = []
        for pool in planned["pools"]:
            rows += [
                {"pool": pool["name"], **action} for action in pool["actions"]
            ]
            if pool["held_back"]:
                rows.append(
                    {
                        "pool": pool["name"],
                        "action": "wait",
                        "why": pool["held_back"],
                    }
                )
        return command.table(rows, _LISTED)
