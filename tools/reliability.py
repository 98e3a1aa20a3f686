"""Adds up the figures that a test run left behind and prints the table.

Usage: reliability.py FOLDER

One row for each figure: crash points, model states, chaos claims and so on.
Exits with 1 when a row has fewer good ones than there were, or a ratio below
what it must reach.
"""

import json
import pathlib
import sys
from collections import defaultdict
from typing import Any


def main(folder: str) -> int:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in pathlib.Path(folder).glob("*.json"):
        figure = json.loads(path.read_text(encoding="utf-8"))
        rows[figure["what"]].append(figure)
    if not rows:
        print("no test recorded a figure", file=sys.stderr)
        return 1
    width = max(map(len, rows))
    is_good = True
    for what in sorted(rows):
        text, good = told(rows[what])
        is_good &= good
        print(f"{what:<{width}}  {text}{'' if good else '  FAILED'}")
    return 0 if is_good else 1


def told(figures: list[dict[str, Any]]) -> tuple[str, bool]:
    """Return the words for one row, and whether it is as it must be."""
    if "ratio" in figures[0]:
        lowest = min(figures, key=lambda figure: figure["ratio"])
        text = (f"{lowest['ratio']:.2f} at least of {len(figures)}, "
                f"to reach {lowest['least']:.2f}")
        return text, lowest["ratio"] >= lowest["least"]
    good = sum(figure["good"] for figure in figures)
    if figures[0]["of"] is None:
        return f"{good:,.0f}", True
    of = sum(figure["of"] for figure in figures)
    return f"{good:,.0f} of {of:,.0f}", good == of


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
