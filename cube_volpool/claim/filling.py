"""One open claim on its way to a volume: rows are tried until one arrives.

In two steps, so that a request for several volumes can know that all of them
are to be had before the first one is given.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from cube_volpool import exception, model, volumeapi
from cube_volpool.claim.extension import Extension
from cube_volpool.claim.handover import HandOver, Ready
from cube_volpool.claim.job import Answer, Condemned, Job, too_late
from cube_volpool.claim.miss import Misser
from cube_volpool.db.store import Store

Refill = Callable[[model.PoolName], None]


@dataclass(frozen=True, kw_only=True)
class Means:
    """What claims are filled with.  One for all threads of a process."""

    store: Store
    hand_over: HandOver
    misser: Misser
    extension: Extension
    refill: Refill
    #: How many rows one claim may try.
    attempts: int


class Filling:
    """A fresh claim, perhaps with a row.

    ``was_left`` says that another worker had it: from then on the ledger's
    absence is no "nothing was given".
    """

    def __init__(
        self,
        means: Means,
        job: Job,
        claim: model.Claim,
        row: model.PooledVolume | None,
        *,
        was_left: bool = False,
    ) -> None:
        self.job = job
        self._means = means
        self._claim = claim
        self._row = row
        self._was_left = was_left
        self._tried = 0
        self._trouble: volumeapi.VolumeAPIError | None = None
        self._ready: Ready | None = None

    @property
    def is_miss(self) -> bool:
        """Once it is ready: is the volume yet to be created?"""
        return self._ready is None

    def finish(self) -> Answer:
        """Give a volume.  Raises what ``ready`` and ``give`` raise."""
        answer = self.ready()
        return self.give() if answer is None else answer

    def ready(self) -> Answer | None:
        """Do all that can be taken back.

        Returns the answer when the name is there already, else None.  Raises
        the claim's refusals: then nothing was given.
        """
        with self._told():
            return self._prepared()

    def give(self) -> Answer:
        """Give what is ready; if that goes wrong, another volume.

        Raises the claim's refusals; NotExtended when a volume was given, and
        is too small; ClaimInProgress when it is not known.
        """
        with self._told():
            answer = self._given()
        if answer.source is model.Source.POOL:
            return self._means.extension.finish(self.job, answer)
        return answer

    def let_go(self, *, reason: str) -> None:
        """Give nothing, ready or not yet begun.  Raises LostRace."""
        endings = self._means.store.endings
        if self._ready is not None:
            self._means.hand_over.let_go(self._ready, reason=reason)
        elif self._row is not None:
            # No call was made for it.
            endings.hand_back(self._claim, row=self._row, reason=reason)
        else:
            endings.fail(self._claim, reason=reason)

    def _told(self) -> contextlib.AbstractContextManager[None]:
        if self._was_left:
            return self.job.unsettled()
        return contextlib.nullcontext()

    def _prepared(self) -> Answer | None:
        """Try rows until one can be given; without a row it is a miss.

        Not when Cinder's trouble used the rows up: the pool was not empty.
        """
        job, means = self.job, self._means
        while self._tried < means.attempts:
            if self._row is None and self._trouble is not None:
                break
            if self._row is None or job.order.wanted is None:
                return means.misser.prepare(job, self._claim)
            result = means.hand_over.prepare(job, self._claim, self._row)
            if isinstance(result, Ready):
                self._ready = result
                return None
            means.refill(self._row.pool)
            if isinstance(result, Answer):
                return result
            self._take_another(result)
        raise self._given_up()

    def _given(self) -> Answer:
        while self._ready is not None:
            result = self._means.hand_over.give(self.job, self._ready)
            self._means.refill(self._ready.row.pool)
            self._ready = None
            if isinstance(result, Answer):
                return result
            self._take_another(result)
            answer = self._prepared()
            if answer is not None:
                return answer
        return self._means.misser.create(self.job, self._claim)

    def _take_another(self, result: Condemned) -> None:
        """Reserve another row; the one before is condemned."""
        store, wanted = self._means.store, self.job.order.wanted
        self._claim = result.claim
        self._trouble = result.trouble or self._trouble
        self._tried += 1
        self._row = None
        if self.job.is_too_late():
            # A slow Cinder must not cost more volumes than one.
            store.endings.fail(self._claim, reason="too late")
            raise too_late()
        if wanted is not None:
            self._row = store.claims.reserve(
                self._claim, wanted=wanted, lease=self.job.lease
            )

    def _given_up(self) -> exception.VolpoolError:
        endings = self._means.store.endings
        if self._row is not None:
            self._claim = endings.unreserve(self._claim, row=self._row)
        endings.fail(self._claim, reason="no volume behaved")
        if self._trouble is not None:
            return exception.CinderUnavailable(reason=str(self._trouble))
        return exception.Busy(
            reason=f"{self._means.attempts} pooled volumes could not be "
            "handed over",
            retry_after=1,
        )
