"""The volume API straight on the cloud's state: no HTTP in between.

For simulations of very many calls: some fifty times as fast as cinderclient
over the mounted cloud. The views answer as they do over HTTP and
``cinder.errors`` says what a refusal means, so neither can drift from the
other; ``test_direct`` runs both side by side.
"""
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from cinderclient import exceptions as cinder_exceptions

from cube_volpool import exception, model, origin, volumeapi
from cube_volpool.cinder import bodies, errors
from cube_volpool.tests.simulator import (
    actions,
    answers,
    creation,
    records,
    snapshots,
    transfers,
    volume_types,
    volumes,
)
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.context import Context

View = Callable[..., answers.Answer]
#: The microversion the daemon asks for.
MINOR = 70
SORT = "created_at:asc,id:asc"


class DirectAPI:
    """A :class:`volumeapi.VolumeAPI` of one user in one project.

    ``pause`` is called between the checks of an accept and its commit, where
    Cinder's API gives others a chance.
    """

    def __init__(self, cloud: Cloud, user: str, project: str, *,
                 pause: Callable[[], None] = lambda: None) -> None:
        self._cloud = cloud
        self._token = token_of(cloud, user, project)
        self._pause = pause
        assert self._token.project is not None
        self._project_id = model.ProjectId(self._token.project.id)

    @property
    def project_id(self) -> model.ProjectId:
        """The project of the credential."""
        return self._project_id

    def bounded(self, timeout: timedelta) -> "DirectAPI":
        """The same: nothing takes time here."""
        return self

    def create_volume(self, wanted: model.NewVolume) -> model.Volume:
        """POST /volumes; keys without a value are left out."""
        body = {"name": wanted.name, "volume_type": wanted.volume_type,
                "size": wanted.size_gib,
                "availability_zone": wanted.availability_zone,
                "metadata": dict(wanted.metadata),
                **origin.create_fields(wanted.snapshot_id)}
        given = {k: v for k, v in body.items() if v is not None}
        return self._volume(self._call(
            creation.create, body={"volume": given})["volume"])

    def get_volume(self, volume_id: model.VolumeId) -> model.Volume:
        """GET /volumes/{id}."""
        return self._volume(self._call(volumes.show, volume_id)["volume"])

    def list_volumes(
        self, *, name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        statuses: Sequence[str] = (),
    ) -> tuple[model.Volume, ...]:
        """GET /volumes/detail, page after page."""
        query = {"sort": SORT}
        if name is not None:
            query["name"] = name
        if metadata:
            query["metadata"] = json.dumps(dict(metadata))
        if statuses:
            query["status"] = json.dumps(list(statuses))
        found: list[model.Volume] = []
        while True:
            page = self._call(volumes.detail, query=query)
            found += [self._volume(body) for body in page["volumes"]]
            if "volumes_links" not in page:
                break
            query["marker"] = page["volumes"][-1]["id"]
        return tuple(v for v in found if v.project_id == self.project_id
                     and (name is None or v.name == name))

    def list_page(
        self, *, metadata: Mapping[str, str],
        after: model.VolumeId | None = None,
    ) -> volumeapi.Page:
        """GET /volumes/detail, one page."""
        query = {"sort": SORT, "metadata": json.dumps(dict(metadata)),
                 "limit": str(volumeapi.PAGE)}
        if after is not None:
            query["marker"] = after
        page = self._call(volumes.detail, query=query)["volumes"]
        return volumeapi.Page(
            volumes=tuple(self._volume(body) for body in page),
            after=page[-1]["id"] if len(page) == volumeapi.PAGE else None)

    def update_volume(self, volume_id: model.VolumeId, *, name: str,
                      metadata: Mapping[str, str]) -> model.Volume:
        """PUT /volumes/{id}."""
        body = {"name": name, "metadata": dict(metadata)}
        return self._volume(self._call(
            volumes.update, volume_id, body={"volume": body})["volume"])

    def delete_volume(self, volume_id: model.VolumeId) -> None:
        """DELETE /volumes/{id}."""
        self._call(volumes.delete, volume_id)

    def extend_volume(
        self, volume_id: model.VolumeId, *, size_gib: int
    ) -> None:
        """POST /volumes/{id}/action."""
        self._call(actions.run, volume_id,
                   body={"os-extend": {"new_size": size_gib}})

    def offer(self, volume_id: model.VolumeId, *, name: str) -> model.Offer:
        """POST /volume-transfers."""
        body = {"volume_id": volume_id, "name": name, "no_snapshots": True}
        return bodies.offer(self._call(
            transfers.create, body={"transfer": body})["transfer"])

    def accept(self, offer: model.Offer) -> None:
        """POST /volume-transfers/{id}/accept."""
        self._call(transfers.accept, offer.transfer_id, body={
            "accept": {"auth_key": offer.auth_key}})

    def cancel(self, transfer_id: model.TransferId) -> None:
        """DELETE /volume-transfers/{id}."""
        self._call(transfers.delete, transfer_id)

    def list_transfers(
        self, volume_id: model.VolumeId
    ) -> tuple[model.TransferId, ...]:
        """GET /volume-transfers?volume_id=."""
        found = self._call(transfers.index, query={"volume_id": volume_id})
        return tuple(model.TransferId(t["id"]) for t in found["transfers"]
                     if t["volume_id"] == volume_id)

    def create_snapshot(self, wanted: model.NewSnapshot) -> model.Snapshot:
        """POST /snapshots."""
        # As cinderclient asks.
        body = {"volume_id": wanted.volume_id, "name": wanted.name,
                "description": None, "metadata": dict(wanted.metadata)}
        return bodies.snapshot(self._call(
            snapshots.create, body={"snapshot": body})["snapshot"])

    def get_snapshot(self, snapshot_id: model.SnapshotId) -> model.Snapshot:
        """GET /snapshots/{id}."""
        return bodies.snapshot(
            self._call(snapshots.show, snapshot_id)["snapshot"])

    def list_snapshots(
        self, *, name: str | None = None
    ) -> tuple[model.Snapshot, ...]:
        """GET /snapshots/detail."""
        query = {"sort": SORT} | ({} if name is None else {"name": name})
        found: list[model.Snapshot] = []
        while True:
            page = self._call(snapshots.detail, query=query)
            found += [bodies.snapshot(body) for body in page["snapshots"]]
            if "snapshots_links" not in page:
                break
            query["marker"] = page["snapshots"][-1]["id"]
        return tuple(s for s in found if name is None or s.name == name)

    def delete_snapshot(self, snapshot_id: model.SnapshotId) -> None:
        """DELETE /snapshots/{id}."""
        self._call(snapshots.delete, snapshot_id)

    def list_volume_types(self) -> Mapping[str, str]:
        """GET /types."""
        # As cinderclient asks.
        found = self._call(volume_types.index, query={"is_public": "None"})
        return {kind["name"]: kind["id"] for kind in found["volume_types"]}

    def _volume(self, body: Mapping[str, Any]) -> model.Volume:
        return bodies.volume(body, project_id=self.project_id)

    def _call(self, view: View, *arguments: str, body: Any = None,
              query: Mapping[str, str] | None = None) -> Any:
        """Let a view answer; a refusal becomes the volume API's error."""
        cloud = self._cloud
        cloud.backend.settle()
        ctx = Context(cloud, f"{cloud.URL}/volume", "", dict(query or {}),
                      body, minor=MINOR, token=self._token,
                      project_in_url=True, pause=self._paused)
        try:
            answer = view(ctx, *arguments)
        except answers.Refusal as refusal:
            raise errors.meaning(_refused(refusal)) from refusal
        return json.loads(answer.body) if answer.body else None

    def _paused(self) -> None:
        self._pause()
        if not self._cloud.backend.up:
            timing = self._cloud.backend.timing
            self._cloud.clock.sleep(timing.rpc_response_timeout)
        self._cloud.backend.settle()


class DirectTenants:
    """A :class:`volumeapi.Tenants` on the cloud's state.

    ``api_for`` makes the volume API of a user in a project; ``user`` is the
    service account, None lets callers come with tokens of their own, whose
    text is ``USER@PROJECT ID``.
    """

    def __init__(self, api_for: Callable[[str, str], volumeapi.VolumeAPI],
                 *, user: str | None) -> None:
        self._api_for = api_for
        self._user = user

    def for_claim(self, project_id: model.ProjectId,
                  auth_token: str | None) -> volumeapi.VolumeAPI:
        """The API of a claim's project, or of its caller."""
        if self._user is not None:
            return self._api_for(self._user, project_id)
        if auth_token is None:
            raise exception.InvalidRequest(
                field="context.auth_token", reason="none was sent")
        user, _, project = auth_token.partition("@")
        if project != project_id:
            raise exception.ProjectMismatch(
                token_project=project, project_id=project_id)
        return self._api_for(user, project)

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        """The API of a project without its caller."""
        if self._user is None:
            return None
        return self._api_for(self._user, project_id)


def token_of(cloud: Cloud, user: str, project: str) -> records.Token:
    """A token of a user, by name, in a project, by name or id.

    Raises volumeapi.Denied as Keystone would.
    """
    who = cloud.identity.user(user)
    where = cloud.identity.project(project)
    if who is None or where is None or not who.roles.get(where.id):
        raise volumeapi.Denied(f"{user} has no role in {project}")
    issued = cloud.identity.issue(who, where, ("password",))
    del cloud.identity.tokens[issued.id]
    return dataclasses.replace(issued)


def _refused(refusal: answers.Refusal) -> Exception:
    """The exception that cinderclient makes of such an answer."""
    kind = cinder_exceptions._code_map.get(
        refusal.status, cinder_exceptions.ClientException)
    error: Exception = kind(refusal.status, refusal.message,
                            request_id="req-direct")
    return error
