"""A table of another database that says which image is which snapshot.

For installations whose provisioning system keeps such a table already.  It
is only read: the statements are SELECTs, each in a transaction of its own
that is never committed.
"""

import sqlalchemy as sa
from sqlalchemy import pool

from cube_volpool import exception, secrecy, settings
from cube_volpool.db import ledger


class OsTable:
    """Reads the table by the names that the configuration gives.

    A connection lives for one reading: minutes lie between two.
    """

    def __init__(self, options: settings.TableSettings) -> None:
        names = (
            options.os_column,
            options.type_column,
            options.snapshot_column,
            options.version_column,
        )
        table = sa.table(
            options.table, *(sa.column(name) for name in names if name)
        )
        version = (
            table.c[options.version_column]
            if options.version_column
            else sa.literal("")
        )
        self._query = sa.select(
            table.c[options.os_column].label("os"),
            table.c[options.type_column].label("type"),
            table.c[options.snapshot_column].label("snapshot_id"),
            version.label("version"),
        )
        self._url = options.connection
        self._name = options.table

    def read(self) -> tuple[settings.TableRow, ...]:
        """Return every row that names a snapshot.

        Raises ImagesUnavailable when the table cannot be read.
        """
        try:
            engine = sa.create_engine(
                ledger.with_charset(self._url), poolclass=pool.NullPool
            )
            with engine.connect() as connection:
                rows = connection.execute(self._query).all()
        except (
            sa.exc.SQLAlchemyError,
            # PyMySQL reads its certificates before it begins to connect.
            OSError,
            # A driver that is not installed.
            ImportError,
        ) as error:
            raise exception.ImagesUnavailable(
                table=self._name, reason=_brief(error)
            ) from error
        return tuple(
            settings.TableRow(
                os=str(row.os or ""),
                type=str(row.type or ""),
                snapshot_id=str(row.snapshot_id),
                version=str(row.version or ""),
            )
            for row in rows
            if row.snapshot_id
        )


def _brief(error: Exception) -> str:
    """Say what is wrong, with the server's words for a wrong name.

    The statement has no values of anybody's in it; the URL has a password.
    """
    inner = getattr(error, "orig", None) or error
    words = str(inner.args[-1] if inner.args else "").strip()
    first = secrecy.masked(words.partition("\n")[0])
    told = ledger.brief(error)
    return f"{told}: {first}" if first else told
