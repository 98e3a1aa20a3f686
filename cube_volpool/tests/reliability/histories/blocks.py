"""Blocks of seeds: what they came to, recorded and added up.

The record is one JSON object in a line for each finished block, so that a
long form can be stopped at any time and goes on where it was.
"""

import hashlib
import json
import pathlib
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cube_volpool.tests.reliability.histories.simulation import Result, Shape

#: The package, and the checkout that it is in.
_PACKAGE: Final = pathlib.Path(__file__).resolve().parents[3]


@dataclass
class Block:
    """What some seeds came to."""

    seeds: int = 0
    claims: int = 0
    callers: int = 0
    steps: int = 0
    violations: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, found: Result) -> None:
        """Count a run."""
        self.seeds += 1
        self.claims += found.claims
        self.steps += found.steps
        self.violations += bool(found.problems)
        self.faults += found.counted


def told(found: Result) -> str:
    """Return a run in words: what is wrong, its last steps, its command."""
    return "\n".join(
        [
            "",
            f"seed {found.seed}, {found.steps} steps, trace {found.trace}",
            *found.problems,
            "the last steps:",
            *found.last,
            "again: python tools/simulate.py "
            f"--seeds {found.seed}-{found.seed} --callers {found.callers}",
        ]
    )


def code() -> str:
    """Return a digest of the production code, tests left out."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        relative = path.relative_to(_PACKAGE)
        if relative.parts[0] != "tests":
            digest.update(f"{relative}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def commit() -> str:
    """Return the commit of the checkout; "" outside of one."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=_PACKAGE, check=True, capture_output=True, text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()


def recorded(path: pathlib.Path) -> Iterator[Mapping[str, Any]]:
    """Yield the blocks of a record; a half-written line is none."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def callers(block: Mapping[str, Any]) -> int:
    """Return how many callers a storm of a block had."""
    found: int = block.get("callers", Shape().callers)
    return found


def added_up(path: pathlib.Path) -> Mapping[str, int]:
    """Return the sums of a record; a seed counts once for each code.

    And for each shape, by its number of callers.
    """
    seen: set[tuple[str, int, int]] = set()
    sums: Counter[str] = Counter()
    for block in recorded(path):
        key = block["code"], block["from"], callers(block)
        if key in seen:
            continue
        seen.add(key)
        sums["blocks"] += 1
        sums["seeds"] += block["to"] - block["from"] + 1
        for name in ("claims", "steps", "violations"):
            sums[name] += block[name]
    return dict(sums)
