"""``volume list|show|hold|evict``."""

import argparse
from collections.abc import Mapping
from typing import Any, Final

from cube_volpool import exception
from cube_volpool.cli import command
from cube_volpool.cli.command import key


def _status(volume: Mapping[str, Any]) -> str:
    return "held" if volume.get("held") else str(volume["status"])


_LISTED: Final = (
    ("ID", key("id")),
    ("Pool", key("pool")),
    ("Status", _status),
    ("Size", key("size_gib")),
    ("Snapshot", key("snapshot_id")),
    ("Created at", key("created_at")),
    ("Evicted for", key("evict_reason")),
)
_SHOWN: Final = (
    *_LISTED,
    ("Marker", key("marker")),
    ("OS", key("os_name")),
    ("Type", key("type")),
    ("Availability zone", key("availability_zone")),
    ("Updated at", key("updated_at")),
)


class List(command.Lister):
    """Show the volumes of the pools."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the filters."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--pool", help="of this pool alone")
        parser.add_argument(
            "--status",
            help="creating, available, reserved or deleting alone",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for page after page."""
        found = self.daemon.everything(
            "list_volumes",
            "volumes",
            pool=parsed_args.pool,
            status=parsed_args.status,
        )
        return command.table(found, _LISTED)


class Show(command.ShowOne):
    """Show one volume of a pool."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the id."""
        return _with_ids(super().get_parser(prog_name), nargs=None)

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for that volume alone."""
        ident = parsed_args.volume
        found = self.daemon.call("list_volumes", volume_id=ident)["volumes"]
        if not found:
            raise exception.NotKnown(what="volume", id=ident)
        return command.one(found[0], _SHOWN)


class Hold(command.Command):
    """Keep available volumes from claims, for study."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the ids."""
        return _with_ids(super().get_parser(prog_name), nargs="+")

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Hold one after the other; the first error ends it."""
        for ident in parsed_args.volume:
            self.daemon.call("hold_volume", volume_id=ident)
            print(f"volume {ident} is held until it is evicted")


class Evict(command.Command):
    """Give volumes up; they are deleted."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the ids, and why."""
        parser = _with_ids(super().get_parser(prog_name), nargs="+")
        parser.add_argument("--reason", help="why, for whoever looks later")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Evict one after the other; the first error ends it."""
        for ident in parsed_args.volume:
            self.daemon.call(
                "evict_volume", volume_id=ident, reason=parsed_args.reason
            )
            print(f"volume {ident} is evicted and will be deleted")


def _with_ids(parser: Any, *, nargs: str | None) -> Any:
    parser.add_argument(
        "volume",
        nargs=nargs,
        help="the id in Cinder, or the marker of the volume's name",
    )
    return parser
