"""Print runs with their figures, and mutants with their shortest traces.

``python -m cube_volpool.tests.reliability.models [TEXT...]``: those whose
name contains one of the texts, for example ``"claim without GRACE"``; all
runs of the short form without any.
"""

import sys
from collections.abc import Callable

from cube_volpool.tests.reliability.models import mutants, runs
from cube_volpool.tests.reliability.models.explorer import Result


def main(texts: list[str]) -> None:
    """Explore what is asked for."""
    named: dict[str, Callable[[], Result]] = {
        run.name: run.explore for run in runs.everything()
    }
    if texts:
        for kind, chosen in (
            ("claim", mutants.CLAIMS),
            ("stock", mutants.STOCK),
        ):
            for mutant in chosen:
                name = f"{kind} without {mutant.guard.name}"
                named[name] = mutant.explore
    for name, explore in named.items():
        if not texts or any(text in name for text in texts):
            print(f"{name}: {explore()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
