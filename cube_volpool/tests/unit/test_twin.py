"""The states of carriers and twins, and by what they are known."""

import functools
import itertools
from datetime import datetime

from oslotest import base

from cube_volpool import model, twin

#: "States of a twin" of the architecture.
_MOVES: dict[str | None, set[str | None]] = {
    None: {"creating", "deleting"},
    "creating": {"available", "deleting", None},
    "available": {"deleting"},
    "deleting": {None},
}
_NOW = datetime(2026, 11, 28)


def made(**changes):
    """Return an available twin."""
    values = {
        "id": 1,
        "marker": model.Marker("m"),
        "pool": model.PoolName("deb"),
        "kind": twin.Kind.TWIN,
        "source_id": model.SnapshotId("s"),
        "carrier": model.Marker("c"),
        "cinder_id": "t",
        "status": twin.Status.AVAILABLE,
        "reason": None,
        "failures": 0,
        "created_at": _NOW,
        "updated_at": _NOW,
    }
    return twin.Twin(**{**values, **changes})


class TwinTest(base.BaseTestCase):
    """What the values say."""

    def test_states_change_as_the_architecture_says(self):
        """Every pair of states."""
        states = [None, *twin.Status]
        for seen, wanted in itertools.product(states, states):
            self.assertEqual(
                wanted in _MOVES[seen],
                (seen, wanted) in twin.TRANSITIONS,
                f"{seen} to {wanted}",
            )

    def test_no_status_is_ever_entered_again(self):
        """So marker and status say whether a row is as it was read."""
        reached = {
            status: {to for seen, to in twin.TRANSITIONS if seen is status}
            for status in twin.Status
        }
        for _ in twin.Status:
            for ways in reached.values():
                ways |= {w for to in ways if to for w in reached[to]}

        for status, ways in reached.items():
            self.assertNotIn(status, ways)

    def test_twin_is_a_lane_and_a_carrier_a_volume(self):
        """Neither is the other, and an intent is neither."""
        carrier = made(kind=twin.Kind.CARRIER, cinder_id="v", carrier=None)

        self.assertEqual(("t", ""), (made().lane, made().volume_id))
        self.assertEqual(("", "v"), (carrier.lane, carrier.volume_id))
        self.assertEqual("", made(cinder_id=None).lane)

    def test_only_what_was_made_so_may_serve(self):
        """More metadata does no harm, a changed key does."""
        marked = twin.metadata(made(), "d")
        as_made = functools.partial(
            twin.is_as_made, one=made(), deployment="d"
        )
        self.assertTrue(as_made(marked | {"x": "y"}))
        for key in marked:
            self.assertFalse(as_made(marked | {key: "other"}), key)

    def test_only_what_is_of_the_deployment_and_a_kind_is_ours(self):
        """A pooled volume is none, nor another deployment's carrier."""
        marked = twin.metadata(made(), "d")
        ours = functools.partial(twin.is_ours, deployment="d")
        self.assertTrue(ours(marked))
        for key in (twin.KIND_KEY, model.DEPLOYMENT_KEY):
            rest = {k: v for k, v in marked.items() if k != key}
            self.assertFalse(ours(rest), key)
        self.assertFalse(twin.is_ours(marked, deployment="other"))
