"""A crash at every call of every journey, with the ledger on SQLite.

Every run does all points.  A moment meets both orders of recovery: after a
call and before the next one are the same, and each has one of the two; with
``VOLPOOL_SWEEP=long`` both have both.
"""

from cube_volpool.tests.reliability.crash import case
from cube_volpool.tests.reliability.crash.journeys import (
    batches,
    hits,
    lanes,
    misses,
    recoveries,
    rollouts,
    steering,
    stock,
)

#: A minute each; ``VOLPOOL_SWEEP=long`` has them.
_LONG = (
    "lanes_of_a_new_image",
    "twin_that_fails",
    "audit_of_a_ledger_without_twins",
)


class OnSqlite(case.SweepCase):
    """In memory: what a crash leaves there is what a file would have."""

    figure = "crash points, SQLite"


@case.each(hits.JOURNEYS)
class HitSweep(OnSqlite):
    """A daemon dies in a claim that the shelf can serve."""


@case.each(batches.JOURNEYS)
class BatchSweep(OnSqlite):
    """A daemon dies in several claims of one request."""


@case.each(
    name for name in lanes.JOURNEYS if case.IS_LONG or name not in _LONG
)
class LaneSweep(OnSqlite):
    """A daemon dies while it makes lanes, builds by them or retires them."""


@case.each(misses.JOURNEYS)
class MissSweep(OnSqlite):
    """A daemon dies in a claim that the shelf cannot serve."""


@case.each(recoveries.RESCUES)
class RescueSweep(OnSqlite):
    """A daemon dies while it rescues another one's claim."""


@case.each(recoveries.RETRIES)
class RetrySweep(OnSqlite):
    """A daemon dies while it goes on with another one's claim."""


@case.each(rollouts.JOURNEYS)
class RolloutSweep(OnSqlite):
    """A daemon dies in a change of images."""


@case.each(steering.JOURNEYS)
class SteeringSweep(OnSqlite):
    """A daemon dies in what an operator asked of it."""


@case.each(stock.JOURNEYS)
class StockSweep(OnSqlite):
    """A daemon dies in a journey that nobody waits for."""
