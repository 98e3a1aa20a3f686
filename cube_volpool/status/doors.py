"""The two doors, watched: each call timed, and told to listeners.

A listener has a method for each transaction that it is interested in, by part
and name, for example ``stock_evict(done, row, reason=...)``: what it returned
comes first, then its arguments.  It is called once the transaction is
committed, and must not wait; one that fails is told in the log, and nobody
else notices.  ``claim_ended`` is called for each claim.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from oslo_log import log

from cube_volpool import model, volumeapi
from cube_volpool.claim.batch import Result
from cube_volpool.claim.job import Answer
from cube_volpool.clock import Clock
from cube_volpool.db.store import PARTS, Store
from cube_volpool.status.meters import Meters, outcome_of

LOG = log.getLogger(__name__)

#: What of a volume API makes no call.
_SILENT: Final = frozenset({"project_id", "bounded"})


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who watches the doors."""

    meters: Meters
    clock: Clock
    listeners: tuple[object, ...] = ()

    def listening(self, method: str) -> list[Callable[..., None]]:
        """Return the listeners' methods of a name; what they raise is told."""
        found = [getattr(one, method, None) for one in self.listeners]
        return [_harmless(one) for one in found if one is not None]


class WatchedClaims:
    """Claims of ``inner``, each told to the listeners."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner = inner
        self._clock = watch.clock
        self._listeners = watch.listening("claim_ended")

    def claim(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        *,
        deadline: float,
    ) -> Answer:
        """Serve one claim.  Raises what ``inner`` raises."""
        begun = self._clock.monotonic()
        try:
            answer: Answer = self._inner.claim(
                caller, request, deadline=deadline
            )
        except Exception as error:
            self._tell(caller, request, outcome_of(error), None, begun)
            raise
        self._tell(
            caller, request, answer.source.value, answer.volume, begun
        )
        return answer

    def claim_many(
        self,
        caller: model.Caller,
        requests: Sequence[model.ClaimRequest],
        *,
        deadline: float,
        all_or_nothing: bool,
    ) -> list[Result]:
        """Serve several claims, each told as one of its own.

        All take as long as the request: their caller waits for the last one.
        Raises what ``inner`` raises.
        """
        begun = self._clock.monotonic()
        try:
            results: list[Result] = self._inner.claim_many(
                caller,
                requests,
                deadline=deadline,
                all_or_nothing=all_or_nothing,
            )
        except Exception as error:
            for request in requests:
                self._tell(caller, request, outcome_of(error), None, begun)
            raise
        for request, result in zip(requests, results, strict=True):
            if isinstance(result, Exception):
                self._tell(caller, request, outcome_of(result), None, begun)
            else:
                word = result.source.value
                self._tell(caller, request, word, result.volume, begun)
        return results

    def _tell(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        outcome: str,
        volume: Mapping[str, Any] | None,
        begun: float,
    ) -> None:
        for listen in self._listeners:
            listen(
                caller,
                request,
                outcome=outcome,
                volume=volume,
                seconds=self._clock.monotonic() - begun,
            )


class _WatchedStore:
    """The store, each transaction timed and told."""

    def __init__(self, inner: Store, watch: Watch) -> None:
        self._inner = inner
        for part in PARTS:
            setattr(self, part, _Part(getattr(inner, part), part, watch))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class WatchedTenants:
    """Tenants' keyrings, whose APIs are timed."""

    def __init__(self, inner: volumeapi.Tenants, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> volumeapi.VolumeAPI:
        """Return the API of a caller."""
        found = self._inner.for_claim(project_id, auth_token)
        return watched_api(found, "tenant", self._watch)

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        """Return the API of a project, where one is at hand."""
        found = self._inner.for_rescue(project_id)
        if found is None:
            return None
        return watched_api(found, "tenant", self._watch)


def watched_api(
    inner: volumeapi.VolumeAPI, keyring: str, watch: Watch
) -> volumeapi.VolumeAPI:
    """Return a volume API whose calls are timed."""
    return cast(volumeapi.VolumeAPI, _WatchedAPI(inner, keyring, watch))


def watched_store(inner: Store, watch: Watch) -> Store:
    """Return the store, watched."""
    return cast(Store, _WatchedStore(inner, watch))


class _WatchedAPI:
    def __init__(
        self, inner: volumeapi.VolumeAPI, keyring: str, watch: Watch
    ) -> None:
        self._inner = inner
        self._keyring = keyring
        self._watch = watch

    def bounded(self, timeout: Any) -> Any:
        """Return the same with shorter time-outs, watched."""
        bounded = self._inner.bounded(timeout)
        return _WatchedAPI(bounded, self._keyring, self._watch)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in _SILENT or name.startswith("_"):
            return found
        observe = functools.partial(
            _of_cinder, self._watch.meters, self._keyring, name
        )
        return _timed(found, observe, self._watch.clock)


class _Part:
    """One part of the store."""

    def __init__(self, inner: Any, part: str, watch: Watch) -> None:
        self._inner = inner
        self._part = part
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name.startswith("_"):
            return found
        observe = functools.partial(
            _of_ledger, self._watch.meters, f"{self._part}.{name}"
        )
        watched = _told(
            _timed(found, observe, self._watch.clock),
            self._watch.listening(f"{self._part}_{name}"),
        )
        # A second look-up of the same method is as good.
        self.__dict__[name] = watched
        return watched


def _of_ledger(
    meters: Meters, call: str, outcome: str, took: float
) -> None:
    meters.ledger.labels(call, outcome).observe(took)


def _of_cinder(
    meters: Meters, keyring: str, call: str, outcome: str, took: float
) -> None:
    meters.cinder.labels(keyring, call, outcome).observe(took)


def _timed(
    call: Callable[..., Any],
    observe: Callable[[str, float], None],
    clock: Clock,
) -> Callable[..., Any]:
    @functools.wraps(call)
    def timed(*arguments: Any, **keywords: Any) -> Any:
        begun = clock.monotonic()
        outcome = "ok"
        try:
            return call(*arguments, **keywords)
        except Exception as error:
            outcome = outcome_of(error)
            raise
        finally:
            observe(outcome, clock.monotonic() - begun)

    return timed


def _harmless(listen: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(listen)
    def listened(*arguments: Any, **keywords: Any) -> None:
        try:
            listen(*arguments, **keywords)
        except Exception:
            # What was done is done; it is only not counted, or told.
            LOG.exception("%s stumbled", listen.__qualname__)

    return listened


def _told(
    call: Callable[..., Any], listeners: Sequence[Callable[..., None]]
) -> Callable[..., Any]:
    if not listeners:
        return call

    @functools.wraps(call)
    def told(*arguments: Any, **keywords: Any) -> Any:
        done = call(*arguments, **keywords)
        for listen in listeners:
            listen(done, *arguments, **keywords)
        return done

    return told
