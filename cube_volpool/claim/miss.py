"""A miss: the ordinary create, in the caller's project, at most once."""

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

from oslo_log import log

from cube_volpool import exception, model, origin, settings, volumeapi
from cube_volpool.claim.job import Answer, Job, is_stock, named, too_late
from cube_volpool.claim.order import OrderDesk
from cube_volpool.clock import Clock
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)


class Misser:
    """Serves claims that no pooled volume fits."""

    def __init__(
        self,
        store: Store,
        pool: volumeapi.VolumeAPI,
        desk: OrderDesk,
        limits: settings.ClaimSettings,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._pool = pool
        self._desk = desk
        self._limits = limits
        self._clock = clock

    def prepare(self, job: Job, claim: model.Claim) -> Answer | None:
        """Find out whether the volume may be created.

        Returns the answer when the name is there, None when it may.  Raises
        PoolEmpty, InvalidRequest, CinderUnavailable or Busy when it may not:
        then nothing was given.
        """
        existing = self._look_up(job, claim)
        if existing is not None:
            return self._bind(claim, existing, model.Source.EXISTING)
        self._refuse(job, claim)
        self._refuse_sizeless(job, claim)
        self._refuse_late(job, claim)
        return None

    def create(self, job: Job, claim: model.Claim) -> Answer:
        """Create the volume that a fresh claim asks for.

        Raises PoolEmpty, QuotaExceeded, InvalidRequest, CinderUnavailable or
        Busy when nothing was given, ClaimInProgress when it is not known.
        """
        # Recorded before the POST: from here on this claim can never hit,
        # and whoever takes it over knows that a create may be out.
        claim = self._store.claims.begin_miss(
            claim, pool=self._desk.pool_of(job.order), lease=job.lease
        )
        # Again: a ledger that was slow to answer may have used it up.
        self._refuse_late(job, claim)
        with job.unsettled():
            return self._create(job, claim)

    def settle(
        self, claim: model.Claim, tenant: volumeapi.VolumeAPI | None
    ) -> Answer | None:
        """Find out what became of a create whose answer is not known.

        Returns the volume, with the claim bound to it, or None once the
        claim has failed: the grace time is over and two looks, apart, found
        nothing.  Raises ClaimInProgress before that, LostRace.

        Until then only what bears our marker counts: a volume that somebody
        gave that name meanwhile says nothing of the create, which may still
        arrive beside it.
        """
        waits = exception.ClaimInProgress(name=claim.name, retry_after=30)
        if tenant is None:
            raise waits
        self._store.claims.renew(claim, lease=self._limits.lease)
        pauses: tuple[timedelta, ...] = (timedelta(0), self._limits.look_pause)
        for pause in pauses:
            self._clock.sleep(pause.total_seconds())
            found = self._marked(claim, tenant)
            if found is not None:
                return self._bind(claim, found, model.Source.CREATED)
            if not self._store.claims.is_miss_settled(
                claim, grace=self._limits.miss_grace
            ):
                raise waits
            existing = self._named(
                tenant.list_volumes(name=claim.name), claim.name, claim
            )
            if existing is not None:
                return self._bind(claim, existing, model.Source.EXISTING)
        self._store.endings.fail(claim, reason="the create never arrived")
        return None

    def _refuse_late(self, job: Job, claim: model.Claim) -> None:
        if job.is_too_late():
            self._store.endings.fail(claim, reason="too late")
            raise too_late()

    def _refuse_sizeless(self, job: Job, claim: model.Claim) -> None:
        """Cinder does not choose the size of a volume made from an image."""
        wanted = job.order.create
        if wanted.size_gib is not None or wanted.snapshot_id is None:
            return
        if origin.kind(wanted.snapshot_id) is not origin.Kind.IMAGE:
            return
        self._store.endings.fail(claim, reason="no size")
        raise exception.InvalidRequest(
            field="volume.size",
            reason="is needed to create a volume from an image",
        )

    def _refuse(self, job: Job, claim: model.Claim) -> None:
        if self._limits.create_on_miss:
            return
        self._store.endings.fail_empty(
            claim, reason="pool empty", pool=self._desk.pool_of(job.order)
        )
        raise exception.PoolEmpty(
            name=job.request.name, reason="no pooled volume fits"
        )

    def _look_up(self, job: Job, claim: model.Claim) -> model.Volume | None:
        try:
            tenant = job.tenant.bounded(job.remaining)
            found = tenant.list_volumes(name=job.request.name)
        except volumeapi.VolumeAPIError as error:
            self._store.endings.fail(claim, reason="look-up failed")
            raise exception.CinderUnavailable(
                reason=f"the look-up by name failed: {error}"
            ) from error
        return self._named(found, job.request.name, claim)

    def _create(self, job: Job, claim: model.Claim) -> Answer:
        wanted = job.order.create
        marked = dataclasses.replace(
            wanted,
            metadata={**wanted.metadata, model.CLAIM_KEY: claim.marker},
        )
        try:
            tenant = job.tenant.bounded(job.remaining)
            volume = tenant.create_volume(marked)
        except volumeapi.Unclear as error:
            LOG.warning(
                "Claim %s: the create was not answered: %s", claim.id, error
            )
            return self._settle_now(job, claim)
        except volumeapi.VolumeAPIError as error:
            self._store.endings.fail_empty(
                claim, reason=str(error), pool=claim.pool
            )
            raise self._refusal(job, error) from error
        return self._bind(claim, volume, model.Source.CREATED)

    def _settle_now(self, job: Job, claim: model.Claim) -> Answer:
        try:
            found = self._marked(claim, job.tenant.bounded(job.remaining))
        except volumeapi.VolumeAPIError as error:
            raise job.in_progress() from error
        if found is None:
            raise job.in_progress()
        return self._bind(claim, found, model.Source.CREATED)

    def _marked(
        self, claim: model.Claim, tenant: volumeapi.VolumeAPI
    ) -> model.Volume | None:
        """Look for the volume that our create made."""
        marked = tenant.list_volumes(metadata={model.CLAIM_KEY: claim.marker})
        for volume in marked:
            # One of another name, or on its way out, is of an earlier life
            # of this claim.
            is_current = not volume.status.startswith("deleting")
            if volume.name == claim.name and is_current:
                return volume
        return None

    def _named(
        self, found: Iterable[model.Volume], name: str, claim: model.Claim
    ) -> model.Volume | None:
        """Choose the caller's volume of a name; stock is nobody's."""
        theirs = [v for v in found if not is_stock(v, self._pool)]
        if theirs and claim.project_id == self._pool.project_id:
            # Somebody may have taken the mark off one that is on its way to
            # a tenant. The ledger is asked after Cinder: by then one that
            # was given meanwhile is its claim's.
            theirs = list(
                self._store.stock.unpromised(
                    theirs, project_id=claim.project_id
                )
            )
        return named(theirs, name, marker=claim.marker)

    def _refusal(
        self, job: Job, error: volumeapi.VolumeAPIError
    ) -> exception.VolpoolError:
        """Say what a definite refusal of the create means to the caller."""
        if isinstance(error, volumeapi.OverQuota):
            return exception.QuotaExceeded(cinder_message=str(error))
        if isinstance(error, volumeapi.NotFound | volumeapi.Forbidden):
            # A plain member is not shown the pool's snapshot.
            return exception.PoolEmpty(
                name=job.request.name,
                reason=f"Cinder does not let us create it there: {error}",
            )
        if isinstance(error, volumeapi.Refused):
            return exception.InvalidRequest(
                field="volume", reason=f"Cinder refuses it: {error}"
            )
        return exception.CinderUnavailable(
            reason=f"the create was not sent: {error}"
        )

    def _bind(
        self, claim: model.Claim, volume: model.Volume, source: model.Source
    ) -> Answer:
        self._store.endings.bind(
            claim,
            row=None,
            volume_id=volume.id,
            source=source,
            actor=model.Actor.CLAIMANT,
        )
        LOG.info(
            "Claim %s of project %s: volume %s, %s",
            claim.id,
            claim.project_id,
            volume.id,
            source,
        )
        return Answer(volume=volume.body, source=source)
