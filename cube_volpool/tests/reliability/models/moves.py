"""Which run needs which moves of the transition tables."""

from typing import Final

from cube_volpool.model import ClaimStatus, RowStatus
from cube_volpool.tests.reliability.models import run
from cube_volpool.tests.reliability.models.ledger import GONE, Move

_C = ClaimStatus
_R = RowStatus

_HIT: Final = run.claims(
    "a hit, given up or taken over",
    {"timeouts": 1, "lates": 1, "crashes": 1, "repeats": 1},
    claims=1,
)
_MISS: Final = run.claims(
    "a miss", {"timeouts": 1, "repeats": 1}, claims=1, slots=0, arrivals=1
)
_QUOTA: Final = run.claims("a quota", {"quotas": 1}, claims=1)
_AGAIN: Final = run.claims(
    "deleted, and asked for again", {"deletes": 1, "repeats": 1}, claims=1
)
_LAG: Final = run.claims(
    "a replica that lags behind",
    {"deletes": 1, "lags": 1, "repeats": 2},
    claims=1,
    slots=2,
    client=True,
)
_STOCK: Final = run.creates(
    "a failed build and a deleted volume", {"errors": 1, "vanishes": 1}
)
_SURPLUS: Final = run.creates("a surplus", {"timeouts": 1})
_BACKUP: Final = run.creates(
    "an old backup", {"restores": 1, "claims": 1, "creates": 1}
)

NEEDED: Final = (
    (
        _HIT,
        (
            Move(_R.AVAILABLE, _R.RESERVED, "claimant"),
            Move(_R.RESERVED, GONE, "claimant"),
            Move(_R.RESERVED, GONE, "rescue"),
            Move(_R.RESERVED, _R.AVAILABLE, "claimant"),
            Move(_R.RESERVED, _R.DELETING, "claimant"),
            Move(_R.RESERVED, _R.DELETING, "rescue"),
            Move(_C.PENDING, _C.OFFERED),
            Move(_C.OFFERED, _C.PENDING),
            Move(_C.OFFERED, _C.BOUND),
            Move(_C.PENDING, _C.FAILED),
            Move(_C.FAILED, _C.PENDING),
        ),
    ),
    (_QUOTA, (Move(_C.OFFERED, _C.FAILED),)),
    (
        _MISS,
        (
            Move(_C.PENDING, _C.CREATING),
            Move(_C.CREATING, _C.BOUND),
            Move(_C.CREATING, _C.FAILED),
        ),
    ),
    (_AGAIN, (Move(_C.BOUND, _C.PENDING),)),
    (_LAG, (Move(_C.PENDING, _C.BOUND),)),
    (
        _STOCK,
        (
            Move(GONE, _R.CREATING, "reconcile"),
            Move(_R.CREATING, _R.AVAILABLE, "reconcile"),
            Move(_R.CREATING, _R.DELETING, "reconcile"),
            Move(_R.AVAILABLE, GONE, "reconcile"),
            Move(_R.DELETING, GONE, "reconcile"),
        ),
    ),
    (
        _SURPLUS,
        (
            Move(_R.AVAILABLE, _R.DELETING, "reconcile"),
            Move(_R.CREATING, GONE, "reconcile"),
        ),
    ),
    (_BACKUP, (Move(GONE, _R.DELETING, "reconcile"),)),
)
