"""The volume API: the second of the two doors, and its errors.

A :class:`VolumeAPI` is bound to one project by its credential.  One method is
one Cinder call (a paged listing counts as one).  Everything that decides
catches the errors of this module and never sees an HTTP status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from cube_volpool import model, secrecy

#: Volumes on a page, where Cinder's osapi_max_limit is not less.
PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a listing."""

    volumes: tuple[model.Volume, ...]
    #: The volume that the next one begins after; None: it was the last.
    after: model.VolumeId | None


class VolumeAPIError(Exception):
    """The base of the errors of a volume API call.

    Its words may be a server's, which may repeat what it was sent: they are
    masked here, wherever the error comes from.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(secrecy.masked(text))


class NotFound(VolumeAPIError):
    """Definite: the thing is not visible to this project (404)."""


class Refused(VolumeAPIError):
    """Definite: the call was refused and nothing changed (400, 409...)."""


class Forbidden(Refused):
    """Definite: the credential may not do this (403)."""


class OverQuota(VolumeAPIError):
    """Definite: the project's quota is exhausted (413)."""


class Unreachable(VolumeAPIError):
    """Definite: the call was never executed (no connection, no token)."""


class Denied(Unreachable):
    """Definite: the credential itself is not let in (401)."""


class Suspended(Unreachable):
    """Definite: the endpoint fails all the time, and is left alone now."""


class Throttled(Unreachable):
    """Definite: too many requests (429).

    ``retry_after`` is what Cinder asked for, in seconds, if it did.
    """

    retry_after: float | None = None


class Unclear(VolumeAPIError):
    """Unknown: the call may have been executed (time-out, 5xx, reset)."""


class VolumeAPI(Protocol):
    """Cinder as seen by one project.

    Every method may raise :class:`Unreachable` and :class:`Unclear` besides
    the errors that it names.  *Source:* the Block Storage API v3 reference.
    """

    @property
    def project_id(self) -> model.ProjectId:
        """The project of the credential; asks Keystone when not yet known."""

    def bounded(self, timeout: timedelta) -> "VolumeAPI":
        """Return the same API with at most this time for each call.

        Accept keeps its own, longer time: past it nothing can be undone.
        """

    def create_volume(self, wanted: model.NewVolume) -> model.Volume:
        """POST /volumes.  Not idempotent: every call makes a volume.

        Raises Refused, Forbidden, NotFound (type or snapshot), OverQuota.
        """

    def get_volume(self, volume_id: model.VolumeId) -> model.Volume:
        """GET /volumes/{id}.  Idempotent.  Raises NotFound."""

    def list_volumes(
        self,
        *,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        statuses: Sequence[str] = (),
    ) -> tuple[model.Volume, ...]:
        """GET /volumes/detail of this project alone.  Idempotent.

        ``name`` is compared again, exactly: a database may compare without
        case.  A volume of another project is left out, whatever the role of
        the credential shows.
        """

    def list_page(
        self,
        *,
        metadata: Mapping[str, str],
        after: model.VolumeId | None = None,
    ) -> Page:
        """GET /volumes/detail of this project, one page.  Idempotent.

        The oldest volume first, so that what is made meanwhile comes last.
        Raises NotFound when ``after`` was deleted.
        """

    def update_volume(
        self,
        volume_id: model.VolumeId,
        *,
        name: str,
        metadata: Mapping[str, str],
    ) -> model.Volume:
        """PUT /volumes/{id}: name, and the whole metadata.  Idempotent.

        Raises NotFound, Refused.
        """

    def delete_volume(self, volume_id: model.VolumeId) -> None:
        """DELETE /volumes/{id}.  Idempotent.  Raises NotFound, Refused."""

    def extend_volume(
        self, volume_id: model.VolumeId, *, size_gib: int
    ) -> None:
        """POST /volumes/{id}/action, os-extend: done some time later.

        A second one with the same size is Refused.  Raises NotFound,
        Refused, Forbidden, OverQuota (of the volume's project).
        """

    def offer(self, volume_id: model.VolumeId, *, name: str) -> model.Offer:
        """POST /volume-transfers without snapshots.  Not idempotent.

        The key is in this answer alone.  Raises NotFound, Refused.
        """

    def accept(self, offer: model.Offer) -> None:
        """POST /volume-transfers/{id}/accept.  Safe to repeat.

        A second accept answers NotFound, which says nothing of the owner.
        Raises NotFound, Refused, Forbidden, OverQuota.
        """

    def cancel(self, transfer_id: model.TransferId) -> None:
        """DELETE /volume-transfers/{id}.  Idempotent.  Raises NotFound."""

    def list_transfers(
        self, volume_id: model.VolumeId
    ) -> tuple[model.TransferId, ...]:
        """GET /volume-transfers?volume_id=.  Idempotent."""

    def create_snapshot(self, wanted: model.NewSnapshot) -> model.Snapshot:
        """POST /snapshots.  Not idempotent: every call makes a snapshot.

        Raises NotFound (the volume), Refused (it is busy), Forbidden,
        OverQuota (snapshots, or the gigabytes that they count for).
        """

    def get_snapshot(self, snapshot_id: model.SnapshotId) -> model.Snapshot:
        """GET /snapshots/{id}.  Idempotent.  Raises NotFound."""

    def list_snapshots(
        self, *, name: str | None = None
    ) -> tuple[model.Snapshot, ...]:
        """GET /snapshots/detail of this project.  Idempotent.

        ``name`` is compared again, exactly, as that of volumes is.
        """

    def delete_snapshot(self, snapshot_id: model.SnapshotId) -> None:
        """DELETE /snapshots/{id}.  Idempotent.  Raises NotFound, Refused.

        Cinder removes it behind every create from it; on some backends it
        is available again after that, as long as volumes depend on it.
        """

    def list_volume_types(self) -> Mapping[str, str]:
        """GET /types: id by name, of the types this project sees."""


class Tenants(Protocol):
    """The tenant keyring: volume APIs bound to the claiming projects."""

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> VolumeAPI:
        """Return the API of a claim's project.

        Raises ProjectMismatch when the caller's token belongs elsewhere,
        InvalidRequest when a token is needed and missing, Unreachable.
        """

    def for_rescue(self, project_id: model.ProjectId) -> VolumeAPI | None:
        """Return the API of a project without its caller.

        None when only callers' own tokens are in use.
        """
