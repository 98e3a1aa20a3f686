"""What the invariants are decided over: cloud, ledger, answers, history."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from cube_volpool import model, twin
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash.places import Place
from cube_volpool.tests.simulator import records

#: What the claims of nearly all journeys ask for: OS, type, version.
SNAPSHOT: Final = "debian-12_ssd_20261120"
_TENANTS: Final = ("skyline-a", "skyline-b")
_LEFT: Final = (model.RowStatus.DELETING, model.RowStatus.RESERVED)

#: What stands for a row, or for a claim, for as long as it lives.
Key = tuple[object, ...]


@dataclass(frozen=True)
class Reply:
    """A volume that a caller was told."""

    project: str
    name: str
    volume_id: str


@dataclass
class History:
    """What became of each row and claim: status and generation."""

    rows: dict[Key, tuple[str, int]] | None = None
    claims: dict[Key, tuple[str, int]] | None = None
    #: What each pool builds, and what it gives by OS name.
    pools: dict[str, tuple[str | None, str | None]] = field(
        default_factory=dict
    )

    def note(
        self,
        rows: dict[Key, tuple[str, int]],
        claims: dict[Key, tuple[str, int]],
    ) -> Iterator[str]:
        """Compare with what was; say what may not be.

        I12: generations only grow.  I8: nobody comes back from ``deleting``,
        nor makes any other move that the transition tables lack.
        """
        if self.rows is not None:
            yield from _moves("row", self.rows, rows, _is_row_move)
        if self.claims is not None:
            yield from _moves("claim", self.claims, claims, _is_claim_move)
        self.rows, self.claims = rows, claims

    def note_pools(
        self, pools: dict[str, tuple[str | None, str | None]]
    ) -> Iterator[str]:
        """Say what is given by OS name and was not built just before.

        The first image is given at once.
        """
        for name, (_, current) in pools.items():
            source, before = self.pools.get(name, (None, None))
            if before is not None and current not in (before, source):
                yield f"switch: pool {name} gives {current}, not {source}"
        self.pools = pools


def _moves(what, before, after, is_move) -> Iterator[str]:
    for key in before.keys() | after.keys():
        was, was_generation = before.get(key, (None, 0))
        now, generation = after.get(key, (None, was_generation))
        if generation < was_generation:
            yield (
                f"I12: {what} {key[0]} has generation {generation} after "
                f"{was_generation}"
            )
        if was != now and not is_move(was, now):
            yield f"I8: {what} {key[0]} went from {was} to {now}"


def _is_row_move(was: str | None, now: str | None) -> bool:
    statuses = (
        None if was is None else model.RowStatus(was),
        None if now is None else model.RowStatus(now),
    )
    return statuses in model.TRANSITIONS


def _is_claim_move(was: str | None, now: str | None) -> bool:
    if was is None:
        # With or without a row: a claim is opened pending.
        return now == model.ClaimStatus.PENDING
    if now is None:
        # Purged.
        return model.ClaimStatus(was) not in model.UNDER_WAY
    move = (model.ClaimStatus(was), model.ClaimStatus(now))
    return move in model.CLAIM_TRANSITIONS


@dataclass
class Evidence:
    """What the checkers look at.

    ``look`` reads the ledger anew for the slow ones, ``glance`` for those
    that are asked after every call of a daemon.
    """

    world: world.World
    place: Place
    #: The snapshot of what the claims ask for.
    wanted: str = SNAPSHOT
    #: How large its claim's volume is in the end; until then it may be 1.
    size: int = 1
    #: Volumes of which their owners dispose, whatever a claim says of them.
    kept: set[str] = field(default_factory=set)
    replies: list[Reply] = field(default_factory=list)
    #: What the caller had when he was told that nothing was given; None when
    #: he was told something else, or asks again.
    denied_with: set[str] | None = None
    rows: tuple[model.PooledVolume, ...] = ()
    claims: tuple[model.Claim, ...] = ()
    images: frozenset[tuple[str, str, str, str]] = frozenset()
    #: Why each rejected snapshot was.
    rejected: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)
    currents: dict[str, str | None] = field(default_factory=dict)
    history: History = field(default_factory=History)
    #: Pools that are to have no stock.
    drained: frozenset[str] = frozenset()
    #: What there is for lanes.
    twins: tuple[twin.Twin, ...] = ()
    #: Reserved, condemned or held volumes: no supply any more.
    left_the_shelf: set[str] = field(default_factory=set)
    #: What the place had counted at the last glance.
    _written: int | None = None

    def look(self) -> None:
        """Read the whole ledger."""
        with self.world.store.ledger.write() as session:
            self.rows = tuple(
                models.pooled_volume(row)
                for row in session.execute(sa.select(models.backup_volumes))
            )
            self.claims = tuple(
                models.claim(row)
                for row in session.execute(sa.select(models.claims))
            )
            self.images = frozenset(
                (row.os, row.type, row.snapshot_id, row.role)
                for row in session.execute(sa.select(models.os_images))
            )
            rejected = models.os_images.c.rejected.is_not(None)
            self.rejected = {
                row.snapshot_id: row.rejected
                for row in session.execute(
                    sa.select(models.os_images).where(rejected)
                )
            }
            self.twins = tuple(
                models.twin_of(row)
                for row in session.execute(sa.select(models.twins))
            )
            pools = session.execute(sa.select(models.pools)).all()
            self.sources = {p.name: p.source_snapshot_id for p in pools}
            self.currents = {p.name: p.current_snapshot_id for p in pools}
            self.drained = frozenset(p.name for p in pools if p.drained)
        self.left_the_shelf = {
            row.volume_id
            for row in self.rows
            if (row.status in _LEFT or row.held) and row.volume_id
        }

    def glance(self) -> list[str]:
        """Read states and generations; say what changed that may not."""
        written = self.place.written()
        if written is not None and written == self._written:
            return []
        self._written = written
        rows = self.place.read(
            "SELECT marker, status, generation, volume_id, held"
            " FROM backup_volumes"
        )
        claims = self.place.read(
            "SELECT name, project_id, created_at, status, generation"
            " FROM claims"
        )
        pools = self.place.read(
            "SELECT name, source_snapshot_id, current_snapshot_id FROM pools"
        )
        self.left_the_shelf = {
            volume_id
            for _, status, _, volume_id, held in rows
            if status in _LEFT or held
        }
        return [
            *self.history.note(
                {(row[0],): (row[1], row[2]) for row in rows},
                {claim[:3]: (claim[3], claim[4]) for claim in claims},
            ),
            *self.history.note_pools({p[0]: (p[1], p[2]) for p in pools}),
        ]

    def status_of(self, volume_id: str) -> str | None:
        """Return the status of the row of a volume, None without a row."""
        rows = self.place.read("SELECT volume_id, status FROM backup_volumes")
        return dict(rows).get(volume_id)

    def status_of_twin(self, cinder_id: str) -> str | None:
        """Return the status of the row of a carrier or a twin."""
        rows = self.place.read("SELECT cinder_id, status FROM twins")
        return dict(rows).get(cinder_id)

    @property
    def pool_project(self) -> str:
        """The id of the project that owns the stock."""
        return self.world.project("volpool")

    def keep_what_is_bound(self) -> None:
        """Leave what was given until now to its owners."""
        self.look()
        self.kept = {str(claim.volume_id) for claim in self.bound}
        self.kept |= {volume.id for volume in self.given()}

    @property
    def bound(self) -> list[model.Claim]:
        """The claims that have a volume, and not one left to its owner."""
        return [
            claim
            for claim in self.claims
            if claim.status is model.ClaimStatus.BOUND
            and claim.volume_id not in self.kept
        ]

    def pooled(self) -> list[records.Volume]:
        """The volumes of the pool project; no golden ones and carriers."""
        return [
            volume
            for volume in self.world.cloud.volumes_of("volpool")
            if not (volume.name or "").startswith("src-")
            and twin.KIND_KEY not in volume.metadata
        ]

    def of_lanes(self) -> list[records.Volume | records.Snapshot]:
        """The carriers and twins that Cinder has."""
        cloud = self.world.cloud
        have: list[records.Volume | records.Snapshot] = [
            *cloud.volumes_of("volpool"),
            *cloud.snapshots.values(),
        ]
        return [one for one in have if twin.KIND_KEY in one.metadata]

    def of_tenants(self) -> list[records.Volume]:
        """The volumes of the tenants."""
        return [
            volume
            for project in _TENANTS
            for volume in self.world.cloud.volumes_of(project)
        ]

    def given(self) -> list[records.Volume]:
        """The volumes of the tenants that came from this house."""
        return [
            volume
            for volume in self.of_tenants()
            if any(key.startswith(model.KEY_PREFIX) for key in volume.metadata)
        ]

    def told_nothing(self) -> None:
        """The caller was told that nothing was given, and nothing will be."""
        self.denied_with = {volume.id for volume in self.of_tenants()}
