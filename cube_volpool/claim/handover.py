"""The hand-over of one reserved volume: rename and offer, then accept.

Accept is the commit point.  Up to it everything can be taken back; after it
only a look at Cinder says what happened.
"""

from dataclasses import dataclass
from typing import Final

from oslo_log import log

from cube_volpool import exception, model, planner, volumeapi
from cube_volpool.claim.job import Answer, Job, given_body, named
from cube_volpool.claim.look import Looker, Seen, Verdict
from cube_volpool.claim.parallel import Outcome, Runner
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: How often one offer is accepted while Cinder shows it still open.
_ACCEPTS: Final = 3
#: What may have become of a volume between a rename and its offer.
_STATUSES: Final = frozenset({"available", "awaiting-transfer"})
#: Answers to accept that another one would not change.
_FINAL: Final = (volumeapi.OverQuota, volumeapi.Forbidden)
#: Answers to accept that prove that this accept moved nothing.
_REFUSALS: Final = (*_FINAL, volumeapi.NotFound, volumeapi.Refused)


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """What the three calls side by side came to."""

    look_up: Outcome
    rename: Outcome
    offer: Outcome

    def existing(self, job: Job, claim: model.Claim) -> model.Volume | None:
        """Return the volume of that name that is there already."""
        if not self.look_up.is_done:
            return None
        return named(
            self.look_up.value, job.request.name, marker=claim.marker
        )


class HandOver:
    """Takes one reserved row to its caller, or says why not."""

    def __init__(
        self,
        store: Store,
        pool: volumeapi.VolumeAPI,
        looker: Looker,
        runner: Runner,
        *,
        deployment: str,
    ) -> None:
        self._store = store
        self._pool = pool
        self._looker = looker
        self._runner = runner
        self._deployment = deployment

    def serve(
        self, job: Job, claim: model.Claim, row: model.PooledVolume
    ) -> Answer | model.Claim:
        """Hand a reserved volume over.

        Returns the answer, or the claim, pending again, when this volume was
        condemned and another may be tried.  Raises QuotaExceeded, Busy or
        CinderUnavailable when nothing was given, ClaimInProgress when it is
        not known, LostRace when the claim is not ours any more.
        """
        prepared = self._prepare(job, claim, row)
        existing = prepared.existing(job, claim)
        if existing is not None:
            return self._existing(job, claim, row, prepared, existing)
        if not prepared.look_up.is_done:
            self._release(claim, row, prepared, reason="look-up failed")
            raise exception.CinderUnavailable(
                reason=f"the look-up by name failed: {prepared.look_up.error}"
            )
        reason = self._unfit(row, prepared)
        if reason is not None:
            return self._not_prepared(claim, row, prepared, reason)
        if job.is_too_late:
            self._release(claim, row, prepared, reason="too late")
            raise exception.Busy(
                reason="the caller's budget was over before the hand-over",
                retry_after=1,
            )
        offer: model.Offer = prepared.offer.value
        offered = self._store.claims.mark_offered(
            claim, transfer_id=offer.transfer_id, lease=job.lease
        )
        with job.unsettled():
            return self._accept(job, offered, row, prepared)

    def _prepare(
        self, job: Job, claim: model.Claim, row: model.PooledVolume
    ) -> _Prepared:
        volume_id = _id(row)
        name = job.request.name
        metadata = {
            **job.request.metadata,
            model.DEPLOYMENT_KEY: self._deployment,
            model.CLAIM_KEY: claim.marker,
        }
        tenant = job.tenant.bounded(job.remaining)
        pool = self._pool.bounded(job.remaining)
        look_up, rename, offer = self._runner.run(
            lambda: tenant.list_volumes(name=name),
            lambda: pool.update_volume(
                volume_id, name=name, metadata=metadata
            ),
            lambda: pool.offer(
                volume_id, name=f"volpool-{claim.marker}"
            ),
        )
        return _Prepared(look_up=look_up, rename=rename, offer=offer)

    def _unfit(
        self, row: model.PooledVolume, prepared: _Prepared
    ) -> str | None:
        """Say why this volume may not be handed over.

        The answer to the rename is the verification: a plain member gets one
        for a volume of its own project alone.
        """
        for outcome in (prepared.rename, prepared.offer):
            if not outcome.is_done:
                return str(outcome.error)
        volume: model.Volume = prepared.rename.value
        if volume.project_id != self._pool.project_id:
            return f"it is owned by project {volume.project_id}"
        if volume.status not in _STATUSES:
            return f"Cinder says {volume.status}"
        return planner.unfit(row, volume, deployment=self._deployment)

    def _not_prepared(
        self,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: _Prepared,
        reason: str,
    ) -> model.Claim:
        """A volume that does not behave is condemned; another is tried.

        Unless Cinder was not reached at all: then the volume is as it was,
        and another would fare no better.
        """
        calls = (prepared.rename, prepared.offer)
        if all(call.is_never_sent for call in calls):
            self._release(claim, row, prepared, reason="Cinder away")
            raise exception.CinderUnavailable(reason=reason)
        return self._evict(claim, row, reason)

    def _existing(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: _Prepared,
        existing: model.Volume,
    ) -> Answer:
        """The name is there already: it is the answer, the row goes back."""
        if self._take_back(row, prepared):
            self._store.endings.hand_back_for(
                claim, row=row, existing=existing.id
            )
        else:
            pending = self._evict(claim, row, "could not be taken back")
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
        prepared: _Prepared,
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
                "Claim %s: accept of volume %s: %s", claim.id, _id(row), error
            )
            seen = self._looker.look(
                claim, row, tenant=job.tenant, offer=offer
            )
            if seen.verdict is not Verdict.OFFERED:
                return self.resolve(job, claim, row, seen)
        if not isinstance(error, _REFUSALS):
            raise job.in_progress() from error
        if not is_certain:
            return self._refused_in_doubt(job, claim, row, error)
        # Over quota; or Cinder shows the offer open and refuses it each
        # time, for example for a private type.  Nothing moved.
        self._release(claim, row, prepared, reason=str(error))
        raise _refusal(error) from error

    def _refused_in_doubt(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        error: volumeapi.VolumeAPIError,
    ) -> Answer | model.Claim:
        """Accept was refused while an earlier one may still succeed.

        Only without the offer can nothing arrive later, and only a look
        after that says whether something has.
        """
        seen = self._looker.look(claim, row, tenant=job.tenant)
        if seen.verdict is not Verdict.OURS:
            return self.resolve(job, claim, row, seen)
        pending = self._evict(claim, row, str(error))
        self._store.endings.fail(pending, reason=str(error))
        raise _refusal(error) from error

    def resolve(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        seen: Seen,
    ) -> Answer | model.Claim:
        """Act on what a look showed.  Raises ClaimInProgress, Busy."""
        if seen.verdict is Verdict.GIVEN:
            return self._bound(job, claim, row, seen)
        if seen.verdict is Verdict.OURS:
            return self._evict(claim, row, "a claim left it in doubt")
        if seen.verdict is Verdict.FOREIGN:
            return self._store.endings.forget(
                claim, row=row, actor=model.Actor.CLAIMANT
            )
        if seen.verdict is Verdict.LOST:
            self._store.endings.lose(
                claim, row=row, actor=model.Actor.CLAIMANT
            )
            raise exception.Busy(
                reason=f"volume {row.volume_id} was lost on its way",
                retry_after=1,
            )
        raise job.in_progress()

    def _bound(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        seen: Seen,
    ) -> Answer:
        volume = seen.volume
        if volume is None:
            volume = job.tenant.get_volume(_id(row))
        self._store.endings.bind(
            claim,
            row=row,
            volume_id=volume.id,
            source=model.Source.POOL,
            actor=model.Actor.CLAIMANT,
        )
        return Answer(volume=volume.body, source=model.Source.POOL)

    def _given(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        prepared: _Prepared,
    ) -> Answer:
        self._store.endings.bind(
            claim,
            row=row,
            volume_id=_id(row),
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
        prepared: _Prepared,
        *,
        reason: str,
    ) -> None:
        """End a claim with nothing given: back on the shelf, if certain."""
        if self._take_back(row, prepared):
            self._store.endings.hand_back(claim, row=row, reason=reason)
            return
        pending = self._evict(claim, row, reason)
        self._store.endings.fail(pending, reason=reason)

    def _take_back(
        self, row: model.PooledVolume, prepared: _Prepared
    ) -> bool:
        """Undo the rename and the offer; True when that is certain.

        Every call must have had a definite answer; anything less and the
        volume is condemned.
        """
        calls = (prepared.rename, prepared.offer)
        if not all(call.is_done or call.is_never_sent for call in calls):
            return False
        try:
            if prepared.offer.is_done:
                self._pool.cancel(prepared.offer.value.transfer_id)
            if prepared.rename.is_done:
                self._pool.update_volume(
                    _id(row),
                    name=row.name,
                    metadata=planner.shelf_metadata(row, self._deployment),
                )
        except volumeapi.VolumeAPIError as error:
            LOG.warning(
                "Volume %s could not be taken back: %s", row.volume_id, error
            )
            return False
        return True

    def _evict(
        self, claim: model.Claim, row: model.PooledVolume, reason: str
    ) -> model.Claim:
        LOG.warning(
            "Claim %s: volume %s of pool %s is evicted: %s",
            claim.id,
            row.volume_id,
            row.pool,
            reason,
        )
        return self._store.endings.evict(
            claim, row=row, reason=reason, actor=model.Actor.CLAIMANT
        )


def _refusal(error: volumeapi.VolumeAPIError) -> exception.VolpoolError:
    """Say what a refused accept means to the caller."""
    if isinstance(error, volumeapi.OverQuota):
        return exception.QuotaExceeded(cinder_message=str(error))
    return exception.CinderUnavailable(
        reason=f"Cinder refuses the hand-over to this project: {error}"
    )


def _id(row: model.PooledVolume) -> model.VolumeId:
    if row.volume_id is None:
        raise AssertionError(f"row {row.id} was reserved without a volume")
    return row.volume_id
