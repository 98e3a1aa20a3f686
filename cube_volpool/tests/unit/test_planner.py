"""The planner: examples of every action."""

from datetime import timedelta
from typing import Any

from oslotest import base

from cube_volpool import actions, model, planner
from cube_volpool.tests.unit import stock

_R = model.RowStatus
_HOUR = timedelta(hours=1)


class PlannerCase(base.BaseTestCase):
    """One row, what Cinder shows of it, and the plan."""

    def plan_for(self, row, volume, **pool):
        """Return the actions about a row; the rest of the pool is quiet."""
        observed = planner.Observation(volumes={row.volume_id: volume})
        found = planner.plan(
            stock.pool(row, **{"paused": True, **pool}), observed, stock.LIMITS
        )
        return [a for a in found if not isinstance(a, actions.Create)]

    def assert_evicted(self, reason, row, volume, **pool):
        """The row is condemned, for this reason."""
        (action,) = self.plan_for(row, volume, **pool)

        self.assertIsInstance(action, actions.Evict)
        self.assertIn(reason, action.reason)


class Creating(PlannerCase):
    """Rows whose volume is being made."""

    def test_a_finished_volume_is_promoted(self):
        """It is fit, so it goes on the shelf."""
        row = stock.row(status=_R.CREATING)
        volume = stock.volume_of(row)

        self.assertEqual(
            [actions.Promote(row, volume)], self.plan_for(row, volume)
        )

    def test_what_is_being_made_is_waited_for(self):
        """Up to its place in the queue of its snapshot."""
        row = stock.row(status=_R.CREATING)
        for status in ("creating", "downloading"):
            volume = stock.volume_of(row, status=status)
            self.assertEqual([], self.plan_for(row, volume))

    def test_the_second_in_the_queue_has_twice_the_time(self):
        """Cinder makes volumes of one snapshot one after the other."""
        made = stock.NOW - timedelta(minutes=11)
        first, second = (
            stock.row(n, status=_R.CREATING, created_at=made) for n in (1, 2)
        )
        observed = stock.seen(
            *(stock.volume_of(r, status="creating") for r in (first, second))
        )

        self.assertEqual(
            (actions.Evict(first, "stuck in creating"),),
            planner.plan(
                stock.pool(first, second, paused=True), observed, stock.LIMITS
            ),
        )

    def test_a_volume_that_does_not_fit_is_condemned(self):
        """Every property that a claim relies on."""
        row = stock.row(status=_R.CREATING)
        for reason, change in (
            ("Cinder says error", {"status": "error"}),
            ("size", {"size_gib": 2}),
            ("type", {"volume_type": "sas"}),
            ("snapshot", {"snapshot_id": stock.OLD}),
            ("bootable", {"bootable": False}),
            ("attached", {"attached": True}),
            ("deployment", {"metadata": {}}),
        ):
            self.assert_evicted(
                reason, row, stock.volume_of(row, **change)
            )

    def test_one_that_is_stale_when_finished_is_condemned(self):
        """Its snapshot was replaced meanwhile."""
        row = stock.row(status=_R.CREATING, snapshot_id=stock.OLD)

        self.assert_evicted("stale", row, stock.volume_of(row))

    def test_one_that_cinder_does_not_know_is_forgotten_after_the_grace(self):
        """A replica may lag; it counts from when its id was told."""
        for age, expected in ((14, 0), (16, 1)):
            row = stock.row(
                status=_R.CREATING,
                created_at=stock.NOW - _HOUR,
                updated_at=stock.NOW - timedelta(minutes=age),
            )

            self.assertEqual(
                [actions.Forget(row)] * expected, self.plan_for(row, None)
            )

    def test_an_intent_is_given_the_volume_that_has_its_name(self):
        """The create's answer was lost, the create was not."""
        row = stock.row(status=_R.CREATING, volume_id=None)
        volume = stock.volume_of(row)
        observed = planner.Observation(
            volumes={}, intents={row.marker: volume}
        )

        self.assertEqual(
            (actions.Attach(row, volume),),
            planner.plan(
                stock.pool(row, paused=True), observed, stock.LIMITS
            ),
        )

    def test_an_intent_without_a_volume_is_forgotten_after_the_grace(self):
        """Before it, the create may still arrive."""
        for age, expected in ((14, 0), (16, 1)):
            row = stock.row(
                status=_R.CREATING,
                volume_id=None,
                created_at=stock.NOW - timedelta(minutes=age),
            )
            observed = planner.Observation(
                volumes={}, intents={row.marker: None}
            )
            planned = planner.plan(
                stock.pool(row, paused=True), observed, stock.LIMITS
            )

            self.assertEqual((actions.Forget(row),) * expected, planned)


class Available(PlannerCase):
    """Rows on the shelf."""

    def test_a_good_volume_is_left_alone(self):
        """Nothing to do is an empty plan."""
        row = stock.row()

        self.assertEqual([], self.plan_for(row, stock.volume_of(row)))

    def test_one_that_somebody_changed_is_condemned(self):
        """Renamed markers, an offer, an attachment, an error."""
        row = stock.row()
        for reason, change in (
            ("Cinder says awaiting-transfer", {"status": "awaiting-transfer"}),
            ("Cinder says in-use", {"status": "in-use"}),
            ("marker", {"metadata": {}}),
            ("attached", {"attached": True}),
            ("size", {"size_gib": 9}),
        ):
            self.assert_evicted(
                reason, row, stock.volume_of(row, **change)
            )

    def test_one_whose_type_has_another_name_keeps_its_place(self):
        """Row, volume, pool: by name; ids of the row and of the pool."""
        for of_row, shown, of_pool, ids, expected in (
            # Renamed in Cinder; nobody has told the configuration yet.
            ("ssd", "fast", "ssd", ("1", "1"), None),
            ("ssd", "fast", "ssd", ("1", None), None),
            # The configuration follows.
            ("ssd", "fast", "fast", ("1", "1"), actions.Relabel),
            # A daemon that has the old name yet, beside one that has not.
            ("fast", "fast", "ssd", ("1", "1"), None),
            ("fast", "fast", "ssd", ("1", None), None),
            ("fast", "fast", "ssd", (None, "1"), None),
            # Another type.
            ("ssd", "ssd", "sas", ("1", "2"), actions.Evict),
            ("ssd", "ssd", "sas", ("1", None), None),
        ):
            row = stock.row(type=of_row, volume_type_id=ids[0])
            volume = stock.volume_of(
                row, volume_type=shown, volume_type_id=ids[0]
            )
            pool = stock.pool(
                row,
                spec=stock.spec(volume_type=of_pool, min_ready=1),
                volume_type_id=ids[1],
            )

            planned = planner.plan(pool, stock.seen(volume), stock.LIMITS)

            kinds = [
                type(action)
                for action in planned
                if not isinstance(action, actions.Create)
            ]
            self.assertEqual(
                [] if expected is None else [expected],
                kinds,
                f"{of_row} {shown} {of_pool} {ids}",
            )

    def test_one_without_the_id_of_its_type_is_told_by_name(self):
        """It was on the shelf before there were such ids."""
        row = stock.row(volume_type_id=None)

        self.assert_evicted(
            "its type is sas",
            row,
            stock.volume_of(row, volume_type="sas", volume_type_id="2"),
        )

    def test_one_that_is_gone_is_forgotten(self):
        """A GET by id says so."""
        row = stock.row()

        self.assertEqual([actions.Forget(row)], self.plan_for(row, None))

    def test_one_that_was_not_looked_at_is_left_alone(self):
        """Absence from an observation is no proof."""
        row = stock.row()

        self.assertEqual(
            (),
            planner.plan(
                stock.pool(row, paused=True), stock.seen(), stock.LIMITS
            ),
        )

    def test_the_newest_goes_when_there_are_too_many(self):
        """The oldest are served first, so they stay."""
        rows = [
            stock.row(n, created_at=stock.NOW - n * _HOUR) for n in (1, 2, 3)
        ]

        self.assertEqual(
            (actions.Evict(rows[0], "surplus"),),
            planner.plan(stock.pool(*rows), stock.seen(), stock.LIMITS),
        )

    def test_stale_ones_stay_until_the_shelf_is_full_without_them(self):
        """A refresh never empties a pool."""
        old = stock.row(1, snapshot_id=stock.OLD)
        fresh = [stock.row(n) for n in (2, 3)]

        few = planner.plan(
            stock.pool(old, fresh[0]), stock.seen(), stock.LIMITS
        )
        enough = planner.plan(
            stock.pool(old, *fresh), stock.seen(), stock.LIMITS
        )
        self.assertEqual((actions.Create(1),), few)
        self.assertEqual((actions.Evict(old, "stale"),), enough)

    def test_a_held_row_is_neither_supply_nor_surplus(self):
        """An operator keeps it; the pool is filled without it."""
        rows = [stock.row(1, held=True), stock.row(2), stock.row(3)]

        self.assertEqual(
            (), planner.plan(stock.pool(*rows), stock.seen(), stock.LIMITS)
        )


class Deleting(PlannerCase):
    """Condemned rows."""

    def test_its_volume_is_deleted(self):
        """In every status in which Cinder takes a delete."""
        row = stock.row(status=_R.DELETING)
        for status in ("available", "error", "awaiting-transfer"):
            self.assertEqual(
                [actions.Delete(row, status)],
                self.plan_for(row, stock.volume_of(row, status=status)),
            )

    def test_a_volume_in_use_or_not_ours_is_never_deleted(self):
        """Nor one that is on its way out already."""
        row = stock.row(status=_R.DELETING)
        changes: tuple[dict[str, Any], ...] = (
            {"attached": True},
            {"status": "in-use"},
            {"status": "attaching"},
            {"status": "deleting"},
            {"metadata": {}},
            {"metadata": {model.DEPLOYMENT_KEY: "another"}},
        )
        for change in changes:
            volume = stock.volume_of(row, **change)
            self.assertEqual([], self.plan_for(row, volume), str(change))

    def test_one_that_is_being_made_is_deleted_when_it_is_late(self):
        """Before that, Cinder could leave its image behind."""
        for age, expected in ((9, 0), (11, 1)):
            row = stock.row(
                status=_R.DELETING,
                created_at=stock.NOW - timedelta(minutes=age),
            )
            volume = stock.volume_of(row, status="creating")

            self.assertEqual(
                [actions.Delete(row, "creating")] * expected,
                self.plan_for(row, volume),
            )

    def test_one_that_is_gone_is_forgotten(self):
        """Only 404 ends the deleting."""
        row = stock.row(status=_R.DELETING)

        self.assertEqual([actions.Forget(row)], self.plan_for(row, None))
