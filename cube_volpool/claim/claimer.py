"""Journey 1: one claim, from a validated request to an answer."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from oslo_log import log

from cube_volpool import exception, model, settings, volumeapi
from cube_volpool.claim.admission import Admission
from cube_volpool.claim.extension import Extension
from cube_volpool.claim.handover import HandOver
from cube_volpool.claim.job import (
    Answer,
    Job,
    too_late,
)
from cube_volpool.claim.look import Looker
from cube_volpool.claim.miss import Misser
from cube_volpool.claim.order import OrderDesk
from cube_volpool.claim.parallel import Runner
from cube_volpool.claim.repeat import Repeat
from cube_volpool.claim.settlement import Settlement
from cube_volpool.clock import Clock
from cube_volpool.db.opening import Opened, Opening
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: How often a claim that another thread or daemon works on is read again.
_POLL: Final = timedelta(milliseconds=200)

Refill = Callable[[model.PoolName], None]


class Claimer:
    """Serves claims.  One for all threads of a process."""

    def __init__(
        self,
        store: Store,
        pool: volumeapi.VolumeAPI,
        tenants: volumeapi.Tenants,
        settings: settings.Settings,
        *,
        desk: OrderDesk,
        looker: Looker,
        misser: Misser,
        owner_token: str,
        clock: Clock,
        runner: Runner,
        refill: Refill,
    ) -> None:
        self._store = store
        self._pool = pool
        self._tenants = tenants
        self._limits = settings.claim
        self._owner_token = owner_token
        self._clock = clock
        self._refill = refill
        self._admission = Admission(settings.claim)
        self._desk = desk
        self._misser = misser
        self._settlement = Settlement(store, looker)
        self._repeat = Repeat(
            store, pool, clock=clock, pause=settings.claim.look_pause
        )
        self._extension = Extension(clock)
        self._hand_over = HandOver(
            store,
            pool,
            looker,
            self._settlement,
            runner,
            deployment=settings.deployment,
        )
        # Two threads may work on one claim for a moment, so it is counted.
        self._active: Counter[int] = Counter()
        self._active_lock = threading.Lock()

    def claim(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        *,
        deadline: float,
    ) -> Answer:
        """Serve one claim.  Safe to repeat: same name, same volume.

        Args:
            deadline: on the clock of the process, in seconds; checked up to
                the accept, never after.

        Raises:
            InvalidRequest, ProjectMismatch, PoolEmpty, QuotaExceeded, Busy,
            LedgerUnavailable, CinderUnavailable: nothing was given.
            NotExtended: the volume was given, and is too small.
            ClaimInProgress: not known yet, ask again with the same name.
            ClaimMismatch: another body under that name is under way.
        """
        with self._admission.place(caller.project_id):
            job = self._job(caller, request, deadline)
            try:
                with self._admission.pool_place(job.order.wanted):
                    return self._serve(job)
            except exception.LostRace as lost:
                # Somebody took the claim over; they look, we do not guess.
                LOG.info("Claim of %s: %s", request.name, lost)
                raise job.in_progress(retry_after=1) from lost
            except volumeapi.VolumeAPIError as error:
                raise job.in_progress() from error

    def renew_leases(self) -> None:
        """Push the leases on of the claims that are being worked on."""
        with self._active_lock:
            ids = tuple(self._active)
        if ids:
            self._store.claims.renew_all(
                self._owner_token, claim_ids=ids, lease=self._limits.lease
            )

    @contextlib.contextmanager
    def _working_on(self, claim: model.Claim) -> Iterator[None]:
        with self._active_lock:
            self._active[claim.id] += 1
        try:
            yield
        finally:
            with self._active_lock:
                self._active[claim.id] -= 1
                self._active = +self._active

    def _job(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        deadline: float,
    ) -> Job:
        """Resolve and authorise, before anything is written."""
        order = self._desk.resolve(request)
        try:
            tenant = self._tenants.for_claim(
                caller.project_id, caller.auth_token
            )
            project_id = tenant.project_id
            own = project_id == self._pool.project_id
        except volumeapi.VolumeAPIError as error:
            raise exception.CinderUnavailable(reason=str(error)) from error
        if project_id != caller.project_id:
            # A database that compares without case knows one project by
            # several spellings, and each would be a claim of its own.
            raise exception.ProjectMismatch(
                token_project=project_id, project_id=caller.project_id
            )
        if own:
            # The pool's own project has nothing to be handed over to it.
            order = order.without_pool()
        job = Job(
            caller=caller,
            request=request,
            order=order,
            tenant=tenant,
            deadline=deadline,
            clock=self._clock,
            owner_token=self._owner_token,
            lease=self._limits.lease,
        )
        if job.is_too_late():
            raise too_late()
        return job

    def _serve(self, job: Job) -> Answer:
        opened = self._wait_for(job)
        with self._working_on(opened.claim):
            if opened.opening is Opening.BOUND:
                with job.unsettled():
                    answered = self._repeat.answer(job, opened.claim)
                if isinstance(answered, Answer):
                    return self._finished(job, answered, opened.claim)
                opened = answered
            if opened.opening is Opening.TAKEN_OVER:
                with job.unsettled():
                    answer = self._resume(job, opened)
            else:
                answer = self._fill(job, opened.claim, opened.row)
        return self._finished(job, answer)

    def _finished(
        self, job: Job, answer: Answer, claim: model.Claim | None = None
    ) -> Answer:
        """Let a volume of the pool be as large as was asked.

        ``claim`` is one that was answered before: with another body the
        volume stays as it is.
        """
        source = answer.source if claim is None else claim.source
        is_same = claim is None or self._repeat.is_same(job, claim)
        if source is model.Source.POOL and is_same:
            return self._extension.finish(job, answer)
        return answer

    def _wait_for(self, job: Job) -> Opened:
        """Open the claim; while it is another's, wait within the budget."""
        while True:
            opened = self._store.claims.open(job.opening())
            if opened.opening is not Opening.BUSY:
                return opened
            if job.is_too_late():
                raise job.in_progress()
            self._clock.sleep(_POLL.total_seconds())

    def _fill(
        self,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume | None,
    ) -> Answer:
        """Hand rows over until one arrives; without a row it is a miss.

        Not when Cinder's trouble used the rows up: the pool was not empty.
        """
        wanted = job.order.wanted
        trouble: volumeapi.VolumeAPIError | None = None
        for _ in range(self._limits.attempts):
            if row is None and trouble is not None:
                break
            if row is None or wanted is None:
                return self._misser.serve(job, claim)
            result = self._hand_over.serve(job, claim, row)
            self._refill(row.pool)
            if isinstance(result, Answer):
                return result
            claim, trouble = result.claim, result.trouble or trouble
            if job.is_too_late():
                # A slow Cinder must not cost more volumes than one.
                self._store.endings.fail(claim, reason="too late")
                raise too_late()
            row = self._store.claims.reserve(
                claim, wanted=wanted, lease=job.lease
            )
        if row is not None:
            claim = self._store.endings.unreserve(claim, row=row)
        self._store.endings.fail(claim, reason="no volume behaved")
        if trouble is not None:
            raise exception.CinderUnavailable(reason=str(trouble))
        raise exception.Busy(
            reason=f"{self._limits.attempts} pooled volumes could not be "
            "handed over",
            retry_after=1,
        )

    def _resume(self, job: Job, opened: Opened) -> Answer:
        """Go on with a claim whose worker went away: look first."""
        claim, row = opened.claim, opened.row
        if claim.status is model.ClaimStatus.CREATING:
            return self._resume_miss(job, claim)
        result = self._settlement.settle(job, claim, row)
        if row is not None:
            self._refill(row.pool)
        if isinstance(result, Answer):
            return result
        claim = result
        if job.order.wanted is None:
            return self._misser.serve(job, claim)
        row = self._store.claims.reserve(
            claim, wanted=job.order.wanted, lease=job.lease
        )
        return self._fill(job, claim, row)

    def _resume_miss(self, job: Job, claim: model.Claim) -> Answer:
        try:
            found = self._misser.settle(claim, job.tenant)
        except volumeapi.VolumeAPIError as error:
            raise job.in_progress() from error
        if found is not None:
            return found
        # The claim has failed for good, so opening it again starts afresh.
        opened = self._store.claims.open(job.opening())
        if opened.opening is not Opening.FRESH:
            raise job.in_progress(retry_after=1)
        return self._fill(job, opened.claim, opened.row)
