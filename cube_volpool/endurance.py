"""The one place where a call to Cinder is repeated.

Only what cannot do harm: a read, whatever became of it, and any call that
was provably never executed.  An effect of which nobody knows is never sent
twice; that is *look*'s business.  The calls that give something away, the
two creates and accept, are sent once, whatever happened: their callers check
the need and the deadline before each.  keystoneauth, urllib3 and cinderclient
repeat nothing.
"""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, NoReturn, TypeVar

import tenacity

from cube_volpool import model, volumeapi
from cube_volpool.clock import Clock

_T = TypeVar("_T")

#: The first pause and the longest, in seconds.
_FIRST: Final = 0.1
_LONGEST: Final = 2.0
#: A repeat costs one token; a call that went well earns a tenth, up to ten:
#: a sick Cinder sees at most a tenth more calls than a well one.
_EARNED: Final = 0.1
_PURSE: Final = 10.0
#: Calls that fail slowly are not repeated: their callers wait already.
_BEGIN_WITHIN: Final = 10.0
#: Repeating these would change nothing.
_HOPELESS: Final = (volumeapi.Denied, volumeapi.Suspended)


class RetryBudget:
    """What all calls of a keyring may spend on repeats."""

    def __init__(self) -> None:
        self._tokens = _PURSE
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call went well."""
        with self._lock:
            self._tokens = min(_PURSE, self._tokens + _EARNED)

    def spend(self) -> bool:
        """Pay for one repeat; False when there is nothing left."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class Patience:
    """How often, and how long, a call is repeated.

    ``retries`` is how often at most; ``chance`` returns a number from 0 to
    1, by which a pause is drawn.
    """

    def __init__(
        self,
        retries: int,
        *,
        clock: Clock,
        chance: Callable[[], float],
        budget: RetryBudget | None = None,
    ) -> None:
        self._retries = retries
        self._clock = clock
        self._chance = chance
        self._budget = budget or RetryBudget()

    def now(self) -> float:
        """Return the process's clock, in seconds."""
        return self._clock.monotonic()

    def call(
        self,
        call: Callable[[], _T],
        *,
        is_read: bool,
        deadline: float | None = None,
    ) -> _T:
        """Make a call, and again while that may help.

        ``deadline`` is of the process's clock: no repeat begins after it.
        """
        began = self.now()
        try:
            answer = call()
        except volumeapi.VolumeAPIError as error:
            if not _is_worth_it(error, is_read=is_read):
                raise
            answer = self._again(
                call, error, is_read=is_read, began=began, deadline=deadline
            )
        self._budget.earn()
        return answer

    def _again(
        self,
        call: Callable[[], _T],
        failed: volumeapi.VolumeAPIError,
        *,
        is_read: bool,
        began: float,
        deadline: float | None,
    ) -> _T:
        """Repeat a call that has ``failed``, as often as is allowed.

        Apart from the first attempt, which is nearly always the only one:
        to set tenacity up takes as long as a statement of the ledger.
        """
        end = began + _BEGIN_WITHIN
        if deadline is not None:
            end = min(end, deadline)

        def may_repeat(state: tenacity.RetryCallState) -> bool:
            if state.attempt_number > self._retries or not _is_worth_it(
                _error(state), is_read=is_read
            ):
                return False
            return self.now() + _longest_pause(state) < end and (
                self._budget.spend()
            )

        retrying = tenacity.Retrying(
            sleep=self._clock.sleep,
            wait=self._pause,
            retry=may_repeat,
            reraise=True,
        )
        attempts = itertools.chain([_raising(failed)], itertools.repeat(call))
        return retrying(lambda: next(attempts)())

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Return how long to wait: what was asked for, or by chance."""
        longest = _longest_pause(state)
        return longest if _asked(state) else longest * self._chance()


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def again() -> NoReturn:
        raise error

    return again


def _longest_pause(state: tenacity.RetryCallState) -> float:
    doubled = _FIRST * 2 ** (state.attempt_number - 1)
    return _asked(state) or min(_LONGEST, doubled)


def _asked(state: tenacity.RetryCallState) -> float | None:
    """Return the seconds that Cinder asked us to wait."""
    error = _error(state)
    if isinstance(error, volumeapi.Throttled):
        return error.retry_after
    return None


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


def _is_worth_it(error: BaseException | None, *, is_read: bool) -> bool:
    if isinstance(error, _HOPELESS):
        return False
    if isinstance(error, volumeapi.Unreachable):
        return True
    return is_read and isinstance(error, volumeapi.Unclear)


class Enduring:
    """A :class:`volumeapi.VolumeAPI` that repeats what may be repeated."""

    def __init__(
        self,
        inner: volumeapi.VolumeAPI,
        patience: Patience,
        *,
        deadline: float | None = None,
    ) -> None:
        self._inner = inner
        self._patience = patience
        self._deadline = deadline

    @property
    def project_id(self) -> model.ProjectId:
        """The project of the credential; asks Keystone when not yet known."""
        return self._read(lambda api: api.project_id)

    def bounded(self, timeout: timedelta) -> "Enduring":
        """Return the same API with at most this time, repeats included."""
        deadline = self._patience.now() + timeout.total_seconds()
        return Enduring(self._inner, self._patience, deadline=deadline)

    def create_volume(self, wanted: model.NewVolume) -> model.Volume:
        """See :class:`volumeapi.VolumeAPI`; sent once."""
        return self._api().create_volume(wanted)

    def get_volume(self, volume_id: model.VolumeId) -> model.Volume:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._read(lambda api: api.get_volume(volume_id))

    def list_volumes(
        self,
        *,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        statuses: Sequence[str] = (),
    ) -> tuple[model.Volume, ...]:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._read(
            lambda api: api.list_volumes(
                name=name, metadata=metadata, statuses=statuses
            )
        )

    def list_page(
        self,
        *,
        metadata: Mapping[str, str],
        after: model.VolumeId | None = None,
    ) -> volumeapi.Page:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._read(
            lambda api: api.list_page(metadata=metadata, after=after)
        )

    def update_volume(
        self,
        volume_id: model.VolumeId,
        *,
        name: str,
        metadata: Mapping[str, str],
    ) -> model.Volume:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._effect(
            lambda api: api.update_volume(
                volume_id, name=name, metadata=metadata
            )
        )

    def delete_volume(self, volume_id: model.VolumeId) -> None:
        """See :class:`volumeapi.VolumeAPI`."""
        self._effect(lambda api: api.delete_volume(volume_id))

    def extend_volume(
        self, volume_id: model.VolumeId, *, size_gib: int
    ) -> None:
        """See :class:`volumeapi.VolumeAPI`."""
        self._effect(
            lambda api: api.extend_volume(volume_id, size_gib=size_gib)
        )

    def offer(self, volume_id: model.VolumeId, *, name: str) -> model.Offer:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._effect(lambda api: api.offer(volume_id, name=name))

    def accept(self, offer: model.Offer) -> None:
        """See :class:`volumeapi.VolumeAPI`; sent once."""
        self._api().accept(offer)

    def cancel(self, transfer_id: model.TransferId) -> None:
        """See :class:`volumeapi.VolumeAPI`."""
        self._effect(lambda api: api.cancel(transfer_id))

    def list_transfers(
        self, volume_id: model.VolumeId
    ) -> tuple[model.TransferId, ...]:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._read(lambda api: api.list_transfers(volume_id))

    def create_snapshot(self, wanted: model.NewSnapshot) -> model.Snapshot:
        """See :class:`volumeapi.VolumeAPI`; sent once."""
        return self._api().create_snapshot(wanted)

    def get_snapshot(self, snapshot_id: model.SnapshotId) -> model.Snapshot:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._read(lambda api: api.get_snapshot(snapshot_id))

    def list_snapshots(
        self, *, name: str | None = None
    ) -> tuple[model.Snapshot, ...]:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._read(lambda api: api.list_snapshots(name=name))

    def delete_snapshot(self, snapshot_id: model.SnapshotId) -> None:
        """See :class:`volumeapi.VolumeAPI`."""
        self._effect(lambda api: api.delete_snapshot(snapshot_id))

    def list_volume_types(self) -> Mapping[str, str]:
        """See :class:`volumeapi.VolumeAPI`."""
        return self._read(lambda api: api.list_volume_types())

    def _read(self, call: Callable[[volumeapi.VolumeAPI], _T]) -> _T:
        return self._call(call, is_read=True)

    def _effect(self, call: Callable[[volumeapi.VolumeAPI], _T]) -> _T:
        return self._call(call, is_read=False)

    def _call(
        self, call: Callable[[volumeapi.VolumeAPI], _T], *, is_read: bool
    ) -> _T:
        return self._patience.call(
            lambda: call(self._api()),
            is_read=is_read,
            deadline=self._deadline,
        )

    def _api(self) -> volumeapi.VolumeAPI:
        if self._deadline is None:
            return self._inner
        left = self._deadline - self._patience.now()
        return self._inner.bounded(timedelta(seconds=max(left, 1.0)))


class EnduringTenants:
    """A :class:`volumeapi.Tenants` whose volume APIs endure."""

    def __init__(
        self, inner: volumeapi.Tenants, patience: Patience
    ) -> None:
        self._inner = inner
        self._patience = patience

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> volumeapi.VolumeAPI:
        """See :class:`volumeapi.Tenants`."""
        api = self._patience.call(
            lambda: self._inner.for_claim(project_id, auth_token),
            is_read=True,
        )
        return Enduring(api, self._patience)

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        """See :class:`volumeapi.Tenants`."""
        api = self._inner.for_rescue(project_id)
        return None if api is None else Enduring(api, self._patience)
