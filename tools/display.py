"""What the tours show: pools that fill, and a table of claims."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box, console, progress, table

#: Between two questions about the pools, in seconds.
_PAUSE = 0.25


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim and what it came to."""

    project: str
    name: str
    #: pool, created, existing, or the error.
    source: str
    seconds: float
    said: str = ''


def screen() -> console.Console:
    """Standard output; without a terminal wide enough for a table."""
    found = console.Console(highlight=False)
    if not found.is_terminal:
        found = console.Console(highlight=False, width=110)
    return found


def watch_pools(
    out: console.Console,
    ask: Callable[[], Sequence[Mapping[str, Any]]],
    *,
    patience: float,
) -> float:
    """Show pools filling until all are full; how many seconds that took.

    Args:
        ask: returns the pools as ``get_pools`` does; none of them as long
            as nobody answers.
        patience: in seconds; TimeoutError when it is over.
    """
    began = time.monotonic()
    show = _bars(out) if out.is_terminal else _Lines(out)
    with show:
        while True:
            pools = ask()
            show.update(pools)
            took = time.monotonic() - began
            if pools and all(pool['ready'] >= pool['target']
                             for pool in pools):
                return took
            if took > patience:
                raise TimeoutError(f'after {took:.0f} s not full: {pools}')
            time.sleep(_PAUSE)


class _Lines:
    """For a file or a pipe: a line when something has changed."""

    def __init__(self, out: console.Console) -> None:
        self._out = out
        self._shown = ''

    def __enter__(self) -> '_Lines':
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves nothing behind."""

    def update(self, pools: Sequence[Mapping[str, Any]]) -> None:
        line = '   '.join(
            f"{pool['name']} {pool['ready']}/{pool['target']}"
            for pool in pools)
        if line != self._shown:
            self._out.print(f'  {line}')
            self._shown = line


class _Bars:
    """For a terminal: a bar for each pool."""

    def __init__(self, bars: progress.Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, progress.TaskID] = {}

    def __enter__(self) -> '_Bars':
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def update(self, pools: Sequence[Mapping[str, Any]]) -> None:
        for pool in pools:
            name = pool['name']
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(
                    name, total=pool['target'])
            self._bars.update(self._tasks[name], completed=pool['ready'])


def _bars(out: console.Console) -> _Bars:
    return _Bars(progress.Progress(
        progress.TextColumn('  {task.description}'),
        progress.BarColumn(40),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        console=out))


def claims(rows: Sequence[Row]) -> table.Table:
    """A table of claims, in their order."""
    made = table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column('source')
    made.add_column('time', justify='right')
    made.add_column('project')
    made.add_column('name')
    made.add_column('', overflow='fold')
    for row in rows:
        made.add_row(row.source, f'{row.seconds * 1000:.0f} ms', row.project,
                     row.name, row.said)
    return made
