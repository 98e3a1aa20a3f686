"""A change of images, plan by plan: what holds of every one."""

import dataclasses

import hypothesis
from oslotest import base

from cube_volpool import actions, model
from cube_volpool.tests.unit import stock, worlds

_R = model.RowStatus

_given = hypothesis.given(worlds.worlds())


class Changes(base.BaseTestCase):
    """Of any rows, whatever Cinder shows."""

    @worlds.PROPERTY
    @_given
    def test_a_refresh_never_takes_the_shelf_below_its_target(self, world):
        """What is stale, old or too much goes once the rest is enough."""
        planned = world.plan()
        promoted = {a.row.id for a in worlds.of(planned, actions.Promote)}
        left = [
            row
            for row in worlds.shelf(world.applied().pool)
            if row.id not in promoted
        ]

        if worlds.trimmed(planned):
            self.assertGreaterEqual(len(left), world.pool.spec.min_ready)

    @worlds.PROPERTY
    @_given
    def test_what_is_given_is_not_given_up_for_its_image(self, world):
        """Before the switch nothing current goes, nor what is built."""
        for evict in worlds.of(world.plan(), actions.Evict):
            pool = world.pool
            if evict.reason == "stale":
                self.assertFalse(pool.is_fresh(evict.row))
                if pool.is_changing:
                    self.assertNotEqual(evict.row.snapshot_id, pool.current)
            elif evict.reason in worlds.TRIMMED:
                # More than the target, of what is built or given.
                self.assertIn(
                    evict.row.snapshot_id, (stock.CURRENT, world.pool.current)
                )

    @worlds.PROPERTY
    @_given
    def test_nothing_is_made_beyond_the_surge(self, world):
        """Old and new together, in creation, ready and reserved."""
        spec = world.pool.spec
        most = spec.min_ready + spec.surge.of(spec.min_ready)

        if worlds.of(world.plan(), actions.Create):
            self.assertLessEqual(worlds.alive(world.applied().pool), most)

    @worlds.PROPERTY
    @_given
    def test_a_change_keeps_the_shelf_all_the_way(self, world):
        """Round by round: never fewer ready for it, never beyond the surge.

        Counted from where it began: what broke by itself is not its fault.
        """
        world = worlds.sound(worlds.serving(worlds.ageless(world)))
        spec = world.pool.spec
        least = min(len(worlds.shelf(world.pool)), spec.min_ready)
        most = max(
            worlds.alive(world.pool),
            spec.min_ready + spec.surge.of(spec.min_ready),
        )
        for _ in range(40):
            world = world.applied()
            self.assertGreaterEqual(len(worlds.shelf(world.pool)), least)
            self.assertLessEqual(worlds.alive(world.pool), most)
            world = world.later()

    @worlds.PROPERTY
    @_given
    def test_a_change_comes_to_its_end(self, world):
        """Whatever the pool had of either image, and whatever its surge."""
        world = worlds.sound(worlds.serving(worlds.ageless(world)))
        pool = dataclasses.replace(world.pool, paused=False)
        hypothesis.assume(pool.source is not None and pool.spec.min_ready)
        world = stock.World(pool, world.behind)
        for _ in range(60):
            world = world.applied().later()

        self.assertFalse(world.pool.is_changing)
        self.assertEqual(
            [stock.CURRENT] * pool.spec.min_ready,
            [row.snapshot_id for row in worlds.shelf(world.pool)],
        )

    @worlds.PROPERTY
    @_given
    def test_a_switch_has_something_to_give(self, world):
        """Enough of the source, or some and nothing of what was given."""
        pool, planned = world.pool, world.plan()
        broken = {
            action.row.id
            for action in worlds.of(planned, actions.Evict, actions.Forget)
            if getattr(action, "reason", None) not in worlds.TRIMMED
        }
        rows = [row for row in worlds.shelf(pool) if row.id not in broken]
        shelf = [row.snapshot_id for row in rows]
        fresh = sum(map(pool.is_fresh, rows))
        needed = min(
            pool.spec.switch_at.of(pool.spec.min_ready), pool.spec.min_ready
        )
        for switch in worlds.of(planned, actions.Switch):
            self.assertEqual(stock.CURRENT, switch.snapshot_id)
            self.assertEqual(fresh, switch.ready)
            self.assertNotIn(pool.current, (None, stock.CURRENT))
            if pool.current in shelf:
                self.assertGreaterEqual(fresh, needed)
