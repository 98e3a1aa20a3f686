"""``cube-volpool-manage os``: the images of an installation."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import prettytable
from oslo_config import cfg

from cube_volpool import app, exception, model, refresh, report
from cube_volpool import conf as options
from cube_volpool.cmd import subcommands

_SHOWN: Final = (
    "os_name",
    "type",
    "version",
    "role",
    "snapshot_id",
    "held_by",
    "rejected",
)


def add_commands(commands: Any) -> None:
    """Add ``os`` and what can be done with images."""
    images = commands.add_parser("os", help="the images")
    actions = images.add_subparsers(dest="action", required=True)
    sync = subcommands.add(actions, "sync", _sync, "read the images anew")
    sync.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would change, and change nothing",
    )
    shown = subcommands.add(
        actions, "list", _list, "show the images and what holds them"
    )
    shown.add_argument("--json", action="store_true", help="as JSON")
    back = subcommands.add(
        actions, "rollback", _rollback, "go back to the image before"
    )
    back.add_argument("os_name", help="the OS, as the pools name it")
    back.add_argument("volume_type", help="the type, by name or alias")
    allow = subcommands.add(actions, "allow", _allow, "take a rejection back")
    allow.add_argument("snapshot_id", help="the UUID of the snapshot")


def _sync(conf: cfg.ConfigOpts) -> int:
    with app.open_refresher(conf) as refresher:
        if conf.command.dry_run:
            return _tell(refresher.plan(), would=True)
        return _tell(refresher.sync())


def _rollback(conf: cfg.ConfigOpts) -> int:
    with _refusing(), app.open_refresher(conf) as refresher:
        return _tell(
            refresher.rollback(
                conf.command.os_name, conf.command.volume_type
            )
        )


def _allow(conf: cfg.ConfigOpts) -> int:
    with _refusing(), app.open_refresher(conf) as refresher:
        ident = model.SnapshotId(conf.command.snapshot_id.lower())
        return _tell(refresher.allow(ident))


def _list(conf: cfg.ConfigOpts) -> int:
    config = options.load(conf)
    with contextlib.closing(app.open_store(conf)) as store:
        store.check_schema()
        found = report.images(store, config)
    if conf.command.json:
        print(json.dumps(found, indent=1))
    else:
        print(_table(found))
    return 0


def _table(images: Sequence[Mapping[str, Any]]) -> prettytable.PrettyTable:
    table = prettytable.PrettyTable(_SHOWN)
    table.align = "l"
    for image in images:
        held = image["held_by"]
        table.add_row(
            [
                ", ".join(f"{n} {status}" for status, n in held.items())
                if column == "held_by"
                else image[column] or ""
                for column in _SHOWN
            ]
        )
    return table


def _tell(synced: refresh.Synced, *, would: bool = False) -> int:
    for finding in synced.findings:
        print(f"note: {finding}")
    verb = "would be built" if would else "is built"
    for change in synced.changes:
        if change.after is None:
            print(f"pool {change.pool}: {change.error}")
        else:
            print(
                f"pool {change.pool}: {verb} from {change.after}, before from "
                f"{change.before or 'nothing'}"
            )
    if not synced.changes:
        print("no pool changes")
    return 0


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Say what cannot be done, without "failed:" before it."""
    try:
        yield
    except exception.NoImage as error:
        raise SystemExit(str(error)) from error
