"""How long one daemon may keep the others waiting in the database.

A daemon that is stopped, or whose machine is, in the middle of a transaction
holds its locks until the database notices.  By its own defaults that may
take hours.
"""

import contextlib
from typing import Any, Final

import sqlalchemy as sa

#: Our transactions are some statements in a row, and never span a call to
#: anybody else: what idles in one for so long, in seconds, will not go on.
IDLE: Final = 15
#: For a lock, in seconds; the whole transaction is tried again then.
LOCK: Final = 3

_STATEMENTS: Final = {
    "mysql": (
        f"SET SESSION innodb_lock_wait_timeout = {LOCK}",
        # MariaDB's alone: MySQL has none, and there the daemon's machine has
        # to be noticed by TCP.
        f"SET SESSION idle_transaction_timeout = {IDLE}",
    ),
    "postgresql": (
        f"SET lock_timeout = '{LOCK}s'",
        f"SET idle_in_transaction_session_timeout = '{IDLE}s'",
    ),
}


def bound(engine: sa.Engine) -> None:
    """Let every connection that the engine opens give up in time."""
    statements = _STATEMENTS.get(engine.dialect.name, ())
    refusals = engine.dialect.loaded_dbapi.Error

    def opened(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            with contextlib.suppress(refusals):
                cursor.execute(statement)
        cursor.close()
        # Outside of autocommit a driver has begun a transaction by now.
        connection.commit()

    if statements:
        sa.event.listen(engine, "connect", opened)
