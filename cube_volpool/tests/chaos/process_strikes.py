"""What is done to the daemons, their disk and their clock."""

import time

from cube_volpool.tests import engine
from cube_volpool.tests.chaos import servers
from cube_volpool.tests.chaos.installation import hold
from cube_volpool.tests.chaos.scene import Scene

_HOUR = 3600
#: Python sleeps until a moment of the monotonic clock, and libfaketime 0.9
#: adds the hour to that: its clock_nanosleep() then fails.
_SLEEP = """
import select
import time

def sleep(seconds):
    select.select((), (), (), seconds)

time.sleep = sleep
"""


def kill(scene: Scene) -> None:
    daemon = scene.chance.choice(scene.house.daemons)
    daemon.kill()
    hold(1)
    daemon.start()


def kill_again_and_again(scene: Scene) -> None:
    for _ in range(5):
        scene.chance.choice(scene.house.daemons).restart()
        hold(scene.chance.uniform(0.5, 2))


def kill_all(scene: Scene) -> None:
    for daemon in scene.house.daemons:
        daemon.kill()
    hold(1)
    for daemon in scene.house.daemons:
        daemon.start()


def freeze(scene: Scene) -> None:
    with scene.chance.choice(scene.house.daemons).frozen():
        hold(30)


def fill_log_disk(scene: Scene) -> None:
    with scene.house.log_disk.full():
        hold(5)


def double_host_name(scene: Scene) -> None:
    first = scene.house.daemons[0]
    twin = scene.house.another("engine-0")
    twin.wait_for("RPC server listens")
    hold(3)
    first.restart()
    hold(3)
    twin.kill()


def turn_clock(scene: Scene) -> None:
    """One daemon's time of day jumps by an hour, forth and back."""
    daemon = scene.chance.choice(scene.house.daemons)
    clock = daemon.log.with_name("time")
    clock.write_text("+0")
    (daemon.log.parent / "sitecustomize.py").write_text(_SLEEP)
    daemon.environment = {
        "PYTHONPATH": str(daemon.log.parent),
        "LD_PRELOAD": servers.run_script("faketime.sh"),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    try:
        daemon.restart()
        for offset in (_HOUR, -_HOUR):
            # As long as it takes until a line of the log has that time.
            clock.write_text(f"{offset:+d}")
            engine.wait_until(
                lambda o=offset: _hour_of(o) in daemon.said(),  # type: ignore[misc]
                f"the time of day is {offset} s off",
            )
            hold(3)
    finally:
        # The library goes too: under load it lets a process hang.
        daemon.environment = {}
        daemon.restart()


def _hour_of(offset: int) -> str:
    """Return how a line of the log begins at that distance from now."""
    then = time.localtime(time.time() + offset)
    return time.strftime("\n%Y-%m-%d %H:", then)
