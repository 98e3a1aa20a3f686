"""A shelf that is only counted: the plan is the one of its rows."""

import dataclasses
from datetime import timedelta
from typing import Any

import hypothesis
from oslotest import base

from cube_volpool import model, planner, premises, settings, supply
from cube_volpool.tests.unit import stock, worlds

_R = model.RowStatus
_UNDER_WAY = (_R.CREATING, _R.DELETING)


def counted(pool: premises.Pool) -> premises.Pool:
    """Return the pool as a round reads it first."""
    tallies: dict[tuple[Any, ...], list[model.PooledVolume]] = {}
    for row in pool.rows:
        if row.status not in _UNDER_WAY:
            kind = row.status, row.snapshot_id, row.size_gib, row.held
            tallies.setdefault(kind, []).append(row)
    return dataclasses.replace(
        pool,
        rows=tuple(row for row in pool.rows if row.status in _UNDER_WAY),
        others=tuple(
            model.Tally(
                pool=pool.spec.name,
                status=status,
                snapshot_id=snapshot_id,
                size_gib=size_gib,
                held=held,
                count=len(rows),
                oldest=min(row.created_at for row in rows),
            )
            for (status, snapshot_id, size_gib, held), rows in tallies.items()
        ),
    )


def _fast(world: stock.World) -> planner.Observation:
    """Return what a fast round looks at."""
    seen = world.observed()
    looked = {
        row.volume_id for row in world.pool.rows if row.status in _UNDER_WAY
    }
    return dataclasses.replace(
        seen,
        volumes={k: v for k, v in seen.volumes.items() if k in looked},
    )


class Same(base.BaseTestCase):
    """Whatever the rows are."""

    @worlds.PROPERTY
    @hypothesis.given(worlds.worlds())
    def test_a_plan_without_the_shelf_is_the_plan_with_it(self, world):
        """Where nobody needs the shelf, nothing is decided about its rows."""
        short = counted(world.pool)
        hypothesis.assume(not supply.needs_shelf(short))
        seen, limits = _fast(world), world.limits()

        self.assertEqual(
            planner.plan(world.pool, seen, limits),
            planner.plan(short, seen, limits),
        )

    @worlds.PROPERTY
    @hypothesis.given(worlds.worlds())
    def test_until_the_first_is_too_old_none_is(self, world):
        """Whatever becomes of its row meanwhile."""
        first = world.pool.first_too_old()
        hypothesis.assume(first is not None)
        then = dataclasses.replace(world.pool, now=first)

        for row in world.pool.rows:
            shelved = dataclasses.replace(row, status=_R.AVAILABLE)
            self.assertFalse(then.is_expired(shelved))


class Needed(base.BaseTestCase):
    """When the rows of the shelf are read."""

    def needs(self, *rows: model.PooledVolume, **changes: Any) -> bool:
        names = {one.name for one in dataclasses.fields(settings.PoolSpec)}
        spec = {k: v for k, v in changes.items() if k in names}
        rest = {k: v for k, v in changes.items() if k not in names}
        pool = stock.pool(*rows, spec=stock.spec(**spec), **rest)
        return supply.needs_shelf(counted(pool))

    def rows(self, number: int, **changes: Any) -> list[model.PooledVolume]:
        return [stock.row(n + 1, **changes) for n in range(number)]

    def test_a_shelf_at_its_target_is_left_alone(self):
        """Full, short or in a change: there is nothing to give up."""
        old = {"snapshot_id": stock.OLD}
        for rows, changes in (
            (self.rows(2), {}),
            (self.rows(1), {}),
            ([], {}),
            (self.rows(2), {"max_age": timedelta(hours=1)}),
            (self.rows(2, **old), {"current": stock.OLD}),
            (self.rows(2, **old), {}),
            (self.rows(5, held=True), {}),
            (self.rows(5, status=_R.RESERVED), {}),
            (self.rows(5), {"source": None}),
            ([], {"drained": True}),
        ):
            self.assertFalse(self.needs(*rows, **changes), (rows, changes))

    def test_whatever_may_be_given_up_is_read(self):
        """Too many, of either image; stale, too old, or of a drained pool."""
        old = {"snapshot_id": stock.OLD}
        hour_ago = {"created_at": stock.NOW - timedelta(hours=1)}
        for rows, changes in (
            (self.rows(3), {}),
            (self.rows(3, **old), {"current": stock.OLD}),
            ([*self.rows(2), stock.row(3, **old)], {}),
            (self.rows(1, **hour_ago), {"max_age": timedelta(hours=1)}),
            (self.rows(1), {"drained": True}),
        ):
            self.assertTrue(self.needs(*rows, **changes), (rows, changes))

    def test_ages_are_looked_at_once_the_first_is_due(self):
        """Not in each round for as long as one of them is nearly due."""
        age = timedelta(hours=1)
        row = stock.row(created_at=stock.NOW - age * 0.95)
        pool = counted(stock.pool(row, spec=stock.spec(max_age=age)))
        second = timedelta(seconds=1)
        for known, expected in (
            (None, True),
            (stock.NOW + second, False),
            (stock.NOW, False),
            (stock.NOW - second, True),
        ):
            aged = dataclasses.replace(pool, young_until=known)
            self.assertEqual(expected, supply.needs_shelf(aged), str(known))

    def test_one_that_is_begun_now_is_young_for_nine_tenths(self):
        """However much later those that are there are due."""
        age = timedelta(hours=10)
        row = stock.row(created_at=stock.NOW)

        first = stock.pool(row, spec=stock.spec(max_age=age)).first_too_old()

        self.assertEqual(stock.NOW + timedelta(hours=9), first)
