"""The volume API over python-cinderclient and keystoneauth1.

How a call is made is settled in ``connection``, and what its failure means
for the question "was it done?" in ``errors``, once each.

*Source:* Block Storage API v3; cinderclient 9.10 ``v3``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cube_volpool import model, origin, volumeapi
from cube_volpool.cinder import bodies, connection

#: A full scan by creation order: rows that change do not move in it.
_STABLE_ORDER: Final = "created_at:asc,id:asc"
#: How often a listing whose page marker was deleted is begun anew.
_LIST_TRIES: Final = 3


Endpoint = connection.Endpoint


class CinderAPI(connection.Connection):
    """A :class:`volumeapi.VolumeAPI` over one credential."""

    def create_volume(self, wanted: model.NewVolume) -> model.Volume:
        """POST /volumes; a null key would be refused, so it is left out."""
        return self._call(
            lambda client: self._volume(
                client.volumes.create(
                    wanted.size_gib,
                    name=wanted.name,
                    volume_type=wanted.volume_type,
                    metadata=dict(wanted.metadata),
                    availability_zone=wanted.availability_zone,
                    **origin.create_fields(wanted.snapshot_id),
                )._info
            )
        )

    def get_volume(self, volume_id: model.VolumeId) -> model.Volume:
        """GET /volumes/{id}."""
        return self._call(
            lambda client: self._volume(client.volumes.get(volume_id)._info)
        )

    def list_volumes(
        self,
        *,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        statuses: Sequence[str] = (),
    ) -> tuple[model.Volume, ...]:
        """GET /volumes/detail, page after page."""
        filters: dict[str, str] = {}
        if name is not None:
            filters["name"] = name
        if metadata:
            filters["metadata"] = json.dumps(dict(metadata))
        if statuses:
            # Cinder reads a Python list here and makes an SQL IN of it.
            filters["status"] = json.dumps(list(statuses))
        return tuple(
            volume
            for volume in self._scan(filters)
            if volume.project_id == self.project_id
            and (name is None or volume.name == name)
        )

    def _scan(self, filters: Mapping[str, str]) -> list[model.Volume]:
        def pages(client: Any) -> list[model.Volume]:
            found = client.volumes.list(
                search_opts=dict(filters), sort=_STABLE_ORDER
            )
            return [self._volume(volume._info) for volume in found]

        for _ in range(_LIST_TRIES):
            try:
                return self._call(pages)
            except volumeapi.NotFound as error:
                # The volume that a page began after was deleted meanwhile.
                lost = error
        raise volumeapi.Unclear(f"the listing never held still: {lost}")

    def list_page(
        self,
        *,
        metadata: Mapping[str, str],
        after: model.VolumeId | None = None,
    ) -> volumeapi.Page:
        """GET /volumes/detail, ``volumeapi.PAGE`` of them."""

        def page(client: Any) -> list[model.Volume]:
            # Where Cinder's pages are smaller, its links are followed.
            found = client.volumes.list(
                search_opts={"metadata": json.dumps(dict(metadata))},
                marker=after,
                limit=volumeapi.PAGE,
                sort=_STABLE_ORDER,
            )
            return [self._volume(volume._info) for volume in found]

        found = self._call(page)
        is_last = len(found) < volumeapi.PAGE
        return volumeapi.Page(
            volumes=tuple(
                volume
                for volume in found
                if volume.project_id == self.project_id
            ),
            after=None if is_last else found[-1].id,
        )

    def update_volume(
        self,
        volume_id: model.VolumeId,
        *,
        name: str,
        metadata: Mapping[str, str],
    ) -> model.Volume:
        """PUT /volumes/{id}."""
        return self._call(
            lambda client: self._volume(
                client.volumes.update(
                    volume_id, name=name, metadata=dict(metadata)
                )["volume"]
            )
        )

    def delete_volume(self, volume_id: model.VolumeId) -> None:
        """DELETE /volumes/{id}."""
        self._call(lambda client: client.volumes.delete(volume_id))

    def extend_volume(
        self, volume_id: model.VolumeId, *, size_gib: int
    ) -> None:
        """POST /volumes/{id}/action."""
        self._call(lambda client: client.volumes.extend(volume_id, size_gib))

    def offer(self, volume_id: model.VolumeId, *, name: str) -> model.Offer:
        """POST /volume-transfers.

        Without snapshots: with them an acceptor above its snapshot quota is
        refused even for a volume that has none, and Cinder keeps the
        reservation.  *Source:* cinder ``transfer/api.py:API.accept``.
        """
        return self._call(
            lambda client: bodies.offer(
                client.transfers.create(
                    volume_id, name=name, no_snapshots=True
                )._info
            )
        )

    def accept(self, offer: model.Offer) -> None:
        """POST /volume-transfers/{id}/accept."""
        self._call(
            lambda client: client.transfers.accept(
                offer.transfer_id, offer.auth_key
            ),
            timeout=self._endpoint.accept_timeout,
        )

    def cancel(self, transfer_id: model.TransferId) -> None:
        """DELETE /volume-transfers/{id}."""
        self._call(lambda client: client.transfers.delete(transfer_id))

    def list_transfers(
        self, volume_id: model.VolumeId
    ) -> tuple[model.TransferId, ...]:
        """GET /volume-transfers?volume_id=."""
        return self._call(
            lambda client: tuple(
                model.TransferId(transfer._info["id"])
                for transfer in client.transfers.list(
                    detailed=False, search_opts={"volume_id": volume_id}
                )
                if transfer._info["volume_id"] == volume_id
            )
        )

    def create_snapshot(self, wanted: model.NewSnapshot) -> model.Snapshot:
        """POST /snapshots; ``force`` is unknown from 3.66 on."""
        return self._call(
            lambda client: bodies.snapshot(
                client.volume_snapshots.create(
                    wanted.volume_id,
                    name=wanted.name,
                    metadata=dict(wanted.metadata),
                )._info
            )
        )

    def get_snapshot(self, snapshot_id: model.SnapshotId) -> model.Snapshot:
        """GET /snapshots/{id}."""
        return self._call(
            lambda client: bodies.snapshot(
                client.volume_snapshots.get(snapshot_id)._info
            )
        )

    def list_snapshots(
        self, *, name: str | None = None
    ) -> tuple[model.Snapshot, ...]:
        """GET /snapshots/detail."""
        filters = {} if name is None else {"name": name}
        return self._call(
            lambda client: tuple(
                bodies.snapshot(snapshot._info)
                for snapshot in client.volume_snapshots.list(
                    search_opts=filters, sort=_STABLE_ORDER
                )
                if name is None or snapshot._info["name"] == name
            )
        )

    def delete_snapshot(self, snapshot_id: model.SnapshotId) -> None:
        """DELETE /snapshots/{id}."""
        self._call(lambda client: client.volume_snapshots.delete(snapshot_id))

    def list_volume_types(self) -> Mapping[str, str]:
        """GET /types."""
        return self._call(
            lambda client: {
                kind._info["name"]: kind._info["id"]
                for kind in client.volume_types.list()
            }
        )

    def volume_filters(self) -> frozenset[str]:
        """GET /resource_filters: by what this member may list volumes."""
        return self._call(
            lambda client: bodies.filters(
                client.client.get("/resource_filters?resource=volume")[1]
            )
        )

    def limits(self) -> Mapping[str, int]:
        """GET /limits: the project's quota, and what is used; -1: no limit."""
        return self._call(
            lambda client: {
                limit.name: int(limit.value)
                for limit in client.limits.get().absolute
            }
        )

    def _volume(self, body: Mapping[str, Any]) -> model.Volume:
        return bodies.volume(body, project_id=self.project_id)
