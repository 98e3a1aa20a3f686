"""Answers, and quiet points: what must then be true."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cube_volpool import model, settings, twin
from cube_volpool.tests import world
from cube_volpool.tests.reliability.histories import town
from cube_volpool.tests.reliability.histories.callers import Caller
from cube_volpool.tests.reliability.histories.delivery import is_useful
from cube_volpool.tests.reliability.histories.trail import Trail
from cube_volpool.tests.reliability.histories.watch import Watch
from cube_volpool.tests.simulator import Cloud, records

_R = model.RowStatus


def with_pools(
    config: settings.Settings, pools: tuple[settings.PoolSpec, ...]
) -> settings.Settings:
    """Return the same settings with other pools."""
    return dataclasses.replace(config, pools=pools)


def ageless(config: settings.Settings) -> settings.Settings:
    """Return the same settings with pools that never grow old.

    A shelf that is renewed one by one is never at rest.
    """
    if not any(spec.max_age for spec in config.pools):
        return config
    return with_pools(
        config,
        tuple(
            dataclasses.replace(spec, max_age=None) for spec in config.pools
        ),
    )


def wrong_answer(
    cloud: Cloud,
    caller: Caller,
    body: Mapping[str, Any],
    *,
    source: str,
    images: Collection[str],
) -> list[str]:
    """I4, I9: is the answer the volume that was asked for?

    A volume that was there before is the caller's own: its name alone.
    ``images`` are those that its OS name may have meant.
    """
    volume = cloud.volumes.get(body["id"])
    if volume is None:
        return [f"I4: {caller.key} was told {body['id']}, which is nowhere"]
    request = caller.request
    content = cloud.content_of(volume.snapshot_id or "")
    shown: dict[str, tuple[object, object]] = {
        "name": (request.name, volume.name),
        "owner": (caller.who.project_id, volume.project_id),
        "told name": (request.name, body["name"]),
        "pool's": (False, _is_pools(cloud, volume)),
    }
    if source != model.Source.EXISTING:
        kind = volume.volume_type.name if volume.volume_type else None
        shown |= {
            "type": (request.volume_type, kind),
            "bootable": (True, volume.bootable),
            "role": (request.metadata["role"], volume.metadata.get("role")),
            "snapshot": (request.snapshot_id or content, content),
            "image was current": (
                True,
                request.snapshot_id is not None or content in images,
            ),
        }
    if source == model.Source.POOL:
        shown["status"] = "available", body["status"]
        shown["told owner"] = (
            caller.who.project_id,
            body.get("os-vol-tenant-attr:tenant_id"),
        )
    return [
        f"I4: {caller.key} got {volume.id}, {what} {seen}, not {wanted}"
        for what, (wanted, seen) in shown.items()
        if wanted != seen
    ]


def _is_pools(cloud: Cloud, volume: records.Volume) -> bool:
    """Is it stock?  The pool's own project may not be given that either."""
    pool = cloud.project_id("volpool")
    marked = model.DEPLOYMENT_KEY in volume.metadata
    return volume.project_id == pool and marked


class Rest:
    """What must hold once all is quiet: I5, and full shelves."""

    def __init__(
        self, cloud: Cloud, trail: Trail, watch: Watch,
        pools: tuple[settings.PoolSpec, ...],
    ) -> None:
        self._cloud = cloud
        self._trail = trail
        self._watch = watch
        self._pools = {spec.name: spec for spec in pools}

    def wrong(self) -> list[str]:
        """Return what is left over, or missing."""
        return [
            *self._rows(),
            *self._claims(),
            *self._pooled(),
            *self._lanes(),
            *self._given(),
            *self._supply(),
        ]

    def _rows(self) -> Iterator[str]:
        for row in self._trail.rows.values():
            if row.pool not in self._pools:
                continue
            volume = self._cloud.volumes.get(row.volume_id or "")
            if volume and model.DEPLOYMENT_KEY not in volume.metadata:
                # Somebody took our marker off: nobody may touch it.
                continue
            if row.status != _R.AVAILABLE:
                yield f"I5: row {row.id} stays {row.status}"
            else:
                yield from self._watch.shelf(row)

    def _claims(self) -> Iterator[str]:
        for claim in self._trail.claims.values():
            if claim.status in model.UNDER_WAY:
                yield f"I5: claim {claim.id} stays {claim.status}"
        for transfer in self._cloud.transfers.values():
            row = self._trail.by_volume.get(transfer.volume_id)
            volume = self._cloud.volumes[transfer.volume_id]
            marked = model.DEPLOYMENT_KEY in volume.metadata
            if not marked or (row is None and self._waits(volume)):
                continue
            if row is None or row.pool in self._pools:
                yield f"I5: an offer of {transfer.volume_id} stays open"

    def _pooled(self) -> Iterator[str]:
        pool = self._cloud.project_id("volpool")
        for volume in self._cloud.volumes.values():
            marked = model.DEPLOYMENT_KEY in volume.metadata
            if volume.project_id != pool or not marked:
                continue
            if volume.id in self._trail.by_volume or self._waits(volume):
                continue
            if twin.KIND_KEY in volume.metadata:
                continue
            yield f"I5: volume {volume.id} {volume.name} is nobody's"

    def _lanes(self) -> Iterator[str]:
        """No carrier and no twin is left over, or half made.

        What somebody laid hands on may have to stay as it is.
        """
        known = {one.cinder_id: one for one in self._trail.lanes()}
        have: list[records.Volume | records.Snapshot] = [
            *self._cloud.volumes.values(),
            *self._cloud.snapshots.values(),
        ]
        pool = self._cloud.project_id("volpool")
        for made in have:
            is_ours = made.project_id == pool and twin.is_ours(
                made.metadata, deployment=world.DEPLOYMENT
            )
            if is_ours and made.id not in known:
                yield f"I5: {made.id} {made.name} is nobody's lane"
        touched = self._watch.by_hand
        for one in known.values():
            is_over = one.pool not in self._pools or touched & {*known}
            if one.status != twin.Status.AVAILABLE and not is_over:
                yield f"I5: {one.kind} {one.id} stays {one.status}"
            if one.status == twin.Status.AVAILABLE and one.kind == "twin":
                content = self._cloud.content_of(one.cinder_id or "")
                if content != one.source_id and not touched & {*known}:
                    yield f"I4: twin {one.id} is of {content}"

    def _waits(self, volume: records.Volume) -> bool:
        """Is it an intent's, or a lane's, of a pool that was taken away?"""
        marker = volume.metadata.get(model.MARKER_KEY)
        if any(
            one.cinder_id == volume.id and one.pool not in self._pools
            for one in self._trail.lanes()
        ):
            return True
        return any(
            row.marker == marker and row.pool not in self._pools
            for row in self._trail.rows.values()
        )

    def _given(self) -> Iterator[str]:
        delivery = self._watch.delivery
        for ident in delivery.came:
            if ident in delivery.was_bound or ident in self._watch.by_hand:
                continue
            if is_useful(self._cloud.volumes.get(ident)):
                yield f"I5: volume {ident} is in a project without a claim"

    def _supply(self) -> Iterator[str]:
        ready = Counter(
            row.pool
            for row in self._trail.rows.values()
            if row.status == _R.AVAILABLE
        )
        for name, spec in self._pools.items():
            known = town.newest(self._cloud, spec.os_name, spec.volume_type)
            if known is not None and ready[name] != spec.min_ready:
                yield f"I6: pool {name} has {ready[name]}, not its target"
