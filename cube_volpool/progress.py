"""How far a build is, by what builds usually take."""

from typing import Final

#: A build may take longer than usual, and is not done before it is done.
_AT_MOST: Final = 0.95


def part_done(seconds: float, usual: float | None) -> float | None:
    """Return 0 to 0.95; None where no build tells what is usual.

    :param seconds: since the build was begun.
    :param usual: what builds of its pool take, in seconds.
    """
    return min(_AT_MOST, max(0.0, seconds) / usual) if usual else None
