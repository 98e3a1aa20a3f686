"""The composition root: settings in, wired objects out."""

import contextlib
import functools
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from cube_volpool import (
    clock,
    endurance,
    images,
    reconcile,
    refresh,
    settings,
    steering,
    volumeapi,
)
from cube_volpool import conf as options
from cube_volpool.cinder import sessions
from cube_volpool.claim import claimer, look, miss, order, parallel, rescue
from cube_volpool.db import os_table, shelf
from cube_volpool.db.store import Store
from cube_volpool.service import Duties, RefillBell
from cube_volpool.status import doors


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that works, wired."""

    store: Store
    reconciler: reconcile.Reconciler
    refresher: refresh.Refresher
    #: What serves claims: the claimer, watched where somebody does.
    claims: claimer.Claimer | doors.WatchedClaims
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
    #: Renews the tokens that end soon.  Raises Unreachable.
    renew: Callable[[], None] = lambda: None


def wire(
    settings: settings.Settings,
    *,
    store: Store,
    keyrings: Keyrings,
    ticker: clock.Clock,
    runner: parallel.Runner,
    hands: parallel.Runner,
    chance: Callable[[], float] = random.random,
    watch: doors.Watch | None = None,
) -> House:
    """Wire the house around its two doors.

    ``runner`` makes calls to Cinder, and ``hands`` works on the claims of one
    request; they must not share threads.  ``chance`` returns a number from 0
    to 1, by which pauses are drawn; ``watch`` is told what passes the doors.
    """
    owner_token = str(uuid.uuid4())
    keyrings = _enduring(keyrings, settings, ticker=ticker, chance=chance)
    if watch is not None:
        store = doors.watched_store(store, watch)
        keyrings = _watched(keyrings, watch)
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
        hands=hands,
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
        claims=serving
        if watch is None
        else doors.WatchedClaims(serving, watch),
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
            renew_tokens=keyrings.renew,
            bell=bell,
        ),
        bell=bell,
    )


def _watched(keyrings: Keyrings, watch: doors.Watch) -> Keyrings:
    return Keyrings(
        pool=doors.watched_api(keyrings.pool, "pool", watch),
        tenants=doors.WatchedTenants(keyrings.tenants, watch),
        renew=keyrings.renew,
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
        renew=keyrings.renew,
    )


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
    draw = functools.partial(random.randint, 1, shelf.MOST)
    return Store(dict(conf.database), draw=draw)
