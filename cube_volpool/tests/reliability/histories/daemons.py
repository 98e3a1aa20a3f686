"""A simulated daemon: its lives, its duties, its calls."""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any, Final

from cube_volpool import app, exception, model, settings
from cube_volpool.claim.batch import Result
from cube_volpool.claim.job import Answer
from cube_volpool.db.store import Store
from cube_volpool.tests.reliability.histories import doors
from cube_volpool.tests.reliability.histories.hub import (
    Call,
    Hub,
    Life,
    SideBySide,
    Task,
    Ticker,
)
from cube_volpool.tests.simulator import Cloud, direct

#: Its duties and how often each comes, against the others.
DUTIES: Final = {
    "reconcile": 10,
    "refill": 24,
    "rescue": 6,
    "audit": 1,
    "sync": 1,
    "leases": 4,
    "purge": 0.3,
}


@dataclasses.dataclass(frozen=True)
class Site:
    """What all daemons share."""

    hub: Hub
    cloud: Cloud
    store: Store
    #: The service account in the tenants' projects; None: callers' tokens.
    tenant_user: str | None


class Daemon:
    """One of the three.  ``config`` is what its next life begins with."""

    def __init__(
        self, site: Site, name: str, config: settings.Settings
    ) -> None:
        self.name = name
        self.config = config
        self.running = config
        self._site = site
        self.life = Life(name, is_dead=True)
        self.on_duty: dict[str, Task] = {}

    @property
    def is_up(self) -> bool:
        """Does the process live, paused or not?"""
        return not self.life.is_dead

    def start(self) -> None:
        """Begin a new life: nothing is remembered."""
        site = self._site
        self.life = Life(self.name, config=self.config)
        self.running = self.config
        self.on_duty = {}
        keyring = doors.Keyring(site.hub, self.life, site.cloud)
        tenants = doors.Tenants(
            site.hub,
            self.life,
            direct.DirectTenants(keyring.tenant, user=site.tenant_user),
        )
        self.house = app.wire(
            self.config,
            store=doors.store(site.hub, self.life, site.store),
            keyrings=app.Keyrings(pool=keyring.pool(), tenants=tenants),
            ticker=Ticker(site.hub),
            runner=SideBySide(site.hub, self.life),
            hands=SideBySide(site.hub, self.life),
        )
        self.do("sync")

    def crash(self) -> list[Call]:
        """Die; return the calls that were on the wire."""
        return self._site.hub.kill(self.life)

    def do(self, duty: str) -> None:
        """Begin a duty, unless it is being done."""
        under_way = self.on_duty.get(duty)
        if under_way is None or under_way.is_over:
            self.on_duty[duty] = self._site.hub.spawn(
                f"{self.name}:{duty}", self.life, self._work(duty)
            )

    def steer(self, method: str, *arguments: Any, **keywords: Any) -> None:
        """Do what an operator asks, in a task of its own."""

        def ask() -> None:
            # What cannot be done is said, and changes nothing.
            with contextlib.suppress(exception.VolpoolError):
                getattr(self.house.steering, method)(*arguments, **keywords)

        self._site.hub.spawn(f"{self.name}:{method}", self.life, ask)

    def _work(self, duty: str) -> Callable[[], Any]:
        duties, house = self.house.duties, self.house
        works: dict[str, Callable[[], Any]] = {
            "reconcile": house.reconciler.round,
            "refill": self._refill,
            "rescue": duties.rescue,
            "audit": duties.audit,
            "sync": duties.sync,
            "leases": duties.renew_leases,
            "purge": duties.purge,
        }
        return works[duty]

    def _refill(self) -> None:
        # In an order of its own: that of a set differs by the process.
        rung = self.house.duties._bell.take()
        self.house.reconciler.round(sorted(rung))

    def claim(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        *,
        budget: float,
    ) -> Answer:
        """Serve a claim call, inside a task."""
        return self.house.claimer.claim(
            caller,
            request,
            deadline=self._site.hub.now + budget,
        )

    def claim_many(
        self,
        caller: model.Caller,
        requests: list[model.ClaimRequest],
        *,
        budget: float,
        all_or_nothing: bool,
    ) -> list[Result]:
        """Serve a call for several claims, inside a task."""
        return self.house.claimer.claim_many(
            caller,
            requests,
            deadline=self._site.hub.now + budget,
            all_or_nothing=all_or_nothing,
        )
