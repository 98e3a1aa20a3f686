"""The daemon as an oslo.service: start and stop, one loop for each duty."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from oslo_log import log
from oslo_service import service

from cube_volpool import exception, model, settings
from cube_volpool.claim.claimer import Claimer
from cube_volpool.claim.rescue import Rescuer
from cube_volpool.db.store import Store
from cube_volpool.duty import Duty
from cube_volpool.reconcile import Reconciler
from cube_volpool.refresh import Refresher

LOG = log.getLogger(__name__)

#: While something is being made or removed, Cinder is asked this often.
_BUSY_INTERVAL: Final = 2.0
#: Between two rounds because of claims: under steady ones each would list anew
#: what Cinder builds, and take the processor from the claims themselves.
_RING_INTERVAL: Final = 1.0
_NO_POOL: Final = "no pool could be looked after"
#: The pause after a turn that failed.
_PAUSE: Final = 5.0
#: Claims purged in one transaction: quick, and no lock held for long.
_PURGE_BATCH: Final = 1000
#: Tokens are renewed minutes before they end.
_TOKENS_INTERVAL: Final = 30.0
#: The duty that goes on until the last claim has ended.
LEASES: Final = "leases"
#: Leases are renewed three times before they would end.
_RENEWALS: Final = 3


class RefillBell:
    """Rung by a claim, so that refill starts at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung: set[model.PoolName] = set()
        self.on_ring: Callable[[], None] = lambda: None

    def ring(self, pool: model.PoolName) -> None:
        """Ask for a pool to be looked at now."""
        with self._lock:
            self._rung.add(pool)
        self.on_ring()

    def take(self) -> frozenset[model.PoolName]:
        """Return the pools that rang since the last time."""
        with self._lock:
            rung = frozenset(self._rung)
            self._rung.clear()
        return rung


class Duties:
    """The work that repeats.  Each has a thread: none can starve another."""

    def __init__(
        self,
        settings: settings.Settings,
        *,
        store: Store,
        reconciler: Reconciler,
        refresher: Refresher,
        claimer: Claimer,
        rescuer: Rescuer,
        renew_tokens: Callable[[], None],
        bell: RefillBell,
    ) -> None:
        self._settings = settings
        self._store = store
        self._reconciler = reconciler
        self._refresher = refresher
        self._claimer = claimer
        self._rescuer = rescuer
        self._renew_tokens = renew_tokens
        self._bell = bell
        self._full_round_at = 0.0
        self._may_ring_at = 0.0

    def all(self) -> tuple[Duty, ...]:
        """Return the duties, not yet running."""
        refill = Duty("reconcile", self.reconcile, pause=_PAUSE)
        self._bell.on_ring = refill.wake
        catalogue = Duty("catalogue", self.sync, pause=_PAUSE)
        self._reconciler.builds.on_reject = catalogue.wake
        return (
            catalogue,
            refill,
            Duty("audit", self.audit, pause=_PAUSE),
            Duty("rescue", self.rescue, pause=_PAUSE),
            Duty(LEASES, self.renew_leases, pause=_PAUSE),
            Duty("purge", self.purge, pause=_PAUSE),
            Duty("tokens", self.renew_tokens, pause=_PAUSE),
        )

    def reconcile(self) -> float:
        """One round: of all pools when it is due, else of those that rang.

        Under steady claims some pool rings all the time; the others must not
        wait for silence.
        """
        now = time.monotonic()
        next_at = min(self._may_ring_at, self._full_round_at)
        if now < next_at:
            return next_at - now
        rung = self._bell.take()
        interval = self._settings.reconcile.interval.total_seconds()
        if rung and now < self._full_round_at:
            is_busy = self._reconciler.round(rung)
            self._may_ring_at = time.monotonic() + _RING_INTERVAL
        else:
            is_busy = self._reconciler.round()
            self._full_round_at = time.monotonic() + interval
            if self._reconciler.has_failed:
                # Not done: the duty says so, and tries again soon.
                self._full_round_at = 0.0
                raise exception.CinderUnavailable(reason=_NO_POOL)
        if is_busy:
            soon = time.monotonic() + _BUSY_INTERVAL
            self._full_round_at = min(self._full_round_at, soon)
        return max(0.0, self._full_round_at - time.monotonic())

    def audit(self) -> float:
        """Look at every volume of the deployment."""
        self._reconciler.audit()
        if self._reconciler.has_failed:
            raise exception.CinderUnavailable(reason=_NO_POOL)
        return self._settings.reconcile.audit_interval.total_seconds()

    def sync(self) -> float:
        """Refresh the catalogue."""
        for name in self._refresher.turn().pools:
            self._bell.ring(name)
        return self._settings.catalogue.sync_interval.total_seconds()

    def rescue(self) -> float:
        """Settle the claims that were left."""
        self._rescuer.round()
        return self._settings.rescue_interval.total_seconds()

    def renew_leases(self) -> float:
        """Keep the claims that this process works on."""
        self._claimer.renew_leases()
        return self._settings.claim.lease.total_seconds() / _RENEWALS

    def renew_tokens(self) -> float:
        """Let no claim wait for a token."""
        self._renew_tokens()
        return _TOKENS_INTERVAL

    def purge(self) -> float:
        """Delete old finished claims, in small batches."""
        purged = _PURGE_BATCH
        while purged == _PURGE_BATCH:
            purged = self._store.pools.purge(
                older_than=self._settings.purge_after, limit=_PURGE_BATCH
            )
        return self._settings.purge_interval.total_seconds()


class Rpc(Protocol):
    """The RPC server as the service sees it."""

    def start(self) -> None:
        """Begin to listen; returns at once."""

    def stop(self, timeout: float) -> bool:
        """Stop listening and finish what runs."""


class PoolService(service.Service):
    """Checks, then duties and RPC; on stop, RPC first.

    ``check`` raises StartupRefused for good, any other error for now.  With
    ``works_at_once`` false the duties wait for ``work``: two configurations
    must not look after one pool.
    ``failure`` is set when a check refused for good, ``is_serving`` once they
    have all passed.
    """

    def __init__(
        self,
        duties: Duties,
        rpc: Rpc,
        check: Callable[[], None],
        *,
        graceful: float,
        works_at_once: bool = True,
    ) -> None:
        super().__init__()
        self._works_at_once = works_at_once
        self._duties = duties.all()
        self._rpc = rpc
        self._check = check
        # 0 waits for ever, as everywhere in oslo.service.
        self._graceful = graceful or threading.TIMEOUT_MAX
        self._gate = Duty("start", self._open, pause=_PAUSE)
        self.is_serving = False
        self._is_stopping = False
        #: Beginning to serve and stopping are one after the other.
        self._turn = threading.Lock()
        self.failure: exception.StartupRefused | None = None

    def start(self) -> None:
        """Begin; what is down, database, broker or Cinder, is waited for."""
        self._spawn(self._gate)

    def busy_for(self) -> float:
        """Return how long the slowest present turn has been running."""
        return max(duty.busy_for() for duty in (self._gate, *self._duties))

    def done_at(self) -> Mapping[str, float | None]:
        """Return when each duty last did its work, since the epoch."""
        return {duty.name: duty.done_at for duty in self._duties}

    # oslo.service calls it without an argument on SIGTERM, so the default is
    # to finish what runs.
    def stop(self, graceful: bool = True) -> None:
        """Take no more claims, finish those that run, end the duties."""
        with self._turn:
            self._is_stopping = True
        self._gate.stop()
        # The claims that run keep their leases, and nothing else is begun.
        for duty in self._duties:
            if duty.name != LEASES:
                duty.stop()
        if self.is_serving and not self._rpc.stop(self._graceful):
            LOG.warning(
                "Claims still ran after %s s; the next daemon settles them",
                self._graceful,
            )
        for duty in self._duties:
            duty.stop()
        super().stop(graceful=False)

    def _open(self) -> float:
        try:
            self._check()
        except exception.StartupRefused as refused:
            self.failure = refused
            self._gate.stop()
            return 0
        self._gate.stop()
        with self._turn:
            # Whoever is stopped while the checks run begins nothing more.
            if not self._is_stopping:
                if self._works_at_once:
                    self._spawn_duties()
                self._rpc.start()
                self.is_serving = True
                LOG.info("All checks passed; the pools are served")
        return 0

    def work(self) -> None:
        """Let the duties begin, where they have waited for that."""
        with self._turn:
            if not self._works_at_once and not self._is_stopping:
                self._works_at_once = True
                self._spawn_duties()

    def _spawn_duties(self) -> None:
        for duty in self._duties:
            self._spawn(duty)

    def _spawn(self, duty: Duty) -> None:
        threading.Thread(
            target=duty.run, name=duty.name, daemon=True
        ).start()
