"""Before the accept: rename and offer, and how both are taken back."""

from dataclasses import dataclass
from typing import Final

from oslo_log import log

from cube_volpool import model, planner, volumeapi
from cube_volpool.claim.job import Job, named
from cube_volpool.claim.parallel import Outcome, Runner

LOG = log.getLogger(__name__)

#: What may have become of a volume between a rename and its offer.
_STATUSES: Final = frozenset({"available", "awaiting-transfer"})


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the three calls side by side came to."""

    look_up: Outcome
    rename: Outcome
    offer: Outcome

    def existing(self, job: Job, claim: model.Claim) -> model.Volume | None:
        """Return the volume of that name that is there already."""
        if not self.look_up.is_done:
            return None
        return named(
            self.look_up.value, job.request.name, marker=claim.marker
        )


class Preparation:
    """The three calls before an accept, side by side."""

    def __init__(
        self, pool: volumeapi.VolumeAPI, runner: Runner, *, deployment: str
    ) -> None:
        self._pool = pool
        self._runner = runner
        self._deployment = deployment

    def prepare(
        self, job: Job, claim: model.Claim, row: model.PooledVolume
    ) -> Prepared:
        """Look the name up, rename and offer; raises nothing of Cinder's."""
        volume_id = volume_id_of(row)
        name = job.request.name
        metadata = {
            **job.request.metadata,
            model.DEPLOYMENT_KEY: self._deployment,
            model.CLAIM_KEY: claim.marker,
        }
        tenant = job.tenant.bounded(job.remaining)
        pool = self._pool.bounded(job.remaining)
        look_up, rename, offer = self._runner.run(
            lambda: tenant.list_volumes(name=name),
            lambda: pool.update_volume(
                volume_id, name=name, metadata=metadata
            ),
            lambda: pool.offer(
                volume_id, name=f"volpool-{claim.marker}"
            ),
        )
        return Prepared(look_up=look_up, rename=rename, offer=offer)

    def unfit(
        self, row: model.PooledVolume, prepared: Prepared
    ) -> str | None:
        """Say why this volume may not be handed over.

        The answer to the rename is the verification: a plain member gets one
        for a volume of its own project alone.
        """
        for outcome in (prepared.rename, prepared.offer):
            if not outcome.is_done:
                return str(outcome.error)
        volume: model.Volume = prepared.rename.value
        if volume.project_id != self._pool.project_id:
            return f"it is owned by project {volume.project_id}"
        if volume.status not in _STATUSES:
            return f"Cinder says {volume.status}"
        return planner.unfit(row, volume, deployment=self._deployment)

    def take_back(
        self, row: model.PooledVolume, prepared: Prepared
    ) -> bool:
        """Undo the rename and the offer; True when that is certain.

        Every call must have had a definite answer; anything less and the
        volume is condemned.
        """
        rename, offer = prepared.rename, prepared.offer
        if not (offer.is_done or offer.is_never_sent):
            return False
        if not (rename.is_done or rename.is_never_sent or rename.is_refused):
            return False
        try:
            if offer.is_done:
                self._pool.cancel(offer.value.transfer_id)
            if not rename.is_never_sent:
                return self._restore(row)
        except volumeapi.VolumeAPIError as error:
            LOG.warning(
                "Volume %s could not be taken back: %s", row.volume_id, error
            )
            return False
        return True

    def _restore(self, row: model.PooledVolume) -> bool:
        """Put name and markers back; is the volume as it was?"""
        volume = self._pool.update_volume(
            volume_id_of(row),
            name=row.name,
            metadata=planner.shelf_metadata(row, self._deployment),
        )
        reason = planner.unfit(row, volume, deployment=self._deployment)
        return volume.status == "available" and reason is None


def volume_id_of(row: model.PooledVolume) -> model.VolumeId:
    """Return the id; a row on the shelf always has one."""
    if row.volume_id is None:
        raise AssertionError(f"row {row.id} was reserved without a volume")
    return row.volume_id
