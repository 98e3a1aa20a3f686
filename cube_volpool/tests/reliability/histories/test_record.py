"""The record of the long form."""

import pathlib

import fixtures
from oslotest import base

from cube_volpool.tests.reliability.histories import blocks

_LINE = (
    '{"commit": "c", "code": "%s", "from": %d, "to": %d, "claims": 100,'
    ' "steps": 1000, "violations": 0}\n'
)


class RecordTest(base.BaseTestCase):
    """Lines of JSON, one for each finished block of seeds."""

    def setUp(self) -> None:
        super().setUp()
        folder = self.useFixture(fixtures.TempDir()).path
        self.path = pathlib.Path(folder) / "seeds.jsonl"

    def test_blocks_are_added_up(self):
        """Seeds are counted inclusively."""
        self.path.write_text(_LINE % ("x", 0, 19) + _LINE % ("x", 20, 39))
        self.assertEqual(
            {
                "blocks": 2,
                "seeds": 40,
                "claims": 200,
                "steps": 2000,
                "violations": 0,
            },
            blocks.added_up(self.path),
        )

    def test_a_block_counts_once_for_each_code(self):
        """The same seeds of other code are other runs."""
        self.path.write_text(_LINE % ("x", 0, 19) * 2 + _LINE % ("y", 0, 19))
        self.assertEqual(2, blocks.added_up(self.path)["blocks"])

    def test_half_a_line_is_left_out(self):
        """The machine stopped while it was written."""
        line = _LINE % ("x", 0, 19)
        self.path.write_text(line + line[:20])
        self.assertEqual(1, blocks.added_up(self.path)["blocks"])

    def test_no_record_is_an_empty_one(self):
        """Nothing was run yet."""
        self.assertEqual({}, blocks.added_up(self.path))

    def test_code_is_told_apart(self):
        """The digest is of the production code, and repeatable."""
        self.assertEqual(blocks.code(), blocks.code())
        self.assertEqual(16, len(blocks.code()))
