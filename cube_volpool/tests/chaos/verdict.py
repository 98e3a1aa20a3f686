"""The verdict over a run: the history, the ledger and the cloud compared.

Each checker yields what it found wrong, in words; nothing is well.
*Source:* the facts on reliability, I1, I2, I4, I5 and I11.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cube_volpool import model
from cube_volpool.tests.chaos.history import Attempt, Key, Outcome

_R = model.RowStatus
_C = model.ClaimStatus


@dataclass(frozen=True, kw_only=True)
class SeenVolume:
    """A volume of the cloud, of now or of before."""

    id: str
    project_id: str
    name: str
    snapshot_id: str | None = None
    #: The marker of the claim it was given to or made for.
    claim_marker: str | None = None
    #: Has it our deployment's key?
    is_ours: bool = True
    is_gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the checkers look at."""

    attempts: tuple[Attempt, ...]
    volumes: tuple[SeenVolume, ...]
    claims: tuple[model.Claim, ...]
    rows: tuple[model.PooledVolume, ...]
    #: The volumes with an open offer.
    offered: tuple[str, ...]
    pool_project: str
    tenants: frozenset[str]
    snapshots: frozenset[str]
    #: When a database lost commits: begin and end of each such time.
    forgotten: tuple[tuple[float, float], ...] = ()
    #: How many volumes each pool keeps ready, by its name.
    kept: Mapping[model.PoolName, int] = field(default_factory=dict)

    def told(self) -> Iterator[tuple[Key, str]]:
        """Return every key with the volume it was told, once each."""
        return iter(
            {
                (attempt.key, attempt.volume_id)
                for attempt in self.attempts
                if attempt.outcome is Outcome.OK and attempt.volume_id
            }
        )

    def by_id(self) -> dict[str, SeenVolume]:
        """Return the volumes by their ids."""
        return {volume.id: volume for volume in self.volumes}

    def may_be_forgotten(self) -> frozenset[Key]:
        """Return the keys that were answered while commits were lost."""
        return frozenset(
            attempt.key
            for attempt in self.attempts
            for begin, end in self.forgotten
            if attempt.begun <= end and attempt.ended >= begin
        )

    def bound(self) -> dict[str, model.Claim]:
        """Return the claims that have a volume, by its id."""
        return {
            claim.volume_id: claim
            for claim in self.claims
            if claim.status is _C.BOUND and claim.volume_id
        }


def delivered_once(found: Evidence) -> Iterator[str]:
    """No volume is two callers', and no caller has two volumes."""
    told = tuple(found.told())
    holders = Counter(volume_id for _, volume_id in told)
    for volume_id, count in holders.items():
        if count > 1:
            yield f"volume {volume_id} was told to {count} callers"
    for key, count in Counter(key for key, _ in told).items():
        if count > 1:
            yield f"{key} was told {count} volumes"
    named = Counter(
        (volume.project_id, volume.name)
        for volume in found.volumes
        if volume.project_id in found.tenants
    )
    for place, count in named.items():
        if count > 1:
            yield f"{place} came to {count} volumes"
    given = Counter(
        claim.volume_id for claim in found.claims if claim.volume_id
        and claim.status is _C.BOUND
    )
    for given_id, count in given.items():
        if count > 1:
            yield f"{count} claims have volume {given_id}"


def right_volume(found: Evidence) -> Iterator[str]:
    """What was told is there: owner, name and snapshot as asked."""
    volumes = found.by_id()
    for key, volume_id in found.told():
        volume = volumes.get(volume_id)
        if volume is None:
            yield f"{key} was told {volume_id}, which never was"
            continue
        if volume.project_id != key.project_id:
            yield f"{key}: {volume_id} is owned by {volume.project_id}"
        if volume.name != key.name:
            yield f"{key}: {volume_id} is called {volume.name}"
        if volume.snapshot_id not in found.snapshots:
            yield f"{key}: {volume_id} is of snapshot {volume.snapshot_id}"


def failed_stays_failed(found: Evidence) -> Iterator[str]:
    """Who was told "nothing was given", once and for all, got nothing."""
    arrived = {
        (volume.project_id, volume.name): volume.id
        for volume in found.volumes
        if volume.project_id in found.tenants
    }
    for attempt in failed(found.attempts):
        volume_id = arrived.get(attempt.key)
        if volume_id is not None:
            yield (
                f"{attempt.key} was told {attempt.error!r}, and volume "
                f"{volume_id} came after all"
            )


def failed(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the only attempts of their keys that were told "nothing"."""
    attempts = tuple(attempts)
    tries = Counter(attempt.key for attempt in attempts)
    return [
        attempt
        for attempt in attempts
        if attempt.outcome is Outcome.FAIL
        and attempt.way == "claim"
        and tries[attempt.key] == 1
    ]


def nothing_leaked(found: Evidence) -> Iterator[str]:
    """Every volume of ours is on the shelf, with its claimant, or gone."""
    shelved = {
        row.volume_id for row in found.rows if row.status is _R.AVAILABLE
    }
    bound = found.bound()
    forgotten = found.may_be_forgotten()
    alive = {volume.id for volume in found.volumes if not volume.is_gone}
    for volume in found.volumes:
        if volume.is_gone or not volume.is_ours:
            continue
        if volume.project_id == found.pool_project:
            if volume.id not in shelved:
                yield f"volume {volume.id} {volume.name} is nobody's"
            continue
        if Key(volume.project_id, volume.name) in forgotten:
            continue
        claim = bound.get(volume.id)
        if claim is None or claim.marker != volume.claim_marker:
            yield (
                f"volume {volume.id} {volume.name} is in project "
                f"{volume.project_id} without a claim"
            )
    for row in found.rows:
        if row.volume_id not in alive:
            yield f"row {row.id} stands for a volume that is not there"


def all_settled(found: Evidence) -> Iterator[str]:
    """No claim is under way, no offer is open, no row is in between."""
    for claim in found.claims:
        if claim.status in model.UNDER_WAY:
            yield f"claim {claim.id} of {claim.name} stays {claim.status}"
    for volume_id in found.offered:
        yield f"an offer of volume {volume_id} stays open"
    for row in found.rows:
        if row.status is not _R.AVAILABLE:
            yield f"row {row.id} stays {row.status}: {row.evict_reason}"


def shelves_full(found: Evidence) -> Iterator[str]:
    """Every pool has what it keeps ready: nothing more will be begun."""
    ready = Counter(
        row.pool for row in found.rows if row.status is _R.AVAILABLE
    )
    for pool, kept in found.kept.items():
        if ready[pool] < kept:
            yield f"pool {pool} has {ready[pool]} ready, of {kept}"


def ledger_knows(found: Evidence) -> Iterator[str]:
    """What a claim was told stands in the ledger."""
    bound = found.bound()
    known = {Key(c.project_id, c.name): c for c in found.claims}
    forgotten = found.may_be_forgotten()
    for attempt in found.attempts:
        if attempt.way != "claim" or attempt.outcome is not Outcome.OK:
            continue
        if attempt.key in forgotten:
            continue
        claim = bound.get(attempt.volume_id or "")
        if claim is None or claim.name != attempt.key.name:
            now = known.get(attempt.key)
            yield (
                f"the ledger forgot {attempt}; it has "
                + ("nothing" if now is None else
                   f"{now.status} {now.volume_id} {now.reason}")
            )


def known_answers(found: Evidence) -> Iterator[str]:
    """Every answer is one of the contract."""
    for attempt in found.attempts:
        if attempt.outcome is Outcome.STRANGE:
            yield f"{attempt.key}: {attempt.error}"


#: What must hold at any moment.
SAFE = (delivered_once, right_volume, failed_stays_failed, known_answers)
#: What must hold once all is quiet.
SETTLED = (*SAFE, nothing_leaked, all_settled, shelves_full, ledger_knows)
