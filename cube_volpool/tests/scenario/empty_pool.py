"""The base of tests of a pool that has nothing yet."""

import dataclasses
from typing import Any

from cube_volpool import model, settings
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import records

_CREATE = "/volumes"
_CREATING = model.RowStatus.CREATING


def limited(
    *pools: settings.PoolSpec, **reconcile: Any
) -> settings.Settings:
    """Return settings with changes to ``[reconcile]``."""
    return dataclasses.replace(
        world.settings_of(*pools),
        reconcile=settings.ReconcileSettings(**reconcile),
    )


class EmptyCase(base.ScenarioCase):
    """A pool that has nothing yet."""

    fills = False

    def setUp(self) -> None:
        super().setUp()
        self.one.house.duties.sync()
        self.two.house.duties.sync()
        self.cloud.journal.clear()

    def round(self, daemon: world.Daemon | None = None) -> bool:
        return (daemon or self.one).house.reconciler.round()

    def made(self) -> list[records.Volume]:
        """Return what was made in the pool project, dead or alive."""
        return [
            volume
            for volume in (
                *self.cloud.volumes_of("volpool"),
                *self.cloud.deleted.values(),
            )
            if model.DEPLOYMENT_KEY in volume.metadata
        ]

    def creates(self) -> int:
        return self.calls().count("POST /volumes")
