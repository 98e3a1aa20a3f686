"""No rule of security is switched off without a word."""

import pathlib
import re

from oslotest import base

import cube_volpool

_PACKAGE = pathlib.Path(cube_volpool.__file__).parent
_SWITCH = re.compile(r"#\s*(?:noqa|nosec|ruff: noqa)\b(?P<rest>.*)")
#: "noqa: S101 - why"
_WITH_REASON = re.compile(r":\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*\s+-\s+\w")


def switched_off(root: pathlib.Path) -> list[str]:
    """Return the lines of production that switch a rule S off, or all."""
    found = []
    for path in sorted(root.rglob("*.py")):
        if root / "tests" in path.parents:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = _SWITCH.search(line)
            if match is None:
                continue
            rest = match["rest"]
            names_others = re.match(r":\s*(?!S[0-9])[A-Z]", rest)
            if not names_others and not _WITH_REASON.match(rest):
                found.append(f"{path.name}:{number}: {line.strip()}")
    return found


class TestReasons(base.BaseTestCase):
    def test_every_exception_from_a_rule_of_security_has_a_reason(self):
        """Rules S of ruff are those of bandit."""
        self.assertEqual([], switched_off(_PACKAGE))

    def test_exceptions_without_a_reason_are_found(self):
        """A bare one, one that names the rule, and one with a reason."""
        (path,) = self.create_tempfiles(
            [
                (
                    "one",
                    "a = 1  # noqa\nb = 2  # noqa: S105\n"
                    "c = 3  # noqa: S105 - invented\nd = 4  # noqa: E402\n",
                )
            ],
            ".py",
        )

        found = switched_off(pathlib.Path(path).parent)

        self.assertEqual(2, len(found), str(found))
