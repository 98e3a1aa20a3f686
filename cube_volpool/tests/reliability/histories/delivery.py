"""Who gets what: I1, I2, I9, I11, and what was looked at before."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from cube_volpool import model
from cube_volpool.tests.reliability.histories.hub import Call
from cube_volpool.tests.reliability.histories.trail import Claim, Row, Trail
from cube_volpool.tests.simulator import Cloud, records

_R = model.RowStatus
_C = model.ClaimStatus

#: (claim call, claim, volume id).
Arrived = Callable[[int, Claim, str], None]


class Delivery:
    """Looks at every accept, every create of a miss, every bind.

    Args:
        by_hand: the volumes that were touched by hand.
        arrived: told of every volume that comes into a tenant's project.
    """

    def __init__(
        self,
        cloud: Cloud,
        trail: Trail,
        *,
        by_hand: set[str],
        arrived: Arrived,
    ) -> None:
        #: By transfer: the volume.
        self.offers: dict[str, str] = {}
        #: By claim marker: what came into the project for it.
        self.given: dict[str, set[str]] = defaultdict(set)
        #: Volumes that some claim was bound to, ever.
        self.was_bound: set[str] = set()
        #: Volumes that came into a tenant's project, and which.
        self.came: dict[str, str] = {}
        #: By volume: what was wrong with it when it was renamed.
        self._unfit: dict[str, list[str]] = {}
        #: By claim call and name: what its last look-up by name found.
        self._found: dict[tuple[int, str], list[str]] = {}
        self._cloud = cloud
        self._trail = trail
        self._by_hand = by_hand
        self._arrived = arrived

    # -- looks that come before -----------------------------------------------

    def renamed(self, volume_id: str) -> None:
        """The answer to the rename is what a volume is judged by."""
        row = self._trail.by_volume.get(volume_id)
        volume = self._cloud.volumes[volume_id]
        self._unfit[volume_id] = (
            [] if row is None else list(_unfit(row, volume))
        )

    def told(self, call: Call, value: object) -> Iterator[str]:
        """A tenant's call was answered."""
        if call.method == "create_volume" and isinstance(value, model.Volume):
            yield from self._created(call, value)
        elif call.keywords.get("name") and isinstance(value, tuple):
            self._found[call.attempt, call.keywords["name"]] = [
                volume.id
                for volume in value
                if is_useful(self._cloud.volumes.get(volume.id))
                and not self._is_stock(volume)
            ]

    def _is_stock(self, volume: model.Volume) -> bool:
        """Is it the pool's own, which its project sees and may not have?

        By its mark, or by the ledger when somebody took that off.
        """
        pool = self._cloud.project_id("volpool")
        marked = model.DEPLOYMENT_KEY in volume.metadata
        known = volume.id in self._trail.by_volume
        return volume.project_id == pool and (marked or known)

    # -- what comes into a project --------------------------------------------

    def accepted(self, call: Call) -> Iterator[str]:
        """I1, I4, I9: what an accept moves, the ledger knew before."""
        offer: model.Offer = call.arguments[0]
        volume_id = self.offers[offer.transfer_id]
        row = self._trail.by_volume.get(volume_id)
        claim = None
        if row is not None and row.claim_id is not None:
            claim = self._trail.claims.get(row.claim_id)
        owner = self._cloud.volumes[volume_id].project_id
        if row is None or claim is None or row.status != _R.RESERVED:
            seen = None if row is None else row.status
            yield f"I1: {volume_id} was given while its row is {seen}"
            return
        if (claim.status, claim.transfer_id) != (
            _C.OFFERED,
            offer.transfer_id,
        ):
            yield (
                f"I1: {volume_id} was given while claim {claim.id} is "
                f"{claim.status}"
            )
        if claim.project_id != owner:
            yield f"I9: {volume_id} went to {owner}, not its claim's"
        for what in self._unfit.get(volume_id, ["never renamed"]):
            yield f"I4: {volume_id} was given, {what}"
        yield from self._came(call, claim, volume_id)

    def _created(self, call: Call, volume: model.Volume) -> Iterator[str]:
        marker = volume.metadata.get(model.CLAIM_KEY, "")
        claim = self._trail.by_marker.get(marker)
        if claim is None:
            yield f"I11: {volume.id} was created for no claim"
            return
        if claim.status != _C.CREATING:
            yield (
                f"I11: {volume.id} was created while claim {claim.id} is "
                f"{claim.status}"
            )
        yield from self._came(call, claim, volume.id)

    def _came(
        self, call: Call, claim: Claim, volume_id: str
    ) -> Iterator[str]:
        given = self.given[claim.marker]
        given.add(volume_id)
        if len(self._live(given)) > 1:
            yield f"I2: claim {claim.id} got {len(given)} volumes"
        if self._found.get((call.attempt, claim.name)):
            yield f"I2: claim {claim.id} got {volume_id} beside one it saw"
        first = self.came.setdefault(volume_id, claim.project_id)
        if first != claim.project_id:
            yield f"I1: {volume_id} came to a second project"
        self._arrived(call.attempt, claim, volume_id)

    # -- what the ledger says of it -------------------------------------------

    def failed(self, claim: Claim) -> Iterator[str]:
        """I11: a claim that failed has given nothing."""
        for volume_id in self._live(self.given[claim.marker]):
            yield (
                f"I11: claim {claim.id} failed ({claim.reason}), though "
                f"{volume_id} is its project's"
            )

    def bound(self, claim: Claim, volume_id: str) -> Iterator[str]:
        """I1: one volume, one claim, and its project owns it."""
        self.was_bound.add(volume_id)
        for other in self._trail.claims.values():
            # One that was renamed is another name's as well; and one that
            # was given away by hand is another project's, which a rescue
            # without that project's credential cannot see: it binds it
            # unconfirmed, and the claim's next call settles that.
            if (
                other.status == _C.BOUND
                and other.volume_id == volume_id
                and volume_id not in self._by_hand
                and other.id != claim.id
            ):
                yield f"I1: claims {other.id}, {claim.id} have {volume_id}"
        if volume_id in self._by_hand:
            return
        volume = self._cloud.volumes.get(volume_id)
        if volume is None:
            yield f"I1: claim {claim.id} has a missing {volume_id}"
        elif volume.project_id != claim.project_id:
            yield f"I1: claim {claim.id} does not own {volume_id}"

    def _live(self, volume_ids: set[str]) -> list[str]:
        """Leave out what went, failed, or was touched by hand."""
        return [
            volume_id
            for volume_id in sorted(volume_ids)
            if volume_id not in self._by_hand
            and is_useful(self._cloud.volumes.get(volume_id))
        ]


def is_useful(volume: records.Volume | None) -> bool:
    """Is it there, and not failed or on its way out?"""
    return volume is not None and not volume.status.startswith(
        ("error", "deleting")
    )


def _unfit(row: Row, volume: records.Volume) -> Iterator[str]:
    kind = volume.volume_type.name if volume.volume_type else None
    if kind != row.type:
        yield f"of type {kind}, not {row.type}"
    if volume.size != row.size_gib:
        yield f"of {volume.size} GiB, not {row.size_gib}"
    if volume.snapshot_id != (row.twin_id or row.snapshot_id):
        yield "of another snapshot"
    if not volume.bootable:
        yield "not bootable"
    if volume.attachments:
        yield "while it was attached"
