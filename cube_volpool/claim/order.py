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
        source = self._source(request, kind, specs)
        create = model.NewVolume(
            name=request.name,
            volume_type=kind,
            snapshot_id=source,
            size_gib=_size_of_create(request, source, specs),
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
    ) -> model.SnapshotId:
        """Return what the volume is to be made from."""
        if request.snapshot_id is not None:
            return request.snapshot_id
        if request.os_name is not None:
            current = self._current(request.os_name, kind, specs)
            if current is not None:
                return current
        elif request.size_gib is not None:
            return origin.BLANK
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
        self, os_name: str, kind: str, specs: Sequence[settings.PoolSpec]
    ) -> model.SnapshotId | None:
        records = self._store.pools.list()
        for spec in specs:
            record = records.get(spec.name)
            if spec.os_name == os_name and record is not None:
                return record.current_snapshot_id
        current = self._store.images.list(role=model.Role.CURRENT)
        for entry in current:
            if (entry.os, entry.type) == (os_name, kind):
                return entry.snapshot_id
        return None


def _size_of_create(
    request: model.ClaimRequest,
    source: model.SnapshotId,
    specs: Sequence[settings.PoolSpec],
) -> int | None:
    """Return the size of a create.  Cinder knows it, but for images.

    There it is that of the pool which has them.
    """
    size = request.size_gib
    if size is not None or origin.kind(source) is not origin.Kind.IMAGE:
        return size
    for spec in specs:
        if spec.snapshot_id == source:
            return spec.size_gib
    raise exception.InvalidRequest(
        field="volume.size", reason="is needed with imageRef"
    )
