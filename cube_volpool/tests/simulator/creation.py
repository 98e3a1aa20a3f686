"""``POST /volumes``: Cinder's checks, in Cinder's order, and the build.

*Source:* cinder api/v3/volumes.py, volume/api.py and
volume/flows/api/create_volume.py.
"""
import dataclasses
import uuid
from typing import Any

from cube_volpool.tests.simulator import (
    answers,
    bodies,
    quota,
    records,
    schema,
)
from cube_volpool.tests.simulator.answers import bad, invalid_input
from cube_volpool.tests.simulator.backend import Outcome
from cube_volpool.tests.simulator.cloud import SERVICE_UUID, Cloud
from cube_volpool.tests.simulator.context import Context

KEYS = frozenset({
    "name", "description", "display_name", "display_description",
    "volume_type", "metadata", "snapshot_id", "source_volid",
    "consistencygroup_id", "size", "availability_zone", "multiattach",
    "image_id", "imageRef", "group_id", "backup_id"})
OTHER_SOURCES = {"group_id": "Group", "consistencygroup_id": "Group",
                 "backup_id": "Backup"}
REMOVED = ("multiattach parameter has been removed; ask for a volume type "
           "with multiattach enabled.")


@dataclasses.dataclass(slots=True)
class Wish:
    """A checked request body."""

    name: str | None
    description: str | None
    volume_type: str | None
    metadata: dict[str, str]
    snapshot_id: str | None
    source_volid: str | None
    image_ref: str | None
    size: int | None
    availability_zone: str | None
    multiattach: bool
    others: dict[str, Any]


def create(ctx: Context) -> answers.Answer:
    """``POST /volumes``."""
    wish = _wish(ctx)
    cloud = ctx.cloud
    kind = _visible_type(ctx, wish.volume_type) if wish.volume_type else None
    snapshot = (cloud.visible_snapshot(ctx.who, wish.snapshot_id)
                if wish.snapshot_id is not None else None)
    source = (cloud.visible_volume(ctx.who, wish.source_volid)
              if wish.source_volid is not None else None)
    image = _visible_image(ctx, wish.image_ref)
    _no_other_source(wish)
    if wish.multiattach:
        raise bad(REMOVED)
    ctx.require("member", "volume:create")
    kind = _fitting_type(ctx, kind, snapshot, source)
    _one_source(wish)
    size = _size(wish, snapshot, source)
    _large_enough(image, size)
    zone = _zone(ctx, wish, snapshot, source)
    cloud.quota.check_one(ctx.project_id, size)
    deltas = quota.of_size(size, kind)
    cloud.quota.check(ctx.project_id, deltas)
    row = _inserted(ctx, wish, kind=kind, size=size, zone=zone,
                    parent=snapshot or source)
    cast = cloud.backend.planned("cast", row.id, wish.snapshot_id)
    if cast is not Outcome.OK:
        row.host = None
    if cast is Outcome.ERROR:
        # Cinder gives the quota back and keeps the row.
        raise answers.Refusal(500, schema.ERRED)
    cloud.quota.add(ctx.project_id, deltas)
    body = bodies.volume(ctx, row)
    body["created_at"] = bodies.stamp(cloud.backend.time)
    if cast is Outcome.OK:
        _build(cloud, row, snapshot or source or image)
    return answers.as_json(202, {"volume": body})


def _wish(ctx: Context) -> Wish:
    body = schema.member(ctx.body, "volume",
                         allowed=KEYS if ctx.minor >= 53 else None,
                         beside=frozenset({"OS-SCH-HNT:scheduler_hints"}))
    if body.get("availability_zone") == "":
        raise schema.wrong("availability_zone", "", "should be non-empty")
    return Wish(
        name=schema.text(body.get("name", body.get("display_name")), "name"),
        description=schema.text(
            body.get("description", body.get("display_description")),
            "description"),
        volume_type=schema.text(body.get("volume_type"), "volume_type",
                                strip=False),
        metadata=schema.metadata(body.get("metadata"), "metadata") or {},
        snapshot_id=schema.ident(body.get("snapshot_id"), "snapshot_id"),
        source_volid=schema.ident(body.get("source_volid"), "source_volid"),
        image_ref=schema.text(
            body.get("imageRef", body.get("image_id")), "imageRef"),
        size=schema.size(body.get("size")),
        availability_zone=schema.text(body.get("availability_zone"),
                                      "availability_zone", strip=False),
        multiattach=_multiattach(body), others={
            key: body[key] for key in OTHER_SOURCES
            if body.get(key) is not None})


def _multiattach(body: dict[str, Any]) -> bool:
    if "multiattach" not in body:
        return False
    value = body["multiattach"]
    if value is None:
        raise bad("Value 'None' for 'multiattach' is not a boolean.")
    try:
        return schema.truth(value, "multiattach")
    except answers.Refusal:
        raise schema.wrong(
            "multiattach", value,
            "is not valid under any of the given schemas") from None


def _no_other_source(wish: Wish) -> None:
    """There are no groups and backups in this cloud."""
    for key, value in wish.others.items():
        raise answers.not_found(OTHER_SOURCES[key], value)


def _visible_image(ctx: Context, wanted: str | None) -> records.Image | None:
    if wanted is None:
        return None
    image = ctx.cloud.images.get(wanted)
    if image is None or not image.visible_to(ctx.who):
        raise bad("Invalid image identifier or unable to access requested "
                  "image.")
    return image


def _one_source(wish: Wish) -> None:
    given = (wish.snapshot_id, wish.source_volid, wish.image_ref)
    if sum(one is not None for one in given) > 1:
        raise invalid_input("May specify only one of snapshot, imageRef or "
                            "source volume")


def _large_enough(image: records.Image | None, size: int) -> None:
    """*Source:* cinder volume/volume_utils.py (check_image_metadata)."""
    if image is None:
        return
    if image.status != "active":
        raise invalid_input(f"Image {image.id} is not active.")
    if size < image.min_disk:
        raise invalid_input(
            f"Volume size {size}GB cannot be smaller than the image minDisk "
            f"size {image.min_disk}GB.")


def _visible_type(ctx: Context, wanted: str) -> records.VolumeType:
    kind = ctx.cloud.type_of(wanted)
    if kind.visible_to(ctx.who):
        return kind
    if wanted == kind.id:
        raise answers.not_found("Volume type", wanted)
    raise answers.Refusal(404, f"Volume type with name {wanted} could not "
                               "be found.")


def _fitting_type(ctx: Context, kind: records.VolumeType | None,
                  snapshot: records.Snapshot | None,
                  source: records.Volume | None,
                  ) -> records.VolumeType | None:
    parent = snapshot or source
    if parent is None or parent.volume_type is None:
        if kind is None and parent is None:
            named = [t for t in ctx.cloud.types.values()
                     if t.name == ctx.cloud.default_type]
            return named[0] if named else None
        return kind
    own = parent.volume_type
    if kind is None:
        if not own.visible_to(ctx.who):
            raise answers.not_found("Volume type", own.id)
        return own
    backends = {k.extra_specs.get("volume_backend_name") for k in (kind, own)}
    if kind is not own and (None in backends or len(backends) > 1):
        hint = ("recommend omitting the type argument" if snapshot else
                "either match source volume, or omit type argument")
        raise invalid_input(
            f"Invalid volume_type provided: {kind.id} (requested type is "
            f"not compatible; {hint}).")
    return kind


def _size(wish: Wish, snapshot: records.Snapshot | None,
          source: records.Volume | None) -> int:
    if snapshot is not None and snapshot.status != "available":
        raise bad("Invalid snapshot: Originating snapshot status must be "
                  "one of 'available' values")
    if source is not None and source.status not in ("available", "in-use"):
        raise answers.invalid_volume(
            "Originating source volume status must be one of 'available, "
            "in-use' values")
    parent = snapshot or source
    size = wish.size or (parent.size if parent else None)
    if size is None:
        raise bad("The server could not comply with the request since it is "
                  "either malformed or otherwise incorrect.")
    if snapshot is not None and size < snapshot.size:
        raise invalid_input(
            f"Volume size '{size}'GB cannot be smaller than the snapshot "
            f"size {snapshot.size}GB. They must be >= original snapshot "
            "size.")
    if source is not None and size < source.size:
        raise invalid_input(
            f"Volume size '{size}'GB cannot be smaller than original volume "
            f"size  {source.size}GB. They must be >= original volume size.")
    return size


def _zone(ctx: Context, wish: Wish, snapshot: records.Snapshot | None,
          source: records.Volume | None) -> str:
    origin = source
    if snapshot is not None:
        origin = ctx.cloud.visible_volume(ctx.who, snapshot.volume_id)
    zone = wish.availability_zone or (
        origin.availability_zone if origin else ctx.cloud.zones[0])
    if zone not in ctx.cloud.zones:
        raise bad(f"Availability zone '{zone}' is invalid.")
    if origin is not None and zone != origin.availability_zone:
        raise invalid_input("Invalid volume: Volume must be in the same "
                            "availability zone as its source")
    return zone


def _inserted(ctx: Context, wish: Wish, *,
              kind: records.VolumeType | None, size: int, zone: str,
              parent: records.Snapshot | records.Volume | None,
              ) -> records.Volume:
    origin = (ctx.cloud.volumes[parent.volume_id]
              if isinstance(parent, records.Snapshot) else parent)
    backend = kind.name if kind else "lab"
    row = records.Volume(
        str(uuid.uuid4()), ctx.project_id, ctx.who.user.id, size,
        ctx.cloud.second(), name=wish.name, description=wish.description,
        bootable=origin.bootable if origin else False, volume_type=kind,
        snapshot_id=parent.id if parent and wish.snapshot_id else None,
        source_volid=parent.id if parent and wish.source_volid else None,
        availability_zone=zone, metadata=wish.metadata,
        host=f"lab@{backend}#{backend}")
    ctx.cloud.volumes[row.id] = row
    ctx.cloud.moved()
    return row


def _build(cloud: Cloud, row: records.Volume, parent: records.Snapshot
           | records.Volume | records.Image | None) -> None:
    timing = cloud.backend.timing
    flattens = (isinstance(parent, records.Snapshot)
                and (row.volume_type is None or row.volume_type.flatten))
    seconds = timing.build_seconds
    if flattens:
        seconds += timing.build_seconds_per_gib * row.size
    is_image = isinstance(parent, records.Image)
    if isinstance(parent, records.Image):
        image = parent.metadata
    else:
        image = dict(parent.image_metadata) if parent else {}

    def finish(outcome: Outcome) -> None:
        row.updated_at = cloud.second()
        if outcome is not Outcome.OK:
            row.status = "error"
            return
        row.status = "available"
        row.shared_targets, row.service_uuid = False, SERVICE_UUID
        row.bootable = row.bootable or is_image
        if row.bootable:
            row.image_metadata.update(image)

    cloud.submit("create", row.id, seconds, finish,
                 lock=None if is_image or not parent else parent.id,
                 flattens=flattens)
