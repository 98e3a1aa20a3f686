"""What a state of the claim model is made of.

Everything is a named tuple of texts and small numbers, so that states can be
compared, hashed and sorted.  What cannot make a difference is left out or
made equal by :mod:`~.claim_symmetry`.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from cube_volpool.model import Actor, RowStatus
from cube_volpool.tests.reliability.models import ledger

#: No claim, no slot, no volume.
NONE: Final = -1
#: Owner: the pool's project.  Name: that of the shelf.
POOL: Final = -1
SHELF: Final = -1


class Status(StrEnum):
    """What Cinder says of a volume."""

    AVAILABLE = "available"
    OFFERED = "awaiting-transfer"
    DELETED = "deleted"


class Key(StrEnum):
    """What a transfer's id and key are worth: a dead one stays dead."""

    NONE = "none"
    LIVE = "live"
    DEAD = "dead"


class Outcome(StrEnum):
    """What one Cinder call came to, as ``volumeapi`` tells it."""

    OUT = "out"
    DONE = "done"
    EMPTY = "empty"
    REFUSED = "refused"
    NOT_FOUND = "not found"
    OVER_QUOTA = "over quota"
    UNREACHABLE = "unreachable"
    UNCLEAR = "unclear"


class Phase(StrEnum):
    """What a driver does next: a Cinder call that is out, or a commit."""

    PREPARE = "look-up, rename, offer"
    MARK_OFFERED = "mark offered"
    ACCEPT = "accept: check of the key"
    ACCEPTING = "accept: change of the owner"
    BIND = "bind"
    CANCEL = "cancel"
    RESTORE = "put name and markers back"
    HAND_BACK = "hand back"
    EVICT = "evict"
    FAIL = "fail"
    LOSE = "lose"
    RESERVE = "reserve"
    UNRESERVE = "unreserve"
    LOOK_RENEW = "look: renew"
    LOOK_LIST = "look: list transfers"
    LOOK_GET = "look: get volume"
    LOOK_CANCEL = "look: cancel"
    LOOK_TENANT = "look in the tenant's project"
    LOOK_TENANT_AGAIN = "look there again"
    LOOK_GONE_AGAIN = "get volume again"
    MISS_LOOK_UP = "miss: look the name up"
    BEGIN_MISS = "begin miss"
    POST = "create"
    MISS_FIND = "miss: find"
    SETTLE_RENEW = "settle: renew"
    SETTLE = "settle: find"
    SETTLE_AGAIN = "settle: find again"
    REOPEN = "settle: fail"
    OPEN_AGAIN = "open again"
    FAIL_EMPTY = "fail: pool empty"
    BOUND_GET = "bound before: get volume"
    BOUND_GET_AGAIN = "bound before: get it again"
    UNBIND = "unbind"


class Why(StrEnum):
    """What a look is for."""

    ACCEPT = "after accept"
    WITHDRAW = "giving up"
    RESUME = "taken over"


class Then(StrEnum):
    """What a driver does once the row is gone from it."""

    RETRY = "another row"
    FAIL = "fail"
    BIND = "bind the existing volume"


class Miss(StrEnum):
    """How old the create of a miss is."""

    NONE = "none"
    YOUNG = "young"
    #: ``miss_grace`` is over.
    OLD = "old"


class Client(StrEnum):
    """Where the caller's own fallback is; claim 0 alone has one."""

    NONE = "none"
    ASKING = "asking"
    #: Told ``PoolEmpty``.
    EMPTY = "told PoolEmpty"
    #: Budget, accept time-out and margin are over.
    OVER = "over"
    MAY_CREATE = "nothing of that name"
    DONE = "done"


class ClaimRow(NamedTuple):
    """A row of ``claims``."""

    status: str = ledger.UNOPENED
    generation: int = 0
    volume: int = NONE
    miss: Miss = Miss.NONE


class Row(NamedTuple):
    """A row of ``backup_volumes``; the n-th is that of the n-th volume."""

    status: str = RowStatus.AVAILABLE
    claim: int = NONE


class Volume(NamedTuple):
    """A volume in Cinder; metadata changes with the name."""

    owner: int = POOL
    status: Status = Status.AVAILABLE
    name: int = SHELF
    #: Made by the caller itself.
    own: bool = False
    #: A commit that condemned it is lost; its DELETE may still be out.
    doomed: bool = False


class Driver(NamedTuple):
    """A thread of some daemon that works on a claim, or a rescue's."""

    claim: int
    actor: Actor
    #: The claim as this driver read it.
    generation: int
    status: str
    phase: Phase
    slot: int = NONE
    key: Key = Key.NONE
    look_up: Outcome = Outcome.OUT
    rename: Outcome = Outcome.OUT
    offer: Outcome = Outcome.OUT
    why: Why = Why.RESUME
    then: Then = Then.RETRY
    #: The transfer that the look saw, and whether it is the one of ``key``.
    listed: Key = Key.NONE
    is_mine: bool = False
    #: What the last accept came to; has one of them been unclear?
    accepted: Outcome = Outcome.OUT
    accepts: int = 0
    in_doubt: bool = False
    attempts: int = 1
    #: The volume to bind.
    volume: int = NONE
    #: The caller has been told that this attempt failed.
    failed: bool = False


class Call(NamedTuple):
    """A call that nobody waits for any more, and that may still run."""

    phase: str
    claim: int
    slot: int
    key: Key = Key.NONE
    failed: bool = False


class Faults(NamedTuple):
    """How much may still go wrong, and what may still be asked."""

    timeouts: int = 0
    crashes: int = 0
    #: Take-overs from a driver that is alive.
    takeovers: int = 0
    refusals: int = 0
    quotas: int = 0
    #: Deadlines that pass, counted at the checks.
    lates: int = 0
    #: Requests for a name that was asked for before.
    repeats: int = 0
    #: Last commits that a database cluster forgets.
    lost: int = 0
    #: Volumes that their owners delete.
    deletes: int = 0
    #: Answers of a replica that lags behind.
    lags: int = 0


class Undo(NamedTuple):
    """What the last commit of a claim changed, as it was before."""

    claim: ClaimRow
    slot: int
    row: Row


class State(NamedTuple):
    """Everything at one moment."""

    claims: tuple[ClaimRow, ...]
    rows: tuple[Row, ...]
    #: Those of the rows first, those made in tenants' projects after them.
    volumes: tuple[Volume, ...]
    faults: Faults
    drivers: tuple[Driver, ...] = ()
    late_calls: tuple[Call, ...] = ()
    client: Client = Client.NONE
    undo: tuple[Undo | None, ...] = ()
    #: The invariant that a step broke.
    broken: str = ""
