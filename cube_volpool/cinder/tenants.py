"""The tenant keyring: credentials in the claiming projects.

Two kinds.  *Service mode*: a service account scoped to each project in turn.
*Caller mode*: the caller's own token, with our service token beside it so
that Cinder takes it for a while after it expired.

*Source:* Identity API v3 ``GET /v3/auth/tokens``, ``allow_expired``;
keystoneauth1 ``service_token.ServiceTokenAuthWrapper``.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cachetools
from keystoneauth1 import access, service_token, session
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1.identity import access as access_plugin
from keystoneauth1.identity import base as identity

from cube_volpool import exception, model, secrecy, volumeapi
from cube_volpool.cinder import api as cinder
from cube_volpool.cinder import errors, tokens

#: A project's credential keeps its token; dropping it costs a password check
#: (230 ms measured), keeping it a few kilobytes.
_PROJECTS_KEPT: Final = 1000


@dataclass(frozen=True)
class _Kept:
    """A project's API, and the credential that it is of."""

    api: cinder.CinderAPI
    auth: identity.BaseIdentityPlugin


class ServiceTenants:
    """One service account, scoped to the project of each claim.

    ``auth_for`` makes its plugin for a project id.
    """

    def __init__(
        self,
        session: session.Session,
        auth_for: Callable[[model.ProjectId], identity.BaseIdentityPlugin],
        *,
        endpoint: cinder.Endpoint,
    ) -> None:
        self._session = session
        self._auth_for = auth_for
        self._endpoint = endpoint
        self._kept: cachetools.LRUCache[model.ProjectId, _Kept] = (
            cachetools.LRUCache(_PROJECTS_KEPT)
        )
        #: Projects that claimed since they have their token.
        self._used: set[model.ProjectId] = set()
        self._lock = threading.Lock()

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> volumeapi.VolumeAPI:
        """Return the API of a project; the caller's token is not used."""
        del auth_token
        with self._lock:
            self._used.add(project_id)
            if project_id not in self._kept:
                self._kept[project_id] = self._made(project_id)
            return self._kept[project_id].api

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        """Return the API of a project."""
        return self.for_claim(project_id, None)

    def renew(self) -> None:
        """Renew the tokens that end soon, of projects that still claim.

        The others' are dropped, and those of projects that do not let us in
        any more.  Raises Unreachable.
        """
        with self._lock:
            self._used.intersection_update(self._kept)
            kept = dict(self._kept)
        for project_id, one in kept.items():
            if not tokens.ends_soon(one.auth):
                continue
            with self._lock:
                is_used = project_id in self._used
                self._used.discard(project_id)
            if not (is_used and self._renewed(one.auth)):
                with self._lock:
                    self._kept.pop(project_id, None)

    def _renewed(self, auth: identity.BaseIdentityPlugin) -> bool:
        try:
            tokens.renew(auth, self._session)
        except ksa_exceptions.HTTPClientError:
            return False
        except ksa_exceptions.ClientException as error:
            raise errors.no_token(error) from error
        return True

    def _made(self, project_id: model.ProjectId) -> _Kept:
        auth = self._auth_for(project_id)
        return _Kept(
            cinder.CinderAPI(self._session, auth, endpoint=self._endpoint),
            auth,
        )


@dataclass(frozen=True)
class _Known:
    """A caller whose token Keystone has recognised."""

    api: cinder.CinderAPI
    roles: tuple[str, ...]


class CallerTenants:
    """The callers' own tokens.

    ``service_auth`` is our credential with the role ``service``.
    """

    def __init__(
        self,
        session: session.Session,
        auth_url: str,
        service_auth: identity.BaseIdentityPlugin,
        *,
        endpoint: cinder.Endpoint,
    ) -> None:
        self._session = session
        self._url = auth_url.rstrip("/")
        self._service_auth = service_auth
        self._endpoint = endpoint
        self._kept: cachetools.LRUCache[str, _Known] = cachetools.LRUCache(
            _PROJECTS_KEPT
        )
        self._lock = threading.Lock()

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> volumeapi.VolumeAPI:
        """Return the API of the caller.

        Raises InvalidRequest without a good token, ProjectMismatch when it
        belongs to another project.
        """
        if auth_token is None:
            raise exception.InvalidRequest(
                field="context.auth_token",
                reason="this daemon acts with the caller's token; send one",
            )
        secrecy.remember(auth_token)
        api = self._known(auth_token).api
        if api.project_id != project_id:
            raise exception.ProjectMismatch(
                token_project=api.project_id, project_id=project_id
            )
        return api

    def roles(self, auth_token: str) -> tuple[str, ...]:
        """Return the roles of a caller in the project of its token.

        Raises InvalidRequest for a token that is none, Unreachable.
        """
        return self._known(auth_token).roles

    def renew(self) -> None:
        """Do nothing: callers' tokens are theirs to renew."""

    def _known(self, auth_token: str) -> _Known:
        key = hashlib.sha256(auth_token.encode()).hexdigest()
        with self._lock:
            known = self._kept.get(key)
        if known is None:
            known = self._recognise(auth_token)
            with self._lock:
                self._kept[key] = known
        return known

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        """Return None: tokens are never kept, so nobody's is at hand."""
        del project_id
        return None

    def _recognise(self, auth_token: str) -> _Known:
        """Let Keystone say whose a token is."""
        try:
            # First, for what becomes of it says nothing of the caller's.
            self._service_auth.get_token(self._session)
        except ksa_exceptions.ClientException as error:
            raise errors.no_token(error) from error
        try:
            answer = self._session.get(
                f"{self._url}/auth/tokens",
                auth=self._service_auth,
                params={"allow_expired": "1"},
                headers={"X-Subject-Token": auth_token},
            )
        except ksa_exceptions.ClientException as error:
            if errors.is_unknown_token(error):
                raise exception.InvalidRequest(
                    field="context.auth_token",
                    reason="Keystone does not know this token",
                ) from error
            raise errors.no_token(error) from error
        try:
            found = access.create(resp=answer, auth_token=auth_token)
        except (TypeError, ValueError) as error:
            raise volumeapi.Unreachable(
                "Keystone: the answer cannot be read"
            ) from error
        auth = service_token.ServiceTokenAuthWrapper(
            user_auth=access_plugin.AccessInfoPlugin(
                found, auth_url=self._url
            ),
            service_auth=self._service_auth,
        )
        return _Known(
            cinder.CinderAPI(self._session, auth, endpoint=self._endpoint),
            tuple(found.role_names or ()),
        )
