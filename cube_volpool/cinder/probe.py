"""What must be true of the pool's account and of Cinder before we serve."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from keystoneauth1 import discover, session
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1.identity import base as identity

from cube_volpool import exception, secrecy
from cube_volpool.cinder import api, errors

#: The filters that reconcile and look rely on; an operator can take them
#: away in Cinder's ``resource_filters.json``.
_FILTERS: Final = frozenset({"name", "status", "metadata"})


class Probe:
    """Asks Keystone and Cinder, as the pool's account.

    Every method raises StartupRefused for what waiting does not mend, and
    Unreachable or Unclear while Keystone or Cinder does not answer.
    """

    def __init__(
        self,
        session: session.Session,
        auth: identity.BaseIdentityPlugin,
        *,
        endpoint: api.Endpoint,
    ) -> None:
        self._session = session
        self._auth = auth
        self._endpoint = endpoint

    def check(self) -> None:
        """Check all that serving depends on."""
        self.roles()
        self.microversion()
        self.filters()

    def roles(self) -> tuple[str, ...]:
        """Return the account's roles, of which none may be admin."""
        with _telling():
            found = self._access().role_names or ()
        if "admin" in {role.lower() for role in found}:
            raise exception.StartupRefused(
                "[pool_project]: the account has the role admin; with it a "
                "late DELETE or rename could reach a volume that was handed "
                "out. Give it the role member in its project and no more"
            )
        return tuple(found)

    def issued(self) -> datetime:
        """Return when Keystone issued the account's token, by its clock."""
        with _telling():
            issued: datetime = self._access().issued
        return issued

    def microversion(self) -> str:
        """Return Cinder's highest microversion, which is high enough."""
        endpoint = self._endpoint
        with _telling():
            found = self._session.get_endpoint_data(
                auth=self._auth,
                service_type=endpoint.service_type,
                interface=endpoint.interface,
                region_name=endpoint.region_name,
                endpoint_override=endpoint.endpoint_override,
                discover_versions=True,
            )
        if found is None:
            raise exception.StartupRefused(
                f"[pool_project]: the catalogue has no service of type "
                f"{endpoint.service_type} in this region"
            )
        asked = discover.normalize_version_number(endpoint.microversion)
        highest = found.max_microversion
        told = highest and discover.version_to_string(highest)
        if highest is None or tuple(highest) < asked:
            raise exception.StartupRefused(
                f"[cinder] api_microversion: this Cinder offers at most "
                f"{told}, {endpoint.microversion} is needed"
            )
        return str(told)

    def filters(self) -> frozenset[str]:
        """Return by what the account may list volumes: all that is needed."""
        with _telling():
            found = self._client().volume_filters()
        missing = _FILTERS - found
        if missing:
            raise exception.StartupRefused(
                "Cinder's resource_filters.json does not let a member list "
                f"volumes by {', '.join(sorted(missing))}; add that to its "
                "entry volume"
            )
        return found

    def limits(self) -> Mapping[str, int]:
        """Return the quota of the pool project, and what is used of it."""
        with _telling():
            return self._client().limits()

    def _access(self) -> Any:
        auth: Any = self._auth
        return auth.get_access(self._session)

    def _client(self) -> api.CinderAPI:
        return api.CinderAPI(
            self._session, self._auth, endpoint=self._endpoint
        )


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """Tell what waiting does not mend from what it does."""
    try:
        yield
    except (
        ksa_exceptions.Unauthorized,
        ksa_exceptions.MissingRequiredOptions,
        ksa_exceptions.CatalogException,
        # keystoneauth cannot choose between two services of one type.
        ValueError,
    ) as error:
        raise exception.StartupRefused(
            f"[pool_project]: Keystone does not let the pool's account in, "
            f"or its catalogue has no Cinder: {secrecy.masked(str(error))}"
        ) from error
    except ksa_exceptions.ClientException as error:
        raise errors.no_token(error) from error
