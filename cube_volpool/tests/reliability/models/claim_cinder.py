"""Cinder in the claim model: what one call changes when it runs.

*Source:* Cinder's transfer API: at most one live transfer per volume; accept
checks the key, and later changes the owner if the volume's status is still
awaiting-transfer, whoever's transfer that is (the ABA window); whoever offers
or cancels must own the volume.
"""

from cube_volpool.model import ClaimStatus
from cube_volpool.tests.reliability.models.claim_guards import Guard, Scenario
from cube_volpool.tests.reliability.models.claim_state import (
    NONE,
    POOL,
    SHELF,
    Call,
    Key,
    Outcome,
    Phase,
    State,
    Status,
    Volume,
)

Ran = tuple[State, Outcome]


def set_volume(state: State, slot: int, **changes) -> State:
    """Return the state with one volume changed."""
    volumes = list(state.volumes)
    volumes[slot] = volumes[slot]._replace(**changes)
    return state._replace(volumes=tuple(volumes))


def live_volume(state: State, claim: int) -> int:
    """Return a volume of that name in the project of a claim, or NONE."""
    for place, volume in enumerate(state.volumes):
        if volume.owner == claim and volume.status is not Status.DELETED:
            return place
    return NONE


def is_pools(state: State, slot: int) -> bool:
    """Does the pool's keyring see this volume?"""
    volume = state.volumes[slot]
    return volume.owner == POOL and volume.status is not Status.DELETED


class Cinder:
    """Runs calls; knows nothing of who waits for the answer."""

    def __init__(self, scenario: Scenario) -> None:
        self._is_admin = Guard.PLAIN_MEMBER in scenario.without

    def run(self, state: State, call: Call) -> Ran:
        """Run one call that changes something."""
        match call.phase:
            case "rename":
                return self._rename(state, call.slot, call.claim)
            case "offer":
                return self._offer(state, call.slot)
            case Phase.RESTORE:
                return self._restore(state, call.slot)
            case Phase.CANCEL | Phase.LOOK_CANCEL:
                return self._cancel(state, call)
            case Phase.ACCEPT:
                return self._check_key(state, call)
            case Phase.ACCEPTING:
                return self._change_owner(state, call)
            case Phase.POST:
                return self._create(state, call)
        raise AssertionError(call)

    def is_void(self, state: State, call: Call) -> bool:
        """Can this call change nothing any more, whenever it runs?"""
        if call.phase is Phase.POST:
            return False
        if call.phase in ("rename", Phase.RESTORE) and self._is_admin:
            return state.volumes[call.slot].status is Status.DELETED
        if not is_pools(state, call.slot):
            return True
        if call.phase in (Phase.CANCEL, Phase.LOOK_CANCEL, Phase.ACCEPT):
            return call.key is Key.DEAD
        return False

    def delete(self, state: State, slot: int) -> State | None:
        """Run reconcile's DELETE; None when Cinder refuses it."""
        volume = state.volumes[slot]
        if volume.status is not Status.AVAILABLE:
            return None
        if volume.owner != POOL and not self._is_admin:
            return None
        state = set_volume(state, slot, status=Status.DELETED)
        if volume.owner != POOL:
            return state._replace(broken="I8: a delivered volume is deleted")
        return state

    def end_transfer(self, state: State, slot: int) -> State:
        """Let the transfer of a volume be gone: its key is dead."""
        drivers = tuple(
            driver._replace(
                key=Key.DEAD if driver.key is Key.LIVE else driver.key,
                listed=Key.DEAD
                if driver.listed is Key.LIVE
                else driver.listed,
            )
            if driver.slot == slot
            else driver
            for driver in state.drivers
        )
        calls = tuple(
            call._replace(key=Key.DEAD)
            if call.slot == slot and call.key is Key.LIVE
            else call
            for call in state.late_calls
        )
        return state._replace(drivers=drivers, late_calls=calls)

    def _rename(self, state: State, slot: int, name: int) -> Ran:
        volume = state.volumes[slot]
        is_ours = volume.owner == POOL or self._is_admin
        if not is_ours or volume.status is Status.DELETED:
            return state, Outcome.NOT_FOUND
        return set_volume(state, slot, name=name), Outcome.DONE

    def _restore(self, state: State, slot: int) -> Ran:
        state, outcome = self._rename(state, slot, SHELF)
        if outcome is not Outcome.DONE:
            return state, outcome
        # The answer shows the status, and the code looks at it.
        if state.volumes[slot].status is not Status.AVAILABLE:
            return state, Outcome.REFUSED
        return state, Outcome.DONE

    def _offer(self, state: State, slot: int) -> Ran:
        if not is_pools(state, slot):
            return state, Outcome.NOT_FOUND
        if state.volumes[slot].status is not Status.AVAILABLE:
            return state, Outcome.REFUSED
        return set_volume(state, slot, status=Status.OFFERED), Outcome.DONE

    def _cancel(self, state: State, call: Call) -> Ran:
        if call.key is not Key.LIVE:
            return state, Outcome.NOT_FOUND
        state = self.end_transfer(state, call.slot)
        state = set_volume(state, call.slot, status=Status.AVAILABLE)
        return state, Outcome.DONE

    def _check_key(self, state: State, call: Call) -> Ran:
        if call.key is not Key.LIVE:
            return state, Outcome.NOT_FOUND
        return state, Outcome.DONE

    def _change_owner(self, state: State, call: Call) -> Ran:
        volume = state.volumes[call.slot]
        if volume.status is not Status.OFFERED:
            return state, Outcome.REFUSED
        state = self.end_transfer(state, call.slot)
        state = set_volume(
            state, call.slot, status=Status.AVAILABLE, owner=call.claim
        )
        return _arrived(state, call), Outcome.DONE

    def _create(self, state: State, call: Call) -> Ran:
        made = Volume(owner=call.claim, name=call.claim)
        state = state._replace(volumes=(*state.volumes, made))
        return _arrived(state, call), Outcome.DONE


def _arrived(state: State, call: Call) -> State:
    """A volume came to a project: was its claim said to have failed?"""
    status = state.claims[call.claim].status
    if call.failed or status == ClaimStatus.FAILED:
        return state._replace(broken="I11: a volume for a failed claim")
    return state
