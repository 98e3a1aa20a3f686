"""Extension: a volume of the pool that its caller wants larger.

After the accept, with the tenant's credential, so that the size counts
against the caller's own quota.  Nothing of it is on record: what is missing
is seen by comparing the volume with the request, by a retry as well.
"""

from typing import Final

from oslo_log import log

from cube_volpool import exception, model, volumeapi
from cube_volpool.claim.job import Answer, Job
from cube_volpool.clock import Clock

LOG = log.getLogger(__name__)

#: An extension takes about a second; between two looks, in seconds.
_POLL: Final = 0.5
_EXTENDING: Final = "extending"
#: Only Cinder's operator gets a volume out of that.
FAILED: Final = "error_extending"


class Extension:
    """Lets a volume that was given be as large as was asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def finish(self, job: Job, answer: Answer) -> Answer:
        """Return the answer, with its volume as large as was asked.

        Safe to repeat.  Raises NotExtended when the volume is the caller's
        and stays as small as it is, ClaimInProgress when that is not known.
        """
        wanted = job.request.size_gib
        if wanted is None or int(answer.volume["size"]) >= wanted:
            return answer
        volume_id = model.VolumeId(answer.volume["id"])
        try:
            return self._extended(job, volume_id, wanted, answer.source)
        except volumeapi.VolumeAPIError as error:
            # The volume was given: whatever this is, it is not "nothing".
            raise job.in_progress() from error

    def _extended(
        self,
        job: Job,
        volume_id: model.VolumeId,
        wanted: int,
        source: model.Source,
    ) -> Answer:
        if job.is_too_late():
            raise job.in_progress(retry_after=1)
        volume = job.tenant.get_volume(volume_id)
        if volume.size_gib < wanted and volume.status == "available":
            volume = self._extend(job, volume, wanted)
        while volume.status == _EXTENDING:
            if job.is_too_late():
                raise job.in_progress(retry_after=1)
            self._clock.sleep(_POLL)
            volume = job.tenant.get_volume(volume_id)
        if volume.size_gib < wanted:
            if volume.status == FAILED:
                raise _not_extended(volume, wanted, "Cinder failed at it")
            raise job.in_progress()
        LOG.info(
            "Volume %s was extended to %d GiB for %s",
            volume.id,
            volume.size_gib,
            volume.name,
        )
        return Answer(volume=volume.body, source=source)

    def _extend(
        self, job: Job, volume: model.Volume, wanted: int
    ) -> model.Volume:
        """Ask for the size; return the volume as it is then.

        A refusal may be of a second request, the first one's answer lost:
        the look after it tells.
        """
        try:
            job.tenant.extend_volume(volume.id, size_gib=wanted)
        except volumeapi.OverQuota as error:
            raise _not_extended(volume, wanted, str(error)) from error
        except volumeapi.Refused as error:
            now = job.tenant.get_volume(volume.id)
            if now.size_gib < wanted and now.status == volume.status:
                raise _not_extended(volume, wanted, str(error)) from error
            return now
        return job.tenant.get_volume(volume.id)


def _not_extended(
    volume: model.Volume, wanted: int, reason: str
) -> exception.NotExtended:
    return exception.NotExtended(
        name=volume.name,
        volume_id=volume.id,
        size_gib=volume.size_gib,
        wanted_gib=wanted,
        reason=reason,
    )
