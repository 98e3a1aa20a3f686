"""The invariants, decided over the cloud, the ledger and the answers.

Each checker returns what it found wrong, in words; nothing is well.
*Source:* the facts on reliability, I1 to I6.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.simulator import records

_R = model.RowStatus
_TENANTS: Final = ("skyline-a", "skyline-b")


@dataclass(frozen=True)
class Reply:
    """A volume that a caller was told."""

    project: str
    name: str
    volume_id: str


@dataclass
class Evidence:
    """What the checkers look at; ``look`` reads it anew."""

    world: world.World
    replies: list[Reply] = field(default_factory=list)
    rows: tuple[model.PooledVolume, ...] = ()
    claims: tuple[model.Claim, ...] = ()
    _reader: sqlite3.Connection | None = None

    def look(self) -> None:
        """Read the ledger."""
        with self.world.store.ledger.write() as session:
            self.rows = tuple(
                models.pooled_volume(row)
                for row in session.execute(sa.select(models.backup_volumes))
            )
            self.claims = tuple(
                models.claim(row)
                for row in session.execute(sa.select(models.claims))
            )

    def left_the_shelf(self) -> set[str]:
        """Return the volumes that are reserved or condemned, read anew.

        Read without SQLAlchemy: it is asked after every call of a daemon.
        """
        if self._reader is None:
            path = self.world.url.removeprefix("sqlite:///")
            self._reader = sqlite3.connect(path, isolation_level=None)
            self.world.addCleanup(self._reader.close)
        rows = self._reader.execute(
            "SELECT volume_id FROM backup_volumes"
            " WHERE status IN ('deleting', 'reserved')"
        )
        return {volume_id for (volume_id,) in rows}

    @property
    def pool_project(self) -> str:
        """The id of the project that owns the stock."""
        return self.world.project("volpool")

    @property
    def bound(self) -> list[model.Claim]:
        """The claims that have a volume."""
        return [
            claim
            for claim in self.claims
            if claim.status is model.ClaimStatus.BOUND
        ]

    def pooled(self) -> list[records.Volume]:
        """The volumes of the pool project, golden ones left out."""
        return [
            volume
            for volume in self.world.cloud.volumes_of("volpool")
            if not (volume.name or "").startswith("src-")
        ]

    def given(self) -> list[records.Volume]:
        """The volumes of the tenants that came from this house."""
        return [
            volume
            for project in _TENANTS
            for volume in self.world.cloud.volumes_of(project)
            if any(key.startswith(model.KEY_PREFIX) for key in volume.metadata)
        ]


def single_delivery(found: Evidence) -> Iterator[str]:
    """I1: no volume is two claims'; a bound claim's is its project's."""
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


def same_volume(found: Evidence) -> Iterator[str]:
    """I2: the same request has one answer and at most one volume."""
    told: dict[tuple[str, str], set[str]] = {}
    for reply in found.replies:
        key = (reply.project, reply.name)
        told.setdefault(key, set()).add(reply.volume_id)
    for key, ids in told.items():
        if len(ids) > 1:
            yield f"I2: {key} was told {len(ids)} volumes"
    named: Counter[tuple[str, str | None]] = Counter()
    for project in _TENANTS:
        for volume in found.world.cloud.volumes_of(project):
            named[project, volume.name] += 1
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
    for row in found.rows:
        if row.status is not _R.AVAILABLE:
            continue
        volume = found.world.cloud.volumes.get(row.volume_id or "")
        if volume is None:
            yield f"I3: row {row.id} is on the shelf without a volume"
            continue
        wrong = {
            "owner": volume.project_id != found.pool_project,
            "status": volume.status != "available",
            "name": volume.name != model.pooled_name(row.marker),
            "markers": volume.metadata
            != {
                model.DEPLOYMENT_KEY: world.DEPLOYMENT,
                model.MARKER_KEY: row.marker,
                model.POOL_KEY: row.pool,
            },
            "offer": row.volume_id in offered,
            "claim": row.claim_id is not None or row.volume_id in taken,
        }
        for what, is_wrong in wrong.items():
            if is_wrong:
                yield f"I3: row {row.id} is on the shelf with a wrong {what}"


def right_volume(found: Evidence) -> Iterator[str]:
    """I4: a bound claim's volume is what was asked for.

    A volume that was there before is the caller's own: its name alone.
    """
    snapshot = found.world.cloud.snapshot_id("debian-12_ssd_20261120")
    for claim in found.bound:
        volume = found.world.cloud.volumes.get(claim.volume_id or "")
        if volume is None:
            continue
        shown: dict[str, tuple[object, object]] = {
            "name": (claim.name, volume.name)
        }
        if claim.source is not model.Source.EXISTING:
            kind = volume.volume_type.name if volume.volume_type else None
            shown |= {
                "type": ("ssd", kind),
                "size": (1, volume.size),
                "bootable": (True, volume.bootable),
                "snapshot": (snapshot, volume.snapshot_id),
                "metadata": ("yes", volume.metadata.get("mine")),
                "marker": (claim.marker, volume.metadata[model.CLAIM_KEY]),
            }
        for what, (wanted, seen) in shown.items():
            if wanted != seen:
                yield f"I4: claim {claim.id}: {what} {seen}, not {wanted}"


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
        if volume.id not in bound:
            yield f"I5: volume {volume.id} is in a project without a claim"


def bounded_supply(found: Evidence, *, surge: int = 0) -> Iterator[str]:
    """I6: never more than the target, and what a crash left in doubt.

    Condemned and reserved volumes are no supply any more.
    """
    left = found.left_the_shelf()
    supply = [v for v in found.pooled() if v.id not in left]
    target = sum(spec.min_ready for spec in found.world.settings.pools)
    if len(supply) > target + surge:
        yield f"I6: {len(supply)} volumes for a target of {target}"


def full_shelf(found: Evidence) -> Iterator[str]:
    """When all is quiet, the pool is at its target again."""
    ready = Counter(
        row.pool for row in found.rows if row.status is _R.AVAILABLE
    )
    for spec in found.world.settings.pools:
        if ready[spec.name] != spec.min_ready:
            yield f"pool {spec.name} has {ready[spec.name]} volumes ready"


def safe(found: Evidence) -> list[str]:
    """What must hold whenever the answers are in: I1 to I4."""
    found.look()
    return [
        *single_delivery(found),
        *same_volume(found),
        *no_premature_offer(found),
        *right_volume(found),
    ]


def settled(found: Evidence) -> list[str]:
    """What must hold once all is quiet: I1 to I6, and a full shelf."""
    return [
        *safe(found),
        *nothing_left(found),
        *bounded_supply(found),
        *full_shelf(found),
    ]
