"""The nemeses: each does its harm, lasts, and ends it; no more.

None helps afterwards: what a nemesis stopped is started again as a
supervisor or an operator would, everything else is the daemons' business.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cube_volpool.tests.chaos import (
    cloud_strikes,
    ledgers,
    process_strikes,
    server_strikes,
)
from cube_volpool.tests.chaos.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Nemesis:
    """One kind of harm; ``strike`` returns when the harm is over."""

    name: str
    strike: Callable[[Scene], None]
    #: The ledger it needs; None is any.
    ledger: type[ledgers.LedgerDatabase] | None = None

    def fits(self, kind: type[ledgers.LedgerDatabase]) -> bool:
        """Can it strike an installation on this ledger?"""
        return self.ledger in (None, kind)


_STRIKES: dict[str, Callable[[Scene], None]] = {
    "a kill": process_strikes.kill,
    "repeated kills": process_strikes.kill_again_and_again,
    "a kill of all daemons": process_strikes.kill_all,
    "30 s of a stopped process": process_strikes.freeze,
    "two daemons of one host name": process_strikes.double_host_name,
    "clock steps of an hour": process_strikes.turn_clock,
    "a full log disk": process_strikes.fill_log_disk,
    "a restart of the broker": server_strikes.restart_broker,
    "a shut broker": server_strikes.shut_broker_door,
    "a deaf broker": server_strikes.deafen_broker_door,
    "a cut to the broker": server_strikes.cut_broker_off,
    "a restart of the database": server_strikes.restart_database,
    "a crash of the database": server_strikes.crash_database,
    "lost commits": server_strikes.lose_commits,
    "killed connections": server_strikes.hang_up_database,
    "a read-only database": server_strikes.make_database_read_only,
    "a full database disk": server_strikes.fill_database_disk,
    "a storm of 5xx": cloud_strikes.storm,
    "a Cinder 20 x slower": cloud_strikes.slow_down_cinder,
    "a dead cinder-volume": cloud_strikes.stop_volume_service,
    "a dead Keystone": cloud_strikes.take_keystone_down,
    "an empty pool": cloud_strikes.exhaust_pool,
}
_NEEDS: dict[str, type[ledgers.LedgerDatabase]] = {
    "a full database disk": ledgers.PostgresqlLedger,
    "lost commits": ledgers.MariadbLedger,
}

ALL = tuple(
    Nemesis(name=name, strike=strike, ledger=_NEEDS.get(name))
    for name, strike in _STRIKES.items()
)
BY_NAME = {nemesis.name: nemesis for nemesis in ALL}
