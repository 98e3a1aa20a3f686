"""From names to entries, and what is said of those that are none."""

import re

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import catalogue
from cube_volpool.settings import VersionFormat
from cube_volpool.tests.unit.catalogue import candidate, rules


def _read(*candidates, known=(), **changes):
    return catalogue.read(candidates, rules(**changes), known=known)


def _problems(reading):
    return {finding.name: finding.problem for finding in reading.findings}


class ReadingTest(base.BaseTestCase):
    """Every snapshot is an entry or a finding."""

    def test_the_newest_version_of_each_os_and_type_is_first(self):
        """None is lost."""
        names = (
            "debian-12_ssd_20261120",
            "debian-12_ssd_20261201",
            "debian-12_sas_20261001",
            "rocky_9_ssd_3",
        )
        reading = _read(*map(candidate, names))

        self.assertEqual((), reading.findings)
        self.assertEqual(
            [
                ("debian-12", "ssd", "20261201"),
                ("debian-12", "ssd", "20261120"),
                ("debian-12", "sas", "20261001"),
                ("rocky_9", "ssd", "3"),
            ],
            [(e.os, e.type, e.version) for e in reading.entries],
        )

    def test_names_that_do_not_fit_are_not_ours(self):
        """Nor is a part of a name that fits; that is no trouble."""
        names = ("backup", "debian-12_ssd", "x_y_", "_ssd_1")
        reading = _read(*map(candidate, names))

        self.assertEqual((), reading.entries)
        self.assertEqual(set(names), {f.name for f in reading.findings})
        self.assertFalse(any(f.is_trouble for f in reading.findings))

    def test_a_snapshot_that_is_not_available_is_named(self):
        """Until it is, the one before it stays the newest."""
        reading = _read(
            candidate("debian-12_ssd_1"),
            candidate("debian-12_ssd_2", status="creating"),
        )

        self.assertEqual(["1"], [e.version for e in reading.entries])
        self.assertEqual(
            {"debian-12_ssd_2": "is creating"}, _problems(reading)
        )

    def test_a_known_one_that_is_busy_for_a_moment_stays(self):
        """A backup of it is no reason to go back; its removal is."""
        for status, stays in (
            ("backing-up", True),
            ("restoring", True),
            ("deleting", False),
            ("error", False),
            ("error_deleting", False),
        ):
            reading = _read(
                candidate("debian-12_ssd_2", status=status),
                known={"id-debian-12_ssd_2"},
            )
            self.assertEqual(stays, bool(reading.entries), status)

    def test_twins_are_named_and_none_is_chosen(self):
        """Which of two with one version is meant, nobody can know."""
        twins = [
            candidate("debian-12_ssd_2", id=ident) for ident in ("a", "b")
        ]
        reading = _read(candidate("debian-12_ssd_1"), *twins)

        self.assertEqual(["1"], [e.version for e in reading.entries])
        self.assertEqual({"a", "b"}, {f.snapshot_id for f in reading.findings})
        self.assertIn("one of 2", reading.findings[0].problem)

    def test_of_twins_the_one_in_use_is_meant(self):
        """A copy that somebody made of it changes nothing."""
        twins = [
            candidate("debian-12_ssd_2", id=ident) for ident in ("a", "b")
        ]
        reading = _read(*twins, known={"b"})

        self.assertEqual(["b"], [e.snapshot_id for e in reading.entries])
        self.assertEqual(["a"], [f.snapshot_id for f in reading.findings])

    def test_twins_are_told_by_what_the_version_means(self):
        """Two ways to write one day are one day."""
        reading = _read(
            candidate("debian-12_ssd_20261120"),
            candidate("debian-12_ssd_2026-11-20"),
            version_format=VersionFormat.DATE,
        )

        self.assertEqual((), reading.entries)
        self.assertEqual(2, len(reading.findings))

    def test_a_version_of_another_format_is_named(self):
        """It would else be the newest for ever."""
        reading = _read(
            candidate("debian-12_ssd_20261120"),
            candidate("debian-12_ssd_trixie"),
            version_format=VersionFormat.DATE,
        )

        self.assertEqual(["20261120"], [e.version for e in reading.entries])
        self.assertEqual(
            {"debian-12_ssd_trixie": "has the version 'trixie', which is no "
             "date"},
            _problems(reading),
        )

    def test_the_volume_tells_the_type_where_the_name_does_not(self):
        """And where neither does, that is said."""
        rule = re.compile(r"(?P<os>.+)_(?P<version>[^_]+)")
        reading = _read(
            candidate("debian_1", kind="ceph#ssd"),
            candidate("rocky_1"),
            naming_rule=rule,
        )

        self.assertEqual(["ceph#ssd"], [e.type for e in reading.entries])
        self.assertIn("has no type", _problems(reading)["rocky_1"])

    @hypothesis.settings(max_examples=100, derandomize=True, deadline=None)
    @hypothesis.given(st.permutations([f"os_t_{n}" for n in range(1, 12)]))
    def test_the_order_of_the_listing_does_not_matter(self, names):
        """The eleventh is the newest, not the ninth."""
        reading = _read(*map(candidate, names))

        self.assertEqual("11", reading.entries[0].version)
