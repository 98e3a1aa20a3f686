"""Look: the only recovery rule.

For a retry, a take-over, a rescue and an unclear answer alike: prove that
the claim is still ours, then let Cinder say whose the volume is.  No answer
of Cinder's is ever guessed.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from oslo_log import log

from cube_volpool import model, volumeapi
from cube_volpool.claim.job import named
from cube_volpool.clock import Clock
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

#: How often offers are cancelled before the rest is left to a later look.
_CANCELS: Final = 5
#: What Cinder calls a volume whose offer can be accepted.
_OFFERED: Final = "awaiting-transfer"


class Verdict(StrEnum):
    """What Cinder showed of a reserved volume."""

    #: It is the caller's.
    GIVEN = "given"
    #: Ours, offered, and the key is at hand: accept again.
    OFFERED = "offered"
    #: Ours and not offered, or of no use: evict it.
    OURS = "ours"
    #: Nowhere, seen twice.
    LOST = "lost"
    #: Somebody else's.
    FOREIGN = "foreign"
    #: Cinder does not say.
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A verdict, and the caller's volume where it was seen."""

    verdict: Verdict
    volume: model.Volume | None = None

    def source_for(self, claim: model.Claim) -> model.Source:
        """Say where a volume that was found without its row came from."""
        marker = self.volume and self.volume.metadata.get(model.CLAIM_KEY)
        is_ours = self.volume is None or marker == claim.marker
        return model.Source.POOL if is_ours else model.Source.EXISTING


@dataclass(frozen=True)
class _Stray:
    """A volume that was offered, and whose row the ledger has lost."""

    volume_id: model.VolumeId | None


class Looker:
    """Looks with the pool's keyring, and with the tenant's if there is one."""

    def __init__(
        self,
        store: Store,
        pool: volumeapi.VolumeAPI,
        *,
        clock: Clock,
        pause: timedelta,
        lease: timedelta,
    ) -> None:
        self._store = store
        self._pool = pool
        self._clock = clock
        self._pause = pause
        self._lease = lease

    def look(
        self,
        claim: model.Claim,
        row: model.PooledVolume,
        *,
        tenant: volumeapi.VolumeAPI | None,
        offer: model.Offer | None = None,
    ) -> Seen:
        """Say whose the reserved volume of a claim is.

        ``offer`` is the key in this process's memory.  Raises LostRace when
        the claim is not ours any more.
        """
        return self._proven(
            claim,
            row.volume_id,
            lambda: self._look(claim, row, tenant, offer),
        )

    def search(
        self, claim: model.Claim, *, tenant: volumeapi.VolumeAPI | None
    ) -> Seen:
        """Say what became of an offer on record that has lost its row.

        GIVEN comes with the volume.  UNKNOWN aside, anything else means that
        nothing was given, and that the offer is void.  Without a tenant's
        keyring only an offer that is still open can be settled.  Raises
        LostRace when the claim is not ours any more.
        """
        return self._proven(
            claim, None, lambda: self._search(claim, tenant)
        )

    def _proven(
        self,
        claim: model.Claim,
        volume_id: model.VolumeId | None,
        look: Callable[[], Seen],
    ) -> Seen:
        """Look at a claim that is ours; UNKNOWN if Cinder does not answer."""
        self._store.claims.renew(claim, lease=self._lease)
        try:
            return look()
        except (volumeapi.Unreachable, volumeapi.Unclear) as error:
            LOG.warning(
                "Claim %s: Cinder does not say whose volume %s is: %s",
                claim.id,
                volume_id,
                error,
            )
        except volumeapi.VolumeAPIError as error:
            LOG.error(
                "Claim %s: looking at volume %s was refused: %s",
                claim.id,
                volume_id,
                error,
            )
        return Seen(verdict=Verdict.UNKNOWN)

    def _search(
        self, claim: model.Claim, tenant: volumeapi.VolumeAPI | None
    ) -> Seen:
        offered = self._offered_volume(claim)
        if offered is not None:
            # Its id is all that a row would tell.
            seen = self._look(claim, _Stray(offered), tenant, None)
            if seen.verdict is Verdict.GIVEN and seen.volume is None:
                # Without a row nobody keeps it from being deleted, so a 404
                # proves less than elsewhere.
                return Seen(verdict=Verdict.UNKNOWN)
            return seen
        # Accepted, withdrawn, or open on a volume that has lost its marker.
        # Once it is void nothing can arrive any more; a refusal to make it
        # so settles nothing.
        if claim.transfer_id is not None:
            with contextlib.suppress(volumeapi.NotFound):
                self._pool.cancel(claim.transfer_id)
        if tenant is None:
            return Seen(verdict=Verdict.UNKNOWN)
        for last in (False, True):
            seen_there = self._in_project(claim, tenant)
            if seen_there is not None:
                return seen_there
            if not last:
                self._clock.sleep(self._pause.total_seconds())
        return Seen(verdict=Verdict.LOST)

    def _offered_volume(self, claim: model.Claim) -> model.VolumeId | None:
        """Return the volume that the claim's offer is open for."""
        for volume in self._pool.list_volumes(
            metadata={model.CLAIM_KEY: claim.marker}
        ):
            if claim.transfer_id in self._pool.list_transfers(volume.id):
                return volume.id
        return None

    def _look(
        self,
        claim: model.Claim,
        row: "model.PooledVolume | _Stray",
        tenant: volumeapi.VolumeAPI | None,
        offer: model.Offer | None,
    ) -> Seen:
        if row.volume_id is None:
            raise AssertionError(f"claim {claim.id}: a row without a volume")
        for _ in range(_CANCELS):
            # Offers first, owner second: an accept that lands in between is
            # then seen. The other way round "ours, not offered" could be
            # said of a volume that was just given.
            transfers = self._pool.list_transfers(row.volume_id)
            try:
                volume = self._pool.get_volume(row.volume_id)
            except volumeapi.NotFound:
                return self._gone(claim, row.volume_id, tenant)
            if not transfers:
                return self._not_offered(claim, volume)
            is_open = volume.status == _OFFERED
            if is_open and offer and offer.transfer_id in transfers:
                return Seen(verdict=Verdict.OFFERED)
            # Whatever the cancel answers, look again: an accept that was in
            # flight may have been first.
            for transfer_id in transfers:
                self._cancel(transfer_id)
        return Seen(verdict=Verdict.UNKNOWN)

    def _not_offered(
        self, claim: model.Claim, volume: model.Volume
    ) -> Seen:
        if volume.project_id == self._pool.project_id:
            return Seen(verdict=Verdict.OURS)
        return _owned(claim, volume)

    def _cancel(self, transfer_id: model.TransferId) -> None:
        try:
            self._pool.cancel(transfer_id)
        except (volumeapi.NotFound, volumeapi.Refused) as error:
            LOG.debug("Transfer %s: %s", transfer_id, error)

    def _gone(
        self,
        claim: model.Claim,
        volume_id: model.VolumeId,
        tenant: volumeapi.VolumeAPI | None,
    ) -> Seen:
        """The pool's keyring gets 404: given, or lost; never a free hand."""
        if tenant is None:
            return self._gone_unseen(volume_id)
        for last in (False, True):
            seen = self._in_tenant(claim, volume_id, tenant)
            if seen is not None:
                return seen
            if not last:
                self._clock.sleep(self._pause.total_seconds())
        LOG.error(
            "Claim %s: volume %s is neither in the pool project nor in "
            "project %s; the claim fails",
            claim.id,
            volume_id,
            claim.project_id,
        )
        return Seen(verdict=Verdict.LOST)

    def _gone_unseen(self, volume_id: model.VolumeId) -> Seen:
        """Without a tenant keyring: two 404s apart mean given.

        Unconfirmed; the caller's next claim of that name settles it.
        """
        self._clock.sleep(self._pause.total_seconds())
        try:
            self._pool.get_volume(volume_id)
        except volumeapi.NotFound:
            return Seen(verdict=Verdict.GIVEN)
        return Seen(verdict=Verdict.UNKNOWN)

    def _in_tenant(
        self,
        claim: model.Claim,
        volume_id: model.VolumeId,
        tenant: volumeapi.VolumeAPI,
    ) -> Seen | None:
        """Look in the caller's project: by id, by name, by marker."""
        try:
            volume = tenant.get_volume(volume_id)
        except volumeapi.NotFound:
            pass
        else:
            if volume.project_id == self._pool.project_id:
                # The two keyrings contradict each other: nothing is proved.
                return Seen(verdict=Verdict.UNKNOWN)
            return _owned(claim, volume)
        return self._in_project(claim, tenant)

    def _in_project(
        self, claim: model.Claim, tenant: volumeapi.VolumeAPI
    ) -> Seen | None:
        """Look in the caller's project by name and by marker."""
        found = named(
            tenant.list_volumes(name=claim.name),
            claim.name,
            marker=claim.marker,
        )
        if found is None:
            marked = tenant.list_volumes(
                metadata={model.CLAIM_KEY: claim.marker}
            )
            found = marked[0] if marked else None
        if found is None:
            return None
        return Seen(verdict=Verdict.GIVEN, volume=found)


def _owned(claim: model.Claim, volume: model.Volume) -> Seen:
    """Judge by the owner: an admin's token sees every project."""
    if volume.project_id == claim.project_id:
        return Seen(verdict=Verdict.GIVEN, volume=volume)
    LOG.error(
        "Claim %s: volume %s is owned by project %s, neither the pool's nor "
        "the claim's; somebody moved it by hand",
        claim.id,
        volume.id,
        volume.project_id,
    )
    return Seen(verdict=Verdict.FOREIGN)
