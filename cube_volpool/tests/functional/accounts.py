"""An account of a database that may read and write rows, and no more.

The statements are those of the documents, admin/security.rst.
"""

from typing import Any

import fixtures
import sqlalchemy as sa

_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_GRANTS = {
    "mysql": (
        "CREATE USER {user} IDENTIFIED BY '{password}'",
        f"GRANT {_ROWS} ON {{database}}.* TO {{user}}",
    ),
    "postgresql": (
        "CREATE ROLE {user} LOGIN PASSWORD '{password}'",
        "GRANT CONNECT ON DATABASE {database} TO {user}",
        f"GRANT {_ROWS} ON ALL TABLES IN SCHEMA public TO {{user}}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {user}",
    ),
}
_DROPS = {
    "mysql": ("DROP USER {user}",),
    "postgresql": ("DROP OWNED BY {user}", "DROP ROLE {user}"),
}


class RowsOnly(fixtures.Fixture):
    """The account, for a database that has its tables; ``url`` is its own.

    ``url`` of the constructor is that of the tables' owner.
    """

    def __init__(self, url: str, *, name: str, password: str) -> None:
        super().__init__()
        self._owner = sa.make_url(url)
        self.url = self._owner.set(username=name, password=password)
        quoted = f"'{name}'@'127.0.0.1'"
        self._words = {
            "user": quoted if self._kind == "mysql" else name,
            "password": password,
            "database": self._owner.database,
        }

    @property
    def _kind(self) -> str:
        return self._owner.get_backend_name()

    def _setUp(self) -> None:
        self._run(_GRANTS[self._kind])
        self.addCleanup(self._run, _DROPS[self._kind])

    def _run(self, statements: Any) -> None:
        opened = sa.create_engine(self._owner, isolation_level="AUTOCOMMIT")
        with opened.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(**self._words))
        opened.dispose()
