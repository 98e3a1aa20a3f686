"""The planner: what holds of every plan."""

import dataclasses

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import actions, model, planner, supply
from cube_volpool.tests.unit import stock, worlds

_R = model.RowStatus

_given = hypothesis.given(worlds.worlds())


class Properties(base.BaseTestCase):
    """Of any rows, whatever Cinder shows."""

    @worlds.PROPERTY
    @_given
    def test_plans_come_to_an_end(self, world):
        """Applied again and again, the plan is empty, and stays so.

        The shelf is then at its target, where one is built; and what is
        built is given, where there was anything to build.
        """
        world = worlds.ageless(world)
        for _ in range(40):
            world = world.applied().later()

        self.assertEqual((), world.plan())
        pool = world.pool
        is_built = not pool.paused and not pool.drained
        if pool.spec.min_ready > 0 and is_built:
            self.assertFalse(pool.is_changing)
        fresh = [
            row
            for row in pool.rows
            if row.snapshot_id == stock.CURRENT
            and not row.held
            and row.status is _R.AVAILABLE
        ]
        if pool.source is not None and is_built:
            self.assertGreaterEqual(len(fresh), pool.spec.min_ready)
        if pool.drained:
            self.assertEqual([], worlds.shelf(pool))

    @worlds.PROPERTY
    @_given
    def test_a_drained_pool_builds_and_keeps_nothing(self, world):
        """But for what a claim or an operator has."""
        drained = stock.World(
            dataclasses.replace(world.pool, drained=True), world.behind
        )
        planned = drained.plan()
        shelf = {row.id for row in worlds.shelf(drained.applied().pool)}

        self.assertEqual([], worlds.of(planned, actions.Create))
        self.assertEqual([], worlds.of(planned, actions.Promote))
        self.assertEqual(set(), shelf)

    @worlds.PROPERTY
    @_given
    def test_a_held_row_is_left_alone(self, world):
        """Whatever became of its volume, unless Cinder has none any more."""
        for action in world.plan():
            row = getattr(action, "row", None)
            if row is not None and row.held:
                self.assertIsInstance(action, actions.Forget)
                self.assertIsNone(world.behind[row.marker])

    @worlds.PROPERTY
    @_given
    def test_a_plan_that_is_applied_creates_nothing_more(self, world):
        """Unless a row leaves creation and makes place."""
        again = world.applied().plan()
        place = actions.Promote | actions.Evict | actions.Forget

        if not worlds.of(again, place):
            self.assertEqual([], worlds.of(again, actions.Create))

    @worlds.PROPERTY
    @_given
    def test_creates_stay_within_every_cap(self, world):
        """The target, the pool's own cap, and the room of all pools."""
        pool, limits = world.pool, world.limits()
        planned = world.plan()
        after = world.applied().pool.rows
        for create in worlds.of(planned, actions.Create):
            creating = [
                row
                for row in after
                if row.status is _R.CREATING and row.volume_id is not None
            ]
            supply = [
                row
                for row in creating
                if row.snapshot_id == stock.CURRENT and not row.held
            ]
            promoted = len(worlds.of(planned, actions.Promote))
            self.assertGreater(create.count, 0)
            self.assertLessEqual(create.count, limits.room + promoted)
            self.assertLessEqual(len(creating), pool.spec.max_creating)
            self.assertLessEqual(len(supply), pool.spec.min_ready)

    @worlds.PROPERTY
    @hypothesis.given(worlds.worlds(), st.randoms(use_true_random=False))
    def test_the_order_of_rows_does_not_matter(self, world, chance):
        """The same actions, whatever the database returns first."""
        rows = list(world.pool.rows)
        chance.shuffle(rows)
        shuffled = stock.World(
            dataclasses.replace(world.pool, rows=tuple(rows)), world.behind
        )

        def texts(planned):
            return sorted(map(repr, planned))

        self.assertEqual(texts(world.plan()), texts(shuffled.plan()))

    @worlds.PROPERTY
    @_given
    def test_reserved_rows_are_not_touched(self, world):
        """They are a claim's, and rescue's."""
        for action in world.plan():
            row = getattr(action, "row", None)
            if row is not None:
                self.assertIsNot(_R.RESERVED, row.status)

    @worlds.PROPERTY
    @_given
    def test_only_what_is_condemned_and_ours_is_deleted(self, world):
        """And never what somebody may be using."""
        for action in worlds.of(world.plan(), actions.Delete):
            volume = world.behind[action.row.marker]
            self.assertIs(_R.DELETING, action.row.status)
            self.assertEqual(
                stock.DEPLOYMENT, volume.metadata[model.DEPLOYMENT_KEY]
            )
            self.assertFalse(volume.attached)
            self.assertNotIn(volume.status, ("in-use", "deleting"))

    @worlds.PROPERTY
    @_given
    def test_without_a_source_nothing_is_built_stale_or_too_much(self, world):
        """A catalogue that is away changes nothing."""
        lost = stock.World(
            dataclasses.replace(world.pool, source=None), world.behind
        )
        planned = lost.plan()

        self.assertEqual([], worlds.of(planned, actions.Create))
        reasons = {evict.reason for evict in worlds.of(planned, actions.Evict)}
        self.assertEqual(set(), reasons & set(worlds.TRIMMED))
        self.assertEqual([], worlds.of(planned, actions.Switch))

    @worlds.PROPERTY
    @_given
    def test_what_was_not_looked_at_is_not_acted_upon(self, world):
        """But for what the shelf has too much of."""
        blind = planner.plan(
            world.pool, planner.Observation(volumes={}), world.limits()
        )

        for action in blind:
            if isinstance(action, actions.Evict):
                self.assertIn(
                    action.reason, (*worlds.TRIMMED, supply.DRAINED)
                )
            else:
                self.assertIsInstance(
                    action, (actions.Create, actions.Switch)
                )
