"""The catalogue: which snapshot is the current one."""

import re

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import catalogue, model

_RULE = re.compile(r"(?P<os>.+)_(?P<type>[^_]+)_(?P<version>[^_]+)")


def _snapshot(name, **changes):
    values = {
        "id": f"id-{name}",
        "name": name,
        "status": "available",
        "size_gib": 1,
        "volume_id": "v",
    }
    return model.Snapshot(**{**values, **changes})


def _current(*snapshots):
    return {
        (entry.os, entry.type): entry.version
        for entry in catalogue.entries(snapshots, _RULE)
        if entry.role is model.Role.CURRENT
    }


class Entries(base.BaseTestCase):
    """From names to entries."""

    def test_the_newest_version_of_each_os_and_type_is_current(self):
        """The others are previous, none is lost."""
        names = (
            "debian-12_ssd_20261120",
            "debian-12_ssd_20261201",
            "debian-12_sas_20261001",
            "rocky_9_ssd_3",
        )
        entries = catalogue.entries(map(_snapshot, names), _RULE)

        self.assertEqual(
            {f"id-{name}" for name in names}, {e.snapshot_id for e in entries}
        )
        self.assertEqual(
            ["20261120"],
            [e.version for e in entries if e.role is model.Role.PREVIOUS],
        )
        self.assertEqual(
            {
                ("debian-12", "ssd"): "20261201",
                ("debian-12", "sas"): "20261001",
                ("rocky_9", "ssd"): "3",
            },
            _current(*map(_snapshot, names)),
        )

    def test_names_that_do_not_fit_are_not_ours(self):
        """Nor is a part of a name that fits."""
        names = ("backup", "debian-12_ssd", "x_y_", "_ssd_1")

        self.assertEqual(
            (), catalogue.entries(map(_snapshot, names), _RULE)
        )

    def test_a_snapshot_that_is_not_finished_is_left_out(self):
        """Until it is, the one before it is current."""
        old = _snapshot("debian-12_ssd_1")
        new = _snapshot("debian-12_ssd_2", status="creating")

        self.assertEqual({("debian-12", "ssd"): "1"}, _current(old, new))

    @hypothesis.settings(max_examples=100, derandomize=True, deadline=None)
    @hypothesis.given(st.permutations([f"os_t_{n}" for n in range(1, 12)]))
    def test_the_order_of_the_listing_does_not_matter(self, names):
        """The eleventh is the newest, not the ninth."""
        self.assertEqual(
            {("os", "t"): "11"}, _current(*map(_snapshot, names))
        )


class Versions(base.BaseTestCase):
    """What orders versions."""

    def test_numbers_are_ordered_as_numbers(self):
        """As somebody who numbers releases means them."""
        in_order = (
            ("20261120", "20261121"),
            ("9", "10"),
            ("1.9", "1.10"),
            ("1.0", "1.0.1"),
            ("1.0rc1", "1.0.1"),
            ("2026-11-09", "2026-11-10"),
            ("v9", "v10"),
        )
        for older, newer in in_order:
            self.assertLess(
                catalogue.version_key(older),
                catalogue.version_key(newer),
                (older, newer),
            )

    @hypothesis.settings(max_examples=200, derandomize=True, deadline=None)
    @hypothesis.given(st.text(max_size=8), st.text(max_size=8))
    def test_any_two_versions_can_be_compared(self, one, other):
        """Whatever somebody calls them, a listing is never the end."""
        keys = [catalogue.version_key(one), catalogue.version_key(other)]

        self.assertEqual(2, len(sorted(keys)))
