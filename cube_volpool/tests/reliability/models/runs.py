"""The runs: small budgets of faults, chosen so that all end in minutes.

What one run leaves out, another has; ``VOLPOOL_MODELS=long`` adds runs with
more at a time.
"""

import os
from typing import Final

from cube_volpool.tests.reliability.models import create_state as stock
from cube_volpool.tests.reliability.models import ledger
from cube_volpool.tests.reliability.models.claim_guards import Lesson
from cube_volpool.tests.reliability.models.run import (
    Run,
    StockRun,
    claims,
    creates,
)

IS_LONG: Final = os.environ.get("VOLPOOL_MODELS") == "long"

CONTENDED: Final = (
    claims(
        "a timeout, a death and a zombie",
        {"timeouts": 1, "crashes": 1, "takeovers": 1},
    ),
    claims(
        "a timeout, a refusal, a quota, a deadline",
        {"timeouts": 1, "refusals": 1, "quotas": 1, "lates": 1},
    ),
    claims("two timeouts", {"timeouts": 2}),
    claims(
        "a timeout and a zombie, asked again",
        {"timeouts": 1, "takeovers": 1, "repeats": 1},
    ),
)
TWO_ROWS: Final = (
    claims(
        "two rows, a timeout and a death",
        {"timeouts": 1, "crashes": 1},
        slots=2,
    ),
    claims(
        "two rows, a zombie, a refusal, one accept only",
        {"takeovers": 1, "refusals": 1},
        slots=2,
        attempts=1,
        accepts=1,
    ),
)
ASKED_AGAIN: Final = (
    claims(
        "asked again, a timeout and a zombie",
        {"timeouts": 1, "takeovers": 1, "repeats": 1, "lates": 1},
        claims=1,
        slots=2,
    ),
    claims(
        "asked again after the volume was deleted",
        {"deletes": 1, "lags": 1, "repeats": 2, "timeouts": 1},
        claims=1,
        slots=2,
    ),
)
MISSES: Final = (
    claims(
        "an empty pool",
        {"timeouts": 1, "crashes": 1, "repeats": 2, "quotas": 1},
        claims=1,
        slots=0,
        arrivals=1,
    ),
)
FALLBACK: Final = (
    claims(
        "the caller's own create",
        {"timeouts": 1, "takeovers": 1, "repeats": 1},
        claims=1,
        slots=0,
        arrivals=1,
        client=True,
    ),
    claims(
        "the caller's own create after PoolEmpty",
        {"timeouts": 1, "takeovers": 1, "repeats": 1},
        claims=1,
        slots=0,
        arrivals=1,
        client=True,
        on_miss_create=False,
    ),
)
BLIND_RESCUE: Final = (
    claims(
        "rescue without a tenant keyring",
        {"timeouts": 1, "crashes": 1},
        rescue_sees_tenant=False,
    ),
)

_STRAY: Final = frozenset({Lesson.STRAY_ROWS})
_ALL: Final = frozenset(Lesson)
_WEAK: Final = frozenset({"I3", "I4", "I11", ledger.REFUSES})
_NAME: Final = frozenset({"I4"})
LOST_COMMITS: Final = (
    claims(
        "a lost commit and a timeout",
        {"lost": 1, "timeouts": 1},
        weakened=_WEAK,
        learnt=_STRAY,
    ),
    claims(
        "a lost commit, two rows, asked again",
        {"lost": 1, "timeouts": 1, "repeats": 1},
        claims=1,
        slots=2,
        weakened=_WEAK,
        learnt=_STRAY,
    ),
    claims(
        "a lost commit and a zombie",
        {"lost": 1, "takeovers": 1, "repeats": 1},
        claims=1,
        slots=2,
        weakened=_WEAK,
        learnt=_STRAY,
    ),
)
LOST_COMMITS_WHOLE: Final = tuple(
    claims(
        f"{run.name}, every guard",
        run.scenario.faults._asdict(),
        claims=run.scenario.claims,
        slots=run.scenario.slots,
        weakened=_NAME,
        learnt=_ALL,
    )
    for run in LOST_COMMITS
)
STRANDED_ROW: Final = claims(
    "a lost evict",
    {"lost": 1, "takeovers": 1},
    claims=1,
    weakened=_WEAK,
    learnt=frozenset(),
    symmetric=False,
)
LOST_INTENT: Final = claims(
    "a lost intent of a miss",
    {"lost": 1, "timeouts": 1},
    claims=1,
    slots=0,
    arrivals=1,
    loses_intents=True,
    symmetric=False,
)
LINGERING_REQUEST: Final = claims(
    "PoolEmpty for the retry, the first request still queued",
    {"repeats": 1},
    claims=1,
    slots=0,
    arrivals=1,
    client=True,
    on_miss_create=False,
    trusts_late_empty=True,
)

CREATES: Final = (
    creates("a timeout and a death", {"timeouts": 1, "crashes": 1}),
    creates(
        "two wanted, a timeout and a death",
        {"timeouts": 1, "crashes": 1},
        target=2,
    ),
    creates(
        "a failed build, a deleted volume, a refusal, a slow daemon",
        {"errors": 1, "vanishes": 1, "refusals": 1, "slow": 1},
    ),
    creates(
        "a claim, stale listings, a replica that lags and a timeout",
        {"lags": 1, "stale": 1, "hidden": 1, "claims": 1, "timeouts": 1},
    ),
    creates("an old backup and a claim", {"restores": 1, "claims": 1}),
)
TWINS: Final = creates(
    "a create that a proxy sends twice", {"replays": 1}, learnt=frozenset()
)
TWINS_SEEN: Final = creates(
    "a create that a proxy sends twice, and a claim",
    {"replays": 1, "claims": 1},
    learnt=frozenset(stock.Lesson),
)

LONG_CLAIMS: Final = (
    claims(
        "long: a timeout, a death, a zombie, a refusal, a quota",
        {
            "timeouts": 1,
            "crashes": 1,
            "takeovers": 1,
            "refusals": 1,
            "quotas": 1,
        },
    ),
    claims(
        "long: two rows, a timeout, a death, a zombie",
        {"timeouts": 1, "crashes": 1, "takeovers": 1},
        slots=2,
    ),
    claims(
        "long: three drivers",
        {"timeouts": 1, "takeovers": 2},
        drivers=3,
    ),
    claims(
        "long: a timeout, a zombie, a deadline, asked again",
        {"timeouts": 1, "takeovers": 1, "lates": 1, "repeats": 1},
    ),
    claims(
        "long: a lost commit, a timeout, asked again",
        {"lost": 1, "timeouts": 1, "repeats": 1},
        weakened=_WEAK,
        learnt=_STRAY,
    ),
)
LONG_CREATES: Final = (
    creates(
        "long: two wanted, two timeouts and a death",
        {"timeouts": 2, "crashes": 1},
        target=2,
    ),
    creates(
        "long: an old backup, a claim and a timeout",
        {"restores": 1, "claims": 1, "timeouts": 1},
    ),
    creates(
        "long: stale listings, a timeout, a death and a claim",
        {"lags": 1, "stale": 1, "timeouts": 1, "claims": 1, "crashes": 1},
    ),
)


def everything() -> tuple[Run | StockRun, ...]:
    """Return every run of the form that is asked for."""
    return (
        *CONTENDED,
        *TWO_ROWS,
        *ASKED_AGAIN,
        *MISSES,
        *FALLBACK,
        *BLIND_RESCUE,
        *LOST_COMMITS,
        *LOST_COMMITS_WHOLE,
        STRANDED_ROW,
        LOST_INTENT,
        LINGERING_REQUEST,
        *CREATES,
        TWINS,
        TWINS_SEEN,
        *(LONG_CLAIMS if IS_LONG else ()),
        *(LONG_CREATES if IS_LONG else ()),
    )
