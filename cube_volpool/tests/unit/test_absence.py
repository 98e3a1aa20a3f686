"""Most of a pool missing: counted, and when it is believed."""

from datetime import timedelta

from oslotest import base

from cube_volpool import absence, actions, model, planner, premises
from cube_volpool.tests.unit import stock

_GRACE = timedelta(minutes=15)
_S = model.RowStatus
_POOL = model.PoolName("deb")


def _seen(present, absent, **changes):
    """Return rows and what was seen of them."""
    rows = tuple(
        stock.row(number, **changes)
        for number in range(1, present + absent + 1)
    )
    volumes = {
        model.VolumeId(f"v{row.id}"): (
            stock.volume_of(row) if row.id <= present else None
        )
        for row in rows
    }
    return rows, planner.Observation(volumes=volumes)


class MissingTest(base.BaseTestCase):
    """What counts as most of a pool."""

    def test_five_and_more_than_half_are_a_mass(self):
        """Fewer were deleted by hand, or one by one."""
        for present, absent, is_mass in (
            (0, 4, False),
            (0, 5, True),
            (4, 5, True),
            (5, 5, False),
            (95, 5, False),
        ):
            found = absence.missing(*_seen(present, absent))

            self.assertEqual(is_mass, found.is_mass, f"{present}, {absent}")
            self.assertEqual(
                absence.Missing(absent, present + absent), found
            )

    def test_condemned_and_reserved_volumes_do_not_count(self):
        """Those are meant to go, and these are a claim's."""
        for status in (_S.DELETING, _S.RESERVED):
            found = absence.missing(*_seen(0, 9, status=status))

            self.assertEqual(absence.Missing(0, 0), found)

    def test_rows_that_were_not_looked_at_do_not_count(self):
        """A fast round sees a part of the pool."""
        rows, _ = _seen(9, 0)

        found = absence.missing(rows, planner.Observation(volumes={}))

        self.assertEqual(absence.Missing(0, 0), found)


class DoubtsTest(base.BaseTestCase):
    """When it is believed."""

    def setUp(self):
        super().setUp()
        self.doubts = absence.Doubts(_GRACE)

    def believed(self, absent, minutes=0, *, is_audit=True, pool=_POOL):
        """Is it believed that so many of ten are missing?"""
        return self.doubts.is_believed(
            pool,
            absence.Missing(absent, 10),
            now=stock.NOW + timedelta(minutes=minutes),
            is_audit=is_audit,
        )

    def test_a_few_are_believed_at_once(self):
        """Nobody waits for one volume that was deleted by hand."""
        self.assertTrue(self.believed(4))

    def test_most_are_believed_when_it_lasts(self):
        """For the whole grace."""
        self.assertFalse(self.believed(9))
        self.assertFalse(self.believed(9, 14))
        self.assertTrue(self.believed(9, 15))

    def test_an_audit_that_finds_them_ends_the_doubt(self):
        """The next time is waited for anew."""
        self.believed(9)
        self.assertTrue(self.believed(0, 10))

        self.assertFalse(self.believed(9, 20))

    def test_a_fast_round_does_not_end_a_doubt(self):
        """It did not look at those that are missing."""
        self.believed(9)

        self.assertFalse(self.believed(0, 1, is_audit=False))

    def test_pools_are_doubted_one_by_one(self):
        """The volumes of another type are in another backend."""
        self.believed(9)

        self.assertTrue(self.believed(1, pool=model.PoolName("other")))


class PlanTest(base.BaseTestCase):
    """What the planner makes of it."""

    def plan(self, rows, observed, *, believes):
        """Plan for a pool of ten."""
        limits = premises.Limits(
            room=16,
            room_of_source=16,
            intent_grace=timedelta(minutes=15),
            build_timeout=timedelta(minutes=10),
            believes_absence=believes,
        )
        spec = stock.spec(min_ready=10, max_creating=10)
        return planner.plan(
            stock.pool(*rows, spec=spec), observed, limits
        )

    def test_a_doubted_absence_changes_nothing(self):
        """Nothing is forgotten, and nothing is built in its place."""
        rows, observed = _seen(1, 9)

        self.assertEqual((), self.plan(rows, observed, believes=False))

        kinds = {type(a) for a in self.plan(rows, observed, believes=True)}
        self.assertEqual({actions.Forget, actions.Create}, kinds)

    def test_condemned_volumes_are_forgotten_all_the_same(self):
        """Their absence is what was wanted."""
        rows, observed = _seen(0, 3, status=_S.DELETING)

        planned = self.plan(rows, observed, believes=False)

        self.assertEqual(
            3, sum(isinstance(a, actions.Forget) for a in planned)
        )
