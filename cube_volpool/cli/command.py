"""What all commands have in common: errors, exit statuses, columns."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cliff import columns, command, lister, show

from cube_volpool import exception, secrecy, volumeapi
from cube_volpool.cli import daemon
from cube_volpool.client import connection

#: 0 done, and these.
ERROR: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
BUSY: Final = 4
REFUSED: Final = 5

#: The first that an error is an instance of.
_STATUSES: Final[tuple[tuple[type[Exception], int], ...]] = (
    (daemon.Unconfigured, USAGE),
    (exception.InvalidRequest, USAGE),
    (exception.NotKnown, NOT_FOUND),
    (exception.NoImage, NOT_FOUND),
    # Nothing is known of what became of the request.
    (connection.NoAnswer, BUSY),
    (exception.ClaimInProgress, BUSY),
    (exception.Busy, BUSY),
    (exception.CinderUnavailable, BUSY),
    (volumeapi.Unreachable, BUSY),
    (exception.Refused, REFUSED),
    (exception.NotPermitted, REFUSED),
    (exception.ProjectMismatch, REFUSED),
    (exception.ClaimMismatch, REFUSED),
    (exception.PoolEmpty, REFUSED),
    (exception.QuotaExceeded, REFUSED),
    (exception.NotExtended, REFUSED),
    (volumeapi.Refused, REFUSED),
    (exception.VolpoolError, ERROR),
)


def failed(error: Exception) -> int | None:
    """Say in one sentence what went wrong; return the exit status.

    None: it is none of the errors that a person can do something about.
    """
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            text = str(error)
            if isinstance(error, connection.NoAnswer):
                text += "; whether it was done is not known: look, then repeat"
            print(secrecy.masked(text), file=sys.stderr)
            return status
    return None


class _Quiet(command.Command):
    """A command whose known errors are one sentence and a status."""

    @property
    def daemon(self) -> daemon.Daemon:
        """The way to the daemons."""
        shell: Any = self.app
        found: daemon.Daemon = shell.daemon
        return found

    def run(self, parsed_args: Any) -> int:
        """Run it; return the exit status."""
        try:
            return int(super().run(parsed_args))
        except Exception as error:
            status = failed(error)
            if status is None:
                raise
            return status


class Command(_Quiet):
    """A command that prints what it likes."""


class Lister(_Quiet, lister.Lister):
    """A command that shows a table."""


class ShowOne(_Quiet, show.ShowOne):
    """A command that shows one thing."""


class Counts(columns.FormattableColumn[Any]):
    """A number for each word: ``2 available, 1 deleting``."""

    def human_readable(self) -> str:
        """Return it for a table."""
        return ", ".join(f"{n} {word}" for word, n in self._value.items())


class Mapped(columns.FormattableColumn[Any]):
    """Keys and values: ``role='sys'``."""

    def human_readable(self) -> str:
        """Return it for a table."""
        return ", ".join(f"{k}={v!r}" for k, v in sorted(self._value.items()))


#: The heading of a column, and what it shows of a thing.
Columns = Sequence[tuple[str, Callable[[Mapping[str, Any]], Any]]]


def key(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return what takes a key out of a thing; a daemon may lack new ones."""
    return lambda shown: shown.get(name)


def table(
    shown: Sequence[Mapping[str, Any]], wanted: Columns
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return headings and rows, as cliff wants them."""
    return (
        tuple(heading for heading, _ in wanted),
        [tuple(of(one) for _, of in wanted) for one in shown],
    )


def one(
    shown: Mapping[str, Any], wanted: Columns
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return headings and values of one thing."""
    headings, rows = table([shown], wanted)
    return headings, rows[0]
