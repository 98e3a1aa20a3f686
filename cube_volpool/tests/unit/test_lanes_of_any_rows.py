"""The plan of lanes, of any rows: it ends, and takes nothing that serves."""

from datetime import timedelta

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import lanes, twin
from cube_volpool.tests.unit import lanes as values
from cube_volpool.tests.unit.lanes import NOW, OLD, SOURCE, carrier, taken
from cube_volpool.tests.unit.worlds import PROPERTY

_K, _S = twin.Kind, twin.Status
_STATUSES = st.sampled_from(
    ("available", "available", "creating", "error", "deleting")
)


@st.composite
def worlds(draw):
    """Rows of two carriers and their twins, whatever Cinder shows."""
    rows, behind = [], {}
    for number in range(1, draw(st.integers(0, 7)) + 1):
        status = draw(st.sampled_from(list(_S)))
        has_id = status is _S.AVAILABLE or draw(st.booleans())
        age = timedelta(minutes=draw(st.sampled_from((1, 20, 300))))
        changes = {
            "status": status,
            "source_id": draw(st.sampled_from((SOURCE, SOURCE, OLD))),
            "failures": draw(st.sampled_from((0, 0, 3, 9))),
            "created_at": NOW - age,
            "updated_at": NOW - age,
        }
        of = draw(st.sampled_from((1, 2)))
        if number <= 2:
            one = carrier(number, **changes)
        else:
            one = taken(number, of, **changes)
        if not has_id:
            one = type(one)(**{**vars(one), "cinder_id": None})
        rows.append(one)
        behind[one.marker] = draw(
            st.none()
            | st.builds(
                lambda status, one=one, of=of: values.shown(
                    one, of, status=status
                ),
                _STATUSES,
            )
        )
    view = values.view(
        *rows,
        lanes=draw(st.sampled_from((1, 2, 3, 3))),
        is_drained=draw(st.sampled_from((False, False, True))),
        source_id=draw(st.sampled_from((SOURCE, SOURCE, SOURCE, None))),
        current_id=draw(st.sampled_from((SOURCE, OLD, None))),
    )
    return values.World(view, behind)


class Properties(base.BaseTestCase):
    """Of any rows, whatever Cinder shows."""

    @PROPERTY
    @hypothesis.given(worlds())
    def test_plans_come_to_an_end_with_as_many_lanes_as_are_wanted(
        self, world
    ):
        """Applied again and again, with time and Cinder going on."""
        for _ in range(12):
            world = values.later(world.applied())

        self.assertEqual((), world.plan())
        if world.view.wanted is not None:
            ready = [
                one
                for one in world.view.twins
                if one.kind is _K.TWIN and one.source_id == SOURCE
            ]
            self.assertEqual(world.view.wanted, len(ready))
        if world.view.wanted == 0:
            self.assertEqual((), world.view.twins)

    @PROPERTY
    @hypothesis.given(worlds())
    def test_only_condemned_ones_of_ours_are_deleted(self, world):
        """Twins that nothing is made of, and carriers without twins."""
        for action in world.plan():
            if not isinstance(action, lanes.Remove):
                continue
            one = action.one
            self.assertIs(_S.DELETING, one.status)
            shown = world.behind[one.marker]
            assert shown is not None
            self.assertIn(twin.KIND_KEY, shown.metadata)
            self.assertNotIn(one.lane, world.view.busy)
            if one.kind is _K.CARRIER:
                self.assertNotIn(
                    one.marker, {o.carrier for o in world.view.twins}
                )

    @PROPERTY
    @hypothesis.given(worlds())
    def test_never_more_than_one_carrier_is_begun(self, world):
        """Nor more twins than are wanted."""
        plan = world.plan()
        carries = [a for a in plan if isinstance(a, lanes.Carry)]
        copies = sum(a.count for a in plan if isinstance(a, lanes.Copy))
        self.assertLessEqual(len(carries), 1)
        self.assertLessEqual(copies, world.view.wanted or 0)
