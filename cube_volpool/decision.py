"""What a round decides about a pool, and what it decided it from.

Deciding reads, from the ledger and from Cinder, and changes nothing; so an
operator can be shown what the next round would do.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cube_volpool import (
    absence,
    actions,
    model,
    observe,
    origin,
    planner,
    settings,
    supply,
    volumeapi,
)
from cube_volpool.builds import Builds
from cube_volpool.db import creation
from cube_volpool.db import stock as db_stock
from cube_volpool.db.store import Store


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One pool's next round."""

    stock: db_stock.Stock
    pool: supply.Pool
    limits: supply.Limits
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
        self._pools = frozenset(spec.name for spec in settings.pools)
        self._builds = builds
        self._note = note
        self._doubts = absence.Doubts(settings.reconcile.absence_grace)

    def of(
        self,
        spec: settings.PoolSpec,
        *,
        listing: Sequence[model.Volume] | None = None,
    ) -> Decision:
        """Decide; ``listing``, of an audit, is every volume there is.

        Raises LostRace, LedgerUnavailable and what the volume API raises.
        """
        stock, observed = self._look(spec, listing)
        believes = self._believes_absence(
            spec, stock, observed, is_audit=listing is not None
        )
        return self._decide(spec, stock, observed, believes=believes)

    def preview(self, spec: settings.PoolSpec) -> Decision:
        """Say what the next round would decide, by a look like its own.

        Of what is missing from Cinder nothing is believed, or noted.  Raises
        what ``of`` does.
        """
        stock, observed = self._look(spec, None)
        return self._decide(spec, stock, observed, believes=False)

    def _look(
        self,
        spec: settings.PoolSpec,
        listing: Sequence[model.Volume] | None,
    ) -> tuple[db_stock.Stock, planner.Observation]:
        stock = self._store.stock.load(spec.name, counted=self._counted())
        if listing is not None:
            seen = observe.full(self._api, stock.rows, listing=listing)
            return stock, seen
        deployment = self._settings.deployment
        return stock, observe.fast(
            self._api, stock.rows, deployment=deployment
        )

    def _decide(
        self,
        spec: settings.PoolSpec,
        stock: db_stock.Stock,
        observed: planner.Observation,
        *,
        believes: bool,
    ) -> Decision:
        pool = self._pool(spec, stock)
        limits = dataclasses.replace(
            self._limits(spec, stock), believes_absence=believes
        )
        return Decision(
            stock=stock,
            pool=pool,
            limits=limits,
            actions=planner.plan(pool, observed, limits),
            is_pausing=not self._builds.may_begin(spec.name, now=stock.now),
        )

    def _pool(
        self, spec: settings.PoolSpec, stock: db_stock.Stock
    ) -> supply.Pool:
        source = None
        record = stock.record
        if record.source_snapshot_id and record.source_size_gib:
            source = supply.Source(
                snapshot_id=record.source_snapshot_id,
                size_gib=record.source_size_gib,
            )
        return supply.Pool(
            spec=spec,
            deployment=self._settings.deployment,
            source=source,
            rows=stock.rows,
            now=stock.now,
            paused=record.paused,
            drained=record.drained,
            current=record.current_snapshot_id,
            volume_type_id=record.volume_type_id,
            switched_at=record.switched_at,
        )

    def _believes_absence(
        self,
        spec: settings.PoolSpec,
        stock: db_stock.Stock,
        observed: planner.Observation,
        *,
        is_audit: bool,
    ) -> bool:
        seen = absence.missing(stock.rows, observed)
        is_believed = self._doubts.is_believed(
            spec.name, seen, now=stock.now, is_audit=is_audit
        )
        if not is_believed and seen.is_mass:
            self._note(
                spec.name,
                f"{seen.missing} of {seen.looked_at} volumes are missing from "
                "Cinder; is it the right one? They are given up once that "
                "lasts for [reconcile] absence_grace",
            )
        return is_believed

    def _limits(
        self, spec: settings.PoolSpec, stock: db_stock.Stock
    ) -> supply.Limits:
        limits = self._settings.reconcile
        room = limits.max_creating - stock.creating
        source = stock.record.source_snapshot_id
        of_source = room
        # What has no source waits for no other.
        if source is not None and source != origin.BLANK:
            same = stock.creating_by_snapshot.get(source, 0)
            of_source = limits.max_creating_per_snapshot - same
        may_begin = self._builds.may_begin(spec.name, now=stock.now)
        return supply.Limits(
            room=room if may_begin else min(room, 0),
            room_of_source=of_source,
            intent_grace=limits.intent_grace,
            build_timeout=limits.build_timeout,
            drain=limits.drain_per_round,
            drain_time=limits.drain_time,
        )

    def _counted(self) -> creation.Counted:
        """Return what counts as in creation.

        A pool that no daemon has any more has nobody who settles its rows;
        one that another daemon has, settles even the last of a queue of
        creates by then.
        """
        limits = self._settings.reconcile
        return creation.Counted(
            intents_since=supply.INTENT_COUNTS,
            pools=self._pools,
            others_since=(
                limits.build_timeout * limits.max_creating_per_snapshot
            ),
        )
