"""What orders versions, in each format."""

import itertools

import hypothesis
from hypothesis import strategies as st
from oslotest import base

from cube_volpool.catalogue import versions
from cube_volpool.settings import VersionFormat

#: Of each format: versions from the oldest to the newest.
_IN_ORDER = {
    VersionFormat.DATE: (
        "2025-12-31",
        "20260101",
        "2026.01.02",
        "20260102-2",
        "20260102.10",
        "20260102_0415",
    ),
    VersionFormat.NUMBER: ("0.5", "1", "1.10", "1.9", "2", "10", "010.01"),
    VersionFormat.DOTTED: ("1.0rc1", "1.0", "v1.0.1", "1.9", "1.10", "12"),
    VersionFormat.AUTO: ("v9", "v10", "1.0", "1.0.1", "1.9", "1.10", "20"),
}
#: Of each format: what it is not.
_NO_VERSION = {
    VersionFormat.DATE: ("2026", "20261301", "2026-1102", "1.2", "٢٠٢٦١١٢٠"),
    VersionFormat.NUMBER: ("", "1.", ".5", "1.2.3", "v1", "-1", "1e3", "٣"),
    VersionFormat.DOTTED: ("", "bookworm", "1..2", "2026-11-20x"),
}
#: Anything at all, and what looks like a version of some format.
_TEXTS = (
    st.text(max_size=8)
    | st.from_regex(
        r"v?[0-9]{1,3}([._-][0-9]{1,3}){0,3}(rc[0-9])?", fullmatch=True
    )
    | st.dates().map(str)
    | st.sampled_from(list(itertools.chain(*_IN_ORDER.values())))
)


class VersionsTest(base.BaseTestCase):
    """A version is as new as its publisher means."""

    def test_each_format_has_its_order(self):
        """As somebody who numbers releases that way means them."""
        for form, in_order in _IN_ORDER.items():
            for older, newer in itertools.pairwise(in_order):
                keys = [versions.key(text, form) for text in (newer, older)]
                found = sorted(key for key in keys if key is not None)
                self.assertEqual(keys[::-1], found, f"{older} {newer}")
                self.assertNotEqual(*keys)

    def test_what_is_no_version_has_no_key(self):
        """It is reported by whoever asks, and never guessed."""
        for form, texts in _NO_VERSION.items():
            for text in texts:
                self.assertIsNone(versions.key(text, form), f"{form} {text}")

    def test_two_ways_to_write_one_version_are_one(self):
        """They are twins, and whoever reads them says so."""
        for form, one, other in (
            (VersionFormat.DATE, "20261120", "2026-11-20"),
            (VersionFormat.NUMBER, "1.5", "01.50"),
            (VersionFormat.DOTTED, "1.0", "v1.0.0"),
        ):
            self.assertEqual(
                versions.key(one, form), versions.key(other, form)
            )

    @hypothesis.settings(max_examples=300, derandomize=True, deadline=None)
    @hypothesis.given(
        _TEXTS, _TEXTS, st.sampled_from(VersionFormat)
    )
    def test_any_two_versions_can_be_compared(self, one, other, form):
        """Whatever somebody calls them, a listing is never the end."""
        keys = [versions.key(text, form) for text in (one, other)]
        found = [key for key in keys if key is not None]

        self.assertEqual(len(found), len(sorted(found)))
        if len(found) == 2:
            first, second = found
            self.assertEqual(
                1, (first < second) + (first == second) + (first > second)
            )
