"""Repeat: a claim that was answered before is asked again."""

from datetime import timedelta
from typing import Final

from oslo_log import log

from cube_volpool import model, volumeapi
from cube_volpool.claim.extension import FAILED
from cube_volpool.claim.job import Answer, Job, is_stock, is_useless
from cube_volpool.clock import Clock
from cube_volpool.db.opening import Opened
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: A volume bound more recently may not yet be seen by a lagging replica.
_FRESHLY_BOUND: Final = timedelta(minutes=1)


class Repeat:
    """Answers with the volume that was given, as long as it is there."""

    def __init__(
        self,
        store: Store,
        pool: volumeapi.VolumeAPI,
        *,
        clock: Clock,
        pause: timedelta,
    ) -> None:
        self._store = store
        self._pool = pool
        self._clock = clock
        self._pause = pause

    def is_same(self, job: Job, claim: model.Claim) -> bool:
        """Is it asked for with the body that it was opened with?"""
        return claim.params_hash == job.request.params_hash()

    def answer(self, job: Job, claim: model.Claim) -> Answer | Opened:
        """Return the same volume, or, when it is gone, the claim anew.

        A different body is not looked at any more: the volume is there.  So
        it is when Cinder failed to extend it: another one would only be the
        next to fail.
        """
        if not self.is_same(job, claim):
            LOG.info(
                "Claim %s: asked again with another body; the volume stays",
                claim.id,
            )
        volume = self._still_there(job, claim)
        if volume is None and self._is_freshly_bound(claim):
            self._clock.sleep(self._pause.total_seconds())
            volume = self._still_there(job, claim)
        if volume is not None:
            return Answer(volume=volume.body, source=model.Source.EXISTING)
        LOG.info(
            "Claim %s: volume %s is gone or renamed; the claim opens again",
            claim.id,
            claim.volume_id,
        )
        return self._store.claims.unbind(claim, job.opening())

    def _is_freshly_bound(self, claim: model.Claim) -> bool:
        return self._store.stock.now() - claim.updated_at < _FRESHLY_BOUND

    def _still_there(
        self, job: Job, claim: model.Claim
    ) -> model.Volume | None:
        if claim.volume_id is None:
            return None
        try:
            tenant = job.tenant.bounded(job.remaining)
            volume = tenant.get_volume(claim.volume_id)
        except volumeapi.NotFound:
            return None
        except volumeapi.VolumeAPIError as error:
            # Not "nothing was given": once it was.
            raise job.in_progress() from error
        good = (
            volume.project_id == job.caller.project_id
            and volume.name == job.request.name
            and (not is_useless(volume) or volume.status == FAILED)
            and not is_stock(volume, self._pool)
        )
        return volume if good else None
