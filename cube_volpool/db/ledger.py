"""Transactions on the ledger: the engine, the retries, the clock."""

import functools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import sqlalchemy as sa
from oslo_db import api as db_api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import enginefacade

from cube_volpool import certificates, exception
from cube_volpool.db import clock as ledger_clock
from cube_volpool.db import pooling, waits

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: What says that the database does not answer.  oslo.db translates most
#: errors, but not a PostgreSQL that refuses the very first connection.
_UNAVAILABLE = (
    db_exception.DBError,
    sa.exc.DBAPIError,
    sa.exc.TimeoutError,
    # PyMySQL reads its certificates before it begins to connect.
    OSError,
)
#: What a server says that takes no writes for now: MariaDB's numbers of
#: read_only, of a read-only transaction and of a read-only engine, and
#: PostgreSQL's SQLSTATE read_only_sql_transaction.
_READ_ONLY = frozenset({1290, 1792, 1836, "25006"})
#: The clause of a driver's error that is about the server's certificate.
_CERTIFICATE = re.compile(
    r"[^]\[:(\n]*certificate(?:(?! \(_ssl)[^\n])*"
)
#: What a caller is told to wait while the database is away, in seconds.
RETRY_AFTER = 5


class Ledger:
    """One database and its clock.

    ``options`` are those of oslo.db's ``[database]`` group; ``connection``
    is the URL.  ``clock`` is another one in tests alone.
    """

    def __init__(
        self,
        options: dict[str, Any],
        clock: ledger_clock.LedgerClock = ledger_clock.database_time,
    ) -> None:
        self.clock = ledger_clock.LedgerTime(clock)
        self._url = sa.make_url(options["connection"])
        self._facade = enginefacade.transaction_context()
        # Waiting for a database that is down is the callers' business: the
        # daemon's loops do it, and a claim must not.
        self._facade.configure(
            **{
                **options,
                "connection": pooling.plugged(
                    with_charset(options["connection"])
                ),
                "max_retries": 0,
                # It is for eventlet alone: a thread would hand the others
                # its turn at each end of a transaction, and wait for them.
                "thread_checkin": False,
            }
        )
        self._engine: sa.Engine | None = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> sa.Engine:
        """The engine, made at first use because making it connects."""
        with self._lock:
            if self._engine is None:
                engine = self._facade.writer.get_engine()
                sa.event.listen(engine, "handle_error", _leave_read_only)
                waits.bound(engine)
                if engine.dialect.name == "sqlite":
                    sa.event.listen(engine, "checkout", _leave_begin_to_us)
                    sa.event.listen(engine, "begin", _begin_immediate)
                self._engine = engine
            return self._engine

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction; it commits at the end, or rolls back."""
        with self.engine.begin() as connection:
            yield connection

    def away(self, error: Exception) -> exception.LedgerUnavailable:
        """Say that the database does not answer, and why.

        A certificate that is missing is named: PyMySQL's error does not.
        """
        missing = certificates.troubles(
            self._url.get_backend_name(), self._url.query
        )
        why = next(missing, None) or brief(error)
        return exception.LedgerUnavailable(
            reason=f"the database does not answer: {why}",
            retry_after=RETRY_AFTER,
        )

    def close(self) -> None:
        """Drop the connections."""
        if self._engine is not None:
            self._engine.dispose()


def with_charset(url: str) -> str:
    """Let MariaDB have all of Unicode.

    oslo.db talks its old "utf8" where the URL names no charset: three bytes a
    character, so that a name with an emoji in it could never be claimed.
    *Source:* oslo.db 18.1 ``sqlalchemy/engines.py``.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() not in ("mysql", "mariadb"):
        return url
    if "charset" in parsed.query:
        return url
    return parsed.update_query_dict(
        {"charset": "utf8mb4"}
    ).render_as_string(hide_password=False)


def _leave_read_only(context: sa.engine.ExceptionContext) -> None:
    """Take a connection that refuses writes for a broken one.

    It may lead to a primary that became a standby; and PostgreSQL's keep
    refusing for as long as they live after the switch was turned back.
    Only this one: should all refuse, each is replaced at its own pace.
    """
    error = context.original_exception
    code = getattr(error, "pgcode", None) or next(iter(error.args), None)
    if code in _READ_ONLY:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


# SQLite cannot turn a reader into a writer once another has written: the
# transaction would fail at once, without waiting.  So every transaction queues
# for the write lock at its start.  oslo.db's listener begins an ordinary one,
# and SQLAlchemy lets nobody come before it; so its own flag says, from the
# checkout on, that there is nothing to begin.


def _leave_begin_to_us(_connection: Any, record: Any, _proxy: Any) -> None:
    record.info.update(in_transaction=True, volpool_begins=True)


def _begin_immediate(connection: sa.Connection) -> None:
    if connection.info.pop("volpool_begins", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Records(Protocol):
    """What :func:`transaction` needs of its object."""

    _ledger: Ledger


_S = TypeVar("_S", bound=Records)


def transaction(
    method: Callable[Concatenate[_S, sa.Connection, _P], _T],
) -> Callable[Concatenate[_S, _P], _T]:
    """Run a method as one transaction, the whole repeated when it clashes.

    Raises LedgerUnavailable when the database does not answer.  The retry is
    outside, so that each try is a transaction of its own.  A commit whose
    answer was lost is tried again too: every write is a compare-and-swap, so
    the second one changes nothing and says LostRace.
    """

    @functools.wraps(method)
    def attempt(self: _S, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with self._ledger.write() as connection:
            return method(self, connection, *args, **kwargs)

    retry = db_api.wrap_db_retry(
        max_retries=8,
        retry_interval=0.01,
        inc_retry_interval=True,
        max_retry_interval=0.5,
        jitter=True,
        retry_on_deadlock=True,
        retry_on_disconnect=True,
        exception_checker=_is_sqlite_busy,
    )
    retried = retry(attempt)

    @functools.wraps(method)
    def told(self: _S, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return cast(_T, retried(self, *args, **kwargs))
        except db_exception.DBDuplicateEntry:
            raise
        except _UNAVAILABLE as error:
            raise self._ledger.away(error) from error

    return cast(Callable[Concatenate[_S, _P], _T], told)


def brief(error: Exception) -> str:
    """Say what an error of the database is, in words fit for a caller.

    Without the statement and its parameters: they are other callers'.
    """
    # The server's number tells one that is away from one that refuses.
    numbers = getattr(getattr(error, "orig", None), "args", ())
    number = next((n for n in numbers if isinstance(n, int)), None)
    name = type(error).__name__
    told = name if number is None else f"{name} {number}"
    # Which authority or name is wrong, nobody could guess.
    inner = getattr(error, "inner_exception", error)
    trust = _CERTIFICATE.search(str(getattr(inner, "orig", "")))
    return told if trust is None else f"{told}, {trust[0].strip()}"


def _is_sqlite_busy(error: Exception) -> bool:
    return "database is locked" in str(error)
