"""The rows of another system's table, merged with Cinder's names."""

from datetime import datetime
from typing import Any

from oslotest import base

from cube_volpool import catalogue, settings
from cube_volpool.tests import world
from cube_volpool.tests.unit.catalogue import entry, snapshot


def _row(version: str, **changes: Any) -> settings.TableRow:
    values = {
        "os": "debian-12",
        "type": "ssd",
        "snapshot_id": f"id-{version}",
        "version": version,
    }
    return settings.TableRow(**{**values, **changes})


def _merged(*rows: settings.TableRow, **changes: Any) -> catalogue.Reading:
    shown = {
        one.id: one for one in (snapshot(str(n)) for n in range(8, 12))
    }
    values: dict[str, Any] = {
        "form": settings.VersionFormat.NUMBER, "known": (),
    }
    return catalogue.merge(
        rows, catalogue.Reading(entries=()), shown, **{**values, **changes}
    )


class TableTest(base.BaseTestCase):
    """A table has no order of its own."""

    def test_newest_comes_first(self):
        """By version, as numbers: 11, 10, 9."""
        found = _merged(_row("9"), _row("11"), _row("10"))

        self.assertEqual(
            ["11", "10", "9"], [one.version for one in found.entries]
        )

    def test_one_row_twice_is_one(self):
        """It says the same, in capitals too."""
        found = _merged(
            _row("9", snapshot_id="id-9"), _row("9", snapshot_id="ID-9")
        )

        self.assertEqual(1, len(found.entries))
        self.assertEqual((), found.findings)

    def test_two_rows_of_one_version_are_none(self):
        """Unless a pool uses one of them already."""
        rows = (_row("9"), _row("9", snapshot_id="id-8"))

        self.assertEqual((), _merged(*rows).entries)
        self.assertEqual(2, len(_merged(*rows).findings))
        [chosen] = _merged(*rows, known=("id-8",)).entries
        self.assertEqual("id-8", chosen.snapshot_id)

    def test_table_without_versions_has_one_row_of_each(self):
        """Whatever the format is."""
        for form in settings.VersionFormat:
            [found] = _merged(
                _row("", snapshot_id="id-9"), form=form
            ).entries
            self.assertEqual("id-9", found.snapshot_id)


class UnnamedTest(base.BaseTestCase):
    """What was named once, and is still there."""

    def chosen(self, *entries, current=None):
        found = catalogue.choose(
            world.spec(), entries, ("ssd",),
            form=settings.VersionFormat.DATE, current=current,
        )
        return found.snapshot_id or found.error

    def unnamed(self, version, day=None, **changes):
        until = None if day is None else datetime(2026, 11, day)
        return entry(
            version, is_named=False, named_until=until, **changes
        )

    def test_what_is_named_comes_first(self):
        """Whatever its version, and whatever is given."""
        entries = [entry("9"), self.unnamed("11", 1)]

        self.assertEqual("id-9", self.chosen(*entries, current="id-11"))

    def test_when_that_is_rejected_the_current_one_stays(self):
        """Else what was named last; until now is later than any day."""
        bad = entry("9", rejected="bad")
        before, last = self.unnamed("11", 1), self.unnamed("8", 2)
        now = self.unnamed("7")

        for entries, current, expected in (
            ([bad, before, last], "id-11", "id-11"),
            ([bad, before, last], "id-9", "id-8"),
            ([bad, before, last, now], None, "id-7"),
            ([bad, self.unnamed("11", 1, rejected="bad")], "id-11",
             "every snapshot of OS debian-12, type ssd, was rejected; see "
             "os list"),
        ):
            self.assertEqual(
                expected, self.chosen(*entries, current=current)
            )

    def test_an_os_that_nothing_names_is_not_built(self):
        """It was taken away."""
        self.assertIn(
            "is not in the pool project", self.chosen(self.unnamed("9"))
        )
