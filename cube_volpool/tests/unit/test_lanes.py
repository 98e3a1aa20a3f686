"""The plan of lanes: what is made, what is retired, and why."""

from datetime import timedelta
from typing import Any

from oslotest import base

from cube_volpool import lanes, model, twin
from cube_volpool.tests.unit import lanes as values
from cube_volpool.tests.unit.lanes import NOW, OLD, SOURCE, carrier, taken

_K, _S = twin.Kind, twin.Status
_LONG_AGO = NOW - timedelta(hours=2)
_FULL = (carrier(), taken(2), taken(3), taken(4))


def planned(*twins: twin.Twin, seen: Any = (), **changes: Any) -> Any:
    """Return the plan; ``seen`` is what was looked at."""
    return lanes.plan(values.view(*twins, **changes), dict(seen))


def condemned(plan: Any) -> Any:
    """Return the ids of the rows that a plan gives up, and why."""
    return {a.one.id: a.reason for a in plan if isinstance(a, lanes.Condemn)}


class MakingTest(base.BaseTestCase):
    """What is missing is made, in its order."""

    def test_carrier_comes_first(self):
        """Of the source, once."""
        self.assertEqual((lanes.Carry(SOURCE),), planned())
        self.assertEqual(
            (), planned(carrier(status=_S.CREATING, cinder_id=None))
        )

    def test_ready_carrier_gets_its_twins(self):
        """As many as are missing; what is in creation is not missing."""
        one = carrier()
        self.assertEqual((lanes.Copy(one, 3),), planned(one))
        twins = (taken(2), taken(3, status=_S.CREATING, cinder_id=None))
        self.assertEqual((lanes.Copy(one, 1),), planned(one, *twins))
        self.assertEqual((), planned(*_FULL))

    def test_condemned_ones_are_replaced_at_once(self):
        """They serve no more, however long they stay in Cinder."""
        gone = taken(4, status=_S.DELETING)
        self.assertEqual(
            (lanes.Copy(_FULL[0], 1),), planned(*_FULL[:3], gone)
        )
        self.assertEqual(
            (lanes.Carry(SOURCE),), planned(carrier(status=_S.DELETING))
        )

    def test_nothing_is_made_when_it_should_not_be(self):
        """Paused, drained, no source, no place, after a failure."""
        cases: tuple[dict[str, Any], ...] = (
            {"is_paused": True},
            {"is_drained": True},
            {"source_id": None, "current_id": None},
            {"has_room": False},
            {"may_make": False},
            {"lanes": 1},
            {"min_ready": 0},
            {"source_id": model.SnapshotId("image:1")},
            {"source_id": model.SnapshotId("blank")},
        )
        for changes in cases:
            self.assertEqual((), planned(**changes), str(changes))
        for changes in ({"is_paused": True}, {"may_make": False}):
            self.assertEqual((), planned(carrier(), **changes), str(changes))

    def test_twins_take_no_place_in_the_queue(self):
        """Only a carrier is a create of a volume."""
        one = carrier()
        self.assertEqual((lanes.Copy(one, 3),), planned(one, has_room=False))


class SettlingTest(base.BaseTestCase):
    """What becomes of one that is being made."""

    def test_intent_that_is_found_gets_its_id(self):
        """A condemned one as well: it is to be deleted."""
        for status in (_S.CREATING, _S.DELETING):
            one = carrier(status=status, cinder_id=None)
            found = values.shown(one)
            plan = planned(one, seen={one.marker: found})

            self.assertIn(lanes.Attach(one, found.id), plan)

    def test_intent_that_is_not_found_is_waited_for(self):
        """As long as its create may still turn up."""
        for status in (_S.CREATING, _S.DELETING):
            young = carrier(status=status, cinder_id=None)
            old = carrier(
                status=status, cinder_id=None, created_at=_LONG_AGO
            )
            self.assertNotIn(
                lanes.Forget(young), planned(young, seen={young.marker: None})
            )
            self.assertIn(
                lanes.Forget(old), planned(old, seen={old.marker: None})
            )
            self.assertNotIn(lanes.Forget(old), planned(old))

    def test_finished_ones_serve(self):
        """When they are what they were to be."""
        one, other = carrier(status=_S.CREATING), taken(2, status=_S.CREATING)
        ready = carrier()
        self.assertEqual(
            (lanes.Promote(one),),
            planned(one, seen={one.marker: values.shown(one)}),
        )
        self.assertIn(
            lanes.Promote(other),
            planned(ready, other, seen={other.marker: values.shown(other)}),
        )

    def test_unfit_ones_are_given_up(self):
        """Whatever is not as it was to be is no twin of anything."""
        cases: dict[str, dict[str, Any]] = {
            "another snapshot": {"snapshot_id": OLD},
            "not bootable": {"bootable": False},
            "attached": {"attached": True},
            "markers": {"metadata": {}},
            "Cinder says error": {"status": "error"},
            "Cinder says in-use": {"status": "in-use"},
        }
        one = carrier(status=_S.CREATING)
        for reason, changes in cases.items():
            plan = planned(
                one, seen={one.marker: values.shown(one, **changes)}
            )
            self.assertIn(reason, condemned(plan)[1])
        twin_ = taken(2, status=_S.CREATING)
        cases = {
            "of another volume": {"volume_id": "v9"},
            "markers": {"metadata": {}},
            "Cinder says error": {"status": "error"},
        }
        for reason, changes in cases.items():
            plan = planned(
                carrier(),
                twin_,
                seen={twin_.marker: values.shown(twin_, **changes)},
            )
            self.assertIn(reason, condemned(plan)[2])

    def test_one_that_takes_too_long_is_given_up(self):
        """A carrier waits in a queue, a twin does not."""
        since = NOW - timedelta(minutes=20)
        one = carrier(status=_S.CREATING, created_at=since)
        other = taken(2, status=_S.CREATING, created_at=since)
        building = {
            o.marker: values.shown(o, status="creating")
            for o in (one, other)
        }
        self.assertEqual(
            {2: "stuck in creating"},
            condemned(planned(one, other, seen=building)),
        )
        late = carrier(status=_S.CREATING, created_at=_LONG_AGO)
        self.assertEqual(
            {1: "stuck in creating"}, condemned(planned(late, seen=building))
        )

    def test_one_that_is_missing_is_given_up_after_the_grace(self):
        """A replica of Cinder's may lag behind."""
        one = carrier(status=_S.CREATING)
        old = carrier(status=_S.CREATING, updated_at=_LONG_AGO)
        seen = {one.marker: None}
        self.assertEqual({}, condemned(planned(one, seen=seen)))
        self.assertEqual([1], list(condemned(planned(old, seen=seen))))


class RetiringTest(base.BaseTestCase):
    """What is not wanted any more goes, twins first."""

    def test_all_goes_when_no_lane_is_wanted(self):
        """Drained, emptied, lowered to one, or of another kind of source."""
        cases: tuple[dict[str, Any], ...] = (
            {"is_drained": True},
            {"min_ready": 0},
            {"lanes": 1},
            {"source_id": model.SnapshotId("image:1")},
        )
        for changes in cases:
            plan = planned(*_FULL, **changes)
            self.assertEqual({1, 2, 3, 4}, set(condemned(plan)), str(changes))
            self.assertTrue(all(not a.is_failure for a in plan))

    def test_second_carrier_of_one_source_goes(self):
        """With the twins of it, and nothing is made in their place."""
        plan = planned(*_FULL, carrier(11), taken(12, 11))
        self.assertEqual(
            {11: "one carrier is enough", 12: "its carrier is given up"},
            condemned(plan),
        )
        self.assertEqual(2, len(plan))

    def test_nothing_goes_while_the_source_is_unknown(self):
        """It may be back in a moment; nor while a pool is paused."""
        self.assertEqual((), planned(*_FULL, source_id=None))
        self.assertEqual((), planned(*_FULL, is_paused=True))

    def test_last_ones_go_when_fewer_are_wanted(self):
        """And their carrier stays."""
        self.assertEqual(
            {4: "fewer lanes are wanted"}, condemned(planned(*_FULL, lanes=2))
        )

    def test_lanes_of_what_is_given_stay_during_a_change(self):
        """A rollback needs them; after the switch they go."""
        old = [
            carrier(11, source_id=OLD),
            taken(12, 11, source_id=OLD),
        ]
        self.assertEqual(
            {}, condemned(planned(*_FULL, *old, current_id=OLD))
        )
        self.assertEqual({11, 12}, set(condemned(planned(*_FULL, *old))))

    def test_twins_of_a_carrier_that_is_given_up_go_along(self):
        """They have its content."""
        gone = carrier(status=_S.DELETING)
        plan = planned(gone, *_FULL[1:])
        self.assertEqual({2, 3, 4}, set(condemned(plan)))

    def test_failures_in_a_row_end_a_twin_and_a_carrier(self):
        """Not before: a restart of Cinder's fails what is in flight."""
        for many, one in (
            (lanes.TWIN_FAILURES, taken(2)),
            (lanes.CARRIER_FAILURES, carrier()),
        ):
            rest = [o for o in _FULL if o.id != one.id]
            for failures in (many - 1, many):
                failed = type(one)(**{**vars(one), "failures": failures})
                plan = planned(failed, *rest)
                self.assertEqual(
                    failures == many, one.id in condemned(plan), str(failures)
                )

    def test_condemned_twin_is_deleted_once_nothing_is_made_of_it(self):
        """A create would meet a snapshot that is being deleted."""
        one = taken(2, status=_S.DELETING)
        seen = {one.marker: values.shown(one)}
        view = {"seen": seen, "may_make": False}

        self.assertEqual(
            (), planned(carrier(), one, busy=frozenset({one.lane}), **view)
        )
        self.assertEqual(
            (lanes.Remove(one),), planned(carrier(), one, **view)
        )
        self.assertEqual((), planned(carrier(), one, may_make=False))

    def test_carrier_is_deleted_after_its_twins(self):
        """Cinder refuses it before; a stray twin may be one of them."""
        gone = carrier(status=_S.DELETING)
        seen = {gone.marker: values.shown(gone)}
        for left in (
            taken(2, status=_S.DELETING),
            taken(2, carrier=None, status=_S.DELETING),
        ):
            plan = planned(gone, left, seen=seen, may_make=False)
            self.assertEqual((), plan)
        other = taken(12, 11)
        plan = planned(
            gone, carrier(11), other, seen=seen, may_make=False
        )
        self.assertEqual((lanes.Remove(gone),), plan)

    def test_nothing_is_deleted_that_does_not_carry_our_markers(self):
        """Or that Cinder would not delete now."""
        one = taken(2, status=_S.DELETING)
        cases: tuple[dict[str, Any], ...] = (
            {"metadata": {}},
            {"metadata": {model.DEPLOYMENT_KEY: "test"}},
            {"metadata": {**twin.metadata(one, "other")}},
            {"status": "deleting"},
            {"status": "creating"},
        )
        for changes in cases:
            seen = {one.marker: values.shown(one, **changes)}
            plan = planned(carrier(), one, seen=seen, may_make=False)
            self.assertEqual((), plan, str(changes))

    def test_row_goes_when_cinder_says_404(self):
        """Not when nobody looked."""
        one = taken(2, status=_S.DELETING)
        view = {"may_make": False}
        self.assertEqual(
            (lanes.Forget(one),),
            planned(carrier(), one, seen={one.marker: None}, **view),
        )
        self.assertEqual((), planned(carrier(), one, **view))

    def test_serving_one_that_is_found_missing_is_given_up(self):
        """By an audit, which asked for it by its id."""
        seen = {_FULL[1].marker: None}
        self.assertEqual({2}, set(condemned(planned(*_FULL, seen=seen))))
