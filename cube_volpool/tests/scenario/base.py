"""The base of scenario tests: a world, what dies in it, what it came to."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from oslotest import base

from cube_volpool import model, settings
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.simulator import faults, journal, records

SSD = "debian-12_ssd_20261120"
ACCEPT = "/volume-transfers/*/accept"
LEASE = 31


class Died(BaseException):
    """The daemon is gone: nothing in it may catch this."""


class ScenarioCase(base.BaseTestCase):
    """A filled pool ``deb``, the daemon ``one``, and ``two`` on demand."""

    tenant_user = "skyline"
    fills = True

    def configure(self) -> settings.Settings:
        """Return the settings of the world; a test class has its own."""
        return world.settings_of()

    def setUp(self) -> None:
        super().setUp()
        self.world = self.useFixture(
            world.World(self.configure(), tenant_user=self.tenant_user)
        )
        self.cloud = self.world.cloud
        self.clock = self.world.clock
        self.cloud.add_user(
            "carrier", **{"skyline-a": "member", "skyline-b": "member"}
        )
        self.one = self.world.daemon("one")
        self.two = self.world.daemon("two")
        if self.fills:
            self.one.fill()
        self.cloud.journal.clear()

    # -- what happens ---------------------------------------------------------

    def die(
        self, method: str, path: str, moment: str, **options: Any
    ) -> faults.Fault:
        """Let the process that sends this request die in it.

        ``moment`` is ``before``, ``during`` (accept alone) or ``after`` its
        effect.
        """

        def death(_seen: journal.Seen) -> None:
            raise Died

        hook = faults.hook(**{moment: death})
        options.setdefault("times", 1)
        return self.cloud.fault(method, path, hook, **options)

    def at(
        self, method: str, path: str, moment: str, act: Any, **options: Any
    ) -> faults.Fault:
        """Call ``act()`` once, at a moment of a request of this kind."""
        hook = faults.hook(**{moment: lambda _seen: act()})
        options.setdefault("times", 1)
        return self.cloud.fault(method, path, hook, **options)

    def abandon(self, method: str, path: str, moment: str) -> model.Claim:
        """Let daemon one die in its claim; return the claim it leaves."""
        self.die(method, path, moment)
        self.assertRaises(Died, self.one.claim)
        self.clock.advance(LEASE)
        return self.record()

    def empty_the_shelf(self) -> None:
        """Give the two volumes of the pool away."""
        for name in "ab":
            self.one.claim(name)

    def rescue(self, daemon: world.Daemon | None = None) -> int:
        """Let a daemon, two by default, look at the abandoned claims."""
        return (daemon or self.two).house.rescuer.round()

    def rest(self, rounds: int = 60) -> None:
        """Let everything come to rest, and check what must then be true."""
        for _ in range(rounds):
            self.clock.advance(LEASE)
            left = self.rescue()
            if not self.two.house.reconciler.round() and not left:
                break
        else:
            self.fail(f"no rest after {rounds} rounds")
        self.assert_at_rest()

    @contextlib.contextmanager
    def ledger_gone(self) -> Iterator[None]:
        """The database does not answer in here."""
        self.take_ledger_away()
        try:
            yield
        finally:
            self.bring_ledger_back()

    def take_ledger_away(self) -> None:
        """Stop the database."""
        folder = pathlib.Path(self.world.url.removeprefix("sqlite:///")).parent
        folder.rename(f"{folder}.away")

    def bring_ledger_back(self) -> None:
        """Start the database again."""
        folder = pathlib.Path(self.world.url.removeprefix("sqlite:///")).parent
        os.rename(f"{folder}.away", folder)

    def change_password(self, user: str) -> None:
        """Let an account's password be another one from now on."""
        found = self.cloud.identity.user(user)
        assert found is not None
        found.password = "changed"

    # -- what it came to ------------------------------------------------------

    def rows(
        self, status: model.RowStatus | None = None, pool: str = "deb"
    ) -> list[model.PooledVolume]:
        """Return the rows of a pool, of a status or all."""
        stock = self.world.store.stock.load(model.PoolName(pool))
        return [r for r in stock.rows if status in (None, r.status)]

    def shelf(self, pool: str = "deb") -> list[model.VolumeId]:
        """Return the ids of the volumes on the shelf, the next one first."""
        rows = self.rows(model.RowStatus.AVAILABLE, pool)
        return [row.volume_id for row in rows if row.volume_id]

    def row_of(self, volume_id: str) -> model.PooledVolume | None:
        """Return the row of a volume."""
        found = [r for r in self.rows() if r.volume_id == volume_id]
        return found[0] if found else None

    def claims(self) -> list[model.Claim]:
        """Return every claim of the ledger."""
        with self.world.store.ledger.write() as session:
            rows = session.execute(sa.select(models.claims)).all()
            return [models.claim(row) for row in rows]

    def record(
        self, name: str = "web_sys", project: str = "skyline-a"
    ) -> model.Claim:
        """Return the claim of a name."""
        owner = self.world.project(project)
        [found] = [
            claim
            for claim in self.claims()
            if (claim.name, claim.project_id) == (name, owner)
        ]
        return found

    def named(
        self, name: str = "web_sys", project: str = "skyline-a"
    ) -> list[records.Volume]:
        """Return the volumes of that name in a project."""
        found = self.cloud.volumes_of(project)
        return [volume for volume in found if volume.name == name]

    def pool_record(self, pool: str = "deb") -> model.PoolRecord:
        """Return the record of a pool."""
        return self.world.store.pools.list()[model.PoolName(pool)]

    def calls(self, *, since: int = 0, **wanted: Any) -> list[str]:
        """Return the requests to Cinder as ``METHOD /kind/*``, in order."""
        return [
            f"{seen.method} {_kind(seen.route)}"
            for seen in self.cloud.requests[since:]
            if not seen.route.startswith("/identity")
            and all(getattr(seen, k) == v for k, v in wanted.items())
        ]

    def assert_given(
        self, name: str = "web_sys", project: str = "skyline-a"
    ) -> records.Volume:
        """The claim has exactly one volume, and the ledger knows which."""
        volumes = self.named(name, project)
        self.assertEqual(1, len(volumes))
        record = self.record(name, project)
        self.assertEqual(model.ClaimStatus.BOUND, record.status)
        self.assertEqual(volumes[0].id, record.volume_id)
        self.assertEqual("available", volumes[0].status)
        self.assertIsNone(self.row_of(volumes[0].id))
        return volumes[0]

    def assert_on_shelf(self, volume_id: str) -> None:
        """A volume is on the shelf as if nothing had ever happened to it."""
        volume, row = self.cloud.volume(volume_id), self.row_of(volume_id)
        assert row is not None
        self.assertEqual(model.RowStatus.AVAILABLE, row.status)
        self.assertIsNone(row.claim_id)
        self.assertEqual(row.name, volume.name)
        self.assertEqual(self.world.project("volpool"), volume.project_id)
        self.assertEqual("available", volume.status)
        self.assertEqual(
            {
                model.DEPLOYMENT_KEY: world.DEPLOYMENT,
                model.MARKER_KEY: row.marker,
                model.POOL_KEY: row.pool,
            },
            volume.metadata,
        )

    def assert_condemned(self, volume_id: str) -> None:
        """The row of a volume is condemned and no claim's any more."""
        row = self.row_of(volume_id)
        assert row is not None
        self.assertEqual(model.RowStatus.DELETING, row.status)
        self.assertIsNone(row.claim_id)

    def assert_nothing_given(
        self, name: str = "web_sys", project: str = "skyline-a"
    ) -> None:
        """The project has no volume of that name and the claim has failed."""
        self.assertEqual([], self.named(name, project))
        self.assertEqual(
            model.ClaimStatus.FAILED, self.record(name, project).status
        )

    def assert_at_rest(self) -> None:
        """No claim, offer, row or volume of ours is left over.

        *Source:* the invariants "single delivery" and "no leak for ever".
        """
        self.assertEqual({}, self.cloud.transfers)
        ended = (model.ClaimStatus.BOUND, model.ClaimStatus.FAILED)
        bound: dict[str, model.Claim] = {}
        for claim in self.claims():
            self.assertIn(claim.status, ended)
            if claim.status is model.ClaimStatus.BOUND:
                assert claim.volume_id is not None
                self.assertNotIn(claim.volume_id, bound)
                bound[claim.volume_id] = claim
        kept = set()
        for row in self.world.store.stock.load(model.PoolName("deb")).rows:
            assert row.volume_id is not None
            self.assert_on_shelf(row.volume_id)
            kept.add(row.volume_id)
        pool = self.world.project("volpool")
        for volume in self.cloud.volumes.values():
            if model.DEPLOYMENT_KEY not in volume.metadata:
                continue
            if volume.project_id == pool:
                self.assertIn(volume.id, kept, "a leak in the pool project")
            else:
                self.assertIn(volume.id, bound, "given to nobody's claim")
                owner = bound[volume.id].project_id
                self.assertEqual(owner, volume.project_id)

    def assert_untouched(self, volume_id: str, since: int) -> None:
        """From request ``since`` on the tenant alone read this volume."""
        touched = [
            (seen.method, seen.user, seen.route)
            for seen in self.cloud.requests[since:]
            if seen.touches(volume_id)
        ]
        wrong = [t for t in touched if t[:2] != ("GET", self.tenant_user)]
        self.assertEqual([], wrong)


def type_of(volume: records.Volume) -> str | None:
    """Return the name of a volume's type."""
    return None if volume.volume_type is None else volume.volume_type.name


def _kind(route: str) -> str:
    """Return a route with the ids taken out."""
    return "/".join(
        "*" if len(part) == 36 and part.count("-") == 4 else part
        for part in route.split("/")
    )
