"""The planner: how many are made, and what becomes of strangers."""

from datetime import timedelta

from oslotest import base

from cube_volpool import actions, model, planner
from cube_volpool.tests.unit import stock

_R = model.RowStatus


class Deficit(base.BaseTestCase):
    """How many are made."""

    def plan_of(self, *rows, limits=stock.LIMITS, **pool):
        """Return the plan when nothing was looked at."""
        return planner.plan(stock.pool(*rows, **pool), stock.seen(), limits)

    def test_an_empty_pool_is_filled(self):
        """Up to what may be made at a time."""
        self.assertEqual((actions.Create(2),), self.plan_of())
        self.assertEqual(
            (actions.Create(2),), self.plan_of(spec=stock.spec(min_ready=9))
        )

    def test_what_is_reserved_or_being_made_is_supply(self):
        """Most claims are bound in a second; one handed back is surplus."""
        reserved = stock.row(1, status=_R.RESERVED, claim_id=1)
        creating = stock.row(2, status=_R.CREATING)

        self.assertEqual((), self.plan_of(reserved, creating))

    def test_what_is_condemned_or_of_another_snapshot_is_none(self):
        """They are replaced while they still are there."""
        rows = (
            stock.row(1, status=_R.DELETING),
            stock.row(2, snapshot_id=stock.OLD),
        )

        self.assertEqual((actions.Create(2),), self.plan_of(*rows))

    def test_a_lost_intent_holds_no_place(self):
        """After a minute its create is not waited for."""
        for age, expected in ((59, ()), (61, (actions.Create(1),))):
            row = stock.row(
                status=_R.CREATING,
                volume_id=None,
                created_at=stock.NOW - timedelta(seconds=age),
            )
            self.assertEqual(expected, self.plan_of(row, stock.row(2)))

    def test_nothing_is_made_without_room_a_source_or_while_paused(self):
        """Each of them is enough."""
        none = planner.Limits(
            room=0,
            intent_grace=stock.LIMITS.intent_grace,
            build_timeout=stock.LIMITS.build_timeout,
        )

        self.assertEqual((), self.plan_of(limits=none))
        self.assertEqual((), self.plan_of(source=None))
        self.assertEqual((), self.plan_of(paused=True))
        self.assertEqual((), self.plan_of(spec=stock.spec(min_ready=0)))


class Adoption(base.BaseTestCase):
    """Marked volumes that no row knows."""

    def adopt(self, *specs, **changes):
        """Decide about a stranger."""
        stranger = stock.volume_of(stock.row(), **changes)
        return planner.adopt(stranger, specs)

    def test_one_of_the_shelf_is_taken_back(self):
        """The ledger may be an old backup: nothing is deleted for that."""
        action = self.adopt(stock.spec())

        self.assertEqual(("deb", None), (action.pool, action.reason))

    def test_one_that_a_claim_renamed_is_condemned(self):
        """Somebody may hold a key to it."""
        marks = {model.POOL_KEY: "deb", model.CLAIM_KEY: "m"}
        action = self.adopt(stock.spec(), metadata=marks)

        self.assertEqual("deb", action.pool)
        self.assertIn("claim", action.reason)

    def test_one_of_the_wrong_type_is_condemned(self):
        """No claim of this pool could have it."""
        action = self.adopt(stock.spec(), volume_type="sas")

        self.assertIn("sas", action.reason)

    def test_one_of_a_pool_that_went_is_put_in_the_bin_of_another(self):
        """Of the same type when there is one."""
        other = stock.spec(name="sas", volume_type="sas")
        like = stock.spec(name="like")
        action = self.adopt(other, like)

        self.assertEqual("like", action.pool)
        self.assertIsNotNone(action.reason)
        self.assertEqual("sas", self.adopt(other).pool)

    def test_without_pools_it_is_left_alone(self):
        """And reported, by whoever applies it."""
        self.assertIsNone(self.adopt().pool)
