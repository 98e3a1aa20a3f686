"""A whole house over the simulator: the fixture of scenario tests.

One clock drives the cloud, the ledger and the daemons.  The store is the
real one on SQLite, cinderclient and keystoneauth run for real; only the
socket is missing.  Several daemons share one ledger and one cloud.
"""

import datetime
import pathlib
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

import fixtures
import sqlalchemy as sa
from keystoneauth1 import session as ks_session
from keystoneauth1.identity import v3

from cube_volpool import app, model, settings, volumeapi
from cube_volpool.cinder import api as cinder
from cube_volpool.cinder import breaker, gate, tenants
from cube_volpool.claim import parallel
from cube_volpool.claim.batch import Result
from cube_volpool.claim.job import Answer
from cube_volpool.db.store import Store
from cube_volpool.status import doors
from cube_volpool.tests import ledger_time, simulator, template

RULE = re.compile(r"(?P<os>.+)_(?P<type>[^_]+)_(?P<version>[^_]+)")
DEPLOYMENT = "test"
PASSWORD = "labadmin"

#: Far ahead of the machine's own clock, by which keystoneauth judges whether
#: a token is still good: so only the simulated Keystone ever ends one.
_START = datetime.datetime(2040, 1, 1, tzinfo=datetime.UTC)

#: Wraps one of the two doors: (the daemon's name, the door) -> the door.
Wrap = Callable[[str, Any], Any]


def _as_is(_name: str, door: Any) -> Any:
    return door


def spec(name: str = "deb", **changes: Any) -> settings.PoolSpec:
    """Return a pool of 1 GiB debian volumes of type ssd."""
    values: dict[str, Any] = {
        "name": name,
        "os_name": "debian-12",
        "volume_type": "ssd",
        "type_aliases": frozenset({"fast"}),
        "min_ready": 2,
        "max_creating": 2,
    }
    return settings.PoolSpec(**{**values, **changes})


def settings_of(
    *pools: settings.PoolSpec, **claim: Any
) -> settings.Settings:
    """Return settings with these pools and changes to ``[claim]``.

    Old stock goes at once: few tests are about how long it stays.
    """
    return settings.Settings(
        deployment=DEPLOYMENT,
        pools=pools or (spec(),),
        catalogue=settings.CatalogueSettings(naming_rule=RULE),
        claim=settings.ClaimSettings(**claim),
        reconcile=settings.ReconcileSettings(drain_time=timedelta(0)),
    )


class Place(Protocol):
    """Where the ledgers of many worlds are, one after the other."""

    @property
    def url(self) -> str:
        """The database, as SQLAlchemy wants it."""

    def empty(self) -> None:
        """Forget the world before."""

    def store(self, time: Callable[[], datetime.datetime]) -> Store:
        """Return the store; ``time`` tells its naive UTC time from now on."""


class World(fixtures.Fixture):
    """The cloud, the ledger, and daemons made on demand.

    ``place`` has the ledger, and stays; else it is a new SQLite file.
    """

    def __init__(
        self,
        config: settings.Settings | None = None,
        *,
        tenant_user: str = "skyline",
        place: Place | None = None,
    ) -> None:
        super().__init__()
        self.settings = config or settings_of()
        self.tenant_user = tenant_user
        self._place = place

    def _setUp(self) -> None:
        self.clock = simulator.SimClock(_START)
        self.cloud = simulator.Cloud.lab(self.clock)
        if self._place is not None:
            self.url = self._place.url
            self._place.empty()
            self.store = self.new_store()
            return
        folder = self.useFixture(fixtures.TempDir()).path
        self.url = f"sqlite:///{pathlib.Path(folder) / 'ledger.sqlite'}"
        # One ledger for all daemons; its engine opens connections anew.
        self.store = self.new_store()
        template.copy_to(pathlib.Path(folder) / "ledger.sqlite")

    def new_store(self) -> Store:
        """Open the ledger, on the world's clock; the oldest row first."""
        if self._place is not None:
            return self._place.store(self.now)
        store = Store(
            {"connection": self.url, "sqlite_synchronous": False},
            draw=lambda: 1,
            clock=self.ledger_time,
        )
        self.addCleanup(store.close)
        return store

    def ledger_time(
        self, offset: float = 0
    ) -> sa.ColumnElement[datetime.datetime]:
        """Return the world's now plus ``offset`` seconds, for the ledger."""
        return ledger_time.told(self.now, offset)

    def now(self) -> datetime.datetime:
        """Return the world's now, as a naive UTC time."""
        return self.clock.now().replace(tzinfo=None)

    def keyring(self, user: str, project_id: str) -> cinder.CinderAPI:
        """Return the volume API of a user in a project."""
        session = self.session()
        return cinder.CinderAPI(
            session,
            self._auth(user, project_id),
            endpoint=cinder.Endpoint(region_name="RegionOne"),
        )

    def session(self) -> ks_session.Session:
        """Return a keystoneauth session into the cloud, through a gate."""
        http = simulator.mount(self.cloud)
        breakers = gate.Breakers(
            breaker.Limits(), clock=self.clock, chance=lambda: 0.5
        )
        inner = http.get_adapter("http://")
        http.mount("http://", gate.Gate(inner, breakers))
        return ks_session.Session(session=http)

    def _auth(self, user: str, project_id: str) -> v3.Password:
        return v3.Password(
            self.cloud.auth_url,
            username=user,
            password=PASSWORD,
            user_domain_id="default",
            project_id=project_id,
        )

    def project(self, name: str) -> model.ProjectId:
        """Return a project's id."""
        return model.ProjectId(self.cloud.project_id(name))

    def daemon(
        self,
        name: str = "one",
        *,
        wrap: Wrap = _as_is,
        runner: parallel.Runner | None = None,
        hands: parallel.Runner | None = None,
        config: settings.Settings | None = None,
        watch: doors.Watch | None = None,
    ) -> "Daemon":
        """Make a daemon.  ``wrap`` is put around each of its doors."""
        return Daemon(
            self,
            name,
            wrap=wrap,
            runner=runner or parallel.Serial(),
            hands=hands or parallel.Serial(),
            config=config or self.settings,
            watch=watch,
        )

    def audit_everything(self) -> None:
        """Let the leases, the graces and the queues of the world run out."""
        self.clock.advance(3600)


class Daemon:
    """One daemon of the world, its duties called by hand."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        wrap: Wrap,
        runner: parallel.Runner,
        hands: parallel.Runner,
        config: settings.Settings,
        watch: doors.Watch | None = None,
    ) -> None:
        self.world = world
        store = wrap(name, world.new_store())
        pool = wrap(name, world.keyring("volpool", world.project("volpool")))
        service = tenants.ServiceTenants(
            world.session(),
            lambda project: world._auth(world.tenant_user, project),
            endpoint=cinder.Endpoint(region_name="RegionOne"),
        )
        self.house = app.wire(
            config,
            store=store,
            keyrings=app.Keyrings(
                pool=pool, tenants=_WrappedTenants(service, name, wrap)
            ),
            ticker=world.clock,
            runner=runner,
            hands=hands,
            chance=lambda: 0.5,
            watch=watch,
        )

    def fill(self, rounds: int = 40) -> None:
        """Sync, then reconcile until nothing is under way."""
        self.house.duties.sync()
        for _ in range(rounds):
            if not self.house.reconciler.round():
                return
            self.world.clock.advance(5)
        raise AssertionError(f"still busy after {rounds} rounds")

    def claim(
        self,
        name: str = "web_sys",
        *,
        project: str = "skyline-a",
        budget: float = 30,
        **changes: Any,
    ) -> Answer:
        """Claim a debian volume of type ssd, as skyline would."""
        return self.house.claims.claim(
            model.Caller(project_id=self.world.project(project)),
            self.request(name, **changes),
            deadline=self.world.clock.monotonic() + budget,
        )

    def claim_many(
        self,
        *names: str,
        project: str = "skyline-a",
        budget: float = 30,
        all_or_nothing: bool = False,
        others: Mapping[str, Mapping[str, Any]] | None = None,
        **changes: Any,
    ) -> list[Result]:
        """Claim such volumes in one request; some are to be others."""
        others = others or {}
        return self.house.claims.claim_many(
            model.Caller(project_id=self.world.project(project)),
            [
                self.request(name, **{**changes, **others.get(name, {})})
                for name in names
            ],
            deadline=self.world.clock.monotonic() + budget,
            all_or_nothing=all_or_nothing,
        )

    def request(self, name: str, **changes: Any) -> model.ClaimRequest:
        """Return a claim of a debian volume of type ssd."""
        values: dict[str, Any] = {"name": name, "volume_type": "ssd"}
        if "snapshot_id" not in changes:
            values["snapshot_id"] = self.world.cloud.snapshot_id(
                "debian-12_ssd_20261120"
            )
        return model.ClaimRequest(**{**values, **changes})


class _WrappedTenants:
    """Puts the wrap around every tenant API as well."""

    def __init__(
        self, inner: volumeapi.Tenants, name: str, wrap: Wrap
    ) -> None:
        self._inner = inner
        self._name = name
        self._wrap = wrap

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> volumeapi.VolumeAPI:
        api = self._inner.for_claim(project_id, auth_token)
        wrapped: volumeapi.VolumeAPI = self._wrap(self._name, api)
        return wrapped

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        return self.for_claim(project_id, None)


def body(answer: Answer) -> Mapping[str, Any]:
    """Return the volume of an answer."""
    return answer.volume
