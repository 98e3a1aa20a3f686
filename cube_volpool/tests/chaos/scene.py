"""What a nemesis acts on."""

import random
from dataclasses import dataclass, field

from cube_volpool.tests.chaos.installation import Installation
from cube_volpool.tests.chaos.load import Load


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An installation, its load, and chance."""

    house: Installation
    load: Load
    chance: random.Random
    #: When a database lost commits: begin and end, monotonic seconds.
    forgotten: list[tuple[float, float]] = field(default_factory=list)
