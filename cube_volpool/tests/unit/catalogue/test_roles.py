"""What each catalogued image is for."""

from datetime import datetime

from oslotest import base

from cube_volpool import catalogue, model, settings
from cube_volpool.tests.unit.catalogue import entry

_R = model.Role
_NEWEST_FIRST = tuple(entry(version) for version in "54321")


def _roles(entries=_NEWEST_FIRST, *, current=(), sources=(), keep=9):
    found = catalogue.assign(
        entries, current=current, sources=sources, keep=keep
    )
    return {entry.version: entry.role for entry in found}


class RolesTest(base.BaseTestCase):
    """The pools say what is current; without them the newest is."""

    def test_pools_say_what_is_current_and_next(self):
        """The newest is only what somebody may build."""
        self.assertEqual(
            {
                "5": _R.PREVIOUS,
                "4": _R.NEXT,
                "3": _R.CURRENT,
                "2": _R.PREVIOUS,
                "1": _R.PREVIOUS,
            },
            _roles(current={"id-3"}, sources={"id-4", "id-3"}),
        )

    def test_without_a_pool_the_newest_is_current(self):
        """Of each type its own, and never a rejected one."""
        bad = entry("6", rejected="it does not boot")
        other = entry("1", type="sas", snapshot_id="id-sas")
        found = catalogue.assign(
            (bad, *_NEWEST_FIRST, other), current=(), sources=(), keep=9
        )

        self.assertEqual(
            {"id-5", "id-sas"},
            {e.snapshot_id for e in found if e.role is _R.CURRENT},
        )

    def test_only_the_newest_are_kept_and_what_is_in_use(self):
        """A pool's own snapshot is not forgotten for its age."""
        self.assertEqual({"5", "4"}, set(_roles(keep=2)))
        self.assertEqual(
            {"5", "4", "1"}, set(_roles(keep=2, current={"id-1"}))
        )

    def test_what_was_named_last_is_gone_back_to_first(self):
        """By whatever version; what is named yet comes before it."""

        def left(version, until):
            return entry(version, is_named=False, named_until=until)

        order = catalogue.ordered(
            [
                left("9", datetime(2040, 1, 1)),
                left("1", datetime(2040, 1, 2)),
                left("5", None),
                entry("3"),
                entry("4"),
            ],
            settings.VersionFormat.AUTO,
        )

        self.assertEqual(
            ["4", "3", "5", "1", "9"], [e.version for e in order]
        )
