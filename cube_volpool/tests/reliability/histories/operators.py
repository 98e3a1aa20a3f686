"""What operators ask of the daemons: pools steered, volumes held, evicted."""

from typing import Final

from cube_volpool.tests.reliability.histories.simulation import Simulation

_OF_POOLS: Final = ("pause", "drain", "resume", "resume", "refill")
_OF_VOLUMES: Final = ("hold", "evict")


def steer(simulation: Simulation) -> None:
    """Let an operator steer a pool or a volume, through some daemon."""
    up = [daemon for daemon in simulation.daemons if daemon.is_up]
    if not up:
        return
    drawn = simulation.chance
    daemon = drawn.choice(up)
    method = drawn.choice((*_OF_POOLS, *_OF_VOLUMES))
    what: str
    if method in _OF_POOLS:
        what = drawn.choice(daemon.running.pools).name
    elif simulation.trail.by_volume:
        what = drawn.choice(sorted(simulation.trail.by_volume))
    else:
        return
    simulation.trace(f"{method} {what} by {daemon.name}")
    simulation.counted[f"steering: {method}"] += 1
    reason = {"reason": None} if method == "evict" else {}
    daemon.steer(method, what, **reason)


def undo(simulation: Simulation) -> None:
    """Let all pools build again, and give up what is held."""
    daemon = simulation.daemons[0]
    for spec in daemon.running.pools:
        daemon.steer("resume", spec.name)
    for row in list(simulation.trail.rows.values()):
        if row.held:
            daemon.steer("evict", row.volume_id, reason=None)
