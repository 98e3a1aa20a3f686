"""``cube-volpool-manage``: the database and the images of an installation.

``db sync`` makes or upgrades the tables, ``db version`` tells which revision
they have, ``db purge`` deletes old finished claims, ``db downgrade`` is
refused.  ``os`` reads, shows and
judges images; see ``manage_os``.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

from oslo_config import cfg
from oslo_log import log

from cube_volpool import conf as options
from cube_volpool import exception, secrecy
from cube_volpool.cmd import manage_os, subcommands
from cube_volpool.conf import secret
from cube_volpool.db import ledger, migration, pools

LOG = log.getLogger(__name__)

#: Large enough to be quick, small enough to hold no lock for long.
_BATCH: Final = 1000
#: sysexits.h: the configuration is wrong.
EX_CONFIG: Final = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    conf = cfg.ConfigOpts()
    options.register(conf)
    # Standard output, oslo.log's own choice, is for what a command prints.
    conf.set_default("use_stderr", True)
    conf.register_cli_opt(
        cfg.SubCommandOpt("command", title="Commands", handler=_add_commands)
    )
    try:
        conf(
            sys.argv[1:] if argv is None else argv,
            project="cube_volpool",
            prog="cube-volpool-manage",
        )
        log.setup(conf, "cube_volpool")
        secrecy.keep(secret.read(conf))
        secrecy.guard_logs()
        run: subcommands.Command = conf.command.run
        return run(conf)
    except (cfg.Error, exception.InvalidConfiguration) as error:
        print(secrecy.masked(str(error)), file=sys.stderr)
        return EX_CONFIG
    except Exception as error:
        LOG.debug("the command failed", exc_info=True)
        print(secrecy.masked(f"failed: {error}"), file=sys.stderr)
        return 1


def open_ledger(conf: cfg.ConfigOpts) -> ledger.Ledger:
    """Open the configured database, without waiting for one that is down."""
    options.check_database(conf)
    return ledger.Ledger({**conf.database, "max_retries": 0})


def _sync(conf: cfg.ConfigOpts) -> int:
    with closing(open_ledger(conf)) as opened:
        migration.sync(opened.engine)
        print(migration.version(opened.engine))
    return 0


def _version(conf: cfg.ConfigOpts) -> int:
    with closing(open_ledger(conf)) as opened:
        present = migration.version(opened.engine)
    if present == migration.head():
        print(present)
    else:
        print(
            f"{present or 'none'} (this release needs {migration.head()}: "
            "run db sync)"
        )
    return 0


def _downgrade(_conf: cfg.ConfigOpts) -> int:
    print(
        "refused: an older release cannot know what a newer one has written, "
        "and a volume that it does not know it would build again or delete. "
        "Stop all daemons, restore the backup of the database that was made "
        "before the upgrade, and start the older release; what was made or "
        "handed over since is found by its marks",
        file=sys.stderr,
    )
    return 1


def _purge(conf: cfg.ConfigOpts) -> int:
    days = conf.command.days
    older_than = timedelta(
        days=conf.ledger.purge_after if days is None else days
    )
    purged = 0
    with closing(open_ledger(conf)) as opened:
        if migration.version(opened.engine) != migration.head():
            print("the tables are not of this release: run db sync first")
            return 1
        records = pools.PoolRecords(opened)
        while True:
            done = records.purge(
                older_than=older_than, limit=conf.command.batch
            )
            purged += done
            if done < conf.command.batch:
                break
    print(f"{purged} claims purged")
    return 0


def _add_commands(commands: Any) -> None:
    manage_os.add_commands(commands)
    database = commands.add_parser("db", help="the database")
    actions = database.add_subparsers(dest="action", required=True)
    subcommands.add(actions, "sync", _sync, "make or upgrade the tables")
    subcommands.add(
        actions, "version", _version, "tell the revision of the tables"
    )
    down = subcommands.add(
        actions, "downgrade", _downgrade, "refused, with the reason"
    )
    down.add_argument("revision", nargs="?", help="ignored")
    purge = subcommands.add(
        actions, "purge", _purge, "delete old finished claims"
    )
    purge.add_argument(
        "--days",
        type=_positive,
        help="delete claims that have been finished for so many days; "
        "purge_after of [ledger] unless given",
    )
    purge.add_argument(
        "--batch",
        type=_positive,
        default=_BATCH,
        help="claims in one transaction (default: %(default)s)",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
