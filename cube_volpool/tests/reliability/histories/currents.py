"""What claims by OS name may get: the images that were current, and when."""

from collections import defaultdict
from collections.abc import Callable

from cube_volpool.tests.reliability.histories.trail import Trail


class Currents:
    """Every image that the ledger called current, by OS and type.

    A pool's own, and the catalogue's, which counts where a daemon has no pool
    of that kind.  ``now`` is in seconds of the clock.
    """

    def __init__(self, trail: Trail, *, now: Callable[[], float]) -> None:
        self._trail = trail
        self._now = now
        self._seen: frozenset[tuple[str, str]] = frozenset()
        #: By kind: snapshot, from when, until when; None is now.
        self._spans: dict[str, list[tuple[str, float, float | None]]] = (
            defaultdict(list)
        )

    def read(self) -> None:
        """Note what has changed."""
        found = self._trail.currents()
        if found == self._seen:
            return
        now = self._now()
        for kind, snapshot_id in self._seen - found:
            spans = self._spans[kind]
            spans[:] = [
                (ident, begun, now)
                if (ident, ended) == (snapshot_id, None)
                else (ident, begun, ended)
                for ident, begun, ended in spans
            ]
        for kind, snapshot_id in found - self._seen:
            self._spans[kind].append((snapshot_id, now, None))
        self._seen = found

    def since(self, kind: str, begun: float) -> frozenset[str]:
        """Return what was current at any time since then."""
        return frozenset(
            ident
            for ident, _, ended in self._spans[kind]
            if ended is None or ended >= begun
        )
