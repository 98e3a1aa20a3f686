"""The invariants, decided over the cloud, the ledger and the answers.

Each checker returns what it found wrong, in words; nothing is well.
*Source:* the facts on reliability, I1 to I12; I10 has tests of its own.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from cube_volpool import catalogue, model, twin
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash.evidence import Evidence
from cube_volpool.tests.simulator import faults, journal

_R = model.RowStatus
_BUILDING: Final = ("creating", "downloading")
#: An hour of deletes, less what a call may be late.
_WINDOW: Final = timedelta(minutes=45)


def single_delivery(found: Evidence) -> Iterator[str]:
    """I1: no volume is two claims'; a bound claim's is its project's.

    I9: what was given for a claim is its project's and nobody else's.
    """
    holders = Counter(claim.volume_id for claim in found.bound)
    for volume_id, count in holders.items():
        if count > 1:
            yield f"I1: {count} claims have volume {volume_id}"
    told: dict[str, tuple[str, str]] = {}
    for reply in found.replies:
        key = (reply.project, reply.name)
        if told.setdefault(reply.volume_id, key) != key:
            yield f"I1: volume {reply.volume_id} was told to two claims"
    for claim in found.bound:
        volume = found.world.cloud.volumes.get(claim.volume_id or "")
        if volume is None or volume.project_id != claim.project_id:
            yield f"I1: claim {claim.id} does not own {claim.volume_id}"
    projects = {str(claim.marker): claim.project_id for claim in found.claims}
    for volume in found.given():
        project_id = projects.get(volume.metadata.get(model.CLAIM_KEY, ""))
        if project_id not in (None, volume.project_id):
            yield f"I9: volume {volume.id} went to a project not its claim's"


def same_volume(found: Evidence) -> Iterator[str]:
    """I2: the same request has one answer and at most one volume."""
    told: dict[tuple[str, str], set[str]] = {}
    for reply in found.replies:
        key = (reply.project, reply.name)
        told.setdefault(key, set()).add(reply.volume_id)
    for key, ids in told.items():
        if len(ids) > 1:
            yield f"I2: {key} was told {len(ids)} volumes"
    named = Counter((v.project_id, v.name) for v in found.of_tenants())
    for place, count in named.items():
        if count > 1:
            yield f"I2: {place} has {count} volumes"
    marked = Counter(v.metadata.get(model.CLAIM_KEY) for v in found.given())
    for marker, count in marked.items():
        if count > 1:
            yield f"I2: {count} volumes are marked for claim {marker}"


def no_premature_offer(found: Evidence) -> Iterator[str]:
    """I3: what is on the shelf is the pool's, unclaimed and as it was."""
    taken = {claim.volume_id for claim in found.claims}
    offered = {t.volume_id for t in found.world.cloud.transfers.values()}
    for row in (r for r in found.rows if r.status is _R.AVAILABLE):
        volume = found.world.cloud.volumes.get(row.volume_id or "")
        if volume is None:
            yield f"I3: row {row.id} is on the shelf without a volume"
            continue
        wrong = {
            "owner": volume.project_id != found.pool_project,
            "status": volume.status != "available",
            "name": volume.name != model.pooled_name(row.marker),
            "markers": volume.metadata != _shelved(row),
            "source": volume.snapshot_id != row.made_of
            or found.world.cloud.content_of(row.made_of) != row.snapshot_id,
            "offer": row.volume_id in offered,
            "claim": row.claim_id is not None or row.volume_id in taken,
        }
        for what, is_wrong in wrong.items():
            if is_wrong:
                yield f"I3: row {row.id} is on the shelf with a wrong {what}"


def _shelved(row: model.PooledVolume) -> dict[str, str]:
    """Return the metadata that a volume on the shelf is to have."""
    made = {
        model.DEPLOYMENT_KEY: world.DEPLOYMENT,
        model.MARKER_KEY: row.marker,
        model.POOL_KEY: row.pool,
    }
    return made | ({twin.SOURCE_KEY: row.snapshot_id} if row.twin_id else {})


def right_volume(found: Evidence) -> Iterator[str]:
    """I4: a bound claim's volume is what was asked for.

    A volume that was there before is the caller's own: its name alone.
    """
    for claim in found.bound:
        volume = found.world.cloud.volumes.get(claim.volume_id or "")
        if volume is None:
            continue
        shown: dict[str, tuple[Any, Any]] = {"name": (claim.name, volume.name)}
        if claim.source is not model.Source.EXISTING:
            kind = volume.volume_type.name if volume.volume_type else None
            snapshot = found.world.cloud.snapshot_id(found.wanted)
            shown |= {
                "type": (found.wanted.split("_")[1], kind),
                "size": (True, volume.size in (1, found.size)),
                "bootable": (True, volume.bootable),
                "snapshot": (
                    snapshot,
                    found.world.cloud.content_of(volume.snapshot_id or ""),
                ),
                "metadata": ("yes", volume.metadata.get("mine")),
                "marker": (claim.marker, volume.metadata[model.CLAIM_KEY]),
            }
        for what, (wanted, seen) in shown.items():
            if wanted != seen:
                yield f"I4: claim {claim.id}: {what} {seen}, not {wanted}"


def full_size(found: Evidence) -> Iterator[str]:
    """I4: what had to be extended is as large as was asked.

    Once its caller has an answer: who does not ask again waits for none.
    """
    if not found.replies:
        return
    for claim in found.bound:
        volume = found.world.cloud.volumes.get(claim.volume_id or "")
        if volume is None or claim.source is model.Source.EXISTING:
            continue
        if volume.size != found.size:
            yield f"I4: claim {claim.id}: its size stays {volume.size}"


def nothing_left(found: Evidence) -> Iterator[str]:
    """I5: everything is on the shelf, with its claimant, or gone."""
    for row in found.rows:
        if row.status is not _R.AVAILABLE:
            yield f"I5: row {row.id} stays {row.status}"
    for claim in found.claims:
        if claim.status in model.UNDER_WAY:
            yield f"I5: claim {claim.id} stays {claim.status}"
    for transfer in found.world.cloud.transfers.values():
        yield f"I5: an offer of volume {transfer.volume_id} stays open"
    shelved = {row.volume_id for row in found.rows}
    for volume in found.pooled():
        if volume.id not in shelved:
            yield f"I5: volume {volume.id} {volume.name} is nobody's"
    bound = {claim.volume_id for claim in found.bound}
    for volume in found.given():
        if volume.id not in bound | found.kept:
            yield f"I5: volume {volume.id} is in a project without a claim"


def lanes_in_order(found: Evidence) -> Iterator[str]:
    """I5: carriers and twins serve, each with its row, and are enough.

    And have the content of what they are twins of.
    """
    cloud = found.world.cloud
    known = {one.cinder_id for one in found.twins}
    for made in found.of_lanes():
        if made.id not in known:
            yield f"I5: {made.id} {made.name} is nobody's lane"
    for one in found.twins:
        if one.status is not twin.Status.AVAILABLE:
            yield f"I5: {one.kind} {one.id} stays {one.status}"
        elif one.lane and cloud.content_of(one.lane) != one.source_id:
            yield f"I4: twin {one.id} has another content"
    for spec in found.world.settings.pools:
        is_wanted = spec.lanes > 1 and spec.name not in found.drained
        wanted = (1, spec.lanes) if is_wanted else (0, 0)
        mine = [
            one.kind
            for one in found.twins
            if one.pool == spec.name
            and one.source_id == found.sources.get(spec.name)
        ]
        have = tuple(mine.count(kind) for kind in twin.Kind)
        if have != wanted or len(mine) != len(found.twins):
            yield f"lanes: pool {spec.name} has {have}, not {wanted}"


def bounded_supply(found: Evidence, *, surge: int = 0) -> Iterator[str]:
    """I6: never more than the target, and what a crash left in doubt.

    Condemned, reserved and held volumes are no supply any more.
    """
    supply = [v for v in found.pooled() if v.id not in found.left_the_shelf]
    target = sum(spec.min_ready for spec in found.world.settings.pools)
    if len(supply) > target + surge:
        yield f"I6: {len(supply)} volumes for a target of {target}"


def bounded_creates(found: Evidence, *, doubt: int = 0) -> Iterator[str]:
    """I7: never more creates in flight than the caps, and what is in doubt.

    ``doubt`` is how many creates of dead daemons may be without a trace:
    those stop counting after a minute.
    """
    cloud = found.world.cloud
    carriers = [v for v in found.of_lanes() if v.id in cloud.volumes]
    made = [
        volume
        for volume in (*found.pooled(), *carriers)
        if volume.status in _BUILDING and volume.id not in found.left_the_shelf
    ]
    pools = found.world.settings.pools
    cap = min(
        sum(spec.max_creating + (spec.lanes > 1) for spec in pools),
        found.world.settings.reconcile.max_creating,
    )
    if len(made) > cap + doubt:
        yield f"I7: {len(made)} creates in flight, the cap is {cap}"


def bounded_deletes(found: Evidence) -> Iterator[str]:
    """I7: never more deletes in an hour than the cap."""
    cap = found.world.settings.reconcile.deletes_per_hour
    sent = [
        seen.at
        for seen in found.world.cloud.requests
        if seen.method == "DELETE"
        and seen.route.startswith("/volumes/")
        and seen.effect == 202
    ]
    for first, last in zip(sent, sent[cap:], strict=False):
        if last - first < _WINDOW:
            yield f"I7: {cap + 1} deletes in {last - first}, the cap is {cap}"


def absorbing_doom(found: Evidence, seen: journal.Seen) -> Iterator[str]:
    """I8: who sends this DELETE, of what?

    The pool's account alone, of a marked volume of its project, condemned;
    or of a twin, and then of one that nothing is being made of.
    """
    ident = seen.route.rpartition("/")[2]
    cloud = found.world.cloud
    volume = cloud.volumes.get(ident) or cloud.snapshots.get(ident)
    if volume is None:
        return
    deployment = volume.metadata.get(model.DEPLOYMENT_KEY)
    is_lane = twin.KIND_KEY in volume.metadata
    status_of = found.status_of_twin if is_lane else found.status_of
    wrong = {
        "by another account": (seen.user, seen.project)
        != ("volpool", "volpool"),
        "in another project": volume.project_id != found.pool_project,
        "without our marker": deployment != world.DEPLOYMENT,
        "whose row is not condemned": status_of(volume.id) != _R.DELETING,
        "of which one is being made": any(
            job.lock == volume.id for job in cloud.backend.pending("create")
        ),
    }
    for what, is_wrong in wrong.items():
        if is_wrong:
            yield f"I8: a DELETE of volume {volume.id} {what}"


def honest_answer(found: Evidence) -> Iterator[str]:
    """I11: "nothing was given" stays true until the caller asks again."""
    if found.denied_with is None:
        return
    for volume in found.of_tenants():
        if volume.id not in found.denied_with:
            yield f"I11: volume {volume.id} came after nothing was given"


def full_shelf(found: Evidence) -> Iterator[str]:
    """When all is quiet, the pool is at its target, and fresh."""
    ready = Counter(
        (row.pool, row.snapshot_id)
        for row in found.rows
        if row.status is _R.AVAILABLE and not row.held
    )
    for spec in found.world.settings.pools:
        source = found.sources.get(spec.name) or ""
        count = ready.pop((spec.name, model.SnapshotId(source)), 0)
        target = 0 if spec.name in found.drained else spec.min_ready
        if count != target:
            yield f"shelf: pool {spec.name} has {count} volumes ready"
    for pool, snapshot_id in ready:
        yield f"shelf: pool {pool} keeps volumes of {snapshot_id}"


def true_catalogue(found: Evidence) -> Iterator[str]:
    """The ledger has the snapshots that Cinder has, and the newest source.

    The newest that nobody rejected, and that is given by OS name, too.
    """
    snapshots = [
        model.Snapshot(
            id=model.SnapshotId(snapshot.id),
            name=snapshot.name or "",
            status=snapshot.status,
            size_gib=snapshot.size,
            volume_id=model.VolumeId(snapshot.volume_id),
        )
        for snapshot in found.world.cloud.snapshots.values()
        if snapshot.project_id == found.pool_project
        and twin.KIND_KEY not in snapshot.metadata
    ]
    reading = catalogue.read(
        [catalogue.Candidate(name=s.name, snapshot=s) for s in snapshots],
        found.world.settings.catalogue,
    )
    judged = [
        dataclasses.replace(
            entry, rejected=found.rejected.get(entry.snapshot_id)
        )
        for entry in reading.entries
    ]
    newest = _ids(catalogue.newest(judged).values())
    entries = catalogue.assign(
        judged, current=newest, sources=newest, keep=len(snapshots)
    )
    wanted = {(e.os, e.type, e.snapshot_id, e.role) for e in entries}
    for os, kind, _, role in wanted ^ found.images:
        yield f"catalogue: the {role} entry of {os}, {kind} is wrong"
    for spec in found.world.settings.pools:
        source = next(
            (
                e.snapshot_id
                for e in entries
                if (e.os, e.type) == (spec.os_name, spec.volume_type)
                and e.role is model.Role.CURRENT
            ),
            None,
        )
        if found.sources.get(spec.name) != source:
            yield f"catalogue: pool {spec.name} has another source"
        if found.currents.get(spec.name) != source:
            yield f"catalogue: pool {spec.name} gives another image"


def _ids(
    entries: Iterable[model.CatalogueEntry],
) -> frozenset[model.SnapshotId]:
    return frozenset(entry.snapshot_id for entry in entries)


def safe(found: Evidence) -> list[str]:
    """What must hold whenever the answers are in."""
    found.look()
    return [
        *single_delivery(found),
        *same_volume(found),
        *no_premature_offer(found),
        *right_volume(found),
        *honest_answer(found),
    ]


def settled(found: Evidence) -> list[str]:
    """What must hold once all is quiet."""
    return [
        *safe(found),
        *full_size(found),
        *nothing_left(found),
        *bounded_supply(found),
        *full_shelf(found),
        *lanes_in_order(found),
        *true_catalogue(found),
    ]


def after_call(found: Evidence, *, surge: int, doubt: int) -> list[str]:
    """What must hold after every single call of a daemon."""
    return [
        *found.glance(),
        *bounded_supply(found, surge=surge),
        *bounded_creates(found, doubt=doubt),
    ]


def watch_deletes(found: Evidence, problems: list[str]) -> None:
    """Judge every DELETE of a volume at the moment when it is sent."""

    def judge(seen: journal.Seen) -> None:
        problems.extend(absorbing_doom(found, seen))

    for path in ("/volumes/*", "/snapshots/*"):
        found.world.cloud.fault("DELETE", path, faults.hook(before=judge))
