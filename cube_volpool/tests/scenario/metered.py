"""A daemon with meters, and what they tell."""

import json
from collections.abc import Mapping
from typing import Any

from cube_volpool.status import (
    collector,
    counting,
    doors,
    events,
    meters,
)
from cube_volpool.tests.scenario import rollout


class MeterCase(rollout.ImageCase):
    """Daemon one has meters."""

    def setUp(self) -> None:
        super().setUp()
        self.meters = meters.Meters()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.one = self.world.daemon(
            "measured",
            watch=doors.Watch(
                meters=self.meters,
                clock=self.world.clock,
                listeners=(
                    counting.Counting(self.meters),
                    events.Events(self.tell, self.world.settings.pools),
                ),
            ),
        )
        self.done: dict[str, float | None] = {"audit": 12.0, "purge": None}
        self.open: dict[str, bool] = {"cloud.test/volume": False}
        self.meters.registry.register(
            collector.Collector(
                self.world.store,
                lambda: self.world.settings.pools,
                done_at=lambda: self.done,
                suspended=lambda: self.open,
            )
        )

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        """Keep an event; it is plain JSON."""
        self.events.append((event, json.loads(json.dumps(payload))))

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the payloads of an event."""
        return [payload for name, payload in self.events if name == event]

    def value(self, name: str, **labels: str) -> float:
        """Return a sample; 0 for one that is not there."""
        found = self.meters.registry.get_sample_value(
            f"cube_volpool_{name}", labels
        )
        return found or 0.0
