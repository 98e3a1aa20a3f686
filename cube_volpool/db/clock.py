"""The ledger's time: the database's own clock, in UTC, as SQL.

Leases and ages are compared inside the database, so that daemons with wrong
clocks agree.  The construct takes an offset in seconds, because each dialect
adds to a time in its own way.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import functions

_S = TypeVar("_S", bound=sa.Executable)


class LedgerClock(Protocol):
    """Makes the SQL expression of now plus ``offset`` seconds.

    Now is when the statement runs, not when it is built: it may be kept.
    """

    def __call__(self, offset: float = 0) -> sa.ColumnElement[datetime]:
        """Return a naive UTC time as a column expression."""


class _LedgerTime(functions.GenericFunction[datetime]):
    name = "volpool_ledger_time"
    type = sa.DateTime()
    inherit_cache = True


@compiles(_LedgerTime, "sqlite")
def _sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    # SQLite has milliseconds only; the zeros make the text the one that
    # SQLAlchemy writes for a datetime, so that texts compare as times.
    offset = compiler.process(element.clauses, **kw)
    return (
        f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {offset} || ' seconds')"
    )


@compiles(_LedgerTime, "mysql")
@compiles(_LedgerTime, "mariadb")
def _mysql(element: Any, compiler: Any, **kw: Any) -> str:
    offset = compiler.process(element.clauses, **kw)
    return f"(UTC_TIMESTAMP(6) + INTERVAL {offset} SECOND)"


@compiles(_LedgerTime, "postgresql")
def _postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    # clock_timestamp() moves on inside a transaction, now() does not.
    offset = compiler.process(element.clauses, **kw)
    return (
        f"(timezone('utc', clock_timestamp())"
        f" + {offset} * interval '1 second')"
    )


def database_time(offset: float = 0) -> sa.ColumnElement[datetime]:
    """Return the database's now plus ``offset`` seconds."""
    return _LedgerTime(sa.literal(float(offset), sa.Float()))


@dataclass(frozen=True)
class FromNow:
    """A time of the ledger's: so many seconds after its statement runs.

    They are a part of the statement, which is kept: few different ones.
    """

    seconds: float = 0.0


class LedgerTime:
    """The clock of one ledger, and the statements that are built with it.

    To build and run one takes SQLAlchemy many times as long as to run one
    that was built before, and a claim runs six.  For many threads: at worst
    two build the same.
    """

    def __init__(self, clock: LedgerClock) -> None:
        self._clock = clock
        self._built: dict[Hashable, sa.Executable] = {}

    def __call__(self, offset: float = 0) -> sa.ColumnElement[datetime]:
        """Return the ledger's now plus ``offset`` seconds."""
        return self._clock(offset)

    def built(self, key: Hashable, build: Callable[[], _S]) -> _S:
        """Return the statement of a key; ``build`` makes it the first time.

        What differs from one run to the next has to be a parameter of it.
        """
        found = self._built.get(key)
        if found is None:
            found = self._built[key] = build()
        return cast(_S, found)
