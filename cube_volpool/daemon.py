"""One daemon: a configuration, the house it comes to, RPC and status."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import oslo_messaging as om
from oslo_config import cfg

from cube_volpool import (
    app,
    clock,
    exception,
    inventory,
    model,
    report,
    settings,
    volumeapi,
)
from cube_volpool.cinder import tenants
from cube_volpool.claim import parallel
from cube_volpool.conf import broker
from cube_volpool.rpc import api as rpc_api
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.rpc import notifier, operators, policy, steering
from cube_volpool.rpc import server as rpc_server
from cube_volpool.service import PoolService
from cube_volpool.status import (
    collector,
    counting,
    doors,
    events,
    history,
    meters,
    page,
    web,
)

_RABBIT: Final = "oslo_messaging_rabbit"
#: Threads more than claims: somebody must be free to answer "busy".  Else the
#: surplus would wait, unseen, in a queue of oslo.messaging without bound.
_SPARE_THREADS: Final = 16

#: For notifications that still wait at the end, in seconds.
_LAST_NEWS: Final = 2.0
#: Claims of each status that a report tells.
_SHOWN: Final = 50
#: No turn of a duty takes longer than its Cinder calls; past this one of
#: them hangs, and somebody is to start us anew.
HANGS_AFTER: Final = 900.0


class Daemon:
    """What a configuration comes to: a house, its checks and its RPC."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        settings: settings.Settings,
        *,
        meter: meters.Meters,
        http: Any = None,
    ) -> None:
        self._conf = conf
        self._settings = settings
        self._threads = settings.claim.max_outstanding + _SPARE_THREADS
        self._clock = clock.SystemClock()
        self._meter = meter
        self._history = history.History(time.time)
        self._notifier: notifier.Notifier | None = None
        self._transport = _transport(conf, threads=self._threads)
        if notifier.wanted(conf):
            self._notifier = notifier.Notifier(conf, host=conf.host)
        self._collector: collector.Collector | None = None
        self._sessions = app.open_sessions(conf, settings, http=http)
        self._tenants = self._sessions.tenants()
        self._runner = parallel.Threads(3 * settings.claim.max_outstanding)
        self._hands = parallel.Threads(
            settings.claim.max_outstanding_in_batches, name="claim"
        )
        self.house = app.wire(
            settings,
            store=app.open_store(conf),
            keyrings=app.Keyrings(
                pool=self._sessions.pool(),
                tenants=self._tenants,
                renew=self._renew_tokens,
            ),
            ticker=self._clock,
            runner=self._runner,
            hands=self._hands,
            watch=doors.Watch(
                meters=meter, clock=self._clock, listeners=self._listeners()
            ),
        )
        self.rpc = self._rpc()
        if self._notifier is not None:
            self._notifier.start()

    def check(self) -> None:
        """Do the checks before serving.

        Raises StartupRefused for good, LedgerUnavailable, Unreachable and
        Unclear for now.
        """
        self.house.store.check_schema()
        self._sessions.pool_probe().check()

    def site(self, service: PoolService) -> web.Site:
        """Return what is shown of this daemon and of ``service``, its life."""
        self._collector = collector.Collector(
            self.house.store,
            lambda: self._settings.pools,
            done_at=service.done_at,
            suspended=self._sessions.suspended,
        )

        def ails() -> list[str]:
            busy = service.busy_for()
            if busy < HANGS_AFTER:
                return []
            return [f"a duty has hung for {busy:.0f} s"]

        def waits() -> list[str]:
            return [*ails(), *self._waits(service)]

        return web.Site(
            self._meter.registry,
            ails=ails,
            waits=waits,
            page=page.Page(self._facts(waits)),
        )

    def _facts(self, troubles: Callable[[], list[str]]) -> page.Facts:
        """Return what the status page shows."""
        store = self.house.store
        shelf = inventory.Inventory(store, self.house.steering)
        return page.Facts(
            pools=lambda: report.pools(store, self._settings.pools),
            builds=lambda: shelf.volumes(
                after=None,
                limit=page.SHOWN,
                status=model.RowStatus.CREATING,
            )[0],
            claims=lambda: shelf.claims(after=None, limit=page.SHOWN)[0],
            build_seconds=self._meter.build_seconds,
            minutes=self._history.minutes,
            troubles=troubles,
            host=self._conf.host,
        )

    def show_pools(self) -> None:
        """Let the numbers of the pools be told by this daemon.

        Once there is a site; the one before it tells them no more.
        """
        self._meter.tell(self._collector)

    def pools_shown(self) -> Mapping[str, Any]:
        """Return the pools by name, as operators are shown them."""
        shown = report.pools(self.house.store, self._settings.pools)
        return {pool["name"]: dict(pool) for pool in shown}

    def claims_shown(self) -> Mapping[str, Any]:
        """Return the claims under way, by project and name."""
        shelf = inventory.Inventory(self.house.store, self.house.steering)
        found: dict[str, Any] = {}
        for status in model.UNDER_WAY:
            claims, _ = shelf.claims(after=None, limit=_SHOWN, status=status)
            found |= {
                f"{claim['project_id']}/{claim['name']}": dict(claim)
                for claim in claims
            }
        return found

    def _waits(self, service: PoolService) -> list[str]:
        """Say what keeps claims from being served."""
        found = []
        if not service.is_serving:
            found.append("the checks before serving have not passed yet")
        elif not self.rpc.is_serving:
            found.append("the message broker does not let us listen")
        try:
            self.house.store.pools.list()
        except exception.LedgerUnavailable as error:
            found.append(str(error))
        found += [
            f"{endpoint} is left alone after failures in a row"
            for endpoint, is_open in self._sessions.suspended().items()
            if is_open
        ]
        return found

    def _listeners(self) -> tuple[object, ...]:
        """Return who is told what passes the doors."""
        listeners = counting.Counting(self._meter), self._history
        if self._notifier is None:
            return listeners
        told = events.Events(self._notifier.tell, self._settings.pools)
        return *listeners, told

    def close(self) -> None:
        """Let go of threads and connections."""
        if self._notifier is not None:
            self._notifier.stop(_LAST_NEWS)
        # The hands first: they wait for the others.
        self._hands.close()
        self._runner.close()
        self.house.store.close()
        # Its connections would stay otherwise, with a thread for each; and
        # with a dead broker it takes as long as that is dead.
        ending = threading.Thread(
            target=self._transport.cleanup, name="rpc-end", daemon=True
        )
        ending.start()
        ending.join(_LAST_NEWS)

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

    def _renew_tokens(self) -> None:
        self._sessions.renew_tokens()
        self._tenants.renew()

    def _rpc(self) -> rpc_server.RpcServer:
        endpoints = serve(
            self.house,
            self._settings,
            policy=self._policy(),
            build_seconds=self._meter.build_seconds,
        )

        def make() -> om.MessageHandlingServer:
            server = rpc_server.make_server(
                self._transport, *endpoints, host=self._conf.host
            )
            # Registered by the server, and read when it starts.
            self._conf.set_default("executor_thread_pool_size", self._threads)
            return server

        return rpc_server.RpcServer(make)


def serve(
    house: app.House,
    settings: settings.Settings,
    *,
    policy: policy.Policy,
    build_seconds: Callable[[str], float | None],
) -> tuple[rpc_claims.Endpoint, operators.Endpoint, steering.Endpoint]:
    """Return the house's methods of the wire: callers', and operators'.

    ``build_seconds`` returns what a build of a pool takes on this daemon.
    """

    def pools() -> list[Mapping[str, Any]]:
        return [
            {**pool, "build_seconds": build_seconds(pool["name"])}
            for pool in report.pools(house.store, settings.pools)
        ]

    return (
        rpc_claims.Endpoint(
            house.claims,
            pools,
            policy=policy,
            default_budget=settings.claim.default_budget,
        ),
        operators.Endpoint(
            house.refresher,
            lambda: report.images(house.store, settings),
            policy=policy,
            refill=house.bell.ring,
        ),
        steering.Endpoint(
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
