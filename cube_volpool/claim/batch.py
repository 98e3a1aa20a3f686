"""Several claims of one request: opened together, filled side by side.

Each is a claim like any other, with its own record and its own way to a
volume: one that dies, is taken over or is asked for again knows nothing of
the others.
"""

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Final

from oslo_log import log

from cube_volpool import exception, model
from cube_volpool.claim.filling import Filling
from cube_volpool.claim.job import Answer, Job
from cube_volpool.claim.parallel import Runner
from cube_volpool.claim.serving import Serving
from cube_volpool.db.opening import Opened, Opening
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: What one claim of several came to.
Result = Answer | Exception

#: Errors that say for certain that this claim was given nothing.
_NOTHING: Final = (
    exception.Busy,
    exception.CinderUnavailable,
    exception.InvalidRequest,
    exception.PoolEmpty,
    exception.QuotaExceeded,
)


class Item:
    """One claim of the request, and what is held for it until its end."""

    def __init__(self, request: model.ClaimRequest) -> None:
        self.request = request
        #: Set where there is a place for it.
        self.job: Job | None = None
        self.opened: Opened | None = None
        self.filling: Filling | None = None
        self.result: Result | None = None
        self._held = contextlib.ExitStack()

    def hold(self, held: contextlib.AbstractContextManager[None]) -> None:
        """Enter what is left at the end.  Raises what entering it raises."""
        self._held.enter_context(held)

    def end(self, result: Result) -> None:
        """Take the result; the first one stays."""
        if self.result is None:
            self.result = result
        self.leave()

    def leave(self) -> None:
        """Let go of what is held.  Safe to repeat."""
        self._held.close()


class Batch:
    """Brings claims of one request to their ends.

    ``hands`` works on them, each in a thread of its own.
    """

    def __init__(self, store: Store, serving: Serving, hands: Runner) -> None:
        self._store = store
        self._serving = serving
        self._hands = hands

    def serve(
        self, items: Sequence[Item], *, all_or_nothing: bool
    ) -> list[Result]:
        """Return what each came to.

        Raises LedgerUnavailable when not even opening them was possible.
        """
        failed = _failed(items) if all_or_nothing else None
        if failed is not None:
            for item in items:
                item.end(_withheld(item, failed.request.name))
            return _results(items)
        self._open([item for item in items if item.job is not None])
        if all_or_nothing:
            self._serve_all(items)
        else:
            self._each(items, self._finish)
        return _results(items)

    def _serve_all(self, items: Sequence[Item]) -> None:
        """Give the first volume only once all others are to be had."""
        self._get_all_ready(items)
        if _failed(items) is None:
            self._give_all(items)
        failed = _failed(items)
        if failed is not None:
            self._let_go(items, failed.request.name)

    def _open(self, items: Sequence[Item]) -> None:
        """Open all that can be, and reserve their rows, at once."""
        news = [item.job.opening() for item in items if item.job is not None]
        if not news:
            return
        try:
            opened = self._store.claims.open_all(news)
        except exception.LedgerUnavailable:
            raise
        except exception.Busy as busy:
            # Others take the same rows all the time: each by itself, then.
            LOG.info(
                "%d claims are not opened together: %s", len(news), busy
            )
            return
        for item, found in zip(items, opened, strict=True):
            item.opened = found
            if found is not None:
                item.hold(self._serving.working_on(found.claim))

    def _each(
        self, items: Sequence[Item], act: Callable[[Item, Job], Result | None]
    ) -> None:
        """Let an act happen to all that have no result, side by side."""
        acts = [
            functools.partial(_act, act, item, item.job)
            for item in items
            if item.result is None and item.job is not None
        ]
        if acts:
            self._hands.run(*acts)

    def _finish(self, item: Item, job: Job) -> Answer:
        opened = self._opened(item, job)
        return self._serving.go_on(job, opened)

    def _opened(self, item: Item, job: Job) -> Opened:
        """Open by itself what could not be opened with the others."""
        if item.opened is None:
            item.opened = self._serving.open(job)
            item.hold(self._serving.working_on(item.opened.claim))
        return item.opened

    # -- all or nothing -------------------------------------------------------

    def _get_all_ready(self, items: Sequence[Item]) -> None:
        """Do all that can be taken back, as long as nothing is refused.

        First what has no row, for that is refused more often and without an
        effect: then no volume of the pool was touched for nothing.
        """
        bare = [i for i in items if i.opened and i.opened.row is None]
        self._each(bare, self._get_ready)
        if _failed(items) is None:
            self._each(items, self._get_ready)

    def _get_ready(self, item: Item, job: Job) -> Answer | None:
        if item.filling is not None:
            return None
        begun = self._serving.begin(job, self._opened(item, job))
        if isinstance(begun, Answer):
            return begun
        item.filling = begun
        return begun.ready()

    def _give_all(self, items: Sequence[Item]) -> None:
        """Give all that is ready.

        First those that may be refused yet: the creates; where there are
        none, a single volume, for who is refused that one would be refused
        all.  As long as nothing came of these, the others need not be given.
        """
        ready = [item for item in items if item.result is None]
        misses = [i for i in ready if i.filling and i.filling.is_miss]
        first = misses or ready[:1]
        self._each(first, _give)
        if not all(isinstance(item.result, _NOTHING) for item in first):
            self._each(ready, _give)

    def _let_go(self, items: Sequence[Item], failed: str) -> None:
        """Give nothing of what is left; the other one is to blame."""
        left = [item for item in items if item.result is None]
        if left:
            LOG.info(
                "%d claims are withheld: %s was not to be had",
                len(left),
                failed,
            )

        def let_go(item: Item, job: Job) -> exception.VolpoolError:
            if item.filling is None and _is_fresh(item.opened):
                begun = self._serving.begin(job, self._opened(item, job))
                item.filling = begun if isinstance(begun, Filling) else None
            if item.filling is not None:
                item.filling.let_go(reason=f"{failed} was not to be had")
            return _withheld(item, failed)

        self._each(left, let_go)


def _is_fresh(opened: Opened | None) -> bool:
    return opened is not None and opened.opening is Opening.FRESH


def _act(
    act: Callable[[Item, Job], Result | None], item: Item, job: Job
) -> None:
    """Let an act happen; what it returns or raises is the result."""
    try:
        with job.orderly():
            result: Result | None = act(item, job)
    except Exception as error:
        # The outermost frame of one claim: its trouble is not the others'.
        result = error
    if result is not None:
        item.end(result)


def _give(item: Item, _job: Job) -> Answer:
    if item.filling is None:
        raise AssertionError(f"{item.request.name} is not ready")
    return item.filling.give()


def _failed(items: Sequence[Item]) -> Item | None:
    """Return the first one that ended with an error."""
    for item in items:
        if isinstance(item.result, Exception):
            return item
    return None


def _withheld(item: Item, failed: str) -> exception.Withheld:
    return exception.Withheld(name=item.request.name, failed=failed)


def _results(items: Sequence[Item]) -> list[Result]:
    return [item.result for item in items if item.result is not None]
