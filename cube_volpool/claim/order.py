"""What a request comes to: which row may serve it, what a miss creates."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from cube_volpool import exception, model, origin, settings
from cube_volpool.db.store import Store


@dataclass(frozen=True, kw_only=True)
class Order:
    """A request, resolved."""

    #: None when no pool can serve it: always a miss.
    wanted: model.Wanted | None
    create: model.NewVolume

    def without_pool(self) -> "Order":
        """Return the same order as one that no pool may serve."""
        return dataclasses.replace(self, wanted=None)


class OrderDesk:
    """Resolves type names and aliases, and OS names to snapshots."""

    def __init__(
        self, store: Store, pools: Sequence[settings.PoolSpec]
    ) -> None:
        self._store = store
        self._pools = pools

    def resolve(self, request: model.ClaimRequest) -> Order:
        """Resolve a request.

        The ledger is read only for what the request leaves open.  Raises
        InvalidRequest when neither a pool nor a create can serve it.
        """
        specs = self._of_type(request.volume_type)
        kind = specs[0].volume_type if specs else request.volume_type
        source, size_gib = self._source(request, kind, specs)
        create = model.NewVolume(
            name=request.name,
            volume_type=kind,
            snapshot_id=source,
            size_gib=request.size_gib or size_gib,
            metadata=request.metadata,
            availability_zone=request.availability_zone,
        )
        if not specs:
            return Order(wanted=None, create=create)
        wanted = model.Wanted(
            type=kind,
            snapshot_id=source,
            size_gib=request.size_gib,
            availability_zone=request.availability_zone,
            growing=frozenset(spec.name for spec in specs if spec.extend),
        )
        return Order(wanted=wanted, create=create)

    def pool_of(self, order: Order) -> model.PoolName | None:
        """Return the pool that a miss of this order is counted for.

        The one of its size, where there are several; of blank volumes no
        other.
        """
        wanted = order.wanted
        if wanted is None:
            return None
        records = self._store.pools.list()
        fitting = [
            spec
            for spec in self._pools
            if spec.name in records
            and spec.volume_type == wanted.type
            and wanted.snapshot_id
            in (
                records[spec.name].current_snapshot_id,
                records[spec.name].source_snapshot_id,
            )
        ]
        exact = [
            spec
            for spec in fitting
            if wanted.size_gib in (None, spec.size_gib)
        ]
        if wanted.snapshot_id == origin.BLANK:
            fitting = []
        return next((spec.name for spec in [*exact, *fitting]), None)

    def _source(
        self,
        request: model.ClaimRequest,
        kind: str,
        specs: Sequence[settings.PoolSpec],
    ) -> tuple[model.SnapshotId, int | None]:
        """Return what the volume is to be made from, and how large.

        The size is None where Cinder knows it, or nobody does.
        """
        source = request.snapshot_id
        if source is not None:
            pinned = (s.size_gib for s in specs if s.snapshot_id == source)
            return source, _chosen_size(source, next(pinned, None))
        if request.os_name is not None:
            current = self._current(request, kind, specs)
            if current is not None:
                return current
        elif request.size_gib is not None:
            return origin.BLANK, None
        raise exception.InvalidRequest(
            field="os_name",
            reason=f"no image of {request.os_name!r} with type {kind!r} is "
            "known, and nothing else says what to create",
        )

    def _of_type(self, asked: str) -> list[settings.PoolSpec]:
        by_name = [spec for spec in self._pools if spec.is_type(asked, None)]
        if by_name:
            return by_name
        records = self._store.pools.list()
        return [
            spec
            for spec in self._pools
            if spec.name in records
            and spec.is_type(asked, records[spec.name].volume_type_id)
        ]

    def _current(
        self,
        request: model.ClaimRequest,
        kind: str,
        specs: Sequence[settings.PoolSpec],
    ) -> tuple[model.SnapshotId, int | None] | None:
        """Return the current image of an OS: of the pool that fits best.

        Each pool changes its image by itself, so those of other sizes and
        zones may be at another one.
        """
        records = self._store.pools.list()
        pools = [
            (spec, records[spec.name])
            for spec in specs
            if spec.os_name == request.os_name
            and spec.name in records
            # Else it gives what it gave under another name.
            and records[spec.name].os_name in (None, spec.os_name)
        ]
        pools.sort(key=lambda pool: _distance(request, *pool))
        for spec, record in pools:
            source = record.current_snapshot_id
            if source is not None:
                size_gib = spec.size_gib or record.source_size_gib
                return source, _chosen_size(source, size_gib)
        for entry in self._store.images.list(role=model.Role.CURRENT):
            if (entry.os, entry.type) == (request.os_name, kind):
                return entry.snapshot_id, None
        return None


def _distance(
    request: model.ClaimRequest,
    spec: settings.PoolSpec,
    record: model.PoolRecord,
) -> int:
    """Say how well a pool fits: 0 as asked, 1 once extended, 2 not."""
    zone, made = spec.availability_zone, spec.size_gib
    if made is None:
        made = record.source_size_gib
    if request.availability_zone not in (None, zone) and zone is not None:
        return 2
    if request.size_gib in (None, made) or made is None:
        return 0
    return 1 if spec.extend and made < (request.size_gib or 0) else 2


def _chosen_size(
    source: model.SnapshotId, size_gib: int | None
) -> int | None:
    """Return the size for a create where Cinder does not choose one."""
    is_image = origin.kind(source) is origin.Kind.IMAGE
    return size_gib if is_image else None
