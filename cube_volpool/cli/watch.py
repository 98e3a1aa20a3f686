"""``watch``: pools, builds and claims as they change."""

import argparse
import datetime
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import console, live, progress_bar, table, text

from cube_volpool import progress
from cube_volpool.cli import command

#: Builds, and claims, that one picture shows.
_SHOWN: Final = 10
#: Of a bar, in letters.
_WIDTH: Final = 20

Shown = Mapping[str, Any]


class Watch(command.Command):
    """Show pools, builds and claims, again and again; Ctrl-C ends it."""

    def get_parser(self, prog_name: str) -> Any:
        """Add how often, and how long."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--interval",
            type=float,
            default=2.0,
            help="between two looks, in seconds (default: %(default)s)",
        )
        parser.add_argument(
            "--count", type=int, help="end after so many looks"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Look, draw, wait; not a terminal gets one picture after another."""
        screen = console.Console(file=self.app.stdout)
        left = parsed_args.count
        if not screen.is_terminal:
            self._print(screen, parsed_args.interval, left)
            return
        try:
            with live.Live(
                self._picture(),
                console=screen,
                auto_refresh=False,
                screen=left is None,
            ) as view:
                while left is None or left > 1:
                    time.sleep(parsed_args.interval)
                    view.update(self._picture(), refresh=True)
                    left = left and left - 1
        except KeyboardInterrupt:
            return

    def _print(
        self, screen: console.Console, interval: float, left: int | None
    ) -> None:
        """Print one picture after another."""
        while True:
            screen.print(self._picture())
            left = left and left - 1
            if left == 0:
                return
            time.sleep(interval)

    def _picture(self) -> console.Group:
        pools = self.daemon.call("get_pools")["pools"]
        building = self.daemon.call(
            "list_volumes", status="creating", limit=_SHOWN
        )
        claims = self.daemon.call("list_claims", limit=_SHOWN)
        now = datetime.datetime.now(datetime.UTC)
        return console.Group(
            _pools(pools),
            _builds(
                building["volumes"],
                {pool["name"]: pool.get("build_seconds") for pool in pools},
                now,
            ),
            _claims(claims["claims"], now),
        )


def _pools(pools: Sequence[Shown]) -> table.Table:
    made = table.Table("Pool", "", "Ready", "Creating", "Reserved",
                       "Deleting", "Hits", "Misses", "", title="Pools")
    for pool in pools:
        state = [
            *(word for word in ("paused", "drained") if pool.get(word)),
            pool["last_error"] or "",
        ]
        made.add_row(
            text.Text(pool["name"]),
            progress_bar.ProgressBar(
                total=max(pool["target"], 1),
                completed=min(pool["ready"], pool["target"]),
                width=_WIDTH,
            ),
            f"{pool['ready']} of {pool['target']}",
            *(
                str(pool[what])
                for what in ("creating", "reserved", "deleting", "hits",
                             "misses")
            ),
            text.Text(" ".join(filter(None, state))),
        )
    return made


def _builds(
    volumes: Sequence[Shown],
    usual: Mapping[str, float | None],
    now: datetime.datetime,
) -> table.Table:
    made = table.Table(
        "Volume", "Pool", "Since", "By what it usually takes",
        title="Being built",
    )
    for volume in volumes:
        seconds = _seconds(volume["created_at"], now)
        made.add_row(
            text.Text(volume["id"] or f"volpool-{volume['marker']}"),
            text.Text(volume["pool"]),
            _words(seconds),
            _progress(seconds, usual.get(volume["pool"])),
        )
    return made


def _progress(
    seconds: float, usual: float | None
) -> progress_bar.ProgressBar | str:
    """Return a bar; nothing where no build tells what is usual."""
    done = progress.part_done(seconds, usual)
    if done is None:
        return ""
    return progress_bar.ProgressBar(total=1, completed=done, width=_WIDTH)


def _claims(claims: Sequence[Shown], now: datetime.datetime) -> table.Table:
    made = table.Table(
        "Claim", "Project", "Status", "Source", "Ago", title="Last claims"
    )
    for claim in claims:
        made.add_row(
            # A tenant's words: rich would read markup in them.
            text.Text(claim["name"]),
            text.Text(claim["project_id"]),
            claim["status"],
            claim["source"] or "",
            _words(_seconds(claim["updated_at"], now)),
        )
    return made


def _seconds(since: str, until: datetime.datetime) -> float:
    begun = datetime.datetime.fromisoformat(since)
    return max(0.0, (until - begun).total_seconds())


def _words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
