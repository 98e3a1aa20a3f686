"""Places in the queues of the lanes: freed, counted and dealt out."""

import dataclasses

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import actions, model, places, supply
from cube_volpool.tests.unit import stock

_R = model.RowStatus
_FREE = st.dictionaries(
    st.sampled_from("abcde"), st.integers(-3, 6), min_size=1
)


def free(**lanes: int) -> places.Free:
    """Return so many places in each lane."""
    return {model.SnapshotId(lane): n for lane, n in lanes.items()}


def limits(**changes):
    """Return limits that let anything be built but for these."""
    return dataclasses.replace(stock.LIMITS, **changes)


class PlacesTest(base.BaseTestCase):
    """Each lane has a queue of its own."""

    def test_least_busy_lane_is_first(self):
        """Then all in turn, in their order."""
        self.assertEqual(
            ("b", "b", "a", "b", "c", "a"),
            places.dealt(free(a=2, b=4, c=2), 6),
        )

    def test_volume_that_is_built_frees_the_place_that_it_had(self):
        """One of the source, or of a lane that is closed, frees none."""
        built = [
            stock.row(1, twin_id="a"),
            stock.row(2, twin_id="closed"),
            stock.row(3),
        ]

        self.assertEqual(
            free(a=1, b=2), places.freed(free(a=0, b=2), built)
        )

    @hypothesis.given(_FREE, st.integers(0, 20))
    def test_no_lane_gets_more_than_it_has_places(self, lanes, count):
        """And nothing is left undealt while there is one."""
        hands = places.dealt(lanes, count)

        self.assertEqual(min(count, places.total(lanes)), len(hands))
        for lane, left in lanes.items():
            self.assertLessEqual(hands.count(lane), max(0, left))

    @hypothesis.given(_FREE, st.integers(1, 20))
    def test_lanes_are_left_as_even_as_can_be(self, lanes, count):
        """A lane that got one has nowhere two places less than another."""
        hands = places.dealt(lanes, count)
        left = {lane: lanes[lane] - hands.count(lane) for lane in lanes}
        got = [left[lane] for lane in set(hands)]

        if got:
            self.assertLessEqual(max(left.values()) - min(got), 1)


class SupplyTest(base.BaseTestCase):
    """A plan with lanes."""

    def planned(self, *rows, lanes, **spec):
        """Return the create of a plan; all that is built is ready."""
        values = {"min_ready": 9, "max_creating": 9, **spec}
        pool = stock.pool(*rows, spec=stock.spec(**values))
        found = limits(lanes=lanes)
        built = [
            actions.Promote(row, stock.volume_of(row))
            for row in rows
            if row.status is _R.CREATING
        ]
        count = supply.deficit(pool, built, found)
        return supply.lanes(built, found, count=count)

    def test_source_is_left_alone_while_there_are_lanes(self):
        """Its own room counts for nothing."""
        self.assertEqual(
            ("a", "a", "b"), self.planned(lanes={"a": 2, "b": 1})
        )
        self.assertEqual((), self.planned(lanes={"a": 0, "b": -1}))

    def test_without_lanes_it_is_built_from(self):
        """By its own room."""
        self.assertEqual((), self.planned(lanes={}))
        pool = stock.pool(spec=stock.spec(min_ready=3, max_creating=3))
        found = limits(room_of_source=2)
        self.assertEqual(2, supply.deficit(pool, (), found))

    def test_what_left_a_queue_makes_room_in_that_one_alone(self):
        """Of a lane, of the source, or of one that is no lane any more."""
        rows = [
            stock.row(1, status=_R.CREATING, twin_id="a"),
            stock.row(2, status=_R.CREATING, twin_id="gone"),
            stock.row(3, status=_R.CREATING),
        ]

        self.assertEqual(("a",), self.planned(*rows, lanes={"a": 0, "b": 0}))

    def test_volume_of_a_twin_frees_nothing_of_the_source(self):
        """Once the lanes are closed it is built from again."""
        row = stock.row(1, status=_R.CREATING, twin_id="a")
        pool = stock.pool(row, spec=stock.spec(min_ready=3, max_creating=3))
        built = [actions.Promote(row, stock.volume_of(row))]
        found = limits(room_of_source=0)

        self.assertEqual(0, supply.deficit(pool, built, found))
        fresh = stock.row(1, status=_R.CREATING)
        pool = stock.pool(fresh, spec=stock.spec(min_ready=3, max_creating=3))
        built = [actions.Promote(fresh, stock.volume_of(fresh))]
        self.assertEqual(1, supply.deficit(pool, built, found))

    def test_caps_of_the_pool_hold_whatever_lanes_it_has(self):
        """They are a speed, and no more room."""
        lanes = {"a": 4, "b": 4, "c": 4}
        self.assertEqual(2, len(self.planned(lanes=lanes, max_creating=2)))
        self.assertEqual(3, len(self.planned(lanes=lanes, min_ready=3)))
