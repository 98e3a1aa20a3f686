"""One claim being worked on: what stays the same, and the answer."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from oslo_log import log

from cube_volpool import exception, model, volumeapi
from cube_volpool.claim.order import Order
from cube_volpool.clock import Clock
from cube_volpool.db.opening import NewClaim

LOG = log.getLogger(__name__)

#: A call with less time than this could not even fail in an orderly way.
_LEAST_TIMEOUT = timedelta(seconds=1)
#: What a volume that cannot serve any more is called.
_USELESS = ("error", "deleting")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the caller gets: the shape of Cinder's create, and its source."""

    volume: Mapping[str, Any]
    source: model.Source


@dataclass(frozen=True, kw_only=True)
class Condemned:
    """A volume was condemned; its claim is pending again.

    ``trouble`` is Cinder's, when that and not the volume was the reason.
    """

    claim: model.Claim
    trouble: volumeapi.Unclear | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A request on its way.  ``deadline`` is of the process's clock."""

    caller: model.Caller
    request: model.ClaimRequest
    order: Order
    tenant: volumeapi.VolumeAPI
    deadline: float
    clock: Clock
    owner_token: str
    lease: timedelta

    def is_too_late(self) -> bool:
        """Has the caller stopped waiting?"""
        return self.clock.monotonic() >= self.deadline

    @property
    def remaining(self) -> timedelta:
        """Return what is left of the caller's budget, a little at least."""
        left = timedelta(seconds=self.deadline - self.clock.monotonic())
        return max(left, _LEAST_TIMEOUT)

    @contextlib.contextmanager
    def unsettled(self) -> Iterator[None]:
        """From here on the ledger's absence is no "nothing was given"."""
        try:
            yield
        except exception.LedgerUnavailable as error:
            raise self.in_progress() from error

    @contextlib.contextmanager
    def orderly(self) -> Iterator[None]:
        """Let what is not the caller's to understand be *in progress*."""
        try:
            yield
        except exception.LostRace as lost:
            # Somebody took the claim over; they look, we do not guess.
            LOG.info("Claim of %s: %s", self.request.name, lost)
            raise self.in_progress(retry_after=1) from lost
        except volumeapi.VolumeAPIError as error:
            raise self.in_progress() from error

    def opening(self) -> NewClaim:
        """Return what the ledger opens this claim with."""
        return NewClaim(
            project_id=self.caller.project_id,
            name=self.request.name,
            params_hash=self.request.params_hash(),
            wanted=self.order.wanted,
            owner_token=self.owner_token,
            lease=self.lease,
        )

    def in_progress(self, retry_after: float = 5) -> exception.ClaimInProgress:
        """Return the error "the outcome is not known yet"."""
        return exception.ClaimInProgress(
            name=self.request.name, retry_after=retry_after
        )


def too_late() -> exception.Busy:
    """Return the error "the caller's time was over, nothing was given"."""
    return exception.Busy(
        reason="the caller's budget is used up", retry_after=1
    )


def named(
    volumes: Iterable[model.Volume], name: str, *, marker: model.Marker
) -> model.Volume | None:
    """Choose the volume that a caller means by a name.

    Exact name, of use; several: the one of this claim, else the oldest.
    """
    found = [
        volume
        for volume in volumes
        if volume.name == name and not is_useless(volume)
    ]
    return min(
        found,
        key=lambda volume: (
            volume.metadata.get(model.CLAIM_KEY) != marker,
            volume.created_at,
            volume.id,
        ),
        default=None,
    )


def is_stock(volume: model.Volume, pool: volumeapi.VolumeAPI) -> bool:
    """Is it the pool's own, whatever name it bears just now?

    A hand-over gives a volume its caller's name while the pool still has
    it.  To a caller of the pool's own project it looks like one of theirs;
    but no pooled volume is ever given to that project, and what a miss makes
    there does not carry the deployment's key.
    """
    return (
        model.DEPLOYMENT_KEY in volume.metadata
        and volume.project_id == pool.project_id
    )


def is_useless(volume: model.Volume) -> bool:
    """Is it failed, or on its way out?"""
    return volume.status.startswith(_USELESS)


def given_body(
    volume: model.Volume, *, project_id: model.ProjectId
) -> Mapping[str, Any]:
    """Return the body of a volume that was just accepted.

    Built from the answer to the rename, so that nobody has to ask again:
    accept changes the owner and the status alone.  Which user accepted is
    Cinder's to tell; the pool's is nobody's business.
    """
    return {
        **volume.body,
        "user_id": None,
        "status": "available",
        "os-vol-tenant-attr:tenant_id": project_id,
    }
