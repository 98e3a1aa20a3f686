"""``os list|sync|rollback|allow``."""

import argparse
from collections.abc import Mapping
from typing import Any, Final

from cube_volpool.cli import command
from cube_volpool.cli.command import key


def _held_by(image: Mapping[str, Any]) -> command.Counts:
    return command.Counts(image["held_by"])


_LISTED: Final = (
    ("OS", key("os_name")),
    ("Type", key("type")),
    ("Version", key("version")),
    ("Role", key("role")),
    ("Snapshot", key("snapshot_id")),
    ("Held by", _held_by),
    ("Rejected for", key("rejected")),
)
_CHANGES: Final = (
    ("Pool", key("pool")),
    ("Before", key("before")),
    ("After", key("after")),
    ("Error", key("error")),
)


class List(command.Lister):
    """Show the images, and what holds them."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for the images."""
        return command.table(self.daemon.call("list_os")["images"], _LISTED)


class _Change(command.Lister):
    """Something after which pools may have another source."""

    def changes(self, synced: Mapping[str, Any]) -> Any:
        """Show what changed; findings are notes beside the table."""
        for finding in synced["findings"]:
            print(
                f"note: snapshot {finding['snapshot_id']} "
                f"({finding['name']}): {finding['problem']}",
                file=self.app.stderr,
            )
        return command.table(synced["changes"], _CHANGES)


class Sync(_Change):
    """Read the images anew, and let the pools follow."""

    def get_parser(self, prog_name: str) -> Any:
        """Add --dry-run."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would change, and change nothing",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Sync, or plan to."""
        return self.changes(
            self.daemon.call("sync_os", dry_run=parsed_args.dry_run)
        )


class Rollback(_Change):
    """Let the pools of an OS and type go back to the image before."""

    def get_parser(self, prog_name: str) -> Any:
        """Add OS and type."""
        parser = super().get_parser(prog_name)
        parser.add_argument("os_name", help="the OS, as the pools name it")
        parser.add_argument("volume_type", help="the type, or an alias")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Go back."""
        return self.changes(
            self.daemon.call(
                "rollback_os",
                os_name=parsed_args.os_name,
                volume_type=parsed_args.volume_type,
            )
        )


class Allow(_Change):
    """Take the rejection of an image back."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the snapshot."""
        parser = super().get_parser(prog_name)
        parser.add_argument("snapshot", help="the id of the snapshot")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Allow it."""
        return self.changes(
            self.daemon.call("allow_os", snapshot_id=parsed_args.snapshot)
        )
