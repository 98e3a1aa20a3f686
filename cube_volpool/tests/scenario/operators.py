"""The daemon's end of the wire, as operators call it."""

from collections.abc import Callable
from typing import Any

from cube_volpool import daemon
from cube_volpool.tests.scenario import rollout
from cube_volpool.tests.unit.rpc import endpoints


class OperatorCase(rollout.ImageCase):
    """The daemon's own endpoints, over the real house."""

    def setUp(self) -> None:
        super().setUp()
        self.endpoints = daemon.serve(
            self.one.house,
            self.world.settings,
            policy=endpoints.make_policy(),
            build_seconds={"deb": 2.5}.get,
        )
        self.endpoints[0]._clock = self.clock.monotonic

    def method(self, name: str) -> Callable[..., Any]:
        """Return a method of the wire."""
        [found] = [
            getattr(endpoint, name)
            for endpoint in self.endpoints
            if hasattr(endpoint, name)
        ]
        return found

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method as an operator."""
        found: dict[str, Any] = self.method(method)(
            endpoints.OPERATOR, **arguments
        )
        return found

    def refusal(self, method: str, **arguments: Any) -> Any:
        """Call a method that refuses; return the error."""
        return endpoints.refusal_of(
            self.method(method), endpoints.OPERATOR, **arguments
        )

    def shown(self) -> dict[str, dict[str, Any]]:
        """Return the list's images by their snapshots."""
        images = self.call("list_os")["images"]
        return {image["snapshot_id"]: image for image in images}

    def held_by(self, snapshot_id: str) -> dict[str, int]:
        """Return what holds a snapshot, as the list has it."""
        held: dict[str, int] = self.shown()[snapshot_id]["held_by"]
        return held

    def pool_shown(self) -> dict[str, Any]:
        """Return the pool as get_pools has it."""
        [pool] = self.call("get_pools")["pools"]
        return dict(pool)

    def rung(self) -> set[str]:
        """Return the pools that were asked to be looked at."""
        return set(self.one.house.bell.take())
