"""One credential's way to Cinder: its token, the address, one call.

*Source:* cinderclient 9.10 ``client.SessionClient``; keystoneauth1 5.18
``session.Session.request``.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

from cinderclient import api_versions
from cinderclient.v3 import client as cinder_client
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import plugin, session
from oslo_context import context as oslo_context

from cube_volpool import model, secrecy, volumeapi
from cube_volpool.cinder import errors

_T = TypeVar("_T")


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


class _Address:
    """Where Cinder is, by the catalogue that came with a token.

    keystoneauth would search a copy of the whole catalogue for each call.
    Safe to use from many threads: at worst two of them look it up.
    """

    def __init__(self) -> None:
        self._known: tuple[str | None, str | None] = (None, None)

    def get(
        self, token: str | None, look_up: Callable[[], str | None]
    ) -> str | None:
        """Return the address that came with ``token``."""
        of_token, address = self._known
        if address is None or of_token != token:
            address = look_up()
            self._known = token, address
        return address


class Connection:
    """Makes calls by one credential.  For many threads."""

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
        self._address = _Address()

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

    def bounded(self, timeout: timedelta) -> Self:
        """Return the same API with at most this time for each call."""
        bounded = type(self)(
            self._session,
            self._auth,
            endpoint=dataclasses.replace(
                self._endpoint, timeout=min(timeout, self._endpoint.timeout)
            ),
        )
        bounded._project_id = self._project_id
        bounded._address = self._address
        return bounded

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
        token = self._reach(lambda: self._auth.get_token(self._session))
        secrecy.remember(token)
        _ = self.project_id
        try:
            return call(self._client(token, timeout))
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

    def _client(self, token: str | None, timeout: timedelta | None) -> Any:
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
            endpoint_override=self._endpoint.endpoint_override
            or self._address.get(token, self._look_up),
            global_request_id=context and context.global_id,
        )
        # cinderclient drops its own argument ``timeout`` where it is given a
        # session, and would wait for ever.
        client.client.request = functools.partial(
            client.client.request,
            timeout=(timeout or self._endpoint.timeout).total_seconds(),
        )
        return client

    def _look_up(self) -> str | None:
        """Ask the catalogue; None where it has no such service."""
        return self._session.get_endpoint(
            self._auth,
            service_type=self._endpoint.service_type,
            interface=self._endpoint.interface,
            region_name=self._endpoint.region_name,
        )
