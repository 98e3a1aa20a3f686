"""The ledger's time: the database's own clock, in UTC, as SQL.

Leases and ages are compared inside the database, so that daemons with wrong
clocks agree.  The construct takes an offset in seconds, because each dialect
adds to a time in its own way.
"""

from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import functions


class LedgerClock(Protocol):
    """Makes the SQL expression of now plus ``offset`` seconds."""

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
