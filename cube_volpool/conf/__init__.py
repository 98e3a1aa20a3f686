"""The options: registered on a ``ConfigOpts``, read into frozen settings.

Nothing here touches the global ``cfg.CONF``; whoever parses the command line
brings the registry along.
"""

import dataclasses

from oslo_config import cfg
from oslo_db import options as db_options
from oslo_log import log
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import url as engine_url

from cube_volpool import settings
from cube_volpool.conf import (
    catalogue,
    certificates,
    cinder,
    claim,
    consistency,
    daemon,
    keyring,
    ledger,
    opts,
    os_table,
    pool,
    reconcile,
    status,
)
from cube_volpool.conf.section import DEFAULT, Section

__all__ = ("load", "register")

LOG = log.getLogger(__name__)

_DATABASE = "database"


def register(conf: cfg.ConfigOpts) -> None:
    """Register every option but the pools'.  Safe to repeat.

    The groups of the pools are registered by :func:`load`, which knows their
    names.  The options of logging and of the database come along.
    """
    opts.set_defaults()
    log.register_options(conf)
    conf.register_opts(db_options.database_opts, group=_DATABASE)
    for group, options in opts.GROUPS:
        # "DEFAULT" spelled out would be a second group of that name.
        conf.register_opts(options, group=None if group == DEFAULT else group)
    keyring.register(conf)


def load(conf: cfg.ConfigOpts) -> settings.Settings:
    """Read and check a parsed configuration.

    Raises InvalidConfiguration, which names the option, on a value that is
    wrong by itself or that contradicts another.
    """
    default = Section(conf)
    daemon.check_rest(default)
    checked = settings.Settings(
        deployment=daemon.read_deployment(default),
        pools=_read_pools(conf, default),
        catalogue=_read_catalogue(conf),
        claim=claim.read(Section(conf, claim.GROUP)),
        reconcile=reconcile.read(Section(conf, reconcile.GROUP)),
        cinder=cinder.read(Section(conf, cinder.GROUP)),
        status=status.read(Section(conf, status.GROUP)),
        rescue_interval=Section(conf, claim.GROUP).seconds("rescue_interval"),
        purge_interval=Section(conf, ledger.GROUP).seconds("purge_interval"),
        purge_after=Section(conf, ledger.GROUP).days("purge_after"),
    )
    cinder.check(Section(conf, cinder.GROUP))
    check_database(conf)
    _check_keyrings_and_rest(conf, checked)
    return checked


def check_database(conf: cfg.ConfigOpts) -> str:
    """Return the URL of the database; it may hold a password.

    Raises InvalidConfiguration when there is none, or none that can be used.
    """
    database = Section(conf, _DATABASE)
    url = _database_url(database, "cube_volpool")
    added = database.words("connection_parameters")
    certificates.check(database, url, added=added)
    return url


def _database_url(database: Section, example: str) -> str:
    url = database.words("connection")
    if url is None:
        raise database.wrong(
            "connection",
            "not set; give the URL of the database, for example "
            f"mysql+pymysql://user:password@host/{example}",
        )
    try:
        engine_url.make_url(url).get_dialect().import_dbapi()
    except sa_exc.ArgumentError:
        # Its text may repeat the URL, and with it the password.
        raise database.wrong(
            "connection", "is no URL of a database that SQLAlchemy knows"
        ) from None
    except ImportError as error:
        raise database.wrong(
            "connection", f"its driver is not installed: {error}"
        ) from error
    return url


def _read_catalogue(conf: cfg.ConfigOpts) -> settings.CatalogueSettings:
    found = catalogue.read(Section(conf, catalogue.GROUP))
    if found.source is not settings.ImageSource.TABLE:
        return found
    table = Section(conf, os_table.GROUP)
    url = _database_url(table, "skyline")
    certificates.check(table, url)
    return dataclasses.replace(found, table=os_table.read(table, url))


def _read_pools(
    conf: cfg.ConfigOpts, default: Section
) -> tuple[settings.PoolSpec, ...]:
    names = daemon.read_pool_names(default)
    present = {
        section
        for section in conf.list_all_sections()
        if section.startswith(pool.group_of(""))
    }
    for name in names:
        if pool.group_of(name) not in present:
            raise default.wrong(
                "enabled_pools",
                f"pool {name} has no group [{pool.group_of(name)}]",
            )
    for group in sorted(present - {pool.group_of(name) for name in names}):
        LOG.warning("[%s] is not used: enabled_pools does not name it", group)
    return tuple(pool.read(conf, name) for name in names)


def _check_keyrings_and_rest(
    conf: cfg.ConfigOpts, checked: settings.Settings
) -> None:
    pool_project = keyring.Keyring(conf, keyring.POOL_PROJECT)
    tenant = keyring.Keyring(conf, keyring.TENANT)
    keyring.check_pool_project(pool_project)
    keyring.check_tenant(tenant, keyring.Keyring(conf, keyring.SERVICE_USER))
    consistency.check_pools(checked.pools)
    consistency.check_images(checked.pools)
    consistency.check_claim(checked.claim, timeout=tenant.timeout())
    consistency.check_reconcile(
        checked.reconcile, checked.pools, timeout=pool_project.timeout()
    )
