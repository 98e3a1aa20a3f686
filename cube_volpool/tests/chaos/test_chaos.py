"""Real processes and servers, every nemesis once."""

import os
import time

from oslotest import base

from cube_volpool.tests.chaos import campaign, ledgers, nemeses

#: Claims a second: modest, so that the baseline is a matter of the system
#: working and not of the machine.
_RATE = 8.0
#: Divided up, but for what is done to a database.  The long form has more.
_ON_MARIADB = (
    "a kill",
    "repeated kills",
    "30 s of a stopped process",
    "clock steps of an hour",
    "a deaf broker",
    "a restart of the database",
    "killed connections",
    "a read-only database",
    "a storm of 5xx",
    "an empty pool",
)
_ON_POSTGRESQL = (
    "two daemons of one host name",
    "a full log disk",
    "a restart of the broker",
    "a cut to the broker",
    "a restart of the database",
    "killed connections",
    "a read-only database",
    "a full database disk",
    "a dead Keystone",
    "a Cinder 20 x slower",
)


class ChaosTest(base.BaseTestCase):
    """The short form; ``tools/chaos.sh`` is the long one.

    After each nemesis the throughput is back by itself, and at the end
    nothing was given twice, to the wrong one, or lost.
    """

    def run_campaign(self, kind, names):
        """Let nemeses strike; ``VOLPOOL_CHAOS_SEED`` repeats a run."""
        seed = int(os.environ.get("VOLPOOL_CHAOS_SEED", time.time_ns()))
        run = self.useFixture(
            campaign.Campaign(kind, rate=_RATE, seed=seed)
        )
        for name in names:
            run.strike(nemeses.BY_NAME[name])
        report = run.finish()
        campaign.record(run)
        self.assertEqual([], report.wrong, f"seed {seed}")

    def test_mariadb(self) -> None:
        """On MariaDB."""
        self.run_campaign(ledgers.MariadbLedger, _ON_MARIADB)

    def test_postgresql(self) -> None:
        """On PostgreSQL."""
        self.run_campaign(ledgers.PostgresqlLedger, _ON_POSTGRESQL)
