"""The pictures of the documents, made anew."""

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


def _head(picture: pathlib.Path) -> list[list[str]]:
    """Return the command of a picture of a terminal, and its table's head."""
    lines: dict[str, str] = {}
    for number, text in re.findall(
        r'<text[^>]*-line-(\d+)\)"[^>]*>([^<]*)</text>',
        picture.read_text(encoding="utf-8"),
    ):
        lines[number] = lines.get(number, "") + text.replace("&#160;", " ")
    command, *others = lines.values()
    head = next(line for line in others if re.match(r"\s*[|┃]", line))
    return [command.split(), re.findall(r"[^|┃\s]+", head)]


class TestPictures(base.BaseTestCase):
    def test_they_show_what_the_commands_print(self) -> None:
        """The same commands and columns; only what happened is another."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        subprocess.run(
            [
                sys.executable, "-W", "ignore",
                str(_ROOT / "tools/pictures.py"), str(folder),
            ],
            capture_output=True, check=True, cwd=_ROOT,
        )
        made = {path.name for path in folder.iterdir()}

        self.assertEqual(
            {path.name for path in _COMMITTED.iterdir()} - _OTHERS, made
        )
        for name in sorted(made):
            if name.endswith(".svg"):
                self.assertEqual(
                    _head(_COMMITTED / name), _head(folder / name)
                )
                self.assertNotRegex(
                    (folder / name).read_text(encoding="utf-8"),
                    r"url\([\"']?http|href=",
                )
