"""Two images published on the real lab while claims go on, as a timeline."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from testtools import content

from cube_volpool.tests.integration import images

_READY: Final = 4
#: Between two claims; a volume is back on the shelf in less.
_CLAIM_EVERY: Final = 6.0
_SAMPLE_EVERY: Final = 0.5
#: How long claims go on before the first image, and after the last change.
_PLAIN: Final = 40.0
#: Every so many claims one names a snapshot.
_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """What the pool has, and what has happened just before."""

    second: float
    event: str
    ready: int
    creating: int
    current: int
    source: int

    def __str__(self) -> str:
        return (
            f"{self.second:6.1f} {self.ready:5} {self.creating:8} "
            f"{self.current:7} {self.source:6}  {self.event}"
        )


class TestTimeline(images.ImageCase):
    """Claims by OS name and by snapshot, and what is ready meanwhile."""

    pool = {"min_ready": _READY, "max_creating": _READY}
    options = {
        "catalogue": {"sync_interval": 1},
        "reconcile": {"drain_time": 10},
    }

    def setUp(self) -> None:
        super().setUp()
        self.images = [self.old]
        self.samples: list[_Sample] = []
        self.wrong: list[str] = []
        self.events: list[str] = []
        self._began = time.monotonic()
        self._over = threading.Event()

    def test_two_images_under_steady_claims(self) -> None:
        """Never fewer ready than without a change, never a wrong image."""
        claims = threading.Thread(target=self._claims)
        claims.start()
        self.addCleanup(claims.join)
        # Runs first: the thread must end before its daemon does.
        self.addCleanup(self._over.set)
        self._watch(lambda: self.samples[-1].second >= _PLAIN)
        plain = len(self.samples)
        for version in ("20261121", "20261122"):
            self.images.append(self.publish(version))
            self.events.append(f"image {len(self.images) - 1} is published")
            self._watch(self._is_changed)
        self._over.set()
        claims.join()

        table = self._table()
        print(table)
        self.addDetail("timeline", content.text_content(table))
        self.assertEqual([], self.wrong)
        least = min(sample.ready for sample in self.samples[:plain])
        self.assertGreaterEqual(
            min(sample.ready for sample in self.samples[plain:]), least
        )
        self.assertGreaterEqual(least, _READY - 1)
        # The default surge is as many again.
        self.assertLessEqual(
            max(one.ready + one.creating for one in self.samples), 2 * _READY
        )
        self.assertEqual(2, self.samples[-1].current)

    def _is_changed(self) -> bool:
        """Is the newest given, and nothing else left?"""
        last, newest = self.samples[-1], len(self.images) - 1
        return (
            (last.current, last.source) == (newest, newest)
            and last.ready == _READY
            and not last.creating
        )

    def _watch(self, is_over: Any) -> None:
        self._sample()
        end = time.monotonic() + 120
        while not is_over():
            if time.monotonic() > end:
                self.fail(f"it does not come to its end:{self._table()}")
            time.sleep(_SAMPLE_EVERY)
            self._sample()

    def _sample(self) -> None:
        shown = self.pools()["deb"]
        events, self.events = self.events, []
        self.samples.append(
            _Sample(
                second=time.monotonic() - self._began,
                event=", ".join(events),
                ready=shown["ready"],
                creating=shown["creating"],
                current=self._number(shown["current_snapshot_id"]),
                source=self._number(shown["source_snapshot_id"]),
            )
        )

    def _claims(self) -> None:
        for number in itertools.count():
            if self._over.wait(_CLAIM_EVERY):
                return
            try:
                self.events.append(self._claim(number))
            except Exception as error:
                self.wrong.append(f"claim {number}: {error!r}")

    def _claim(self, number: int) -> str:
        if number % _NAMED == _NAMED - 1:
            asked = self.images[number // _NAMED % len(self.images)]
            source, given = self.by_snapshot(f"named{number}", asked)
            meant = {asked}
        else:
            before = self.pools()["deb"]["current_snapshot_id"]
            source, given = self.by_os_name(f"os{number}")
            # The pool may switch in between.
            meant = {before, self.pools()["deb"]["current_snapshot_id"]}
        if given not in meant:
            self.wrong.append(f"claim {number} of {meant} got {given}")
        numbers = sorted(map(self._number, meant))
        return f"{numbers} asked, {self._number(given)} given from {source}"

    def _number(self, snapshot_id: str) -> int:
        # One that was published just now is not in the list yet.
        known = {ident: n for n, ident in enumerate(self.published)}
        return known[snapshot_id]

    def _table(self) -> str:
        """Return the samples at which something was different."""
        lines = ["", "     s ready creating current source"]
        shown: Sequence[Any] = ()
        for one in self.samples:
            now = (one.ready, one.creating, one.current, one.source)
            if one.event or now != shown:
                lines.append(str(one))
            shown = now
        return "\n".join(lines)
