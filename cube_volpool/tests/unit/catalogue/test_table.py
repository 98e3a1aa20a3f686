"""The rows of another system's table, merged with Cinder's names."""

from typing import Any

from oslotest import base

from cube_volpool import catalogue, model, settings
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
    """What a pool gives, and nothing names any more."""

    def unnamed(self, *entries, shown=snapshot("9")):  # noqa: B008
        return catalogue.unnamed(world.spec(), entries, shown)

    def test_it_is_the_oldest_of_its_kind(self):
        """All that is named comes before it, and is rejected first."""
        newer = entry("11", rejected="bad")
        kept = self.unnamed(newer)

        self.assertEqual(("id-9", "ssd"), (kept.snapshot_id, kept.type))
        for entries, expected in (
            ([newer, kept], "id-9"),
            ([entry("10"), newer, kept], "id-10"),
        ):
            chosen = catalogue.choose(
                world.spec(), entries, ("ssd",),
                form=settings.VersionFormat.DATE,
            )
            self.assertEqual(expected, chosen.snapshot_id)

    def test_there_is_none_where_it_is_named_or_its_os_is_not(self):
        """An OS that was taken away is not built any more."""
        self.assertIsNone(self.unnamed(entry("9")))
        self.assertIsNone(self.unnamed())
        self.assertIsNone(self.unnamed(entry("11", os="plan-9")))
        self.assertIsNone(self.unnamed(entry("11"), shown=None))
        self.assertIsNone(
            self.unnamed(
                entry("11"), shown=snapshot("9", status="error_deleting")
            )
        )
        self.assertEqual(
            model.Role.PREVIOUS, self.unnamed(entry("11")).role
        )
