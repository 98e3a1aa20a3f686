"""The volume API over python-cinderclient and keystoneauth1.

What each failure means for the question "was it done?" is settled in
``errors``, once.

*Source:* Block Storage API v3; cinderclient 9.10 ``client.SessionClient``;
keystoneauth1 5.18 ``session.Session._send_request``.
"""


import dataclasses
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from cinderclient import api_versions
from cinderclient.v3 import client as cinder_client
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import plugin, session
from oslo_context import context as oslo_context

from cube_volpool import model, origin, secrecy, volumeapi
from cube_volpool.cinder import bodies, errors

_T = TypeVar("_T")

#: A full scan by creation order: rows that change do not move in it.
_STABLE_ORDER: Final = "created_at:asc,id:asc"
#: How often a listing whose page marker was deleted is begun anew.
_LIST_TRIES: Final = 3


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """How to find Cinder in the catalogue, and how to talk to it."""

    service_type: str = "block-storage"
    interface: str | Sequence[str] = "public"
    region_name: str | None = None
    endpoint_override: str | None = None
    microversion: str = "3.70"
    #: Must be longer than Cinder's own ``rpc_response_timeout`` (60 s): a
    #: slow accept would else be taken for an unclear one.
    accept_timeout: timedelta = timedelta(seconds=90)
    #: For every other call.
    timeout: timedelta = timedelta(seconds=60)


class CinderAPI:
    """A :class:`volumeapi.VolumeAPI` over one credential."""

    def __init__(
        self,
        session: session.Session,
        auth: plugin.BaseAuthPlugin,
        *,
        endpoint: Endpoint,
    ) -> None:
        self._session = session
        self._auth = auth
        self._endpoint = endpoint
        self._version = api_versions.APIVersion(endpoint.microversion)
        self._project_id: model.ProjectId | None = None

    @property
    def project_id(self) -> model.ProjectId:
        """The project that Keystone says the credential is scoped to."""
        if self._project_id is None:
            found = self._reach(
                lambda: self._auth.get_project_id(self._session)
            )
            if not found:
                raise volumeapi.Unreachable("the credential has no project")
            self._project_id = model.ProjectId(found)
        return self._project_id

    def bounded(self, timeout: timedelta) -> "CinderAPI":
        """Return the same API with at most this time for each call."""
        api = CinderAPI(
            self._session,
            self._auth,
            endpoint=dataclasses.replace(
                self._endpoint, timeout=min(timeout, self._endpoint.timeout)
            ),
        )
        api._project_id = self._project_id
        return api

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

    def list_snapshots(self) -> tuple[model.Snapshot, ...]:
        """GET /snapshots/detail."""
        return self._call(
            lambda client: tuple(
                bodies.snapshot(snapshot._info)
                for snapshot in client.volume_snapshots.list(
                    sort=_STABLE_ORDER
                )
            )
        )

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

    def _call(
        self,
        call: Callable[[Any], _T],
        *,
        timeout: timedelta | None = None,
    ) -> _T:
        """Run one cinderclient call and translate its failure.

        ``call`` reads the answer too: one of a strange shape is unclear.
        """
        # Whatever fails up to here fails before Cinder is asked; the project
        # too, for reading an answer must not have to ask Keystone.
        secrecy.remember(
            self._reach(lambda: self._auth.get_token(self._session))
        )
        _ = self.project_id
        try:
            return call(self._client(timeout))
        except volumeapi.VolumeAPIError:
            raise
        except Exception as error:
            # Broad: a body cut short comes out of cinderclient as whatever
            # error its parsing stumbles over, and may have been executed.
            raise errors.meaning(error) from error

    def _reach(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except ksa_exceptions.ClientException as error:
            raise errors.no_token(error) from error

    def _client(self, timeout: timedelta | None) -> Any:
        # One client for each call: it costs 20 us, and a client that lives
        # on would send its first answer's request id with every later call.
        context = oslo_context.get_current()
        client = cinder_client.Client(
            session=self._session,
            auth=self._auth,
            api_version=self._version,
            service_type=self._endpoint.service_type,
            interface=self._endpoint.interface,
            region_name=self._endpoint.region_name,
            endpoint_override=self._endpoint.endpoint_override,
            global_request_id=context and context.global_id,
        )
        # cinderclient drops its own argument ``timeout`` where it is given a
        # session, and would wait for ever.
        client.client.request = functools.partial(
            client.client.request,
            timeout=(timeout or self._endpoint.timeout).total_seconds(),
        )
        return client

    def _volume(self, body: Mapping[str, Any]) -> model.Volume:
        return bodies.volume(body, project_id=self.project_id)
