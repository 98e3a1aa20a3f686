"""The planner: how many are made."""

from datetime import timedelta

from oslotest import base

from cube_volpool import actions, model, planner, premises
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
        none = premises.Limits(
            room=0,
            room_of_source=16,
            intent_grace=stock.LIMITS.intent_grace,
            build_timeout=stock.LIMITS.build_timeout,
        )

        self.assertEqual((), self.plan_of(limits=none))
        self.assertEqual((), self.plan_of(source=None))
        self.assertEqual((), self.plan_of(paused=True))
        self.assertEqual((), self.plan_of(spec=stock.spec(min_ready=0)))
