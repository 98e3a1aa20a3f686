"""The pictures of the documents, made anew."""

import itertools
import pathlib
import re
import subprocess
import sys

import fixtures
from oslotest import base

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_COMMITTED = _ROOT / "doc/source/_static"
#: Drawn by hand.
_OTHERS = {"journeys.svg"}


def _lines(picture: pathlib.Path) -> list[str]:
    """Return what a picture of a terminal says."""
    lines: dict[str, str] = {}
    for number, text in re.findall(
        r'<text[^>]*-line-(\d+)\)"[^>]*>([^<]*)</text>',
        picture.read_text(encoding="utf-8"),
    ):
        lines[number] = lines.get(number, "") + text.replace("&#160;", " ")
    return list(lines.values())


def _constant(picture: pathlib.Path) -> list[list[str]]:
    """Return the command, the head of each table, and each doctor's check."""
    command, *table = _lines(picture)
    found = [command]
    if table[0].startswith("+"):
        # cliff's: one, whose rows begin below the second line of dashes.
        found.append(table[1])
        if command.split()[-1] == "doctor":
            found += [row.split("|")[1] for row in table[3:-1]]
    else:
        found += [
            head
            for before, head in itertools.pairwise(table)
            if before.lstrip().startswith("┏")
        ]
    return [re.findall(r"[^|┃\s]+", line) for line in found]


class TestPictures(base.BaseTestCase):
    def test_they_show_what_the_commands_print(self) -> None:
        """The same commands and columns; only what happened is another."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        done = subprocess.run(
            [
                sys.executable, "-W", "ignore",
                str(_ROOT / "tools/pictures.py"), str(folder),
            ],
            capture_output=True, text=True, check=False, cwd=_ROOT,
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        made = {path.name for path in folder.iterdir()}

        self.assertEqual(
            {path.name for path in _COMMITTED.iterdir()} - _OTHERS, made
        )
        for name in sorted(made):
            if name.endswith(".svg"):
                self.assertEqual(
                    _constant(_COMMITTED / name),
                    _constant(folder / name),
                    name,
                )
                self.assertNotRegex(
                    (folder / name).read_text(encoding="utf-8"),
                    r"url\([\"']?http|href=",
                )
