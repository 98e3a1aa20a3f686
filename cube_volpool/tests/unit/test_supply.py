"""The plan of a pool's supply: switch, trim, deficit, as tables."""

import dataclasses
from datetime import timedelta
from typing import Any

from oslotest import base

from cube_volpool import actions, model, settings, supply
from cube_volpool.tests.unit import stock

_R = model.RowStatus
_NEW, _OLD = stock.CURRENT, stock.OLD
_LONG_AGO = stock.NOW - timedelta(hours=1)


def _volumes(number):
    return settings.Share(volumes=number)


def _rows(new=0, old=0, building=0, reserved=0, **changes):
    """Return so many rows: ready new and old ones, new ones under way."""
    kinds: list[dict[str, Any]] = [
        *[{"snapshot_id": _NEW}] * new,
        *[{"snapshot_id": _OLD}] * old,
        *[{"status": _R.CREATING}] * building,
        *[{"status": _R.RESERVED, "claim_id": 1}] * reserved,
    ]
    return [
        stock.row(number, **{**kind, **changes})
        for number, kind in enumerate(kinds, start=1)
    ]


def _pool(*rows, **changes):
    """Return a pool of four in a change from the old image to the new."""
    spec: dict[str, Any] = {"min_ready": 4, "max_creating": 9}
    names = {field.name for field in dataclasses.fields(settings.PoolSpec)}
    spec |= {k: v for k, v in changes.items() if k in names}
    rest = {k: v for k, v in changes.items() if k not in names}
    return stock.pool(
        *rows, **{"spec": stock.spec(**spec), "current": _OLD, **rest}
    )


def _limits(**changes):
    return dataclasses.replace(
        stock.LIMITS, **{"drain": 9, **changes}
    )


class Shares(base.BaseTestCase):
    """A number, or a part of a pool."""

    def test_a_part_is_rounded_up(self):
        """Half of three is two: better one too many than none."""
        for percent, whole, expected in (
            (100, 4, 4), (50, 3, 2), (1, 4, 1), (0, 4, 0), (150, 2, 3),
            (50, 0, 0),
        ):
            share = settings.Share(percent=percent)
            self.assertEqual(expected, share.of(whole))

    def test_a_number_is_that_number(self):
        """Whatever the pool has."""
        self.assertEqual(3, _volumes(3).of(1))


class Switch(base.BaseTestCase):
    """When claims by OS name get the new image."""

    def switched(self, new, old, **changes):
        """Return how many are ready at the switch; None: not yet."""
        rows = _rows(new=new, old=old)
        found = supply.switch(_pool(*rows, **changes), [])
        return None if found is None else found.ready

    def test_enough_are_ready(self):
        """Ready new ones, ready old ones, switch_at: ready at the switch."""
        for new, old, needed, expected in (
            (0, 4, 4, None),
            (3, 4, 4, None),
            (4, 4, 4, 4),
            (1, 4, 1, 1),
            (2, 4, 3, None),
            # Nothing of the old is left: one is better than none.
            (1, 0, 4, 1),
            (0, 0, 4, None),
            # Nobody wants to wait.
            (0, 4, 0, 0),
        ):
            self.assertEqual(
                expected,
                self.switched(new, old, switch_at=_volumes(needed)),
                str((new, old, needed)),
            )

    def test_more_than_the_pool_has_is_the_whole_pool(self):
        """No more than that is ever built."""
        self.assertEqual(4, self.switched(4, 4, switch_at=_volumes(5)))
        self.assertIsNone(self.switched(3, 4, switch_at=_volumes(5)))

    def test_without_a_change_there_is_no_switch(self):
        """The source is given already, or there is none."""
        self.assertIsNone(self.switched(4, 0, current=_NEW))
        self.assertIsNone(self.switched(4, 0, current=None))
        self.assertIsNone(self.switched(4, 4, source=None))

    def test_only_what_can_be_given_counts(self):
        """Neither what is held, being made or reserved, nor condemned."""
        for rows in (
            _rows(new=4, held=True),
            _rows(building=4),
            _rows(reserved=4),
            _rows(new=4, status=_R.DELETING),
        ):
            self.assertIsNone(supply.switch(_pool(*rows), []))
        rows = _rows(new=4, old=4)
        decided = [actions.Evict(rows[0], "it is attached")]

        self.assertIsNone(supply.switch(_pool(*rows), decided))


class Trim(base.BaseTestCase):
    """What is given up."""

    def gone(self, pool, **limits):
        """Return the ids and reasons."""
        found = supply.trim(pool, [], _limits(**limits))
        return [(evict.row.id, evict.reason) for evict in found]

    def stale(self, *rows, **changes):
        """Return how many go after the switch."""
        limits = {
            name: changes.pop(name)
            for name in ("drain", "drain_time")
            if name in changes
        }
        pool = _pool(*rows, **{"current": _NEW, **changes})
        return len(self.gone(pool, **limits))

    def test_old_ones_go_when_the_shelf_is_full_without_them(self):
        """Ready new ones, old ones: how many of the old go."""
        for new, old, expected in (
            (4, 4, 4), (3, 4, 3), (0, 4, 0), (4, 0, 0), (2, 1, 0),
        ):
            self.assertEqual(
                expected, self.stale(*_rows(new=new, old=old)), str((new, old))
            )

    def test_never_before_the_switch(self):
        """They are what claims by OS name get."""
        self.assertEqual(0, self.stale(*_rows(new=4, old=4), current=_OLD))

    def test_more_than_the_target_goes_before_the_switch(self):
        """Else a lowered target would leave no room to build, for ever."""
        rows = _rows(old=6)
        pool = _pool(*rows, surge=_volumes(1))

        gone = self.gone(pool)

        self.assertEqual([(6, "surplus"), (5, "surplus")], gone)

    def test_a_few_in_each_round(self):
        """The oldest first."""
        rows = _rows(new=4, old=4)
        rows[6] = dataclasses.replace(rows[6], created_at=_LONG_AGO)

        gone = self.gone(_pool(*rows, current=_NEW), drain=2)

        self.assertEqual([(7, "stale"), (5, "stale")], gone)

    def test_not_before_their_time(self):
        """Seconds since the switch, of sixty: how many go."""
        for seconds, expected in ((0, 0), (59, 0), (60, 4), (600, 4)):
            since = stock.NOW - timedelta(seconds=seconds)
            rows = _rows(new=4, old=4)
            found = self.stale(
                *rows,
                switched_at=since,
                drain_time=timedelta(seconds=60),
            )
            self.assertEqual(expected, found, str(seconds))

    def test_sooner_when_they_take_the_room_to_build(self):
        """One for one: as many as the shelf has above its target."""
        for new, old, building, expected in (
            (1, 4, 0, 1),
            (2, 3, 0, 1),
            # There is room, or it is being used.
            (1, 3, 0, 0),
            (1, 3, 1, 0),
            (4, 1, 0, 0),
        ):
            found = self.stale(
                *_rows(new=new, old=old, building=building),
                surge=_volumes(1),
                switched_at=stock.NOW,
                drain_time=timedelta(hours=1),
            )
            self.assertEqual(expected, found, str((new, old, building)))

    def test_another_size_of_the_source_is_replaced(self):
        """As one of another image; in a change what is given stays."""
        rows = [*_rows(new=4), stock.row(9, size_gib=7)]

        self.assertEqual(
            [(9, "stale")], self.gone(_pool(*rows, current=_NEW))
        )
        self.assertEqual(
            [],
            self.gone(
                _pool(
                    *_rows(new=4),
                    stock.row(9, size_gib=7, snapshot_id=_OLD),
                )
            ),
        )

    def test_what_was_overtaken_goes_without_waiting(self):
        """It was never given: nobody knows its snapshot."""
        rows = [
            *_rows(new=1, old=4),
            stock.row(9, snapshot_id=model.SnapshotId("between")),
        ]

        gone = self.gone(_pool(*rows), drain_time=timedelta(hours=1))

        self.assertEqual([(9, "stale")], gone)

    def test_too_many_go_the_newest_first(self):
        """What waited longest is given next."""
        rows = _rows(new=6)
        rows[1] = dataclasses.replace(rows[1], created_at=_LONG_AGO)
        rows[5] = dataclasses.replace(rows[5], created_at=_LONG_AGO)

        gone = self.gone(_pool(*rows, current=_NEW))

        self.assertEqual([(5, "surplus"), (4, "surplus")], gone)

    def test_of_too_many_the_oldest_go_when_they_are_too_old(self):
        """That is what their successors were made for."""
        rows = _rows(new=6)
        rows[1] = dataclasses.replace(rows[1], created_at=_LONG_AGO)
        pool = _pool(*rows, current=_NEW, max_age=timedelta(hours=1))
        pool = dataclasses.replace(pool, now=pool.now + timedelta(seconds=9))

        self.assertEqual(
            [(2, "too old"), (6, "surplus")], self.gone(pool)
        )

    def test_without_a_source_nothing_goes(self):
        """A catalogue that is away changes nothing."""
        rows = _rows(new=9, old=9)

        self.assertEqual([], self.gone(_pool(*rows, source=None)))


class Deficit(base.BaseTestCase):
    """How many are made."""

    def missing(self, pool, **limits):
        """Return how many; what is not above zero is none."""
        return max(0, supply.deficit(pool, [], _limits(**limits)))

    def test_new_ones_are_made_beside_the_old(self):
        """Ready new, old, new under way, reserved; surge: how many."""
        for new, old, building, reserved, surge, expected in (
            (0, 4, 0, 0, 4, 4),
            (0, 4, 0, 0, 1, 1),
            (0, 4, 1, 0, 1, 0),
            (1, 3, 0, 0, 1, 1),
            (1, 4, 0, 0, 1, 0),
            (0, 4, 2, 0, 4, 2),
            # A reserved one is there until its claim is settled.
            (0, 3, 0, 2, 1, 0),
            (0, 3, 0, 1, 1, 1),
            (4, 4, 0, 0, 4, 0),
            # Used up meanwhile: the pool is built anew.
            (0, 0, 0, 0, 1, 4),
        ):
            rows = _rows(new=new, old=old, building=building,
                         reserved=reserved)
            self.assertEqual(
                expected,
                self.missing(_pool(*rows, surge=_volumes(surge))),
                str((new, old, building, reserved, surge)),
            )

    def test_one_more_is_made_for_what_is_too_old(self):
        """However many are: the shelf is renewed one by one."""
        for old, expected in ((0, 0), (1, 1), (4, 1)):
            rows = _rows(new=4)
            for number in range(old):
                rows[number] = dataclasses.replace(
                    rows[number], created_at=_LONG_AGO
                )
            pool = _pool(*rows, current=_NEW, max_age=timedelta(minutes=50))
            self.assertEqual(expected, self.missing(pool), str(old))

    def test_the_caps_hold_in_a_change_as_well(self):
        """Of the pool, and of all pools."""
        rows = _rows(old=4)

        self.assertEqual(2, self.missing(_pool(*rows, max_creating=2)))
        self.assertEqual(1, self.missing(_pool(*rows), room=1))
        self.assertEqual(1, self.missing(_pool(*rows), room_of_source=1))
        self.assertEqual(0, self.missing(_pool(*rows, paused=True)))


    def test_a_finished_one_makes_room_for_one_of_its_image(self):
        """One of the old image leaves the new one's queue as it was."""
        for snapshot_id, expected in ((_NEW, 1), (_OLD, 0)):
            row = stock.row(1, status=_R.CREATING, snapshot_id=snapshot_id)
            decided = [actions.Promote(row, stock.volume_of(row))]
            limits = _limits(room=0, room_of_source=0)

            self.assertEqual(
                expected,
                max(0, supply.deficit(_pool(row), decided, limits)),
            )

    def test_a_finished_one_makes_room_among_all(self):
        """Whatever its image: the workers of cinder-volume are common."""
        row = stock.row(1, status=_R.CREATING, snapshot_id=_OLD)
        decided = [actions.Promote(row, stock.volume_of(row))]

        self.assertEqual(
            1, supply.deficit(_pool(row), decided, _limits(room=0))
        )


class Expiry(base.BaseTestCase):
    """When a volume is too old."""

    def is_expired(self, age, row=None, **changes):
        row = row or stock.row(1, created_at=stock.NOW - age)
        pool = _pool(row, **{"max_age": timedelta(hours=1), **changes})
        return pool.is_expired(row)

    def test_each_has_its_own_time_within_a_tenth(self):
        """By its marker, so that every daemon says the same."""
        first = timedelta(minutes=54)
        for marker, limit in (
            ("00000000-", timedelta(hours=1)),
            ("ffffffff-", first),
            ("80000000-", timedelta(minutes=57)),
        ):
            for more, expected in ((-1, False), (1, True)):
                age = limit + timedelta(seconds=more)
                row = stock.row(
                    1,
                    marker=model.Marker(marker),
                    created_at=stock.NOW - age,
                )
                self.assertEqual(
                    expected, self.is_expired(age, row), f"{marker} {more}"
                )

    def test_only_the_shelf_grows_old(self):
        """What is reserved is given; without max_age nothing is too old."""
        day = timedelta(days=1)
        reserved = stock.row(
            1, status=_R.RESERVED, claim_id=1, created_at=stock.NOW - day
        )

        self.assertFalse(self.is_expired(day, reserved))
        self.assertFalse(self.is_expired(day, max_age=None))
        self.assertTrue(self.is_expired(day))
