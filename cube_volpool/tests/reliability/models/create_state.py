"""What a state of the top-up model is made of."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from cube_volpool.model import RowStatus

#: No volume, no marker.
NONE: Final = -1
#: A volume that carries a claim's marker, and none of the shelf's.
CLAIMED: Final = -2


class Made(StrEnum):
    """What Cinder says of a volume; ``deleted`` is also "not the pool's"."""

    BUILDING = "creating"
    AVAILABLE = "available"
    OFFERED = "awaiting-transfer"
    ERROR = "error"
    DELETED = "deleted"


class Age(StrEnum):
    """How old an intent is."""

    YOUNG = "young"
    #: It holds no place any more (``supply.INTENT_COUNTS``).
    LOST = "lost"
    #: ``intent_grace`` is over.
    OLD = "old"


class Act(StrEnum):
    """What a daemon does next."""

    CREATE = "begin creates"
    CHECK = "is it still an intent?"
    POST = "create"
    ATTACH = "attach"
    FORGET = "forget"
    FORGET_UNSENT = "forget what was not sent"
    PROMOTE = "promote"
    EVICT = "evict"
    CANCEL = "cancel transfers"
    DELETE = "delete"
    ADOPT = "adopt"


class Row(NamedTuple):
    """A row of ``backup_volumes``."""

    marker: int
    status: str = RowStatus.CREATING
    volume: int = NONE
    age: Age = Age.YOUNG
    #: The key of the row: an adopted volume's is a new one.
    key: int = NONE


class Volume(NamedTuple):
    """A volume of the pool's project."""

    number: int
    marker: int
    status: Made = Made.BUILDING


class Daemon(NamedTuple):
    """One round of a daemon, with what it read before."""

    act: Act
    #: The row as it was read.
    row: int = NONE
    marker: int = NONE
    seen: str = ""
    volume: int = NONE
    #: Creates: how many; whether the pool's generation is still as read.
    missing: int = 0
    is_current: bool = True
    #: Intents of this round whose POST was not sent yet.
    unsent: tuple[int, ...] = ()


class Faults(NamedTuple):
    """How much may still go wrong, and how much may still be made."""

    creates: int = 3
    timeouts: int = 0
    crashes: int = 0
    #: POSTs that a proxy sends twice.
    replays: int = 0
    #: Intents that turn old while their daemon is at work on them.
    slow: int = 0
    refusals: int = 0
    #: Builds that end in error, or never.
    errors: int = 0
    #: Volumes that somebody deletes by hand.
    vanishes: int = 0
    #: Rows that claims take.
    claims: int = 0
    #: Rows that an old backup of the ledger does not have.
    restores: int = 0
    #: Listings by name that miss a volume.
    lags: int = 0
    #: Full listings that miss one: never ambiguous, for nobody trusts them.
    stale: int = 0
    #: GETs by id that miss a volume in creation: a replica that lags.
    hidden: int = 0


class State(NamedTuple):
    """Everything at one moment."""

    faults: Faults
    rows: tuple[Row, ...] = ()
    volumes: tuple[Volume, ...] = ()
    daemons: tuple[Daemon, ...] = ()
    #: Markers of creates that nobody waits for any more.
    late_posts: tuple[int, ...] = ()
    broken: str = ""


class Guard(StrEnum):
    """A guard of the top-up protocol that a mutant does without."""

    #: Intents are inserted under the pool's generation.
    POOL_GENERATION = "generation of the pool in begin_creates"
    #: A POST is never repeated for a row.
    ONE_POST = "one POST for a row"
    #: A row is forgotten after a GET by id, not for lack of a listing.
    GET_FIRST = "absence from a listing is no proof"
    #: An id that was just told is waited for when a GET says 404.
    TOLD_GRACE = "grace of a volume in creation"
    #: An unclear create is looked for until its grace is over.
    GRACE = "grace of an intent"
    #: The intent is checked right before its POST.
    STILL_INTENT = "is_still_intent before the POST"
    #: What a row was is compared before it is changed.
    ROW_STATUS = "status of the row in every write"
    #: The audit adopts marked volumes without a row.
    SWEEPER = "audit of unknown volumes"
    #: Transfers are cancelled before a DELETE.
    CANCEL_FIRST = "cancel before delete"
    #: A DELETE is repeated until Cinder says 404.
    DELETE_UNTIL_GONE = "a row goes only after 404"
    #: An intent older than a minute holds no place.
    INTENT_COUNTS = "a lost intent does not count"
    #: What is too much is evicted.
    TRIM = "eviction of a surplus"
    #: Intents count before their volumes are there.
    INTENT_FIRST = "intents count as supply"
    #: A volume with a claim's marker does not go back on the shelf.
    CLAIM_MARKER = "a claim's marker is not the shelf's"


class Lesson(StrEnum):
    """A guard that these models asked for; a run without it shows why."""

    #: The audit condemns a second volume of a row's marker.
    TWINS = "audit of second volumes of one marker"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """How a run begins, and what it leaves to chance."""

    faults: Faults
    target: int = 1
    daemons: int = 2
    without: frozenset[Guard] = field(default_factory=frozenset)
    learnt: frozenset[Lesson] = frozenset(Lesson)

    def has(self, guard: Guard) -> bool:
        """Is this guard in place?"""
        return guard not in self.without
