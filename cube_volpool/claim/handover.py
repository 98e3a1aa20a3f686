"""The hand-over of one reserved volume: rename and offer, then accept.

Accept is the commit point.  Up to it everything can be taken back; after it
only a look at Cinder says what happened.
"""

from dataclasses import dataclass
from typing import Final

from oslo_log import log

from cube_volpool import exception, model, volumeapi
from cube_volpool.claim.job import (
    Answer,
    Condemned,
    Job,
    given_body,
    too_late,
)
from cube_volpool.claim.look import Looker, Verdict
from cube_volpool.claim.parallel import Runner
from cube_volpool.claim.preparation import (
    Preparation,
    Prepared,
    volume_id_of,
)
from cube_volpool.claim.settlement import Settlement
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: How often one offer is accepted while Cinder shows it still open.
_ACCEPTS: Final = 3
#: Answers to accept that another one would not change.
_FINAL: Final = (volumeapi.OverQuota, volumeapi.Forbidden)
#: Answers to accept that prove that this accept moved nothing.
_REFUSALS: Final = (*_FINAL, volumeapi.NotFound, volumeapi.Refused)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A reserved volume that can be given: renamed, offered, and fit."""

    claim: model.Claim
    row: model.PooledVolume
    prepared: Prepared


class HandOver:
    """Takes one reserved row to its caller, or says why not."""

    def __init__(
        self,
        store: Store,
        pool: volumeapi.VolumeAPI,
        looker: Looker,
        settlement: Settlement,
        runner: Runner,
        *,
        deployment: str,
    ) -> None:
        self._store = store
        self._looker = looker
        self._settlement = settlement
        self._preparation = Preparation(pool, runner, deployment=deployment)

    def prepare(
        self, job: Job, claim: model.Claim, row: model.PooledVolume
    ) -> Ready | Answer | Condemned:
        """Do all that can be taken back: look up, rename, offer.

        Returns what can be given now, the answer when the name is there, or
        that another volume may be tried.  Raises Busy, InvalidRequest or
        CinderUnavailable when nothing was given, LostRace when the claim is
        not ours any more.
        """
        prepared = self._preparation.prepare(job, claim, row)
        existing = prepared.existing(job, claim)
        if existing is not None:
            return self._existing(job, claim, row, prepared, existing)
        if not prepared.look_up.is_done:
            self._release(claim, row, prepared, reason="look-up failed")
            raise exception.CinderUnavailable(
                reason=f"the look-up by name failed: {prepared.look_up.error}"
            )
        reason = self._preparation.unfit(row, prepared)
        if reason is not None:
            return self._not_prepared(claim, row, prepared, reason)
        if job.is_too_late():
            self._release(claim, row, prepared, reason="too late")
            raise too_late()
        return Ready(claim=claim, row=row, prepared=prepared)

    def give(self, job: Job, ready: Ready) -> Answer | Condemned:
        """Record the offer and accept it.

        Returns the answer, or that another volume may be tried.  Raises
        QuotaExceeded, Busy or CinderUnavailable when nothing was given,
        ClaimInProgress when it is not known, LostRace when the claim is not
        ours any more.
        """
        claim, row, prepared = ready.claim, ready.row, ready.prepared
        offer: model.Offer = prepared.offer.value
        offered = self._store.claims.mark_offered(
            claim, transfer_id=offer.transfer_id, lease=job.lease
        )
        if job.is_too_late():
            # A ledger that was slow to answer has used the budget up.
            self._release(offered, row, prepared, reason="too late")
            raise too_late()
        with job.unsettled():
            result = self._accept(job, offered, row, prepared)
        if isinstance(result, Answer):
            return result
        return Condemned(claim=result)

    def let_go(self, ready: Ready, *, reason: str) -> None:
        """Give nothing after all: the claim has failed.  Raises LostRace."""
        self._release(
            ready.claim, ready.row, ready.prepared, reason=reason
        )

    def _not_prepared(
        self,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: Prepared,
        reason: str,
    ) -> Condemned:
        """A volume that does not behave is condemned; another is tried.

        Unless another would fare no better: Cinder takes no calls of ours,
        or refuses what the caller wants written.
        """
        calls = (prepared.rename, prepared.offer)
        if any(call.is_turned_away for call in calls):
            self._release(claim, row, prepared, reason="Cinder away")
            raise exception.CinderUnavailable(reason=reason)
        if prepared.rename.is_refused:
            # The caller's own words: no other volume would take them either.
            self._release(claim, row, prepared, reason=reason)
            raise exception.InvalidRequest(
                field="volume",
                reason=f"Cinder refuses the name or the metadata: {reason}",
            )
        unclear = [
            call.error
            for call in calls
            if isinstance(call.error, volumeapi.Unclear)
        ]
        return Condemned(
            claim=self._settlement.evict(claim, row, reason),
            trouble=unclear[0] if unclear else None,
        )

    def _existing(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: Prepared,
        existing: model.Volume,
    ) -> Answer:
        """The name is there already: it is the answer, the row goes back."""
        if self._preparation.take_back(row, prepared):
            self._store.endings.hand_back_for(
                claim, row=row, existing=existing.id
            )
        else:
            pending = self._settlement.evict(
                claim, row, "could not be taken back"
            )
            self._store.endings.bind(
                pending,
                row=None,
                volume_id=existing.id,
                source=model.Source.EXISTING,
                actor=model.Actor.CLAIMANT,
            )
        LOG.info(
            "Claim %s of project %s: volume %s has that name already",
            claim.id,
            job.caller.project_id,
            existing.id,
        )
        return Answer(volume=existing.body, source=model.Source.EXISTING)

    def _accept(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: Prepared,
    ) -> Answer | model.Claim:
        """Accept, and accept again while Cinder shows the offer open."""
        offer: model.Offer = prepared.offer.value
        error: volumeapi.VolumeAPIError | None = None
        is_certain = True
        for _ in range(_ACCEPTS):
            try:
                job.tenant.accept(offer)
            except _FINAL as refused:
                error = refused
                break
            except volumeapi.VolumeAPIError as unclear:
                error = unclear
            else:
                return self._given(job, claim, row, prepared)
            is_certain &= not isinstance(error, volumeapi.Unclear)
            LOG.warning(
                "Claim %s: accept of volume %s: %s",
                claim.id,
                row.volume_id,
                error,
            )
            seen = self._looker.look(
                claim, row, tenant=job.tenant, offer=offer
            )
            if seen.verdict is not Verdict.OFFERED:
                return self._settlement.resolve(job, claim, row, seen)
            if job.is_too_late():
                # The caller counts on no accept being sent after this.
                return self._withdraw(job, claim, row, refusal=too_late())
        if not isinstance(error, _REFUSALS):
            raise job.in_progress() from error
        if not is_certain:
            return self._withdraw(job, claim, row, refusal=_refusal(error))
        # Over quota; or Cinder shows the offer open and refuses it each
        # time, for example for a private type.  Nothing moved.
        self._release(claim, row, prepared, reason=str(error))
        raise _refusal(error) from error

    def _withdraw(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        *,
        refusal: exception.VolpoolError,
    ) -> Answer | model.Claim:
        """Give up while an accept that was sent may still succeed.

        Only without the offer can nothing arrive later, and only a look
        after that says whether something has.
        """
        seen = self._looker.look(claim, row, tenant=job.tenant)
        if seen.verdict is not Verdict.OURS:
            return self._settlement.resolve(job, claim, row, seen)
        pending = self._settlement.evict(claim, row, str(refusal))
        self._store.endings.fail(pending, reason=str(refusal))
        raise refusal

    def _given(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: Prepared,
    ) -> Answer:
        self._store.endings.bind(
            claim,
            row=row,
            volume_id=volume_id_of(row),
            source=model.Source.POOL,
            actor=model.Actor.CLAIMANT,
        )
        LOG.info(
            "Claim %s of project %s: volume %s of pool %s",
            claim.id,
            claim.project_id,
            row.volume_id,
            row.pool,
        )
        body = given_body(
            prepared.rename.value, project_id=claim.project_id
        )
        return Answer(volume=body, source=model.Source.POOL)

    def _release(
        self,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: Prepared,
        *,
        reason: str,
    ) -> None:
        """End a claim with nothing given: back on the shelf, if certain."""
        if self._preparation.take_back(row, prepared):
            self._store.endings.hand_back(claim, row=row, reason=reason)
            return
        pending = self._settlement.evict(claim, row, reason)
        self._store.endings.fail(pending, reason=reason)


def _refusal(error: volumeapi.VolumeAPIError) -> exception.VolpoolError:
    """Say what a refused accept means to the caller."""
    if isinstance(error, volumeapi.OverQuota):
        return exception.QuotaExceeded(cinder_message=str(error))
    return exception.CinderUnavailable(
        reason=f"Cinder refuses the hand-over to this project: {error}"
    )
