"""The pure catalogue: which snapshots are images of which OS and type."""

from cube_volpool.catalogue.choice import Choice, choose, fits, pinned
from cube_volpool.catalogue.reading import (
    Candidate,
    Finding,
    Reading,
    is_usable,
    read,
)
from cube_volpool.catalogue.roles import assign, newest, ordered
from cube_volpool.catalogue.table import merge

__all__ = (
    "Candidate",
    "Choice",
    "Finding",
    "Reading",
    "assign",
    "choose",
    "fits",
    "is_usable",
    "merge",
    "newest",
    "ordered",
    "pinned",
    "read",
)
