"""From an open claim to its answer, for a caller who waits."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from cube_volpool import model, volumeapi
from cube_volpool.claim.filling import Filling, Means
from cube_volpool.claim.job import Answer, Job
from cube_volpool.claim.repeat import Repeat
from cube_volpool.claim.settlement import Settlement
from cube_volpool.clock import Clock
from cube_volpool.db.opening import Opened, Opening
from cube_volpool.db.store import Store

#: How often a claim that another thread or daemon works on is read again.
_POLL: Final = timedelta(milliseconds=200)


class Serving:
    """Goes on with claims, whatever opening them came to.

    Knows which ones this process works on.
    """

    def __init__(
        self,
        store: Store,
        means: Means,
        settlement: Settlement,
        repeat: Repeat,
        *,
        owner_token: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._means = means
        self._settlement = settlement
        self._repeat = repeat
        self._owner_token = owner_token
        self._clock = clock
        # Two threads may work on one claim for a moment, so it is counted.
        self._active: Counter[int] = Counter()
        self._active_lock = threading.Lock()

    def serve(self, job: Job) -> Answer:
        """Open a claim by itself and bring it to its answer."""
        opened = self.open(job)
        with self.working_on(opened.claim):
            return self.go_on(job, opened)

    def go_on(self, job: Job, opened: Opened) -> Answer:
        """Bring an open claim to its answer."""
        begun = self.begin(job, opened)
        return begun if isinstance(begun, Answer) else begun.finish()

    def open(self, job: Job) -> Opened:
        """Open the claim; while it is another's, wait within the budget.

        Raises ClaimInProgress, ClaimMismatch, LostRace.
        """
        while True:
            opened = self._store.claims.open(job.opening())
            if opened.opening is not Opening.BUSY:
                return opened
            if job.is_too_late():
                raise job.in_progress()
            self._clock.sleep(_POLL.total_seconds())

    def begin(self, job: Job, opened: Opened) -> Answer | Filling:
        """Settle what was before: the answer, or what is to be filled."""
        if opened.opening is Opening.BOUND:
            with job.unsettled():
                answered = self._repeat.answer(job, opened.claim)
            if isinstance(answered, Answer):
                return self._repeated(job, opened.claim, answered)
            opened = answered
        if opened.opening is Opening.TAKEN_OVER:
            with job.unsettled():
                begun = self._resume(job, opened)
            if isinstance(begun, Answer):
                return self._full_size(job, begun, begun.source)
            return begun
        return Filling(self._means, job, opened.claim, opened.row)

    def renew_leases(self, lease: timedelta) -> None:
        """Push the leases on of the claims that are being worked on."""
        with self._active_lock:
            ids = tuple(self._active)
        if ids:
            self._store.claims.renew_all(
                self._owner_token, claim_ids=ids, lease=lease
            )

    @contextlib.contextmanager
    def working_on(self, claim: model.Claim) -> Iterator[None]:
        """Let the lease of a claim be renewed."""
        with self._active_lock:
            self._active[claim.id] += 1
        try:
            yield
        finally:
            with self._active_lock:
                self._active[claim.id] -= 1
                self._active = +self._active

    def _repeated(
        self, job: Job, claim: model.Claim, answer: Answer
    ) -> Answer:
        """Answer again; with another body the volume stays as it is."""
        if self._repeat.is_same(job, claim):
            return self._full_size(job, answer, claim.source)
        return answer

    def _full_size(
        self, job: Job, answer: Answer, source: model.Source | None
    ) -> Answer:
        """Let a volume of the pool be as large as was asked."""
        if source is model.Source.POOL:
            return self._means.extension.finish(job, answer)
        return answer

    def _resume(self, job: Job, opened: Opened) -> Answer | Filling:
        """Go on with a claim whose worker went away: look first."""
        claim, row = opened.claim, opened.row
        if claim.status is model.ClaimStatus.CREATING:
            return self._resume_miss(job, claim)
        result = self._settlement.settle(job, claim, row)
        if row is not None:
            self._means.refill(row.pool)
        if isinstance(result, Answer):
            return result
        claim, row = result, None
        if job.order.wanted is not None:
            row = self._store.claims.reserve(
                claim, wanted=job.order.wanted, lease=job.lease
            )
        return Filling(self._means, job, claim, row, was_left=True)

    def _resume_miss(self, job: Job, claim: model.Claim) -> Answer | Filling:
        try:
            found = self._means.misser.settle(claim, job.tenant)
        except volumeapi.VolumeAPIError as error:
            raise job.in_progress() from error
        if found is not None:
            return found
        # The claim has failed for good, so opening it again starts afresh.
        opened = self._store.claims.open(job.opening())
        if opened.opening is not Opening.FRESH:
            raise job.in_progress(retry_after=1)
        return Filling(
            self._means, job, opened.claim, opened.row, was_left=True
        )
