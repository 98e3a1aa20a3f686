"""What a connection is asked before and after each transaction: nothing.

oslo.db lets SQLAlchemy ask the server before each whether the connection is
alive, and roll back after each what was committed already.  Both are a round
trip, and a claim has three transactions.  Every one of ours is repeated when
its connection breaks, so a connection is asked only when it has idled for
long enough to have been forgotten; and what the driver knows to be over is
not rolled back again.

*Source:* SQLAlchemy 2.1, "Reset On Return" and "Disconnect Handling -
Pessimistic"; oslo.db 18.1 ``sqlalchemy/engines.py``, which knows no option
for either.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import plugins

from cube_volpool import clock

#: A connection that was used so many seconds ago will still be there.
_FRESH: Final = 5.0
_NAME: Final = "volpool"
_USED: Final = "volpool_used_at"
#: MariaDB's SERVER_STATUS_IN_TRANS.
_IN_TRANSACTION: Final = 1


class Plugin(sa.CreateEnginePlugin):
    """Makes an engine's pool keep quiet."""

    def __init__(self, url: sa.URL, kwargs: dict[str, Any]) -> None:
        """Take in nothing: there is no option."""

    def update_url(self, url: sa.URL) -> sa.URL:
        """Take our own name out again."""
        return url.difference_update_query(["plugin"])

    def handle_pool_kwargs(
        self, pool_class: Any, pool_args: dict[str, Any]
    ) -> None:
        """Switch off what is done for each transaction."""
        pool_args["pre_ping"] = False
        pool_args["reset_on_return"] = None
        if issubclass(pool_class, sa.pool.QueuePool):
            # The one that was used last is the one that is known to live.
            pool_args["use_lifo"] = True

    def engine_created(self, engine: sa.Engine) -> None:
        """Do what is needed of it."""
        freshness = _Freshness(engine.dialect, clock.SystemClock())
        sa.event.listen(engine, "reset", _reset)
        sa.event.listen(engine, "checkin", freshness.note)
        sa.event.listen(engine, "checkout", freshness.check)


plugins.register(_NAME, __name__, "Plugin")


def plugged(url: str) -> str:
    """Return the URL of an engine with such a pool; SQLite has no server."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return url
    return parsed.update_query_dict(
        {"plugin": _NAME}, append=True
    ).render_as_string(hide_password=False)


class _Freshness:
    """Asks a connection that idled for long whether it is still there."""

    def __init__(self, dialect: sa.Dialect, ticker: clock.Clock) -> None:
        self._dialect = dialect
        self._ticker = ticker

    def note(self, _connection: Any, record: Any) -> None:
        """Take in that a connection was used."""
        record.info[_USED] = self._ticker.monotonic()

    def check(self, connection: Any, record: Any, _proxy: Any) -> None:
        """Look at a connection that is about to be used.

        Raises InvalidatePoolError: the pool then opens another.
        """
        _assume_open(connection)
        used_at = record.info.get(_USED)
        if used_at is None or self._ticker.monotonic() - used_at < _FRESH:
            return
        try:
            is_alive = self._dialect.do_ping(connection)
        except self._dialect.loaded_dbapi.Error:
            is_alive = False
        if not is_alive:
            raise sa.exc.InvalidatePoolError


# psycopg2 knows whether a transaction is open, and sends nothing when none is.
# PyMySQL keeps what the server says of it, but does not look; and it keeps the
# status of changes and commits alone, not that of rows or errors.  So at first
# one is taken for open, which only a commit or a rollback can deny.
# *Source:* PyMySQL 1.1 ``connections.MySQLResult``.


def _assume_open(connection: Any) -> None:
    status = getattr(connection, "server_status", None)
    if status is not None:
        connection.server_status = status | _IN_TRANSACTION


def _reset(connection: Any, _record: Any, state: Any) -> None:
    """End a transaction that is still open."""
    if state.terminate_only or state.transaction_was_reset:
        return
    status = getattr(connection, "server_status", None)
    if status is None or status & _IN_TRANSACTION:
        connection.rollback()
