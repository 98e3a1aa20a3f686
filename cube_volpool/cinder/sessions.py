"""From options to keyrings: sessions, credentials, endpoints."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import loading as ks
from keystoneauth1 import session as ks_session
from oslo_config import cfg

from cube_volpool import exception, model, secrecy, settings, volumeapi
from cube_volpool.cinder import (
    api,
    breaker,
    errors,
    gate,
    probe,
    tokens,
    transport,
)
from cube_volpool.cinder.tenants import CallerTenants, ServiceTenants
from cube_volpool.clock import Clock

#: Keystone answers in a quarter of a second.  A claim that waits for its
#: token longer than this is better told so within its budget.
_KEYSTONE_TIMEOUT: Final = 10.0
#: Calls of one keyring that a claim makes side by side.  Each wants a
#: connection: with fewer kept open, a new one is made for each call.
_SIDE_BY_SIDE: Final = 2


class Sessions:
    """The cloud as the options name it; connects to nothing yet.

    ``http`` is a requests session to use instead of our own; ``chance``
    returns a number from 0 to 1.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        settings: settings.Settings,
        *,
        http: Any,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._conf = conf
        self._settings = settings
        self._http = http
        self._breakers = gate.Breakers(
            breaker.Limits(
                failures=settings.cinder.breaker_failures,
                pause=settings.cinder.breaker_pause.total_seconds(),
            ),
            clock=clock,
            chance=chance,
        )
        self._pool_session, self._pool_auth = self._session("pool_project")
        #: The accounts whose tokens are renewed.
        self._renewed = [(self._pool_session, self._pool_auth)]

    def pool(self) -> volumeapi.VolumeAPI:
        """Return the pool's keyring."""
        return api.CinderAPI(
            self._pool_session,
            self._pool_auth,
            endpoint=self._endpoint("pool_project"),
        )

    def tenants(self) -> ServiceTenants | CallerTenants:
        """Return the tenants' keyring."""
        if self._conf.tenant.use_caller_token:
            return self._callers()
        session, account = self._session("tenant")
        self._renewed.append((session, account))

        def auth_for(project_id: model.ProjectId) -> tokens.Rescoped:
            scoped: Any = ks.load_auth_from_conf_options(
                self._conf, "tenant", project_id=project_id
            )
            return tokens.Rescoped(account, project_id, by_password=scoped)

        return ServiceTenants(
            session, auth_for, endpoint=self._endpoint("tenant")
        )

    def _callers(self) -> CallerTenants:
        session, account = self._session("service_user")
        self._renewed.append((session, account))
        return CallerTenants(
            session,
            account.auth_url,
            account,
            endpoint=self._endpoint("tenant"),
        )

    def renew_tokens(self) -> None:
        """Renew our accounts' tokens that end soon.

        Raises Unreachable; Denied when Keystone does not let one in any more.
        """
        for session, account in self._renewed:
            if tokens.ends_soon(account):
                try:
                    tokens.renew(account, session)
                except ksa_exceptions.ClientException as error:
                    raise errors.no_token(error) from error

    def pool_probe(self) -> probe.Probe:
        """Return what checks the pool's account, and Cinder."""
        return probe.Probe(
            self._pool_session,
            self._pool_auth,
            endpoint=self._endpoint("pool_project"),
        )

    def suspended(self) -> Mapping[str, bool]:
        """Return each endpoint, and whether it is left alone just now."""
        return self._breakers.states()

    def tenant_access(self) -> str:
        """Let Keystone let the account in that hands volumes over.

        Returns which account that is.  Raises StartupRefused and Unreachable.
        """
        is_callers = self._conf.tenant.use_caller_token
        group = "service_user" if is_callers else "tenant"
        # In which projects it has a role is known claim by claim.
        session, auth = self._session(group)
        try:
            access = auth.get_access(session)
        except ksa_exceptions.HttpError as error:
            raise exception.StartupRefused(
                f"[{group}]: Keystone does not let the account in: "
                f"{secrecy.masked(str(error))}"
            ) from error
        except ksa_exceptions.ClientException as error:
            raise errors.no_token(error) from error
        roles = {role.lower() for role in access.role_names or ()}
        if is_callers and "service" not in roles:
            raise exception.StartupRefused(
                "[service_user]: the account has not the role service in its "
                "project; with callers' tokens it needs it"
            )
        return f"[{group}] {access.username}"

    def _session(self, group: str) -> tuple[ks_session.Session, Any]:
        auth = ks.load_auth_from_conf_options(self._conf, group)
        session = ks.load_session_from_conf_options(
            self._conf,
            group,
            auth=auth,
            session=self._http or transport.Session(),
        )
        if self._http is None:
            adapter = transport.Adapter(
                pool_connections=8,
                pool_maxsize=(
                    _SIDE_BY_SIDE * self._settings.claim.max_outstanding
                ),
            )
            for scheme in ("http://", "https://"):
                session.session.mount(
                    scheme, gate.Gate(adapter, self._breakers)
                )
        session.timeout = min(
            session.timeout or _KEYSTONE_TIMEOUT, _KEYSTONE_TIMEOUT
        )
        return session, auth

    def _endpoint(self, group: str) -> api.Endpoint:
        section = self._conf[group]
        interfaces = section.valid_interfaces or [
            section.interface or "public"
        ]
        return api.Endpoint(
            service_type=section.service_type,
            interface=interfaces,
            region_name=section.region_name,
            endpoint_override=section.endpoint_override,
            microversion=self._conf.cinder.api_microversion,
            accept_timeout=self._settings.claim.accept_timeout,
            timeout=timedelta(seconds=section.timeout),
        )
