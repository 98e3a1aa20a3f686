"""What a round decides about a pool, and what it decided it from.

Deciding reads, from the ledger and from Cinder, and changes nothing; so an
operator can be shown what the next round would do.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cube_volpool import (
    absence,
    actions,
    census,
    exception,
    model,
    observe,
    planner,
    premises,
    settings,
    supply,
    volumeapi,
)
from cube_volpool.allowance import Allowance, counted
from cube_volpool.builds import Builds
from cube_volpool.db import stocktaking
from cube_volpool.db.store import Store


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One pool's next round."""

    stock: stocktaking.Stock
    pool: premises.Pool
    limits: premises.Limits
    actions: tuple[actions.Action, ...]
    #: Do its builds pause, after one that failed?
    is_pausing: bool

    @property
    def held_back(self) -> str | None:
        """Why fewer volumes are begun than are missing; None: they are not."""
        return supply.held_back(
            self.pool,
            self.actions,
            self.limits,
            is_pausing=self.is_pausing,
        )


    @property
    def yields(self) -> bool:
        """Is less begun than could be, because callers wait?"""
        limits = self.limits
        if limits.beside_claims is limits.beside_creates is None:
            return False
        return self.held_back is not None


class Decisions:
    """Decides for pools of one deployment.

    ``api`` is the pool project's; ``note`` is told of a pool whose volumes
    are missing from Cinder.
    """

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        settings: settings.Settings,
        *,
        builds: Builds,
        note: Callable[[model.PoolName, str], None],
    ) -> None:
        self._store = store
        self._api = api
        self._settings = settings
        self._builds = builds
        self._note = note
        self._allowance = Allowance(store, settings, builds)
        self._counted = counted(settings)
        self._doubts = absence.Doubts(settings.reconcile.absence_grace)
        #: Until when nothing on a shelf is too old; it is not read before.
        self._young: dict[model.PoolName, datetime] = {}

    def building(self) -> observe.Building:
        """Return what Cinder is building, for the pools of one round."""
        return observe.Building(
            self._api, deployment=self._settings.deployment
        )

    def resting(self) -> Mapping[model.PoolName, stocktaking.Stock]:
        """Return the pools in which nothing is to be done.

        Whatever Cinder shows and whatever room there is.  Costs the same
        however many volumes they have.
        """
        found = self._store.stock.glance(counted=self._counted)
        return {
            spec.name: found[spec.name]
            for spec in self._settings.pools
            if spec.name in found and self._rests(spec, found[spec.name])
        }

    def _rests(
        self, spec: settings.PoolSpec, stock: stocktaking.Stock
    ) -> bool:
        pool = self._pool(spec, stock)
        if stock.rows or supply.needs_shelf(pool):
            return False
        limits = self._allowance.at_most(spec)
        nothing = planner.Observation(volumes={})
        return not planner.plan(pool, nothing, limits)

    def pools(self) -> Mapping[model.PoolName, premises.Pool]:
        """Return the pools as the ledger has them, their shelves counted.

        One that has no record yet is missing; that comes with the next sync.
        """
        found = self._store.stock.glance(counted=self._counted)
        return {
            spec.name: self._pool(spec, found[spec.name])
            for spec in self._settings.pools
            if spec.name in found
        }

    def of(
        self,
        spec: settings.PoolSpec,
        *,
        building: observe.Building,
        seen: census.Census | None = None,
    ) -> Decision:
        """Decide; ``seen``, of an audit, is every volume there is.

        Raises LostRace, LedgerUnavailable and what the volume API raises.
        """
        stock, observed = self._look(spec, building, seen)
        believes = self._believes_absence(spec, stock, observed, seen)
        return self._decide(spec, stock, observed, believes=believes)

    def preview(self, spec: settings.PoolSpec) -> Decision:
        """Say what the next round would decide, by a look like its own.

        Of what is missing from Cinder nothing is believed, or noted.  Raises
        what ``of`` does.
        """
        stock, observed = self._look(spec, self.building(), None)
        return self._decide(spec, stock, observed, believes=False)

    def _look(
        self,
        spec: settings.PoolSpec,
        building: observe.Building,
        seen: census.Census | None,
    ) -> tuple[stocktaking.Stock, planner.Observation]:
        stock = self._read(spec, seen)
        if seen is None:
            return stock, observe.fast(
                self._api, stock.rows, building=building
            )
        return stock, observe.full(
            self._api,
            stock.rows,
            listing=seen.others.values(),
            well=seen.well,
        )

    def _read(
        self, spec: settings.PoolSpec, seen: census.Census | None
    ) -> stocktaking.Stock:
        """Read a pool; the rows on its shelf only if they are needed."""
        stock = self._store.stock.glance(spec.name, counted=self._counted).get(
            spec.name
        )
        if stock is None:
            raise exception.LostRace(what="pool", id=spec.name)
        is_well = seen is None or (
            self._store.stock.shelved(spec.name) <= seen.well
        )
        if is_well and not supply.needs_shelf(self._pool(spec, stock)):
            return stock
        stock = self._store.stock.load(spec.name, counted=self._counted)
        young_until = self._pool(spec, stock).first_too_old()
        if young_until is not None:
            self._young[spec.name] = young_until
        return stock

    def _decide(
        self,
        spec: settings.PoolSpec,
        stock: stocktaking.Stock,
        observed: planner.Observation,
        *,
        believes: bool,
    ) -> Decision:
        pool = self._pool(spec, stock)
        limits = dataclasses.replace(
            self._allowance.of(spec, stock), believes_absence=believes
        )
        return Decision(
            stock=stock,
            pool=pool,
            limits=limits,
            actions=planner.plan(pool, observed, limits),
            is_pausing=not self._builds.may_begin(spec.name, now=stock.now),
        )

    def _pool(
        self, spec: settings.PoolSpec, stock: stocktaking.Stock
    ) -> premises.Pool:
        source = None
        record = stock.record
        if record.source_snapshot_id and record.source_size_gib:
            source = premises.Source(
                snapshot_id=record.source_snapshot_id,
                size_gib=record.source_size_gib,
            )
        return premises.Pool(
            spec=spec,
            deployment=self._settings.deployment,
            source=source,
            rows=stock.rows,
            others=stock.others,
            now=stock.now,
            young_until=self._young.get(spec.name),
            paused=record.paused,
            drained=record.drained,
            current=record.current_snapshot_id,
            volume_type_id=record.volume_type_id,
            switched_at=record.switched_at,
        )

    def _believes_absence(
        self,
        spec: settings.PoolSpec,
        stock: stocktaking.Stock,
        observed: planner.Observation,
        seen: census.Census | None,
    ) -> bool:
        well = 0 if seen is None else _well(stock, seen)
        gone = absence.missing(stock.rows, observed, well=well)
        is_believed = self._doubts.is_believed(
            spec.name, gone, now=stock.now, is_audit=seen is not None
        )
        if not is_believed and gone.is_mass:
            self._note(
                spec.name,
                f"{gone.missing} of {gone.looked_at} volumes are missing from "
                "Cinder; is it the right one? They are given up once that "
                "lasts for [reconcile] absence_grace",
            )
        return is_believed


def _well(stock: stocktaking.Stock, seen: census.Census) -> int:
    """Count what an audit found well; a shelf is only counted when all is."""
    return sum(row.id in seen.well for row in stock.rows) + sum(
        tally.count
        for tally in stock.others
        if tally.status is model.RowStatus.AVAILABLE
    )
