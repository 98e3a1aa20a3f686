"""Bounded supply and bounded spend: I6 and I7."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from cube_volpool import model, premises, settings, supply
from cube_volpool.tests.reliability.histories.hub import Call
from cube_volpool.tests.reliability.histories.trail import Row, Trail

_R = model.RowStatus
_HOUR = timedelta(hours=1)


class Supply:
    """Looks at every top-up and every DELETE.

    Left out is what nobody could count when it was decided: volumes that an
    audit adopted, intents that were found after they were given up, and rows
    that a round was about to evict when a claim took them.
    """

    def __init__(
        self,
        trail: Trail,
        configs: Callable[[], list[settings.Settings]],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._trail = trail
        self._configs = configs
        self._now = now
        self._surprises: set[int] = set()
        self._deletes: dict[str, list[datetime]] = defaultdict(list)

    def changed(
        self, call: Call, old: Row | None, new: Row | None
    ) -> Iterator[str]:
        """A row changed."""
        if new is None:
            return
        if old is None and call.method == "adopt":
            self._surprises.add(new.id)
        elif old is None:
            # Ids are used again.
            self._surprises.discard(new.id)
            yield from self._topped_up(call, new)
        elif old.volume_id is None and self._is_lost(old):
            self._surprises.add(new.id)

    def lost(self, row: model.PooledVolume) -> None:
        """A round could not evict a row: somebody had changed it."""
        self._surprises.add(row.id)

    def deleted(self, volume_id: str) -> Iterator[str]:
        """A DELETE was done."""
        row = self._trail.by_volume.get(volume_id)
        if row is None:
            return
        done, now = self._deletes[row.pool], self._now()
        done[:] = [at for at in done if now - at < _HOUR]
        done.append(now)
        cap = max(s.reconcile.deletes_per_hour for s in self._configs())
        # The cap is of fixed windows: two of them touch any hour.
        if len(done) > 2 * cap:
            yield f"I7: {len(done)} deletes of pool {row.pool} in an hour"

    def _topped_up(self, call: Call, new: Row) -> Iterator[str]:
        # One that has died since may have sent it.
        configs = [*self._configs()]
        if call.life.config is not None:
            configs.append(call.life.config)
        specs = [
            spec
            for config in configs
            for spec in config.pools
            if spec.name == new.pool
        ]
        rows = [
            row
            for row in self._trail.rows.values()
            if row.id not in self._surprises
            and not row.held
            and not self._is_lost(row)
        ]
        stock = sum(
            row.pool == new.pool
            and row.snapshot_id == new.snapshot_id
            and row.status != _R.DELETING
            for row in rows
        )
        target = max((spec.min_ready for spec in specs), default=0)
        # One more than that renews a shelf with a volume that is too old.
        target += any(self._is_old(row, specs) for row in rows)
        if stock > target:
            yield f"I6: {stock} volumes of pool {new.pool}, not {target}"
        alive = sum(
            row.pool == new.pool and row.status != _R.DELETING for row in rows
        )
        most = max(
            (x.min_ready + x.surge.of(x.min_ready) for x in specs), default=0
        )
        if alive > most:
            yield f"I6: {alive} old and new of pool {new.pool}, not {most}"
        building = Counter(
            row.twin_id or row.snapshot_id
            for row in rows
            if row.status == _R.CREATING and not self._is_nobodys(call, row)
        )
        limits = [config.reconcile for config in configs]
        if building.total() > max(x.max_creating for x in limits):
            yield f"I7: {building.total()} creates at a time"
        at_once = max(x.max_creating_per_snapshot for x in limits)
        made_of = new.twin_id or new.snapshot_id
        if building[made_of] > at_once:
            yield f"I7: {building[made_of]} creates of one snapshot"

    def _is_old(self, row: Row, specs: list[settings.PoolSpec]) -> bool:
        """May some daemon take it for too old?

        A claim may have reserved it since it was counted.
        """
        return row.status in (_R.AVAILABLE, _R.RESERVED) and any(
            spec.name == row.pool
            and spec.max_age is not None
            and self._age(row) > (1 - premises.JITTER) * spec.max_age
            for spec in specs
        )

    def _is_lost(self, row: Row) -> bool:
        return row.volume_id is None and (
            self._age(row) > supply.INTENT_COUNTS
        )

    def _is_nobodys(self, call: Call, row: Row) -> bool:
        """Is it of a pool that the caller has not, and late for any?

        Nobody can know whether another daemon, dead perhaps, still has it.
        """
        config = call.life.config
        if config is None or row.pool in {spec.name for spec in config.pools}:
            return False
        limits = config.reconcile
        return self._age(row) > (
            limits.build_timeout * limits.max_creating_per_snapshot
        )

    def _age(self, row: Row) -> timedelta:
        return self._now() - datetime.fromisoformat(row.created_at)
