"""The two doors with meters before them."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, cast

from cube_volpool import model, volumeapi
from cube_volpool.claim.job import Answer
from cube_volpool.clock import Clock
from cube_volpool.db.store import Store
from cube_volpool.status.meters import Meters, outcome_of

#: The parts of the store whose methods are measured.
_PARTS: Final = (
    "claims",
    "endings",
    "stock",
    "pools",
    "images",
    "steering",
)
#: What of a volume API makes no call.
_SILENT: Final = frozenset({"project_id", "bounded"})


class MeasuredClaims:
    """``claim`` of ``inner``, timed by what it came to."""

    def __init__(self, inner: Any, meters: Meters, clock: Clock) -> None:
        self._inner = inner
        self._meters = meters
        self._clock = clock

    def claim(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        *,
        deadline: float,
    ) -> Answer:
        """Serve one claim.  Raises what ``inner`` raises."""
        begun = self._clock.monotonic()
        outcome = "ok"
        try:
            answer: Answer = self._inner.claim(
                caller, request, deadline=deadline
            )
            outcome = answer.source.value
        except Exception as error:
            outcome = outcome_of(error)
            raise
        finally:
            took = self._clock.monotonic() - begun
            self._meters.claims.labels(outcome).observe(took)
        return answer


class MeasuredStore:
    """The store, each transaction timed, and what they tell counted."""

    def __init__(self, inner: Store, meters: Meters, clock: Clock) -> None:
        self._inner = inner
        seen = _Seen(meters)
        for part in _PARTS:
            measured = _Measured(
                getattr(inner, part),
                part=part,
                seen=seen,
                observe=functools.partial(_of_ledger, meters, part),
                clock=clock,
            )
            setattr(self, part, measured)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class MeasuredTenants:
    """Tenants' keyrings, whose APIs are measured."""

    def __init__(
        self, inner: volumeapi.Tenants, meters: Meters, clock: Clock
    ) -> None:
        self._inner = inner
        self._meters = meters
        self._clock = clock

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> volumeapi.VolumeAPI:
        """Return the API of a caller."""
        found = self._inner.for_claim(project_id, auth_token)
        return measured_api(found, "tenant", self._meters, self._clock)

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        """Return the API of a project, where one is at hand."""
        found = self._inner.for_rescue(project_id)
        if found is None:
            return None
        return measured_api(found, "tenant", self._meters, self._clock)


def measured_api(
    inner: volumeapi.VolumeAPI, keyring: str, meters: Meters, clock: Clock
) -> volumeapi.VolumeAPI:
    """Return a volume API whose calls are timed."""
    return cast(
        volumeapi.VolumeAPI, _MeasuredAPI(inner, keyring, meters, clock)
    )


def measured_store(inner: Store, meters: Meters, clock: Clock) -> Store:
    """Return the store, measured."""
    return cast(Store, MeasuredStore(inner, meters, clock))


class _MeasuredAPI:
    def __init__(
        self,
        inner: volumeapi.VolumeAPI,
        keyring: str,
        meters: Meters,
        clock: Clock,
    ) -> None:
        self._inner = inner
        self._keyring = keyring
        self._meters = meters
        self._clock = clock

    def bounded(self, timeout: Any) -> Any:
        """Return the same with shorter time-outs, measured."""
        return _MeasuredAPI(
            self._inner.bounded(timeout),
            self._keyring,
            self._meters,
            self._clock,
        )

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in _SILENT or name.startswith("_"):
            return found
        return _timed(
            found,
            functools.partial(_of_cinder, self._meters, self._keyring, name),
            self._clock,
        )


class _Measured:
    """One part of the store."""

    def __init__(
        self,
        inner: Any,
        *,
        part: str,
        seen: "_Seen",
        observe: Callable[[str, str, float], None],
        clock: Clock,
    ) -> None:
        self._inner = inner
        self._part = part
        self._seen = seen
        self._observe = observe
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name.startswith("_"):
            return found
        timed = _timed(
            found, functools.partial(self._observe, name), self._clock
        )
        tell = getattr(self._seen, f"{self._part}_{name}", None)
        measured = timed if tell is None else _telling(timed, tell)
        # A second look-up of the same method is as good.
        self.__dict__[name] = measured
        return measured


class _Seen:
    """What transactions that were committed tell, by part and method."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def stock_promote(
        self, _done: Any, row: model.PooledVolume, **_: Any
    ) -> None:
        """A build is over; by this host's clock, as near as that is."""
        now = datetime.now(UTC).replace(tzinfo=None)
        took = max(0.0, (now - row.created_at).total_seconds())
        self._meters.builds.labels(row.pool).observe(took)

    def stock_evict(
        self, _done: Any, row: model.PooledVolume, *, reason: str, **_: Any
    ) -> None:
        """A round gave a volume up."""
        self._meters.evicted(row, reason)

    def endings_evict(
        self,
        _done: Any,
        _claim: model.Claim,
        *,
        row: model.PooledVolume,
        **_: Any,
    ) -> None:
        """A claim gave a volume up."""
        self._meters.evictions.labels(row.pool, "claim").inc()

    def endings_condemn(
        self, _done: Any, row: model.PooledVolume, **_: Any
    ) -> None:
        """Rescue found a reserved row without a claim."""
        self._meters.evictions.labels(row.pool, "claim").inc()

    def steering_evict(
        self, done: model.PooledVolume, _ident: str, **_: Any
    ) -> None:
        """An operator gave a volume up."""
        if done.status is not model.RowStatus.DELETING:
            self._meters.evictions.labels(done.pool, "operator").inc()

    def stock_forget(
        self, _done: Any, row: model.PooledVolume, **_: Any
    ) -> None:
        """Cinder does not have it, though nobody gave it up."""
        is_given_up = row.status is model.RowStatus.DELETING
        if row.volume_id is not None and not is_given_up:
            self._meters.lost.labels(row.pool).inc()

    def stock_adopt(
        self, done: bool, new: Any, *, reason: str | None, **_: Any
    ) -> None:
        """An audit took a volume in."""
        if done:
            fate = "kept" if reason is None else "deleted"
            self._meters.adopted.labels(new.pool, fate).inc()

    def claims_take_over(self, _done: Any, *_: Any, **__: Any) -> None:
        """Another daemon's claim is ours now."""
        self._meters.rescues.inc()


def _of_ledger(
    meters: Meters, part: str, method: str, outcome: str, took: float
) -> None:
    meters.ledger.labels(f"{part}.{method}", outcome).observe(took)


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


def _telling(
    call: Callable[..., Any], tell: Callable[..., None]
) -> Callable[..., Any]:
    @functools.wraps(call)
    def told(*arguments: Any, **keywords: Any) -> Any:
        done = call(*arguments, **keywords)
        tell(done, *arguments, **keywords)
        return done

    return told
