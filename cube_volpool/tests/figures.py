"""The figures of a test run: counted by tests, printed as one table.

A test that counts something worth telling, for example crash points swept,
records it here; ``tools/reliability.py`` adds the records of a run up.
"""

import json
import os
import pathlib
import uuid

#: Names the folder; without it nothing is recorded.
VARIABLE = "VOLPOOL_FIGURES_DIR"


def record(what: str, *, good: float, of: float | None = None) -> None:
    """Record one figure.

    Args:
        what: the row of the table, for example ``"crash points, SQLite"``;
            figures of the same row are added up.
        good: how many there were, or, with ``of``, how many were good.
        of: how many there were; fewer good than that is a failure.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    path = pathlib.Path(folder) / f"{uuid.uuid4().hex}.json"
    path.write_text(
        json.dumps({"what": what, "good": good, "of": of}), encoding="utf-8"
    )


def record_ratio(what: str, ratio: float, *, least: float) -> None:
    """Record one ratio; the table shows the lowest and what it must reach."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    path = pathlib.Path(folder) / f"{uuid.uuid4().hex}.json"
    path.write_text(
        json.dumps({"what": what, "ratio": ratio, "least": least}),
        encoding="utf-8",
    )
