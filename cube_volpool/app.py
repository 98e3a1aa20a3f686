"""The composition root: settings in, wired objects out."""

import contextlib
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import oslo_messaging as om
from oslo_config import cfg

from cube_volpool import (
    clock,
    endurance,
    exception,
    images,
    inventory,
    reconcile,
    refresh,
    report,
    settings,
    steering,
    volumeapi,
)
from cube_volpool import conf as options
from cube_volpool.cinder import sessions, tenants
from cube_volpool.claim import claimer, look, miss, order, parallel, rescue
from cube_volpool.conf import broker
from cube_volpool.db import os_table
from cube_volpool.db.store import Store
from cube_volpool.rpc import api as rpc_api
from cube_volpool.rpc import operators, policy
from cube_volpool.rpc import server as rpc_server
from cube_volpool.rpc import steering as rpc_steering
from cube_volpool.service import Duties, RefillBell

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
    steering: steering.Steering
    duties: Duties
    bell: RefillBell


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
    misser = miss.Misser(
        store, keyrings.pool, desk, settings.claim, clock=ticker
    )
    reconciler = reconcile.Reconciler(store, keyrings.pool, settings)
    refresher = refresh.Refresher(
        store,
        keyrings.pool,
        settings,
        source=_images(settings.catalogue, keyrings.pool),
    )
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
        steering=steering.Steering(
            store, reconciler, settings.pools, ring=bell.ring
        ),
        duties=Duties(
            settings,
            store=store,
            reconciler=reconciler,
            refresher=refresher,
            claimer=serving,
            rescuer=rescuer,
            bell=bell,
        ),
        bell=bell,
    )


def _images(
    rules: settings.CatalogueSettings, api: volumeapi.VolumeAPI
) -> images.Images:
    cinder = images.CinderImages(api, rules)
    if rules.table is None:
        return cinder
    return images.TableImages(
        os_table.OsTable(rules.table), cinder, form=rules.version_format
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
        self._sessions = open_sessions(conf, settings, http=http)
        self._tenants = self._sessions.tenants()
        self._runner = parallel.Threads(3 * settings.claim.max_outstanding)
        self.house = wire(
            settings,
            store=open_store(conf),
            keyrings=Keyrings(
                pool=self._sessions.pool(), tenants=self._tenants
            ),
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
        self._sessions.pool_probe().check()

    def close(self) -> None:
        """Let go of threads and connections."""
        self._runner.close()
        self.house.store.close()

    def _policy(self) -> policy.Policy:
        """Return the policy in force.  Raises InvalidConfiguration."""
        found = policy.Policy(self._conf, roles_of=self._roles_of)
        found.check()
        return found

    def _roles_of(self, caller: policy.Credentials) -> tuple[str, ...]:
        """Return a caller's roles: by its token, where that is what counts."""
        if isinstance(self._tenants, tenants.ServiceTenants):
            return policy.claimed_roles(caller)
        if caller.auth_token is None:
            return ()
        try:
            return self._tenants.roles(caller.auth_token)
        except volumeapi.VolumeAPIError as error:
            raise exception.CinderUnavailable(reason=str(error)) from error

    def _rpc(self) -> rpc_server.RpcServer:
        threads = self._settings.claim.max_outstanding + _SPARE_THREADS
        transport = _transport(self._conf, threads=threads)
        endpoints = serve(self.house, self._settings, policy=self._policy())

        def make() -> om.MessageHandlingServer:
            server = rpc_server.make_server(
                transport, *endpoints, host=self._conf.host
            )
            # Registered by the server, and read when it starts.
            self._conf.set_default("executor_thread_pool_size", threads)
            return server

        return rpc_server.RpcServer(make)


def serve(
    house: House, settings: settings.Settings, *, policy: policy.Policy
) -> tuple[rpc_server.Endpoint, operators.Endpoint, rpc_steering.Endpoint]:
    """Return the house's methods of the wire: callers', and operators'."""
    return (
        rpc_server.Endpoint(
            house.claimer,
            lambda: report.pools(house.store, settings.pools),
            policy=policy,
            default_budget=settings.claim.default_budget,
        ),
        operators.Endpoint(
            house.refresher,
            lambda: report.images(house.store, settings),
            policy=policy,
            refill=house.bell.ring,
        ),
        rpc_steering.Endpoint(
            house.steering,
            inventory.Inventory(house.store, house.steering),
            policy=policy,
        ),
    )


def _transport(conf: cfg.ConfigOpts, *, threads: int) -> om.Transport:
    """Return the transport; raises InvalidConfiguration, connects not.

    By default as many messages are fetched ahead as there are threads:
    oslo.messaging's own default has no bound, and a daemon would fetch what
    others could serve, and lose it all when it dies.
    """
    broker.check(conf)
    try:
        transport = rpc_api.make_transport(conf)
    except (om.InvalidTransportURL, om.DriverLoadFailure) as error:
        raise exception.InvalidConfiguration(
            group="DEFAULT", option="transport_url", reason=str(error)
        ) from error
    if _RABBIT in conf:
        conf.set_default("rabbit_qos_prefetch_count", threads, group=_RABBIT)
    return transport


@contextlib.contextmanager
def open_refresher(conf: cfg.ConfigOpts) -> Iterator[refresh.Refresher]:
    """Wire what reads images, beside a daemon or without one.

    Raises InvalidConfiguration.
    """
    loaded = options.load(conf)
    patience = endurance.Patience(
        loaded.cinder.retries, clock=clock.SystemClock(), chance=random.random
    )
    pool = endurance.Enduring(open_sessions(conf, loaded).pool(), patience)
    with contextlib.closing(open_store(conf)) as store:
        store.check_schema()
        yield refresh.Refresher(
            store, pool, loaded, source=_images(loaded.catalogue, pool)
        )


def open_sessions(
    conf: cfg.ConfigOpts, settings: settings.Settings, *, http: Any = None
) -> sessions.Sessions:
    """Return the cloud as the options name it; connects to nothing."""
    return sessions.Sessions(
        conf,
        settings,
        http=http,
        clock=clock.SystemClock(),
        chance=random.random,
    )


def open_store(conf: cfg.ConfigOpts) -> Store:
    """Open the configured database without asking it anything."""
    options.check_database(conf)
    return Store(dict(conf.database), choose=random.choice)
