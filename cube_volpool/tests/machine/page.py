"""What a page of the documents tells an operator to type and to write."""

import pathlib
import re
import textwrap
from dataclasses import dataclass

PAGES = pathlib.Path(__file__).resolve().parents[3] / "doc/source"
#: A heading and its line, or a block of code with what it is indented by.
_PART = re.compile(
    r"^(?P<title>\S.*)\n[=-]{3,}$"
    r"|^\.\. code-block:: (?P<language>\w+)\n\n(?P<text>(?: {4}.*\n|\n)+)",
    re.MULTILINE,
)
#: A comment on a line of its own.
_COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code under its heading."""

    section: str
    language: str
    text: str

    def commands(self) -> list[str]:
        """Return its commands, each with the lines it goes on in."""
        joined = _COMMENT.sub("", self.text).replace("\\\n", " ")
        return [line for line in joined.splitlines() if line.strip()]


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page, from the top."""
    found, section = [], ""
    text = (PAGES / page).read_text(encoding="utf-8")
    for part in _PART.finditer(text):
        if part["title"]:
            section = part["title"]
        else:
            found.append(
                Block(section, part["language"], textwrap.dedent(part["text"]))
            )
    return found
