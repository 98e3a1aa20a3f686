"""Journeys 2 and 3: observe, plan, apply; one pool at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from oslo_log import log

from cube_volpool import (
    actions,
    census,
    exception,
    model,
    observe,
    settings,
    supply,
    volumeapi,
)
from cube_volpool.adoption import Adoption
from cube_volpool.allowance import counted
from cube_volpool.builds import Builds
from cube_volpool.db import stocktaking
from cube_volpool.db.store import Store
from cube_volpool.decision import Decision, Decisions
from cube_volpool.deletion import Deletion
from cube_volpool.topup import TopUp
from cube_volpool.upkeep import Listing, Upkeep

LOG = log.getLogger(__name__)


@dataclass
class Failures:
    """Of one round: how many pools it looked after, and could not."""

    tried: int = 0
    failed: int = 0

    @property
    def are_all(self) -> bool:
        """Could not a single pool be looked after?"""
        return 0 < self.tried == self.failed


class Reconciler:
    """Keeps the pools at their target.  Safe to run beside others.

    ``api`` is the pool project's.  Losing a race is normal: whoever won goes
    on, and the next round sees what came of it.
    """

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        settings: settings.Settings,
    ) -> None:
        self._store = store
        self._api = api
        self._settings = settings
        self._specs = {spec.name: spec for spec in settings.pools}
        self._adoption = Adoption(store, settings)
        self._top_up = TopUp(store, api, deployment=settings.deployment)
        self._deletion = Deletion(
            store,
            api,
            per_hour=settings.reconcile.deletes_per_hour,
            note=self._note,
        )
        self._upkeep = Upkeep(
            store,
            api,
            settings,
            counted=counted(settings),
            note=self._note,
        )
        self.builds = Builds(
            store, poison_after=settings.reconcile.poison_after
        )
        #: Was no pool looked after, by the last round of all of them?
        self.has_failed = False
        self.decisions = Decisions(
            store, api, settings, builds=self.builds, note=self._note
        )

    def round(self, names: Iterable[model.PoolName] | None = None) -> bool:
        """Reconcile the named pools, or all; is something under way?

        Of all, those that rest are left alone.
        """
        chosen = self._specs if names is None else names
        resting = self.decisions.resting() if names is None else {}
        building = self.decisions.building()
        busy = False
        failures = Failures()
        for name in chosen:
            if name in resting:
                failures.tried += 1
                # The trouble of a volume that is gone now ends here.
                self._deletion.tell(resting[name])
                busy |= self._upkeep.turn(self._specs[name])
            elif name in self._specs:
                busy |= self._guarded(
                    self._specs[name], building=building, failures=failures
                )
        if names is None:
            self.has_failed = failures.are_all
        return busy

    def audit(self) -> None:
        """Look at every volume of the deployment, paged; adopt strangers."""
        pools = self.decisions.pools()
        seen = census.Census(self._store, self._adoption, pools)
        try:
            seen.take(self._api, deployment=self._settings.deployment)
        except volumeapi.VolumeAPIError as error:
            LOG.warning("The audit has to wait: %s", error)
            self.has_failed = True
            return
        lanes = self._upkeep.survey(seen.carriers)
        building = self.decisions.building()
        failures = Failures()
        for name in pools:
            self._guarded(
                self._specs[name],
                building=building,
                seen=seen,
                lanes=lanes,
                failures=failures,
            )
        self.has_failed = failures.are_all

    def _guarded(
        self,
        spec: settings.PoolSpec,
        *,
        building: observe.Building,
        seen: census.Census | None = None,
        failures: "Failures",
        lanes: Listing | None = None,
    ) -> bool:
        failures.tried += 1
        try:
            # First, for a carrier takes a place that the pool would take.
            is_busy = self._upkeep.turn(spec, lanes)
            decision = self.decisions.of(spec, building=building, seen=seen)
            return self._reconcile(spec, decision) or is_busy
        except exception.LostRace as lost:
            LOG.debug("Pool %s: another daemon was first: %s", spec.name, lost)
        except volumeapi.VolumeAPIError as error:
            failures.failed += 1
            self._note(spec.name, f"Cinder: {error}")
        except exception.LedgerUnavailable:
            # No pool can get on without it: the whole duty waits.
            raise
        except Exception:
            # The outermost frame: one pool's trouble is not the others'.
            failures.failed += 1
            LOG.exception("Pool %s: the round failed", spec.name)
        return True

    def _reconcile(
        self, spec: settings.PoolSpec, decision: Decision
    ) -> bool:
        stock, decided = decision.stock, decision.actions
        self._carry_out(spec, stock, decided)
        self._deletion.tell(stock)
        return any(
            row.status in (model.RowStatus.CREATING, model.RowStatus.DELETING)
            for row in stock.rows
        ) or bool(decided or decision.yields)

    def _carry_out(
        self,
        spec: settings.PoolSpec,
        stock: stocktaking.Stock,
        decided: Iterable[actions.Action],
    ) -> None:
        """Do what was decided, in its order.

        What is missing was counted as if all before it succeeded: after a
        lost race the next round counts anew.
        """
        all_done = True
        for action in decided:
            if all_done or not isinstance(action, actions.Create):
                all_done &= self._apply(spec, stock, action)

    def _apply(
        self,
        spec: settings.PoolSpec,
        stock: stocktaking.Stock,
        action: actions.Action,
    ) -> bool:
        """Do one action; False when somebody else changed its row."""
        try:
            match action:
                case actions.Create():
                    self._create(spec, stock, action)
                case actions.Attach():
                    self._store.stock.attach(action.row, action.volume.id)
                case actions.Promote():
                    self._promote(stock, action)
                case actions.Evict():
                    self._evict(spec, stock, action)
                case actions.Relabel():
                    self._store.stock.relabel(action.row, type=action.type)
                case actions.Switch():
                    self._switch(stock, action)
                case actions.Delete():
                    self._deletion.delete(action, now=stock.now)
                case actions.Adopt():
                    self._adoption.adopt(action)
                case actions.Forget():
                    self._forget(action.row)
                case _:
                    assert_never(action)
        except exception.LostRace as lost:
            LOG.debug("Pool %s: %s", spec.name, lost)
            return False
        return True

    def _promote(
        self, stock: stocktaking.Stock, action: actions.Promote
    ) -> None:
        row = action.row
        self._store.stock.promote(
            row,
            availability_zone=action.volume.availability_zone,
            volume_type_id=action.volume.volume_type_id,
        )
        self.builds.succeeded(stock.record, row)
        self._note(row.pool, self._deletion.trouble(row.pool))
        LOG.info("Pool %s: volume %s is ready", row.pool, row.volume_id)

    def _switch(
        self, stock: stocktaking.Stock, action: actions.Switch
    ) -> None:
        self._store.pools.switch(stock.record)
        LOG.info(
            "Pool %s: claims by OS name get snapshot %s now, with %d ready; "
            "it was %s",
            stock.record.name,
            action.snapshot_id,
            action.ready,
            stock.record.current_snapshot_id,
        )

    def _evict(
        self,
        spec: settings.PoolSpec,
        stock: stocktaking.Stock,
        action: actions.Evict,
    ) -> None:
        row = action.row
        self._store.stock.evict(row, reason=action.reason)
        LOG.info(
            "Pool %s: volume %s is evicted: %s",
            row.pool,
            row.volume_id,
            action.reason,
        )
        is_failure = action.reason not in (supply.STALE, supply.DRAINED)
        if row.status is model.RowStatus.CREATING and is_failure:
            text = f"volume {row.volume_id}: {action.reason}"
            self._failed(spec, stock, text)
            if spec.snapshot_id is None or row.twin_id is not None:
                # A pin is somebody's decision, and no other pool's business.
                self.builds.failed(stock.record, row, text)

    def _forget(self, row: model.PooledVolume) -> None:
        self._store.stock.forget(row)
        LOG.info(
            "Pool %s: volume %s (%s) is not in Cinder any more",
            row.pool,
            row.volume_id,
            row.name,
        )

    def _create(
        self,
        spec: settings.PoolSpec,
        stock: stocktaking.Stock,
        action: actions.Create,
    ) -> None:
        failure = self._top_up.begin(spec, stock, wanted=action)
        if failure is not None:
            self._failed(spec, stock, failure)

    def _failed(
        self, spec: settings.PoolSpec, stock: stocktaking.Stock, text: str
    ) -> None:
        """Let the pool's builds pause, longer with each failure in a row."""
        self.builds.pause(spec.name, now=stock.now)
        self._note(spec.name, text)

    def _note(self, name: model.PoolName, text: str | None) -> None:
        """Record a pool's trouble where every daemon reports it from."""
        if self._store.pools.note_error(name, text) and text is not None:
            LOG.warning("Pool %s: %s", name, text)
