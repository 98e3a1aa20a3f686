"""What a run of the claim model begins with, and what is taken from it."""

from dataclasses import dataclass, field
from enum import StrEnum

from cube_volpool.tests.reliability.models.claim_state import Faults


class Guard(StrEnum):
    """A guard of the claim protocol that a mutant does without."""

    #: An error of accept is not "not given": look first.
    ACCEPT_ERROR_IS_UNCLEAR = "look after an error of accept"
    #: Every write names the generation that was read.
    GENERATION = "generation of the claim in every write"
    #: The offer is recorded before accept is sent.
    OFFERED_FIRST = "offered is committed before accept"
    #: After a cancel the owner is looked at again.
    LOOK_AGAIN = "second look after a cancel"
    #: Transfers are cancelled before a volume is condemned.
    CANCEL_FIRST = "cancel before evict"
    #: Back on the shelf only after definite answers.
    CERTAINTY = "hand-back only when certain"
    #: Only a hand-back whose cancel and rename were answered well.
    RESTORED = "hand-back only of a volume that is as it was"
    #: The pool's keyring has no power in other projects.
    PLAIN_MEMBER = "the pool account is not admin"
    #: The miss is recorded before its POST.
    INTENT = "begin_miss before the create"
    #: A create is not taken for lost before its grace is over.
    GRACE = "grace before a miss is settled"
    #: The caller's own create waits until nothing can happen any more.
    MARGIN = "margin of the caller's own fallback"
    #: ... and looks the name up again.
    SECOND_LOOK_UP = "second look-up of the caller's own fallback"
    #: Offers are listed before the owner is read.
    OFFERS_FIRST = "look reads offers first, owner second"
    #: Giving up withdraws the offer.
    WITHDRAW = "failed only after the offer is withdrawn"
    #: The audit looks at rows on the shelf too.
    SWEEPER = "audit of the shelf"
    #: Rescue runs for ever.
    RESCUE = "rescue"
    #: The name is looked up before accept.
    LOOK_UP = "look-up of the name beside rename and offer"
    #: A bound volume that seems gone is looked at twice.
    BOUND_LOOK_AGAIN = "second look at a volume bound a moment ago"
    #: 404 from the pool's keyring is looked into in the tenant's project.
    NOT_FOUND_IS_UNCLEAR = "404 is never a reason to take another"
    #: Nothing is deleted while somebody may accept it.
    DELETE_CANCELS = "delete cancels transfers first"


class Lesson(StrEnum):
    """A guard that these models asked for; a run without it shows why."""

    #: ``mark_offered`` proves in the same transaction that the row is
    #: still reserved for this claim.
    ROW_IN_OFFERED = "mark_offered compares the row too"
    #: Rescue condemns reserved rows whose claim is not under way.
    STRAY_ROWS = "rescue of reserved rows without a claim under way"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """How a run begins, and what it leaves to chance."""

    faults: Faults
    claims: int = 2
    #: Rows on the shelf at the start, and rows that arrive later.
    slots: int = 1
    arrivals: int = 0
    drivers: int = 2
    #: Rows that one claim may try, accepts of one offer.
    attempts: int = 2
    accepts: int = 2
    on_miss_create: bool = True
    #: May rescue look into the tenant's project?
    rescue_sees_tenant: bool = True
    #: Has claim 0 a caller with a fallback of its own?
    client: bool = False
    #: Does a caller that is told PoolEmpty create at once, though an earlier
    #: request of it may still be read?
    trusts_late_empty: bool = False
    #: May the commit of ``begin_miss`` be the one that is lost?
    loses_intents: bool = False
    #: Invariants that this run may break, for a reason that its test gives.
    weakened: frozenset[str] = field(default_factory=frozenset)
    #: Off for a trace that reads well: claims then keep their numbers.
    symmetric: bool = True
    without: frozenset[Guard] = field(default_factory=frozenset)
    learnt: frozenset[Lesson] = frozenset(Lesson)
