"""What is done to Cinder, to Keystone and to the shelves."""

import contextlib
from collections.abc import Iterator

from cube_volpool.tests import engine
from cube_volpool.tests.chaos.installation import hold
from cube_volpool.tests.chaos.scene import Scene
from cube_volpool.tests.simulator import faults


@contextlib.contextmanager
def _faults(scene: Scene, *rules: tuple[str, str, faults.Act, float]
            ) -> Iterator[list[faults.Fault]]:
    """Have fault rules (method, route, act, probability) in the block."""
    cloud = scene.house.cloud
    added = [
        cloud.fault(method, route, act, probability=probability)
        for method, route, act, probability in rules
    ]
    try:
        yield added
    finally:
        for rule in added:
            cloud.faults.remove(rule)
    assert any(rule.hits for rule in added), "no request met a fault"


def storm(scene: Scene) -> None:
    """Most calls end in 5xx, one in five of those after its effect."""
    with _faults(
        scene,
        ("*", "/volume**", faults.refuse(503), 0.4),
        ("*", "/volume**", faults.refuse(500), 0.2),
        ("*", "/volume**", faults.lose(502), 0.1),
        ("*", "/volume**", faults.lose("reset"), 0.05),
        ("POST", "/volume-transfers/**", faults.lose("timeout"), 0.05),
    ):
        hold(8)


def slow_down_cinder(scene: Scene) -> None:
    cloud = scene.house.cloud
    timing, usual = cloud.backend.timing, dict(cloud.latency)
    builds = timing.build_seconds, timing.build_seconds_per_gib
    cloud.latency = {call: 20 * took for call, took in usual.items()}
    timing.build_seconds, timing.build_seconds_per_gib = (
        20 * took for took in builds
    )
    try:
        hold(8)
    finally:
        cloud.latency = usual
        timing.build_seconds, timing.build_seconds_per_gib = builds


def take_keystone_down(scene: Scene) -> None:
    """One daemon has to start without it."""
    daemon = scene.chance.choice(scene.house.daemons)
    rule = ("*", "/identity/**", faults.refuse(503), 1.0)
    with _faults(scene, rule) as added:
        daemon.restart()
        engine.wait_until(lambda: added[0].hits > 0, "Keystone is missed")
        hold(4)


def stop_volume_service(scene: Scene) -> None:
    cloud = scene.house.cloud
    cloud.backend.timing.rpc_response_timeout = 3
    with cloud.lock:
        cloud.backend.stop()
    try:
        hold(6)
    finally:
        with cloud.lock:
            cloud.backend.start()


def exhaust_pool(scene: Scene) -> None:
    """More callers at once than there are volumes on the shelves."""
    for _ in range(4):
        scene.load.burst(40)
        hold(1)
