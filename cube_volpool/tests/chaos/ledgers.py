"""The daemons' database, with an account of no more rights than it needs."""

import abc
import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator

import fixtures
import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import migration, models
from cube_volpool.tests.chaos import servers

_PASSWORD = "volpool"
#: What PostgreSQL's tablespace holds; an empty database takes eight.
_SPACE_MEBIBYTES = 48


class LedgerDatabase(fixtures.Fixture, abc.ABC):
    """A migrated database; ``url`` is for the daemons.

    Its account is no administrator, so that read-only means it too.
    """

    #: As ``tools/servers`` calls the server.
    server: str
    variable: str

    def __init__(self, running: servers.Servers) -> None:
        self.servers = running
        self.name = f"volpool_{uuid.uuid4().hex[:12]}"

    def _setUp(self) -> None:
        server = sa.make_url(self.servers.urls[self.variable])
        # No pool: the server is stopped under it.
        self._admin = sa.create_engine(
            server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
        )
        self.url = server.set(
            database=self.name, username=self.name, password=_PASSWORD
        ).render_as_string(False)
        self._create()
        self.addCleanup(self._drop)
        self._reader = sa.create_engine(self.url, poolclass=sa.pool.NullPool)
        migration.sync(self._reader)

    def claims(self) -> tuple[model.Claim, ...]:
        """Return every claim."""
        with self._reader.connect() as connection:
            found = connection.execute(sa.select(models.claims))
            return tuple(models.claim(row) for row in found)

    def rows(self) -> tuple[model.PooledVolume, ...]:
        """Return every pooled volume."""
        with self._reader.connect() as connection:
            found = connection.execute(sa.select(models.backup_volumes))
            return tuple(models.pooled_volume(row) for row in found)

    def execute(self, statement: str) -> list[sa.Row]:
        """Run a statement as the administrator."""
        with self._admin.connect() as connection:
            done = connection.execute(sa.text(statement))
            return list(done.all()) if done.returns_rows else []

    @abc.abstractmethod
    def keep_commits(self) -> None:
        """Let a commit outlive a crash of the server.

        The servers of the tests are tuned for speed and would lose the last
        second.
        """

    @abc.abstractmethod
    def hang_up(self) -> int:
        """End every connection of the daemons; return how many."""

    @abc.abstractmethod
    def read_only(self) -> contextlib.AbstractContextManager[None]:
        """Refuse every write for the time of the block."""

    @abc.abstractmethod
    def _create(self) -> None: ...

    @abc.abstractmethod
    def _drop(self) -> None: ...


class MariadbLedger(LedgerDatabase):
    """On MariaDB."""

    server = "mariadb"
    variable = "VOLPOOL_TEST_MYSQL_URL"

    def _create(self) -> None:
        self.execute(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        account = f"'{self.name}'@'127.0.0.1'"
        self.execute(f"CREATE USER {account} IDENTIFIED BY '{_PASSWORD}'")
        self.execute(f"GRANT ALL ON {self.name}.* TO {account}")

    def _drop(self) -> None:
        self.execute(f"DROP DATABASE {self.name}")
        self.execute(f"DROP USER '{self.name}'@'127.0.0.1'")

    def keep_commits(self) -> None:
        """Let a commit outlive a crash of the server; those before, too."""
        self.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        self.execute("FLUSH ENGINE LOGS")

    def hang_up(self) -> int:
        """End every connection of the daemons; return how many."""
        (count,) = self.execute(
            "SELECT count(*) FROM information_schema.processlist"
            f" WHERE db = '{self.name}'"
        )[0]
        self.execute(f"KILL USER {self.name}")
        return int(count)

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Refuse every write for the time of the block."""
        self.execute("SET GLOBAL read_only = 1")
        try:
            yield
        finally:
            self.execute("SET GLOBAL read_only = 0")


class PostgresqlLedger(LedgerDatabase):
    """On PostgreSQL, on a disk of its own: ``space``."""

    server = "postgresql"
    variable = "VOLPOOL_TEST_POSTGRESQL_URL"

    def _create(self) -> None:
        # Where the server's own user can get at it.
        folder = self.servers.folder / self.name
        self.addCleanup(folder.rmdir)
        self.space = self.useFixture(
            servers.Tmpfs(folder, mebibytes=_SPACE_MEBIBYTES)
        )
        place = self.space.path / "tables"
        place.mkdir(mode=0o700)
        if os.getuid() == 0:
            shutil.chown(place, "postgres", "postgres")
        self.execute(f"CREATE TABLESPACE {self.name} LOCATION '{place}'")
        self.execute(
            f"CREATE ROLE {self.name} LOGIN PASSWORD '{_PASSWORD}'"
        )
        self.execute(
            f"CREATE DATABASE {self.name} OWNER {self.name}"
            f" TABLESPACE {self.name}"
        )

    def _drop(self) -> None:
        self.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        self.execute(f"DROP ROLE {self.name}")
        self.execute(f"DROP TABLESPACE {self.name}")

    def keep_commits(self) -> None:
        """Let a commit outlive a crash of the server; those before, too."""
        self.execute(
            f"ALTER DATABASE {self.name} SET synchronous_commit = on"
        )
        self.hang_up()
        self.execute("CHECKPOINT")

    def hang_up(self) -> int:
        """End every connection of the daemons; return how many."""
        return len(
            self.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{self.name}'"
            )
        )

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Refuse every write for the time of the block.

        As a server that runs out of space is switched by its operator, or a
        primary that became a standby.  At the end nobody ends the
        connections: those made meanwhile go on refusing.
        """
        option = f"ALTER DATABASE {self.name}"
        self.execute(f"{option} SET default_transaction_read_only = on")
        self.hang_up()
        try:
            yield
        finally:
            self.execute(f"{option} RESET default_transaction_read_only")
