"""Upkeep of lanes: carriers and twins are made, looked after and retired.

It stands beside a pool's round and never in its way: whatever is wrong with
lanes, the pool is built from what it has, at worst from the source itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from oslo_log import log

from cube_volpool import (
    exception,
    lanes,
    model,
    settings,
    twin,
    volumeapi,
)
from cube_volpool.backoff import Backoff
from cube_volpool.db import creation
from cube_volpool.db import twins as db_twins
from cube_volpool.db.store import Store
from cube_volpool.strays import Strays
from cube_volpool.workshop import Workshop

LOG = log.getLogger(__name__)
_S = twin.Status
_K = twin.Kind

#: How the note of a trouble with lanes begins.
_TROUBLE: Final = "lanes: "


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What an audit saw of the whole pool project, by id."""

    volumes: Mapping[str, model.Volume]
    snapshots: Mapping[str, model.Snapshot]


class Upkeep:
    """Keeps the lanes of the pools.  Safe to run beside others.

    ``note`` records a pool's trouble, None for none.
    """

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        settings: settings.Settings,
        *,
        counted: creation.Counted,
        note: Callable[[model.PoolName, str | None], None],
    ) -> None:
        self._store = store
        self._api = api
        self._settings = settings
        self._counted = counted
        self._note = note
        self._strays = Strays(store, settings)
        self._workshop = Workshop(
            store, api, settings, found=self._strays.take_in
        )
        #: Pools that have something left though they want no lanes.
        self._left: frozenset[model.PoolName] = frozenset()
        #: Pauses after failures; in memory alone.
        self._pauses: dict[model.PoolName, Backoff] = {}

    def survey(self, volumes: Sequence[model.Volume]) -> Listing | None:
        """Take strays in; return what turns are to look at everything by.

        ``volumes`` are all of the deployment.  None where no pool has lanes,
        or Cinder does not list its snapshots.
        """
        self._left = self._store.twins.pools()
        carriers = [one for one in volumes if twin.KIND_KEY in one.metadata]
        is_used = any(spec.lanes > 1 for spec in self._settings.pools)
        if not (is_used or carriers or self._left):
            return None
        try:
            snapshots = self._api.list_snapshots()
        except volumeapi.VolumeAPIError as error:
            LOG.warning("The audit of lanes has to wait: %s", error)
            return None
        self._left |= self._strays.take_in([*carriers, *snapshots])
        return Listing(
            volumes={volume.id: volume for volume in volumes},
            snapshots={one.id: one for one in snapshots},
        )

    def turn(
        self, spec: settings.PoolSpec, listing: Listing | None = None
    ) -> bool:
        """Look after the lanes of one pool; is something under way?

        With the ``listing`` of an audit at everything that it has.  Raises
        LedgerUnavailable alone.
        """
        if spec.lanes <= 1 and spec.name not in self._left:
            return False
        try:
            return self._turn(spec, listing)
        except exception.LostRace as lost:
            LOG.debug("Pool %s: lanes: %s", spec.name, lost)
        except volumeapi.VolumeAPIError as error:
            LOG.warning(
                "Pool %s: its lanes have to wait: %s", spec.name, error
            )
        return True

    def _turn(
        self, spec: settings.PoolSpec, listing: Listing | None
    ) -> bool:
        held = self._store.twins.load(spec.name, counted=self._counted)
        seen = self._look(held, listing)
        decided = lanes.plan(self._view(spec, held), seen)
        for action in decided:
            try:
                self._apply(held, action)
            except exception.LostRace as lost:
                LOG.debug("Pool %s: lanes: %s", spec.name, lost)
        if not held.twins:
            self._left -= {spec.name}
        if not decided:
            self._rest(spec, held)
        return bool(decided) or any(
            one.status is not _S.AVAILABLE for one in held.twins
        )

    def _view(
        self, spec: settings.PoolSpec, held: db_twins.Held
    ) -> lanes.View:
        record = held.record
        limits = self._settings.reconcile
        source = record.source_snapshot_id
        cap = limits.max_creating_per_snapshot
        queued = held.creating_by_snapshot.get(source, 0) if source else 0
        pause = self._pauses.get(spec.name, Backoff())
        return lanes.View(
            spec=spec,
            deployment=self._settings.deployment,
            source_id=source,
            current_id=record.current_snapshot_id,
            is_paused=record.paused,
            is_drained=record.drained,
            twins=held.twins,
            busy=held.busy,
            now=held.now,
            intent_grace=limits.intent_grace,
            twin_timeout=limits.build_timeout,
            carrier_timeout=limits.build_timeout * cap,
            has_room=held.creating < limits.max_creating and queued < cap,
            may_make=pause.is_over(held.now),
        )

    def _look(
        self, held: db_twins.Held, listing: Listing | None
    ) -> dict[model.Marker, lanes.Shown]:
        """Look at what changes, and in an audit at everything.

        Absence from a listing is no proof: whatever is missing is asked for.
        """
        seen: dict[model.Marker, lanes.Shown] = {}
        for one in held.twins:
            if one.cinder_id is None:
                seen[one.marker] = self._named(one)
            elif one.status is not _S.AVAILABLE:
                seen[one.marker] = self._get(one)
            elif listing is not None:
                seen[one.marker] = _listed(one, listing) or self._get(one)
        return seen

    def _named(self, one: twin.Twin) -> lanes.Shown:
        found: Sequence[model.Volume | model.Snapshot]
        if one.kind is _K.CARRIER:
            found = self._api.list_volumes(name=one.name)
        else:
            found = self._api.list_snapshots(name=one.name)
        return found[0] if found else None

    def _get(self, one: twin.Twin) -> lanes.Shown:
        try:
            if one.kind is _K.CARRIER:
                return self._api.get_volume(one.volume_id)
            return self._api.get_snapshot(one.lane)
        except volumeapi.NotFound:
            return None

    def _apply(self, held: db_twins.Held, action: lanes.Action) -> None:
        match action:
            case lanes.Carry():
                self._make(held, action.source_id, None, count=1)
            case lanes.Copy():
                carrier = action.carrier
                self._make(
                    held, carrier.source_id, carrier, count=action.count
                )
            case lanes.Attach():
                self._store.twins.attach(action.one, action.cinder_id)
            case lanes.Promote():
                self._store.twins.promote(action.one)
                _tell(action.one, "is ready")
            case lanes.Condemn():
                self._condemn(held, action)
            case lanes.Remove():
                self._workshop.remove(action.one, now=held.now)
            case lanes.Forget():
                self._store.twins.forget(action.one)
                self._workshop.forget(action.one.marker)
                _tell(action.one, "is not in Cinder any more")
            case _:
                assert_never(action)

    def _make(
        self,
        held: db_twins.Held,
        source_id: model.SnapshotId,
        carrier: twin.Twin | None,
        *,
        count: int,
    ) -> None:
        begun = self._store.twins.begin(
            held.record, source_id=source_id, carrier=carrier, count=count
        )
        failure = self._workshop.make(begun, carrier)
        if failure is not None:
            self._failed(held, failure)

    def _condemn(self, held: db_twins.Held, action: lanes.Condemn) -> None:
        one = action.one
        self._store.twins.condemn(one, reason=action.reason)
        _tell(one, f"is given up: {action.reason}")
        if action.is_failure:
            self._failed(
                held, f"{one.kind} {one.cinder_id}: {action.reason}"
            )

    def _failed(self, held: db_twins.Held, text: str) -> None:
        """Let nothing be made for a while, longer with each failure."""
        pool = held.record.name
        known = self._pauses.get(pool, Backoff())
        self._pauses[pool] = known.failed(held.now)
        self._note(pool, f"{_TROUBLE}{text}")

    def _rest(self, spec: settings.PoolSpec, held: db_twins.Held) -> None:
        """Forget a trouble that is over, once all is as it is wanted."""
        pause = self._pauses.get(spec.name, Backoff())
        is_well = all(
            one.status is _S.AVAILABLE and not one.failures
            for one in held.twins
        )
        if not is_well or not pause.is_over(held.now):
            return
        self._pauses.pop(spec.name, None)
        if (held.record.last_error or "").startswith(_TROUBLE):
            self._note(spec.name, None)


def _listed(one: twin.Twin, listing: Listing) -> lanes.Shown:
    if one.kind is _K.CARRIER:
        return listing.volumes.get(one.volume_id)
    return listing.snapshots.get(one.lane)


def _tell(one: twin.Twin, what: str) -> None:
    LOG.info(
        "Pool %s: %s %s of snapshot %s %s",
        one.pool,
        one.kind,
        one.cinder_id,
        one.source_id,
        what,
    )
