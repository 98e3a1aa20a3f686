"""``claim create|list|show``."""

import argparse
import time
from collections.abc import Mapping
from typing import Any, Final

from cube_volpool import exception
from cube_volpool.cli import command, daemon
from cube_volpool.cli.command import key

_LISTED: Final = (
    ("Project", key("project_id")),
    ("Name", key("name")),
    ("Status", key("status")),
    ("Source", key("source")),
    ("Pool", key("pool")),
    ("Volume", key("volume_id")),
    ("Updated at", key("updated_at")),
)
_SHOWN: Final = (
    *_LISTED,
    ("Reason", key("reason")),
    ("Attempts", key("attempts")),
    ("Created at", key("created_at")),
)
#: In seconds; skyline's tasks wait as long.
_BUDGET: Final = 30.0


def _metadata(volume: Mapping[str, Any]) -> command.Mapped:
    return command.Mapped(volume.get("metadata") or {})


_GIVEN: Final = (
    ("ID", key("id")),
    ("Name", key("name")),
    ("Source", key("source")),
    ("Status", key("status")),
    ("Size", key("size")),
    ("Type", key("volume_type")),
    ("Snapshot", key("snapshot_id")),
    ("Metadata", _metadata),
)


class List(command.Lister):
    """Show the claims, the newest first."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the filters."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--project", help="of this project's id alone")
        parser.add_argument("--pool", help="of this pool alone")
        parser.add_argument(
            "--status",
            help="pending, offered, creating, bound or failed alone",
        )
        parser.add_argument(
            "--limit",
            type=int,
            default=100,
            help="how many at most (default: %(default)s, at most 1000)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for one page."""
        found = self.daemon.call(
            "list_claims",
            project_id=parsed_args.project,
            pool=parsed_args.pool,
            status=parsed_args.status,
            limit=parsed_args.limit,
        )
        return command.table(found["claims"], _LISTED)


class Show(command.ShowOne):
    """Show a claim by its name."""

    def get_parser(self, prog_name: str) -> Any:
        """Add the name."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", help="the name that was claimed")
        parser.add_argument(
            "--project", help="the project's id, where several have that name"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Ask for claims of that name."""
        found = self.daemon.call(
            "list_claims",
            name=parsed_args.name,
            project_id=parsed_args.project,
        )["claims"]
        if not found:
            raise exception.NotKnown(
                what="a claim of the name", id=parsed_args.name
            )
        if len(found) > 1:
            projects = ", ".join(claim["project_id"] for claim in found)
            raise exception.InvalidRequest(
                field="--project",
                reason=f"several have a claim of that name: {projects}",
            )
        return command.one(found[0], _SHOWN)


class Create(command.ShowOne):
    """Claim a volume: from the pool, or made when the pool is empty."""

    def get_parser(self, prog_name: str) -> Any:
        """Add what a create takes."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", help="of the volume, and of the claim")
        parser.add_argument(
            "--type", required=True, help="the volume type or an alias"
        )
        parser.add_argument("--project", help="who gets it, by id")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--os-name", help="the OS, by its current image")
        source.add_argument("--snapshot", help="the id of a snapshot")
        source.add_argument("--image", help="the id of an image")
        source.add_argument("--source-volume", help="the id of a volume")
        parser.add_argument("--size", type=int, help="in GiB")
        parser.add_argument("--availability-zone")
        parser.add_argument(
            "--metadata",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            type=_pair,
            help="may be given several times",
        )
        parser.add_argument(
            "--budget",
            type=float,
            default=_BUDGET,
            help="how long to wait, in seconds (default: %(default)s)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        """Claim, and show the volume."""
        volume = {
            "name": parsed_args.name,
            "volume_type": parsed_args.type,
            "snapshot_id": parsed_args.snapshot,
            "imageRef": parsed_args.image,
            "source_volid": parsed_args.source_volume,
            "size": parsed_args.size,
            "availability_zone": parsed_args.availability_zone,
            "metadata": dict(parsed_args.metadata),
        }
        budget = parsed_args.budget
        found = self.daemon.call(
            "claim_volume",
            timeout=budget + daemon.MARGIN,
            acting_in=self.daemon.project(parsed_args.project),
            volume={k: v for k, v in volume.items() if v is not None},
            os_name=parsed_args.os_name,
            budget=budget,
            deadline=time.time() + budget,
        )
        return command.one(
            {**found["volume"], "source": found["source"]}, _GIVEN
        )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return name, value
