"""The pure plan of a pool's lanes: which twins to make, which to retire.

It reads nothing and changes nothing, as the planner.  What becomes of rows
comes first, then what is missing; the plan of an applied plan is empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cube_volpool import model, origin, settings, twin

_S = twin.Status
_K = twin.Kind

#: After so many failed builds in a row a twin is given up, and a carrier.
#: Fewer, and a restart of cinder-volume, which fails all creates in flight,
#: takes the lanes along; more, and a bad one costs as many builds.
TWIN_FAILURES: Final = 3
CARRIER_FAILURES: Final = 9
#: What Cinder will neither serve nor delete now.
_UNDER_WAY: Final = frozenset({"creating", "downloading", "deleting"})
_OBSOLETE: Final = "no lane of it is wanted any more"

#: What Cinder shows of a carrier or a twin; None: GET by id said 404, or
#: nothing has its name.
Shown = model.Volume | model.Snapshot | None


@dataclass(frozen=True, kw_only=True)
class View:
    """One pool's lanes, as specified and as the ledger has them."""

    spec: settings.PoolSpec
    deployment: str
    #: What is built; None: not known, so nothing changes.
    source_id: model.SnapshotId | None
    #: What claims by OS name get; another one in a change.
    current_id: model.SnapshotId | None
    is_paused: bool
    is_drained: bool
    twins: tuple[twin.Twin, ...]
    #: Of what rows may still be made.
    busy: frozenset[model.SnapshotId]
    now: datetime
    intent_grace: timedelta
    #: What a twin may take, and a carrier with all that it may wait for.
    twin_timeout: timedelta
    carrier_timeout: timedelta
    #: Has Cinder's queue a place for a carrier?
    has_room: bool
    #: Is the pause after the last failure over?
    may_make: bool

    @property
    def wanted(self) -> int | None:
        """How many lanes the source is to have; None: as it is."""
        if self.is_drained or self.spec.min_ready == 0:
            return 0
        if self.spec.lanes <= 1:
            return 0
        if self.source_id is None:
            return None
        is_snapshot = origin.kind(self.source_id) is origin.Kind.SNAPSHOT
        return self.spec.lanes if is_snapshot else 0

    def is_late(self, one: twin.Twin) -> bool:
        """Should it be made, or was it to be, long ago?"""
        is_carrier = one.kind is _K.CARRIER
        limit = self.carrier_timeout if is_carrier else self.twin_timeout
        return self.now - one.created_at > limit


@dataclass(frozen=True)
class Carry:
    """Make a carrier."""

    source_id: model.SnapshotId


@dataclass(frozen=True)
class Copy:
    """Take ``count`` twins of a carrier."""

    carrier: twin.Twin
    count: int


@dataclass(frozen=True)
class Attach:
    """An intent's create is found: give the row its id."""

    one: twin.Twin
    cinder_id: str


@dataclass(frozen=True)
class Promote:
    """A finished one serves."""

    one: twin.Twin


@dataclass(frozen=True)
class Condemn:
    """Let nothing be made of it any more; removing it is another round's."""

    one: twin.Twin
    reason: str
    #: Was it wanted?
    is_failure: bool = True


@dataclass(frozen=True)
class Remove:
    """Delete a condemned one; repeated until it is gone."""

    one: twin.Twin


@dataclass(frozen=True)
class Forget:
    """Cinder does not have it: the row goes."""

    one: twin.Twin


Action = Carry | Copy | Attach | Promote | Condemn | Remove | Forget


def plan(
    view: View, seen: Mapping[model.Marker, Shown]
) -> tuple[Action, ...]:
    """Return what to do, in the order in which to do it.

    ``seen`` has, by marker, what was looked at.
    """
    unwanted = dict(_unwanted(view))
    settled = [_settle(view, one, seen, unwanted) for one in view.twins]
    actions = [action for action in settled if action is not None]
    return (*actions, *_missing(view, actions))


def _unwanted(view: View) -> Iterator[tuple[model.Marker, str]]:
    """Yield the markers of what is to be given up though it is well."""
    wanted = view.wanted
    if wanted is None:
        return
    kept = {view.source_id, view.current_id} if wanted else set()
    alive = [one for one in view.twins if one.status is not _S.DELETING]
    # The first of each source.
    carriers = {
        one.source_id: one.marker
        for one in reversed(alive)
        if one.kind is _K.CARRIER
    }
    left = wanted
    for one in alive:
        carrier = carriers.get(one.source_id)
        if one.source_id not in kept:
            yield one.marker, _OBSOLETE
        elif one.kind is _K.CARRIER:
            if one.marker != carrier:
                yield one.marker, "one carrier is enough"
        elif one.carrier != carrier:
            yield one.marker, "its carrier is given up"
        elif one.source_id == view.source_id:
            left -= 1
            if left < 0:
                yield one.marker, "fewer lanes are wanted"


def _settle(
    view: View,
    one: twin.Twin,
    seen: Mapping[model.Marker, Shown],
    unwanted: Mapping[model.Marker, str],
) -> Action | None:
    is_seen = one.marker in seen
    found = seen.get(one.marker)
    if one.status is not _S.AVAILABLE and not is_seen:
        return None
    if one.cinder_id is None:
        return _settle_intent(view, one, found)
    if one.status is _S.DELETING:
        return _settle_deleting(view, one, found)
    if one.status is _S.CREATING:
        return _settle_creating(view, one, found, unwanted)
    if one.marker in unwanted:
        return Condemn(one, unwanted[one.marker], is_failure=False)
    limit = TWIN_FAILURES if one.kind is _K.TWIN else CARRIER_FAILURES
    if one.failures >= limit:
        return Condemn(one, f"{one.failures} builds failed in a row")
    reason = _unfit(view, one, found) if is_seen else None
    return None if reason is None else Condemn(one, reason)


def _settle_intent(
    view: View, one: twin.Twin, found: Shown
) -> Action | None:
    if found is not None:
        return Attach(one, found.id)
    is_over = view.now - one.created_at > view.intent_grace
    return Forget(one) if is_over else None


def _settle_creating(
    view: View,
    one: twin.Twin,
    found: Shown,
    unwanted: Mapping[model.Marker, str],
) -> Action | None:
    if found is None:
        # A replica may not know it yet.
        is_over = view.now - one.updated_at > view.intent_grace
        return Condemn(one, "Cinder does not have it") if is_over else None
    if found.status in _UNDER_WAY:
        return Condemn(one, "stuck in creating") if view.is_late(one) else None
    if one.marker in unwanted:
        return Condemn(one, unwanted[one.marker], is_failure=False)
    reason = _unfit(view, one, found)
    return Promote(one) if reason is None else Condemn(one, reason)


def _settle_deleting(
    view: View, one: twin.Twin, found: Shown
) -> Action | None:
    if found is None:
        return Forget(one)
    if not twin.is_ours(found.metadata, deployment=view.deployment):
        return None
    if found.status == "deleting" or one.lane in view.busy:
        return None
    if found.status in _UNDER_WAY and not view.is_late(one):
        return None
    return None if _has_twins(view, one) else Remove(one)


def _has_twins(view: View, one: twin.Twin) -> bool:
    """Does Cinder refuse to delete a carrier, for the snapshots of it?

    Of a stray twin nobody knows the carrier.
    """
    return one.kind is _K.CARRIER and any(
        other.kind is _K.TWIN
        and (
            other.carrier == one.marker
            or (other.carrier is None and other.source_id == one.source_id)
        )
        for other in view.twins
    )


def _unfit(view: View, one: twin.Twin, found: Shown) -> str | None:
    """Say why it may not serve; None when it may."""
    if found is None:
        return "Cinder does not have it"
    if found.status != "available":
        return f"Cinder says {found.status}"
    if not twin.is_as_made(
        found.metadata, one, deployment=view.deployment
    ):
        return "its markers were changed"
    if isinstance(found, model.Volume):
        checks = (
            (found.snapshot_id == one.source_id, "it has another snapshot"),
            (found.bootable, "it is not bootable"),
            (not found.attached, "it is attached"),
        )
        return next((reason for good, reason in checks if not good), None)
    carriers = {
        other.volume_id for other in view.twins if other.marker == one.carrier
    }
    if found.volume_id not in carriers:
        return "it is of another volume"
    return None


def _missing(view: View, decided: list[Action]) -> Iterator[Action]:
    """Yield what is to be made: a carrier first, then its twins."""
    if not view.wanted or view.is_paused or not view.may_make:
        return
    left = {a.one.id for a in decided if isinstance(a, Condemn | Forget)}
    alive = [
        one
        for one in view.twins
        if one.id not in left
        and one.status is not _S.DELETING
        and one.source_id == view.source_id
    ]
    carriers = [one for one in alive if one.kind is _K.CARRIER]
    have = len(alive) - len(carriers)
    if not carriers:
        if view.has_room and view.source_id is not None:
            yield Carry(view.source_id)
    elif carriers[0].status is _S.AVAILABLE and have < view.wanted:
        yield Copy(carriers[0], view.wanted - have)
