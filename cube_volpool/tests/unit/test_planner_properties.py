"""The planner: what holds of every plan."""

import dataclasses
from datetime import timedelta
from typing import Any

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import actions, model, planner
from cube_volpool.tests.unit import stock

_R = model.RowStatus
_STATUSES = (
    "available",
    "creating",
    "downloading",
    "error",
    "deleting",
    "awaiting-transfer",
    "in-use",
)
_CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"size_gib": 2},
    {"attached": True},
    {"metadata": {}},
    {"bootable": False},
)


@st.composite
def _rows(draw, number):
    status = draw(st.sampled_from(list(_R)))
    has_id = status in (_R.AVAILABLE, _R.RESERVED) or draw(st.booleans())
    age = draw(st.integers(0, 120))
    return stock.row(
        number,
        status=status,
        volume_id=f"v{number}" if has_id else None,
        snapshot_id=draw(st.sampled_from([stock.CURRENT, stock.OLD])),
        held=status is _R.AVAILABLE and draw(st.integers(0, 9)) == 0,
        claim_id=number if status is _R.RESERVED else None,
        created_at=stock.NOW - timedelta(minutes=age),
    )


@st.composite
def _worlds(draw):
    count = draw(st.integers(0, 8))
    rows = [draw(_rows(number)) for number in range(1, count + 1)]
    behind = {}
    for row in rows:
        behind[row.marker] = draw(
            st.none()
            | st.builds(
                lambda status, change, row=row: stock.volume_of(
                    row, **{"status": status, **change}
                ),
                st.sampled_from(_STATUSES),
                st.sampled_from(_CHANGES),
            )
        )
    spec = stock.spec(
        min_ready=draw(st.integers(0, 5)), max_creating=draw(st.integers(1, 4))
    )
    source = draw(st.sampled_from([stock.SOURCE, stock.SOURCE, None]))
    paused = draw(st.integers(0, 4)) == 0
    return stock.World(
        stock.pool(*rows, spec=spec, source=source, paused=paused), behind
    )


def _of(planned, *kinds):
    return [action for action in planned if isinstance(action, kinds)]


_given = hypothesis.given(_worlds())
_settings = hypothesis.settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)


class Properties(base.BaseTestCase):
    """Of any rows, whatever Cinder shows."""

    @_settings
    @_given
    def test_plans_come_to_an_end(self, world):
        """Applied again and again, the plan is empty, and stays so.

        The shelf is then at its target, where one is built.
        """
        for _ in range(30):
            world = world.applied().later()

        self.assertEqual((), world.plan())
        pool = world.pool
        fresh = [
            row
            for row in pool.rows
            if row.snapshot_id == stock.CURRENT
            and not row.held
            and row.status in (_R.AVAILABLE, _R.RESERVED)
        ]
        if pool.source is not None and not pool.paused:
            self.assertGreaterEqual(len(fresh), pool.spec.min_ready)

    @_settings
    @_given
    def test_a_plan_that_is_applied_creates_nothing_more(self, world):
        """Unless a row leaves creation and makes place."""
        again = world.applied().plan()
        place = actions.Promote | actions.Evict | actions.Forget

        if not _of(again, place):
            self.assertEqual([], _of(again, actions.Create))

    @_settings
    @_given
    def test_creates_stay_within_every_cap(self, world):
        """The target, the pool's own cap, and the room of all pools."""
        pool, limits = world.pool, world.limits()
        planned = world.plan()
        after = world.applied().pool.rows
        for create in _of(planned, actions.Create):
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
            promoted = len(_of(planned, actions.Promote))
            self.assertGreater(create.count, 0)
            self.assertLessEqual(create.count, limits.room + promoted)
            self.assertLessEqual(len(creating), pool.spec.max_creating)
            self.assertLessEqual(len(supply), pool.spec.min_ready)

    @_settings
    @hypothesis.given(_worlds(), st.randoms(use_true_random=False))
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

    @_settings
    @_given
    def test_reserved_rows_are_not_touched(self, world):
        """They are a claim's, and rescue's."""
        for action in world.plan():
            row = getattr(action, "row", None)
            if row is not None:
                self.assertIsNot(_R.RESERVED, row.status)

    @_settings
    @_given
    def test_only_what_is_condemned_and_ours_is_deleted(self, world):
        """And never what somebody may be using."""
        for action in _of(world.plan(), actions.Delete):
            volume = world.behind[action.row.marker]
            self.assertIs(_R.DELETING, action.row.status)
            self.assertEqual(
                stock.DEPLOYMENT, volume.metadata[model.DEPLOYMENT_KEY]
            )
            self.assertFalse(volume.attached)
            self.assertNotIn(volume.status, ("in-use", "deleting"))

    @_settings
    @_given
    def test_without_a_source_nothing_is_built_stale_or_too_much(self, world):
        """A catalogue that is away changes nothing."""
        lost = stock.World(
            dataclasses.replace(world.pool, source=None), world.behind
        )
        planned = lost.plan()

        self.assertEqual([], _of(planned, actions.Create))
        reasons = {evict.reason for evict in _of(planned, actions.Evict)}
        self.assertEqual(set(), reasons & {"stale", "surplus"})

    @_settings
    @_given
    def test_a_refresh_never_takes_the_shelf_below_its_target(self, world):
        """What is stale or too much goes once the rest is enough."""
        evicts = [
            action
            for action in _of(world.plan(), actions.Evict)
            if action.reason in ("stale", "surplus")
            and action.row.status is _R.AVAILABLE
        ]
        left = [
            row
            for row in world.applied().pool.rows
            if row.status is _R.AVAILABLE
            and not row.held
            and row.snapshot_id == stock.CURRENT
        ]
        if evicts:
            self.assertGreaterEqual(len(left), world.pool.spec.min_ready)

    @_settings
    @_given
    def test_what_was_not_looked_at_is_not_acted_upon(self, world):
        """But for what the shelf has too much of."""
        blind = planner.plan(
            world.pool, planner.Observation(volumes={}), world.limits()
        )

        for action in blind:
            if isinstance(action, actions.Evict):
                self.assertIn(action.reason, ("stale", "surplus"))
            else:
                self.assertIsInstance(action, actions.Create)
