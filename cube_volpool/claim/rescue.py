"""Rescue: claims whose worker went away, for ever, not only at start."""

from datetime import timedelta

from oslo_log import log

from cube_volpool import exception, model, settings, volumeapi
from cube_volpool.claim.look import Looker, Seen, Verdict
from cube_volpool.claim.miss import Misser
from cube_volpool.db.opening import Opened
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)

_BY = model.Actor.RESCUE


class Rescuer:
    """Settles claims under way whose lease is over.

    Acts only after a take-over that changed a row: a late one of another
    daemon finds its generation gone.
    """

    def __init__(
        self,
        store: Store,
        tenants: volumeapi.Tenants,
        looker: Looker,
        misser: Misser,
        limits: settings.ClaimSettings,
        *,
        owner_token: str,
    ) -> None:
        self._store = store
        self._tenants = tenants
        self._looker = looker
        self._misser = misser
        self._limits = limits
        self._owner_token = owner_token

    def round(self) -> int:
        """Look at every abandoned claim once; return how many there were."""
        self._condemn_orphans()
        abandoned = self._store.claims.expired()
        for claim in abandoned:
            try:
                self._rescue(claim)
            except exception.LostRace as lost:
                LOG.debug("Claim %s: %s", claim.id, lost)
            except exception.ClaimInProgress:
                LOG.debug("Claim %s is not settled yet", claim.id)
            except volumeapi.VolumeAPIError as error:
                LOG.warning("Claim %s has to wait: %s", claim.id, error)
            except exception.LedgerUnavailable:
                # No claim can get on without it: the whole duty waits.
                raise
            except Exception:
                # The outermost frame: one claim's trouble is not the others'.
                LOG.exception("Claim %s could not be rescued", claim.id)
        return len(abandoned)

    def _condemn_orphans(self) -> None:
        """Give up rows that a claim let go of without saying so.

        No transaction of ours does; a database that lost its last commits
        may leave one, and nobody else would ever look at it.
        """
        for row in self._store.endings.orphans():
            try:
                self._store.endings.condemn(row, reason="no claim has it")
            except exception.LostRace as lost:
                LOG.debug("Volume %s: %s", row.volume_id, lost)
            else:
                LOG.warning(
                    "Pool %s: volume %s was reserved, and no claim has it; "
                    "it is evicted",
                    row.pool,
                    row.volume_id,
                )

    def _rescue(self, abandoned: model.Claim) -> None:
        tenant = self._tenants.for_rescue(abandoned.project_id)
        if tenant is None and abandoned.status is model.ClaimStatus.CREATING:
            # Only its caller can say what became of the create, and must
            # find the claim free.
            return
        opened = self._store.claims.take_over(
            abandoned,
            owner_token=self._owner_token,
            lease=self._limits.lease,
        )
        claim = opened.claim
        LOG.info(
            "Claim %s of project %s was left %s; looking",
            claim.id,
            claim.project_id,
            claim.status,
        )
        if claim.status is model.ClaimStatus.CREATING:
            self._misser.settle(claim, tenant)
        elif opened.row is not None:
            self._settle(opened, opened.row, tenant)
        elif claim.status is model.ClaimStatus.OFFERED:
            self._settle_stray(claim, tenant)
        else:
            # Nothing was published on its behalf.
            self._store.endings.fail(claim, reason="abandoned")

    def _settle(
        self,
        opened: Opened,
        row: model.PooledVolume,
        tenant: volumeapi.VolumeAPI | None,
    ) -> None:
        claim = opened.claim
        seen = self._looker.look(claim, row, tenant=tenant)
        if seen.verdict is Verdict.GIVEN:
            self._bind(claim, row, seen)
        elif seen.verdict is Verdict.OURS:
            reason = "a claim left it in doubt"
            pending = self._store.endings.evict(
                claim, row=row, reason=reason, actor=_BY
            )
            self._store.endings.fail(pending, reason="abandoned")
        elif seen.verdict is Verdict.FOREIGN:
            pending = self._store.endings.forget(claim, row=row, actor=_BY)
            self._store.endings.fail(pending, reason="abandoned")
        elif seen.verdict is Verdict.LOST:
            self._store.endings.lose(claim, row=row, actor=_BY)
        else:
            LOG.debug("Claim %s is not settled yet", claim.id)

    def _settle_stray(
        self, claim: model.Claim, tenant: volumeapi.VolumeAPI | None
    ) -> None:
        """Settle an offer on record whose row the ledger has lost."""
        seen = self._looker.search(claim, tenant=tenant)
        if seen.volume is not None:
            self._store.endings.bind(
                claim,
                row=None,
                volume_id=seen.volume.id,
                source=seen.source_for(claim),
                actor=_BY,
            )
        elif seen.verdict is not Verdict.UNKNOWN:
            pending = self._store.endings.withdraw(claim)
            self._store.endings.fail(pending, reason="abandoned")
        elif tenant is None:
            # Only its caller can say, and must find the claim free.
            self._store.claims.renew(claim, lease=timedelta(0))

    def _bind(
        self, claim: model.Claim, row: model.PooledVolume, seen: Seen
    ) -> None:
        volume_id = row.volume_id if seen.volume is None else seen.volume.id
        if volume_id is None:
            raise AssertionError(f"row {row.id} was reserved without a volume")
        self._store.endings.bind(
            claim,
            row=row,
            volume_id=volume_id,
            source=model.Source.POOL,
            actor=_BY,
        )
        LOG.info(
            "Claim %s of project %s had its volume %s already",
            claim.id,
            claim.project_id,
            volume_id,
        )
