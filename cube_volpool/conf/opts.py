"""What oslo-config-generator and the documentation ask for."""

from collections.abc import Sequence
from typing import Any, Final

from oslo_config import cfg
from oslo_db import options as db_options
from oslo_log import log

from cube_volpool.conf import (
    catalogue,
    cinder,
    claim,
    daemon,
    keyring,
    ledger,
    os_table,
    pool,
    reconcile,
    status,
)
from cube_volpool.conf.section import DEFAULT

#: The groups whose names are fixed; pools have one each.
GROUPS: Final[tuple[tuple[str, Sequence[Any]], ...]] = (
    (DEFAULT, daemon.OPTS),
    (claim.GROUP, claim.OPTS),
    (reconcile.GROUP, reconcile.OPTS),
    (catalogue.GROUP, catalogue.OPTS),
    (os_table.GROUP, os_table.OPTS),
    (ledger.GROUP, ledger.OPTS),
    (cinder.GROUP, cinder.OPTS),
    (status.GROUP, status.OPTS),
)

#: A thread that works on a claim holds a connection for each transaction, and
#: oslo.messaging has 64 of them; oslo.db's 5 + 50 would let some wait.
#: Connections beyond the first number are closed after use and made anew; so
#: many are in use at once on a busy daemon.
_POOL_SIZE: Final = 32
_OVERFLOW: Final = 48

#: The first two write bodies of requests at DEBUG, and those of transfers
#: carry secrets.  The third tells at INFO which dialect it speaks.
_QUIET: Final = (
    "cinderclient=WARN",
    "keystoneauth=WARN",
    "alembic=WARN",
    # A traceback for each transaction while the database is away; whoever
    # asked for it says so in one line.
    "oslo_db.api=CRITICAL",
    # The same, for each statement that a read-only database refuses.
    "oslo_db.sqlalchemy.exc_filters=CRITICAL",
)


def list_opts() -> list[tuple[Any, list[Any]]]:
    """Return (group, options) of everything that this project defines."""
    example = cfg.OptGroup(
        pool.group_of("name"),
        title="One pool",
        help="One group for each name in enabled_pools, for example "
        "[pool:debian-12-ssd].",
    )
    return [
        *((group, list(opts)) for group, opts in GROUPS),
        (example, list(pool.OPTS)),
        *keyring.list_opts(),
    ]


def set_defaults() -> None:
    """Change defaults of the libraries' options.  Safe to repeat."""
    cfg.set_defaults(
        db_options.database_opts,
        max_pool_size=_POOL_SIZE,
        max_overflow=_OVERFLOW,
    )
    usual = log.get_default_log_levels()
    log.set_defaults(
        default_log_levels=[
            *(level for level in usual if level not in _QUIET),
            *_QUIET,
        ]
    )
