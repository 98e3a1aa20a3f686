"""``cube-volpool-status upgrade check``: may the new release be started?

Exit status: 0 all well, 1 a warning, 2 not before something was done.
"""

import sys
from collections.abc import Sequence
from contextlib import closing

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from cube_volpool import conf as options
from cube_volpool import exception, secrecy
from cube_volpool.cmd import manage
from cube_volpool.conf import broker, secret
from cube_volpool.db import migration


class Checks(upgradecheck.UpgradeCommands):
    """What has to be right before a daemon of this release starts."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__()
        self._conf = conf

    def _configuration(self) -> upgradecheck.Result:
        secrecy.keep(secret.read(self._conf))
        try:
            options.load(self._conf)
            broker.check(self._conf)
        except exception.InvalidConfiguration as error:
            return _failure(str(error))
        return upgradecheck.Result(upgradecheck.Code.SUCCESS)

    def _schema(self) -> upgradecheck.Result:
        try:
            with closing(manage.open_ledger(self._conf)) as opened:
                present = migration.version(opened.engine)
        except Exception as error:
            return _failure(f"the database cannot be read: {error}")
        if present != migration.head():
            return _failure(
                f"the tables have revision {present or 'none'}, this release "
                f"needs {migration.head()}: run cube-volpool-manage db sync"
            )
        return upgradecheck.Result(upgradecheck.Code.SUCCESS)

    _upgrade_checks = (
        ("Configuration", _configuration),
        ("Database schema", _schema),
    )


def _failure(details: str) -> upgradecheck.Result:
    return upgradecheck.Result(
        upgradecheck.Code.FAILURE, secrecy.masked(details)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``upgrade check`` and return the exit status."""
    conf = cfg.ConfigOpts()
    options.register(conf)
    try:
        return upgradecheck.main(
            conf,
            project="cube_volpool",
            upgrade_command=Checks(conf),
            argv=list(sys.argv[1:] if argv is None else argv),
        )
    except cfg.Error as error:
        print(secrecy.masked(str(error)), file=sys.stderr)
        return manage.EX_CONFIG


if __name__ == "__main__":
    sys.exit(main())
