"""What a claim is opened with, and what the opening came to."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cube_volpool import model


class Opening(StrEnum):
    """What opening a claim came to."""

    #: The claim is ours and fresh; with a row it is a hit, else a miss.
    FRESH = "fresh"
    #: Somebody works on it under a live lease.
    BUSY = "busy"
    #: The lease was over and the claim is ours now: look at Cinder first.
    TAKEN_OVER = "taken over"
    #: It was answered before.
    BOUND = "bound"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The claim as it now is, and its row if it has one."""

    opening: Opening
    claim: model.Claim
    row: model.PooledVolume | None = None


@dataclass(frozen=True, kw_only=True)
class NewClaim:
    """What a claim is opened with."""

    project_id: model.ProjectId
    name: str
    params_hash: str
    #: None when no pool can serve the request.
    wanted: model.Wanted | None
    owner_token: str
    lease: timedelta
