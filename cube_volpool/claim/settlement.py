"""What a look leads to: the volume is bound, or its row is let go."""

from oslo_log import log

from cube_volpool import exception, model
from cube_volpool.claim.job import Answer, Job
from cube_volpool.claim.look import Looker, Seen, Verdict
from cube_volpool.claim.preparation import volume_id_of
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)


class Settlement:
    """Acts on looks, for a caller who waits."""

    def __init__(self, store: Store, looker: Looker) -> None:
        self._store = store
        self._looker = looker

    def settle(
        self, job: Job, claim: model.Claim, row: model.PooledVolume | None
    ) -> Answer | model.Claim:
        """Settle what a worker left: a reserved row, or a lone offer.

        Returns the answer, or the claim, pending.  Raises ClaimInProgress,
        Busy.
        """
        if row is not None:
            seen = self._looker.look(claim, row, tenant=job.tenant)
            return self.resolve(job, claim, row, seen)
        if claim.status is model.ClaimStatus.OFFERED:
            seen = self._looker.search(claim, tenant=job.tenant)
            return self._resolve_stray(job, claim, seen)
        return claim

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
            return self.evict(claim, row, "a claim left it in doubt")
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

    def evict(
        self, claim: model.Claim, row: model.PooledVolume, reason: str
    ) -> model.Claim:
        """Condemn a volume; its claim is pending and may take another."""
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

    def _resolve_stray(
        self, job: Job, claim: model.Claim, seen: Seen
    ) -> Answer | model.Claim:
        """Act on what became of an offer whose row the ledger has lost.

        Returns the answer, or the claim, pending again.  Raises
        ClaimInProgress.
        """
        if seen.verdict is Verdict.UNKNOWN:
            raise job.in_progress()
        if seen.volume is None:
            return self._store.endings.withdraw(claim)
        source = seen.source_for(claim)
        self._store.endings.bind(
            claim,
            row=None,
            volume_id=seen.volume.id,
            source=source,
            actor=model.Actor.CLAIMANT,
        )
        return Answer(volume=seen.volume.body, source=source)

    def _bound(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume,
        seen: Seen,
    ) -> Answer:
        volume = seen.volume
        if volume is None:
            volume = job.tenant.get_volume(volume_id_of(row))
        self._store.endings.bind(
            claim,
            row=row,
            volume_id=volume.id,
            source=model.Source.POOL,
            actor=model.Actor.CLAIMANT,
        )
        return Answer(volume=volume.body, source=model.Source.POOL)
