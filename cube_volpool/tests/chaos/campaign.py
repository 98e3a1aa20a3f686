"""A campaign: an installation under load, nemeses one after the other.

After each the throughput must come back by itself; at the end, when all is
quiet, history, ledger and cloud must agree.
"""

import os
import pathlib
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import fixtures

from cube_volpool import model
from cube_volpool.tests import figures
from cube_volpool.tests.chaos import ledgers, throughput, verdict
from cube_volpool.tests.chaos.history import History
from cube_volpool.tests.chaos.installation import (
    GRACE,
    LEASE,
    MIN_READY,
    SNAPSHOTS,
    TICK,
    Installation,
)
from cube_volpool.tests.chaos.load import PROJECTS, Load
from cube_volpool.tests.chaos.nemeses import Nemesis
from cube_volpool.tests.chaos.scene import Scene

#: Throughput must be back to this share of the baseline ...
LEAST = 0.9
#: ... within so many seconds of the end of a fault.
WITHIN = 60.0
#: For the last callers to have their volume, in seconds.
_LAST_CALLERS = 60.0
#: Within this all must be quiet after the last fault and claim, in seconds.
CONVERGED = GRACE + LEASE + 2 * TICK

Checker = Callable[[verdict.Evidence], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What one nemesis came to."""

    name: str
    #: Throughput against the baseline.
    ratio: float
    #: From the end of the fault until the windows were as good as that.
    seconds: float
    #: What the callers were told meanwhile.
    told: Counter[str]


@dataclass(kw_only=True)
class Report:
    """What a campaign came to; ``wrong`` is empty when all is well."""

    baseline: float = 0.0
    struck: list[Struck] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Campaign(fixtures.Fixture):
    """An installation under load, ready to be struck."""

    def __init__(
        self,
        kind: type[ledgers.LedgerDatabase],
        *,
        rate: float,
        seed: int,
    ) -> None:
        self._kind = kind
        self._rate = rate
        self._chance = random.Random(seed)
        self.history = History()
        self.report = Report()
        #: What the last verdict was given on.
        self.judged: verdict.Evidence

    def _setUp(self) -> None:
        self.house = self.useFixture(Installation(self._kind))
        self.load = self.useFixture(
            Load(self.house, self.history, rate=self._rate)
        )
        self._scene = Scene(
            house=self.house, load=self.load, chance=self._chance
        )
        throughput.fill_windows()
        self.report.baseline = throughput.median(self.history)
        say(
            f"{self.house.ledger.server}: {self.report.baseline:.2f} hits/s "
            f"at {self._rate:g} claims/s"
        )
        if self.report.baseline < 0.5 * self._rate:
            raise AssertionError(
                f"only {self.report.baseline:.1f} hits/s before any fault: "
                "there is nothing to come back to"
            )

    def strike(self, nemesis: Nemesis) -> None:
        """Let a nemesis strike, and wait until its harm is undone."""
        say(f"{nemesis.name} ...")
        begun = time.monotonic()
        try:
            nemesis.strike(self._scene)
        except AssertionError as error:
            self._note(f"{nemesis.name}: {error}")
        over = time.monotonic()
        ratio = throughput.await_share(
            self.history, self.report.baseline, least=LEAST, within=WITHIN
        )
        now = time.monotonic()
        told = Counter(
            attempt.error.partition(":")[0] or attempt.source or "a volume"
            for attempt in self.history.between(begun, now)
        )
        self.report.struck.append(
            Struck(
                name=nemesis.name, ratio=ratio, seconds=now - over, told=told
            )
        )
        words = ", ".join(f"{count} {what}" for what, count in told.items())
        say(
            f"{nemesis.name}: lasted {over - begun:.0f} s, {ratio:.2f} of "
            f"the baseline {now - over:.0f} s later; told {words}"
        )
        self._judge(nemesis, ratio)

    def _judge(self, nemesis: Nemesis, ratio: float) -> None:
        if ratio < LEAST:
            self._note(
                f"{nemesis.name}: throughput only {ratio:.2f} of the "
                f"baseline {WITHIN:.0f} s after it"
            )
        for number, daemon in enumerate(self.house.daemons):
            if not daemon.is_running:
                self._note(f"{nemesis.name}: daemon {number} ended")
        for words in self._violations(verdict.SAFE):
            self._note(f"{nemesis.name}: {words}")
        # The journal of a long run would fill the memory.
        self.house.cloud.journal.clear()

    def finish(self) -> Report:
        """End the load, wait for quiet, give the verdict."""
        left = self.load.finish(_LAST_CALLERS)
        if left:
            self._note(f"{left} callers never had an answer")
        begun = time.monotonic()
        wrong = self._violations(verdict.SETTLED)
        while wrong and time.monotonic() < begun + CONVERGED:
            time.sleep(0.5)
            wrong = self._violations(verdict.SETTLED)
        say(
            f"quiet after {time.monotonic() - begun:.1f} s of "
            f"{CONVERGED:.0f}; {self.load.held_up} tasks found no worker"
        )
        for words in wrong:
            self._note(words)
        kept = os.environ.get("VOLPOOL_CHAOS_LOGS")
        if kept and self.report.wrong:
            self.house.keep_logs(pathlib.Path(kept))
        return self.report

    def evidence(self) -> verdict.Evidence:
        """Read history, cloud and ledger."""
        cloud = self.house.cloud
        attempts = tuple(self.history)
        with cloud.lock:
            cloud.backend.settle()
            offered = tuple(t.volume_id for t in cloud.transfers.values())
            seen = tuple(
                _seen(volume, is_gone=is_gone)
                for volumes, is_gone in (
                    (cloud.volumes, False),
                    (cloud.deleted, True),
                )
                for volume in volumes.values()
            )
        return verdict.Evidence(
            attempts=attempts,
            volumes=seen,
            claims=self.house.ledger.claims(),
            rows=self.house.ledger.rows(),
            offered=offered,
            pool_project=cloud.project_id("volpool"),
            tenants=frozenset(map(cloud.project_id, PROJECTS)),
            snapshots=frozenset(map(cloud.snapshot_id, SNAPSHOTS.values())),
            forgotten=tuple(self._scene.forgotten),
            kept=dict.fromkeys(map(model.PoolName, SNAPSHOTS), MIN_READY),
        )

    def _violations(self, checkers: Iterable[Checker]) -> list[str]:
        self.judged = self.evidence()
        return [words for check in checkers for words in check(self.judged)]

    def _note(self, words: str) -> None:
        say(f"WRONG: {words}")
        self.report.wrong.append(words)


def _seen(volume, *, is_gone: bool) -> verdict.SeenVolume:
    return verdict.SeenVolume(
        id=volume.id,
        project_id=volume.project_id,
        name=volume.name or "",
        snapshot_id=volume.snapshot_id,
        claim_marker=volume.metadata.get(model.CLAIM_KEY),
        is_ours=any(
            key.startswith(model.KEY_PREFIX) for key in volume.metadata
        ),
        is_gone=is_gone,
    )


def record(run: Campaign) -> None:
    """Record the figures of a campaign that is over."""
    struck = run.report.struck
    for one in struck:
        figures.record_ratio(
            f"throughput after {one.name} against baseline",
            one.ratio,
            least=LEAST,
        )
    figures.record(
        "chaos nemeses recovered from",
        good=sum(one.ratio >= LEAST for one in struck),
        of=len(struck),
    )
    found = run.judged
    told = len(run.history.delivered())
    ours = sum(volume.is_ours for volume in found.volumes)
    figures.record("chaos claims", good=told)
    for what, of, check in (
        ("chaos claims delivered once", told, verdict.delivered_once),
        ("chaos claims with the right owner and name", told,
         verdict.right_volume),
        ("chaos claims that failed and stayed so",
         len(verdict.failed(found.attempts)), verdict.failed_stays_failed),
        ("chaos volumes accounted for", ours, verdict.nothing_leaked),
    ):
        wrong = len(tuple(check(found)))
        figures.record(what, good=max(0, of - wrong), of=of)


def say(text: str) -> None:
    """Tell whoever watches."""
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)
