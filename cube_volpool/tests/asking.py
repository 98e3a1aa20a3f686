"""What a daemon that may not be there yet is asked."""

from typing import Any

from cube_volpool import client, exception


def pools() -> list[dict[str, Any]]:
    """Return the pools as ``get_pools`` does; none while nobody answers."""
    try:
        found: list[dict[str, Any]] = client.get_pools({}, timeout=5)["pools"]
    except exception.Busy:
        return []
    return found
