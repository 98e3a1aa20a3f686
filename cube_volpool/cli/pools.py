"""``pool list|show|pause|resume|drain|refill``."""

import argparse
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from cube_volpool.cli import command
from cube_volpool.cli.command import key


def _state(pool: Mapping[str, Any]) -> str:
    if pool.get("drained"):
        return "drained"
    return "paused" if pool.get("paused") else "active"


def _lanes(pool: Mapping[str, Any]) -> str | None:
    """Say how many lanes are ready; one by itself is nothing to tell of."""
    wanted = pool.get("lanes", 1)
    if wanted <= 1 and not pool.get("lanes_ready"):
        return None
    return f"{pool['lanes_ready']} of {wanted}"


_LISTED: Final = (
    ("Name", key("name")),
    ("State", _state),
    ("Target", key("target")),
    ("Ready", key("ready")),
    ("Creating", key("creating")),
    ("Reserved", key("reserved")),
    ("Deleting", key("deleting")),
    ("Stale", key("stale")),
    ("Held", key("held")),
    ("Hits", key("hits")),
    ("Misses", key("misses")),
    ("Last error", key("last_error")),
)
_SHOWN: Final = (
    *_LISTED,
    ("OS", key("os_name")),
    ("Type", key("volume_type")),
    ("Source", key("source_snapshot_id")),
    ("Current", key("current_snapshot_id")),
    ("Lanes", _lanes),
    # Of the daemon that answered; one of an older release tells none.
    ("Build seconds", lambda pool: pool.get("build_seconds")),
)


class List(command.Lister):
    """Show what is on the shelves."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for the pools."""
        return command.table(self.daemon.call("get_pools")["pools"], _LISTED)


class Show(command.ShowOne):
    """Show one pool."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the name."""
        parser = super().get_parser(prog_name)
        parser.add_argument("pool", help="the name of the pool")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for the pools, and show the one."""
        return command.one(self.daemon.pool(parsed_args.pool), _SHOWN)


class _Steer(command.Command):
    """Something that is done to pools by their names."""

    method: ClassVar[str]
    done: ClassVar[str]

    def get_parser(self, prog_name: str) -> Any:
        """Add the names."""
        parser = super().get_parser(prog_name)
        parser.add_argument("pool", nargs="+", help="the name of a pool")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Do it to one after the other; the first error ends it."""
        for pool in parsed_args.pool:
            self.daemon.call(self.method, pool=pool)
            print(f"pool {pool} {self.done}")


class Pause(_Steer):
    """Let pools build nothing more; what is ready is still given."""

    method = "pause_pool"
    done = "is paused"


class Resume(_Steer):
    """Let pools build again, after a pause or a drain."""

    method = "resume_pool"
    done = "is resumed"


class Drain(_Steer):
    """Let pools build nothing more and give all their stock up."""

    method = "drain_pool"
    done = "is drained"


class Refill(_Steer):
    """Have pools looked at now, also while they pause after failed builds."""

    method = "refill_pool"
    done = "is looked at now"
