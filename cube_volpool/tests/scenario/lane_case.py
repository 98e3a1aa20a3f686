"""The base of tests of lanes."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

from cube_volpool import model, settings, twin
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import records

_DEB = model.PoolName("deb")
_S = twin.Status


def config(
    *, lanes: int = 3, limits: dict[str, Any] | None = None, **changes: Any
) -> settings.Settings:
    """Return one pool of six volumes, built by so many lanes."""
    values = {"min_ready": 6, "max_creating": 6, "lanes": lanes, **changes}
    made = world.settings_of(world.spec(**values))
    reconcile = dataclasses.replace(made.reconcile, **(limits or {}))
    return dataclasses.replace(made, reconcile=reconcile)


class LaneCase(base.ScenarioCase):
    """A pool with three lanes, which is full."""

    def configure(self) -> settings.Settings:
        return config()

    def setUp(self) -> None:
        super().setUp()
        self.source = self.cloud.snapshot_id(base.SSD)

    def twins(self, kind: twin.Kind | None = None) -> list[twin.Twin]:
        """Return the rows of a kind, or of both."""
        held = self.world.store.twins.load(_DEB)
        return [one for one in held.twins if kind in (None, one.kind)]

    def marked(self) -> tuple[list[records.Volume], list[records.Snapshot]]:
        """Return the carriers and the twins that Cinder has."""
        volumes = self.cloud.volumes_of("volpool")
        return (
            [v for v in volumes if twin.KIND_KEY in v.metadata],
            [
                s
                for s in self.cloud.snapshots.values()
                if twin.KIND_KEY in s.metadata
            ],
        )

    def until(
        self, is_so: Callable[[], bool], daemon: world.Daemon | None = None
    ) -> None:
        """Let rounds pass, and audits, until something is so."""
        for number in range(200):
            if is_so():
                return
            if number % 10 == 9:
                (daemon or self.one).house.duties.audit()
            (daemon or self.one).house.reconciler.round()
            self.clock.advance(10)
        self.fail("it never came to that")

    def renewed(self, **changes: Any) -> world.Daemon:
        """Start a daemon of another configuration."""
        return self.world.daemon("new", config=config(**changes))

    def is_bare(self) -> bool:
        """Is nothing left of lanes, in Cinder and in the ledger?"""
        return (self.marked(), self.twins()) == (([], []), [])

    def has_lanes(self, count: int = 3) -> bool:
        """Are they all there, and nothing else?"""
        volumes, snapshots = self.marked()
        rows = self.twins()
        return (
            (len(volumes), len(snapshots)) == (1, count)
            and {s.volume_id for s in snapshots} == {volumes[0].id}
            and {one.cinder_id for one in rows}
            == {volumes[0].id, *(s.id for s in snapshots)}
            and all(one.status is _S.AVAILABLE for one in rows)
        )

    def sources(self) -> Counter[str | None]:
        """Count what the shelf was made of, by Cinder's word."""
        return Counter(
            self.cloud.volume(ident).snapshot_id for ident in self.shelf()
        )
