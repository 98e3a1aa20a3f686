"""What must be true of the pool's account and of Cinder before we serve."""

from typing import Final

from keystoneauth1 import discover, session
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1.identity import base as identity

from cube_volpool import exception, secrecy
from cube_volpool.cinder import api, errors

#: The filters that reconcile and look rely on; an operator can take them
#: away in Cinder's ``resource_filters.json``.
_FILTERS: Final = frozenset({"name", "status", "metadata"})


def check(
    session: session.Session,
    auth: identity.BaseIdentityPlugin,
    *,
    endpoint: api.Endpoint,
) -> None:
    """Check the pool's account and Cinder.

    Raises StartupRefused for what waiting does not mend, Unreachable or
    Unclear while Keystone or Cinder does not answer.
    """
    try:
        _check_roles(session, auth)
        _check_microversion(session, auth, endpoint)
        _check_filters(session, auth, endpoint)
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


def _check_roles(
    session: session.Session, auth: identity.BaseIdentityPlugin
) -> None:
    found = auth.get_access(session)
    roles = {role.lower() for role in found.role_names or ()}
    if "admin" in roles:
        raise exception.StartupRefused(
            "[pool_project]: the account has the role admin; with it a late "
            "DELETE or rename could reach a volume that was handed out. Give "
            "it the role member in its project and no more"
        )


def _check_microversion(
    session: session.Session,
    auth: identity.BaseIdentityPlugin,
    endpoint: api.Endpoint,
) -> None:
    found = session.get_endpoint_data(
        auth=auth,
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
    if highest is None or tuple(highest) < asked:
        raise exception.StartupRefused(
            f"[cinder] api_microversion: this Cinder offers at most "
            f"{highest and discover.version_to_string(highest)}, "
            f"{endpoint.microversion} is needed"
        )


def _check_filters(
    session: session.Session,
    auth: identity.BaseIdentityPlugin,
    endpoint: api.Endpoint,
) -> None:
    client = api.CinderAPI(session, auth, endpoint=endpoint)
    missing = _FILTERS - client.volume_filters()
    if missing:
        raise exception.StartupRefused(
            "Cinder's resource_filters.json does not let a member list "
            f"volumes by {', '.join(sorted(missing))}; add that to its entry "
            "volume"
        )
