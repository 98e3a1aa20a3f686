"""The composition root: settings in, wired objects out."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import oslo_messaging as om
from keystoneauth1 import loading as ks
from keystoneauth1 import session as ks_session
from oslo_config import cfg

from cube_volpool import (
    clock,
    endurance,
    exception,
    model,
    reconcile,
    refresh,
    report,
    settings,
    volumeapi,
)
from cube_volpool import conf as options
from cube_volpool.cinder import api as cinder
from cube_volpool.cinder import breaker, gate, probe, tenants
from cube_volpool.claim import claimer, look, miss, order, parallel, rescue
from cube_volpool.db.store import Store
from cube_volpool.rpc import api as rpc_api
from cube_volpool.rpc import server as rpc_server
from cube_volpool.service import Duties, RefillBell

#: Keystone answers in a quarter of a second.  A claim that waits for its
#: token longer than this is better told so within its budget.
_KEYSTONE_TIMEOUT: Final = 10.0
#: Connections kept open: more threads than this open one for each call.
_CONNECTIONS: Final = 64
_RABBIT: Final = "oslo_messaging_rabbit"
#: Threads more than claims: somebody must be free to answer "busy".  Else the
#: surplus would wait, unseen, in a queue of oslo.messaging without bound.
_SPARE_THREADS: Final = 16


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that works, wired."""

    store: Store
    reconciler: reconcile.Reconciler
    refresher: refresh.Refresher
    claimer: claimer.Claimer
    rescuer: rescue.Rescuer
    duties: Duties


@dataclass(frozen=True, kw_only=True)
class Keyrings:
    """The pool's keyring, and the tenants'."""

    pool: volumeapi.VolumeAPI
    tenants: volumeapi.Tenants


def wire(
    settings: settings.Settings,
    *,
    store: Store,
    keyrings: Keyrings,
    ticker: clock.Clock,
    runner: parallel.Runner,
    chance: Callable[[], float] = random.random,
) -> House:
    """Wire the house around its two doors.

    ``chance`` returns a number from 0 to 1, by which pauses are drawn.
    """
    owner_token = str(uuid.uuid4())
    keyrings = _enduring(keyrings, settings, ticker=ticker, chance=chance)
    bell = RefillBell()
    looker = look.Looker(
        store,
        keyrings.pool,
        clock=ticker,
        pause=settings.claim.look_pause,
        lease=settings.claim.lease,
    )
    desk = order.OrderDesk(store, settings.pools)
    misser = miss.Misser(store, desk, settings.claim, clock=ticker)
    reconciler = reconcile.Reconciler(store, keyrings.pool, settings)
    refresher = refresh.Refresher(store, keyrings.pool, settings)
    serving = claimer.Claimer(
        store,
        keyrings.pool,
        keyrings.tenants,
        settings,
        desk=desk,
        looker=looker,
        misser=misser,
        owner_token=owner_token,
        clock=ticker,
        runner=runner,
        refill=bell.ring,
    )
    rescuer = rescue.Rescuer(
        store,
        keyrings.tenants,
        looker,
        misser,
        settings.claim,
        owner_token=owner_token,
    )
    return House(
        store=store,
        reconciler=reconciler,
        refresher=refresher,
        claimer=serving,
        rescuer=rescuer,
        duties=Duties(
            settings,
            store=store,
            reconciler=reconciler,
            refresher=refresher,
            claimer=serving,
            rescuer=rescuer,
            bell=bell,
        ),
    )


def _enduring(
    keyrings: Keyrings,
    settings: settings.Settings,
    *,
    ticker: clock.Clock,
    chance: Callable[[], float],
) -> Keyrings:
    """Let both keyrings repeat calls, each on a budget of its own."""
    ours, theirs = (
        endurance.Patience(
            settings.cinder.retries, clock=ticker, chance=chance
        )
        for _ in range(2)
    )
    return Keyrings(
        pool=endurance.Enduring(keyrings.pool, ours),
        tenants=endurance.EnduringTenants(keyrings.tenants, theirs),
    )


class Daemon:
    """What a configuration comes to: a house, its checks and its RPC."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        settings: settings.Settings,
        *,
        http: Any = None,
    ) -> None:
        self._conf = conf
        self._settings = settings
        self._http = http
        self._breakers = gate.Breakers(
            breaker.Limits(
                failures=settings.cinder.breaker_failures,
                pause=settings.cinder.breaker_pause.total_seconds(),
            ),
            clock=clock.SystemClock(),
            chance=random.random,
        )
        self._pool_session, self._pool_auth = self._session("pool_project")
        self._runner = parallel.Threads(3 * settings.claim.max_outstanding)
        self.house = wire(
            settings,
            store=open_store(conf),
            keyrings=self._keyrings(),
            ticker=clock.SystemClock(),
            runner=self._runner,
        )
        self.rpc = self._rpc()

    def check(self) -> None:
        """Do the checks before serving.

        Raises StartupRefused for good, LedgerUnavailable, Unreachable and
        Unclear for now.
        """
        self.house.store.check_schema()
        probe.check(
            self._pool_session,
            self._pool_auth,
            endpoint=self._endpoint("pool_project"),
        )

    def close(self) -> None:
        """Let go of threads and connections."""
        self._runner.close()
        self.house.store.close()

    def _keyrings(self) -> Keyrings:
        pool = cinder.CinderAPI(
            self._pool_session,
            self._pool_auth,
            endpoint=self._endpoint("pool_project"),
        )
        return Keyrings(pool=pool, tenants=self._tenants())

    def _tenants(self) -> volumeapi.Tenants:
        endpoint = self._endpoint("tenant")
        if not self._conf.tenant.use_caller_token:
            session, _ = self._session("tenant")

            def auth_for(project_id: model.ProjectId) -> Any:
                return ks.load_auth_from_conf_options(
                    self._conf, "tenant", project_id=project_id
                )

            return tenants.ServiceTenants(session, auth_for, endpoint=endpoint)
        session, service_auth = self._session("service_user")
        return tenants.CallerTenants(
            session, service_auth.auth_url, service_auth, endpoint=endpoint
        )

    def _session(self, group: str) -> tuple[ks_session.Session, Any]:
        auth = ks.load_auth_from_conf_options(self._conf, group)
        session = ks.load_session_from_conf_options(
            self._conf, group, auth=auth, session=self._http
        )
        if self._http is None:
            adapter = ks_session.TCPKeepAliveAdapter(
                pool_connections=8, pool_maxsize=_CONNECTIONS
            )
            for scheme in ("http://", "https://"):
                session.session.mount(
                    scheme, gate.Gate(adapter, self._breakers)
                )
        session.timeout = min(
            session.timeout or _KEYSTONE_TIMEOUT, _KEYSTONE_TIMEOUT
        )
        return session, auth

    def _endpoint(self, group: str) -> cinder.Endpoint:
        section = self._conf[group]
        interfaces = section.valid_interfaces or [
            section.interface or "public"
        ]
        return cinder.Endpoint(
            service_type=section.service_type,
            interface=interfaces,
            region_name=section.region_name,
            endpoint_override=section.endpoint_override,
            microversion=self._conf.cinder.api_microversion,
            accept_timeout=self._settings.claim.accept_timeout,
            timeout=timedelta(seconds=section.timeout),
        )

    def _rpc(self) -> rpc_server.RpcServer:
        threads = self._settings.claim.max_outstanding + _SPARE_THREADS
        transport = _transport(self._conf, threads=threads)
        endpoint = rpc_server.Endpoint(
            self.house.claimer,
            lambda: report.pools(self.house.store, self._settings.pools),
            default_budget=self._settings.claim.default_budget,
        )

        def make() -> om.MessageHandlingServer:
            server = rpc_server.make_server(
                transport, endpoint, host=self._conf.host
            )
            # Registered by the server, and read when it starts.
            self._conf.set_default("executor_thread_pool_size", threads)
            return server

        return rpc_server.RpcServer(make)


def _transport(conf: cfg.ConfigOpts, *, threads: int) -> om.Transport:
    """Return the transport; raises InvalidConfiguration, connects not.

    By default as many messages are fetched ahead as there are threads:
    oslo.messaging's own default has no bound, and a daemon would fetch what
    others could serve, and lose it all when it dies.
    """
    try:
        transport = rpc_api.make_transport(conf)
    except (om.InvalidTransportURL, om.DriverLoadFailure) as error:
        raise exception.InvalidConfiguration(
            group="DEFAULT", option="transport_url", reason=str(error)
        ) from error
    if _RABBIT in conf:
        conf.set_default("rabbit_qos_prefetch_count", threads, group=_RABBIT)
    return transport


def open_store(conf: cfg.ConfigOpts) -> Store:
    """Open the configured database without asking it anything."""
    options.check_database(conf)
    return Store(dict(conf.database), choose=random.choice)
