"""``[pool:NAME]``: one pool, its kind of volume and its size."""

import re
import unicodedata
import uuid
from typing import Final

from oslo_config import cfg
from oslo_utils import uuidutils

from cube_volpool import model, origin, settings
from cube_volpool.conf import section

#: The longest name that Cinder takes.
_LONGEST: Final = 255
_SHARE: Final = re.compile(r"(\d{1,6})\s*(%?)", re.ASCII)

#: Options that pin what a pool is built from.
_PINS: Final = {
    "snapshot_id": origin.Kind.SNAPSHOT,
    "image_id": origin.Kind.IMAGE,
    "source_volume_id": origin.Kind.VOLUME,
}

OPTS: Final = (
    cfg.StrOpt(
        "os_name",
        help="The operating system of this pool, as the naming rule of "
        "[catalogue] finds it in the names of the snapshots and as claims "
        "send it; compared exactly. There is no default; a blank pool has "
        "none.",
    ),
    cfg.StrOpt(
        "volume_type",
        help="Cinder's name of the volume type, compared exactly. It must be "
        "the type of the snapshot's own volume or one that Cinder accepts for "
        "that snapshot. A type that Cinder does not know disables this pool "
        "alone until it appears. There is no default. Related: type_aliases.",
    ),
    cfg.ListOpt(
        "type_aliases",
        default=[],
        help="Other names of volume_type, separated by commas, compared "
        "without regard to case: the short names that claims and snapshot "
        "names use. One alias cannot mean two types.",
    ),
    cfg.IntOpt(
        "min_ready",
        default=1,
        min=0,
        help="How many claimable volumes the pool keeps, in volumes. Too few "
        "and a burst of claims misses: a miss costs a whole create. Too many "
        "fill the storage and the quota of the pool project, and take long "
        "to replace when the snapshot changes. 0 lets the pool run empty. "
        "Related: max_creating.",
    ),
    cfg.IntOpt(
        "max_creating",
        default=2,
        min=1,
        help="How many creates of this pool may be in flight, in volumes. Too "
        "few refill a large pool slowly. Too many gain nothing, because "
        "Cinder makes volumes of one snapshot one at a time, and each "
        "waiting create holds a worker of cinder-volume that claims need. "
        "Cannot exceed max_creating of [reconcile].",
    ),
    cfg.IntOpt(
        "lanes",
        default=1,
        min=1,
        max=16,
        help="How many volumes of this pool Cinder may make at a time, in "
        "volumes. It makes those of one snapshot one after the other; with "
        "more than 1, the daemon keeps so many twins of the snapshot, with a "
        "volume to take them of, and builds from these. Too few refill a "
        "large pool slowly. Too many gain nothing beyond what the storage can "
        "do at once (rbd_concurrent_flatten_operations of cinder-volume, 3 "
        "unless changed), and each twin counts as a snapshot against the "
        "quota of the pool project. Cannot exceed max_creating; twice as many "
        "there let no lane wait. Not with image_id, source_volume_id or "
        "blank.",
    ),
    cfg.IntOpt(
        "size_gib",
        min=1,
        max=2**31 - 1,
        help="The size of the volumes, in GiB. Unset is the size of the "
        "snapshot, or of source_volume_id; with image_id or blank it must be "
        "set. Too small, below the snapshot's, is refused by Cinder "
        "and the pool stays empty. Too large wastes storage, and only claims "
        "that name no size or exactly this one are served.",
    ),
    cfg.StrOpt(
        "availability_zone",
        help="The availability zone of the volumes. Unset leaves it to "
        "Cinder. A claim that names a zone is served from pools of that zone "
        "alone.",
    ),
    cfg.StrOpt(
        "snapshot_id",
        help="The UUID of the one snapshot to build from. Unset follows the "
        "catalogue: the newest snapshot of os_name and volume_type. A pinned "
        "pool does not notice new snapshots. At most one of snapshot_id, "
        "image_id, source_volume_id and blank can be set. Related: "
        "naming_rule of [catalogue].",
    ),
    cfg.StrOpt(
        "image_id",
        help="The UUID of the image, in Glance, to build from, in the place "
        "of a snapshot. The image must be visible to the pool project; for a "
        "miss to be created, to the callers' projects too. Claims by os_name "
        "get it, and those that name this image. Related: size_gib, which it "
        "needs.",
    ),
    cfg.StrOpt(
        "source_volume_id",
        help="The UUID of a volume of the pool project to clone, in the place "
        "of a snapshot. Claims by os_name get it, and those that name this "
        "volume as their source. A clone depends on its source, as a rule for "
        "ever: Ceph flattens clones of clones alone.",
    ),
    cfg.BoolOpt(
        "blank",
        default=False,
        help="Whether the volumes are made from nothing, for data and swap. "
        "Claims with a size and neither a source nor an OS get them. They are "
        "made at once by most backends, so such a pool saves little. Related: "
        "size_gib, which it needs.",
    ),
    cfg.BoolOpt(
        "extend",
        default=False,
        help="Whether a claim that asks for a larger volume is served from "
        "this pool and the volume extended once it is the caller's, by the "
        "caller's own quota. The claim then takes about a second longer. A "
        "caller whose quota does not allow the size keeps the smaller "
        "volume, and is told so. Without it such a claim is a miss. Related: "
        "size_gib.",
    ),
    cfg.StrOpt(
        "surge",
        default="100%",
        help="How many volumes more than min_ready there may be while stock "
        "is replaced, for a new snapshot or for its age: a number, or a "
        "percentage of min_ready, rounded up. Less saves storage during a "
        "change and makes it slower; claims by OS name then meet a smaller "
        "stock. Cannot be below 1 volume or below switch_at.",
    ),
    cfg.StrOpt(
        "switch_at",
        default="100%",
        help="How many volumes of a new snapshot must be ready before claims "
        "by OS name get them: a number, or a percentage of min_ready, "
        "rounded up. Less switches sooner, and a burst right after it "
        "misses. Claims that name a snapshot are not concerned. Cannot be "
        "above surge.",
    ),
    cfg.FloatOpt(
        "max_age",
        default=0,
        min=0,
        help="How old a volume on the shelf may become, in days; 0 is as old "
        "as it likes. Older ones are replaced one by one, each once its "
        "successor is ready. The limits of single volumes lie between 90 and "
        "100 percent of this, so that a pool that was filled at once is not "
        "replaced at once. Too short rebuilds all the time. Too long gives "
        "out what nobody has touched for months.",
    ),
)


def group_of(name: str) -> str:
    """Return the name of a pool's group."""
    return f"pool:{name}"


def read(conf: cfg.ConfigOpts, name: str) -> settings.PoolSpec:
    """Register and read the group of one pool."""
    group = section.Section(conf, group_of(name))
    conf.register_group(cfg.OptGroup(group.group, title=f"Pool {name}"))
    conf.register_opts(OPTS, group=group.group)
    pinned = _pin(group)
    return settings.PoolSpec(
        name=model.PoolName(name),
        os_name=_os_name(group, pinned),
        volume_type=_needed(group, "volume_type"),
        type_aliases=_aliases(group),
        min_ready=group.get("min_ready"),
        max_creating=group.get("max_creating"),
        size_gib=_size(group, pinned),
        availability_zone=_name(group, "availability_zone"),
        snapshot_id=pinned,
        lanes=_lanes(group, pinned),
        extend=group.get("extend"),
        surge=_share(group, "surge"),
        switch_at=_share(group, "switch_at"),
        max_age=group.days("max_age") or None,
    )


def _needed(group: section.Section, option: str) -> str:
    text = _name(group, option)
    if text is None:
        raise group.wrong(option, "not set; every pool needs it")
    return text


def _name(group: section.Section, option: str) -> str | None:
    text = group.words(option)
    return None if text is None else _checked(group, option, text)


def _checked(group: section.Section, option: str, text: str) -> str:
    if len(text) > _LONGEST:
        raise group.wrong(option, f"is longer than {_LONGEST} characters")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise group.wrong(option, "has a control character")
    return text


def _aliases(group: section.Section) -> frozenset[str]:
    option = "type_aliases"
    aliases = (alias.lower() for alias in group.get(option) if alias)
    return frozenset(_checked(group, option, alias) for alias in aliases)


def _os_name(
    group: section.Section, pinned: model.SnapshotId | None
) -> str:
    if pinned != origin.BLANK:
        return _needed(group, "os_name")
    if group.words("os_name") is not None:
        raise group.wrong("os_name", "cannot be set for a blank pool")
    return ""


def _pin(group: section.Section) -> model.SnapshotId | None:
    """Return what the pool is built from whatever the catalogue has."""
    found: dict[str, model.SnapshotId] = {}
    for option, kind in _PINS.items():
        text = group.words(option)
        if text is None:
            continue
        if not uuidutils.is_uuid_like(text):
            raise group.wrong(option, f"{text!r} is no UUID")
        # As Cinder writes it: its answers are compared with this.
        found[option] = origin.word(kind, str(uuid.UUID(text)))
    if group.get("blank"):
        found["blank"] = origin.BLANK
    if len(found) > 1:
        first, second, *_ = found
        raise group.wrong(second, f"cannot be set together with {first}")
    return next(iter(found.values()), None)


def _size(
    group: section.Section, pinned: model.SnapshotId | None
) -> int | None:
    size: int | None = group.get("size_gib")
    if size is None and pinned is not None:
        kind = origin.kind(pinned)
        if kind in (origin.Kind.IMAGE, origin.Kind.BLANK):
            raise group.wrong(
                "size_gib", f"not set; a pool built from {kind} needs it"
            )
    return size


def _lanes(
    group: section.Section, pinned: model.SnapshotId | None
) -> int:
    lanes: int = group.get("lanes")
    if pinned is not None and lanes > 1:
        kind = origin.kind(pinned)
        if kind is not origin.Kind.SNAPSHOT:
            raise group.wrong(
                "lanes",
                f"{lanes} cannot be had by a pool built from {kind}: only "
                "snapshots have twins",
            )
    return lanes


def _share(group: section.Section, option: str) -> settings.Share:
    text = group.words(option) or ""
    found = _SHARE.fullmatch(text)
    if found is None:
        raise group.wrong(
            option, f"{text!r} is neither a number nor a percentage"
        )
    number = int(found[1])
    if found[2]:
        return settings.Share(percent=number)
    return settings.Share(volumes=number)
