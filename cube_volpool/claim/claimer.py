"""Journey 1: claims, from validated requests to answers."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from cube_volpool import exception, model, settings, volumeapi
from cube_volpool.claim.admission import Admission
from cube_volpool.claim.batch import Batch, Item, Result
from cube_volpool.claim.extension import Extension
from cube_volpool.claim.filling import Means, Refill
from cube_volpool.claim.handover import HandOver
from cube_volpool.claim.job import Answer, Job, too_late
from cube_volpool.claim.look import Looker
from cube_volpool.claim.miss import Misser
from cube_volpool.claim.order import Order, OrderDesk
from cube_volpool.claim.parallel import Runner
from cube_volpool.claim.repeat import Repeat
from cube_volpool.claim.serving import Serving
from cube_volpool.claim.settlement import Settlement
from cube_volpool.clock import Clock
from cube_volpool.db.store import Store


class Claimer:
    """Serves claims.  One for all threads of a process.

    ``runner`` makes calls to Cinder, and ``hands`` works on the claims of one
    request: what ``hands`` does waits for ``runner``, so the two must not
    share threads.
    """

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
        hands: Runner,
        refill: Refill,
    ) -> None:
        self._pool = pool
        self._tenants = tenants
        self._limits = settings.claim
        self._owner_token = owner_token
        self._clock = clock
        self._admission = Admission(settings.claim)
        self._desk = desk
        settlement = Settlement(store, looker)
        means = Means(
            store=store,
            hand_over=HandOver(
                store,
                pool,
                looker,
                settlement,
                runner,
                deployment=settings.deployment,
            ),
            misser=misser,
            extension=Extension(clock),
            refill=refill,
            attempts=settings.claim.attempts,
        )
        pause = settings.claim.look_pause
        self._serving = Serving(
            store,
            means,
            settlement,
            Repeat(store, pool, clock=clock, pause=pause),
            owner_token=owner_token,
            clock=clock,
        )
        self._batch = Batch(store, self._serving, hands)

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
            order = self._desk.resolve(request)
            asker = self._asker(caller)
            job = self._job(asker, request, order, deadline)
            with job.orderly(), self._admission.pool_place(job.order.wanted):
                return self._serving.serve(job)

    def claim_many(
        self,
        caller: model.Caller,
        requests: Sequence[model.ClaimRequest],
        *,
        deadline: float,
        all_or_nothing: bool,
    ) -> list[Result]:
        """Serve several claims of one project, of different names.

        Returns for each, in their order, the answer or the error that
        ``claim`` would raise.  Safe to repeat.

        Args:
            deadline: of all of them, as for ``claim``.
            all_or_nothing: give the first volume only once every other one
                is to be had, too; else each error of that claim stays, and
                the others' is Withheld.

        Raises:
            ProjectMismatch, LedgerUnavailable, CinderUnavailable: nothing
            was given to any of them.
        """
        with contextlib.ExitStack() as stack:
            items = [Item(request) for request in requests]
            for item in items:
                stack.callback(item.leave)
            self._admit(items, caller, deadline)
            return self._batch.serve(items, all_or_nothing=all_or_nothing)

    def renew_leases(self) -> None:
        """Push the leases on of the claims that are being worked on."""
        self._serving.renew_leases(self._limits.lease)

    def _admit(
        self, items: Sequence[Item], caller: model.Caller, deadline: float
    ) -> None:
        """Give each its place and its job, or the error for want of one.

        Raises what is no single claim's: CinderUnavailable,
        LedgerUnavailable, ProjectMismatch.
        """
        asker = self._asker(caller)
        for item in items:
            try:
                item.hold(
                    self._admission.place(caller.project_id, in_batch=True)
                )
                order = self._desk.resolve(item.request)
                job = self._job(asker, item.request, order, deadline)
                item.hold(self._admission.pool_place(job.order.wanted))
            except exception.LedgerUnavailable:
                raise
            except (exception.Busy, exception.InvalidRequest) as error:
                item.end(error)
            else:
                item.job = job

    def _asker(self, caller: model.Caller) -> "_Asker":
        """Authorise, before anything is written."""
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
        return _Asker(caller=caller, tenant=tenant, is_pools_own=own)

    def _job(
        self,
        asker: "_Asker",
        request: model.ClaimRequest,
        order: Order,
        deadline: float,
    ) -> Job:
        """Return what is to be done.  Raises Busy when it is too late."""
        if asker.is_pools_own:
            # The pool's own project has nothing to be handed over to it.
            order = order.without_pool()
        job = Job(
            caller=asker.caller,
            request=request,
            order=order,
            tenant=asker.tenant,
            deadline=deadline,
            clock=self._clock,
            owner_token=self._owner_token,
            lease=self._limits.lease,
        )
        if job.is_too_late():
            raise too_late()
        return job


@dataclass(frozen=True, kw_only=True)
class _Asker:
    """A caller, with the keyring that acts for them."""

    caller: model.Caller
    tenant: volumeapi.VolumeAPI
    is_pools_own: bool
