"""Histories that hypothesis draws, and shrinks when they fail.

The profile of a test run is repeatable; VOLPOOL_STATEFUL_EXAMPLES gives the
number of examples of a longer form, which draws new ones each time.
"""

import os
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import model
from cube_volpool.tests import figures
from cube_volpool.tests.reliability.histories import (
    chance,
    history,
    operators,
    runs,
    town,
)
from cube_volpool.tests.reliability.histories.callers import Caller
from cube_volpool.tests.reliability.histories.daemons import DUTIES
from cube_volpool.tests.reliability.histories.simulation import (
    Shape,
    Simulation,
)

_LONG = os.environ.get("VOLPOOL_STATEFUL_EXAMPLES")
_EXAMPLES = int(_LONG or 100)
_STEPS = 30
_SCRIPTS = (
    *((m, k)
      for m in ("accept", "offer", "update_volume", "cancel",
                "create_volume", "delete_volume")
      for k in ("lost", "unheard", "late", "refused", "unreachable")),
    ("accept", "repeated"), ("accept", "quota"), ("cancel", "repeated"),
    *((m, k)
      for m in ("open", "mark_offered", "bind", "evict", "fail",
                "hand_back", "begin_miss", "begin_creates", "attach")
      for k in ("away", "unheard", "retried")),
)
_WHICH = st.integers(0, 2)


class Histories(stateful.RuleBasedStateMachine):
    """Three daemons; each rule is one event, or some turns of the tasks."""

    examples = 0

    def __init__(self) -> None:
        super().__init__()
        self._repeatable = chance.repeatable(0)
        self._simulation: Simulation | None = None
        self._noise = runs.Noise()

    @stateful.initialize(seed=st.integers(0, 9))
    def found(self, seed: int) -> None:
        """A world, by one of a few seeds; the daemons begin."""
        self._repeatable = chance.repeatable(seed)
        drawn = self._repeatable.__enter__()
        self._noise.__enter__()
        self._simulation = Simulation(runs.ledger(), drawn, Shape())
        for daemon in self.there.daemons:
            daemon.start()
        self._turns(60)
        Histories.examples += 1

    @property
    def there(self) -> Simulation:
        """The world."""
        assert self._simulation is not None
        return self._simulation

    @stateful.rule(
        project=st.sampled_from(town.PROJECTS),
        host=st.integers(0, 2),
        role=st.sampled_from(("boot", "boot", "other")),
        budget=st.sampled_from((3.0, 30.0)),
    )
    def claim(
        self, project: str, host: int, role: str, budget: float
    ) -> None:
        """Somebody asks for a volume."""
        there, (os_name, kind) = self.there, town.KINDS[0]
        ident = model.ProjectId(there.cloud.project_id(project))
        snapshot = town.newest(there.cloud, os_name, kind)
        name = f"host{host}_sys"
        there.callers.add(
            Caller(
                key=(project, name),
                who=model.Caller(
                    project_id=ident, auth_token=f"carrier@{ident}"
                ),
                request=model.ClaimRequest(
                    name=name,
                    volume_type=kind,
                    snapshot_id=model.SnapshotId(snapshot or ""),
                    metadata={"role": role},
                ),
                budget=budget,
                tries=2,
                due=there.hub.now,
            )
        )
        runs.hear(there)

    @stateful.rule(count=st.integers(1, 40))
    def go_on(self, count: int) -> None:
        """The tasks take some turns."""
        self._turns(count)

    @stateful.rule(which=_WHICH, duty=st.sampled_from(sorted(DUTIES)))
    def duty(self, which: int, duty: str) -> None:
        """A daemon begins a duty."""
        daemon = self.there.daemons[which]
        if daemon.is_up:
            daemon.do(duty)
            self._turns(5)

    @stateful.rule(seconds=st.sampled_from((0.1, 1, 5, 31, 61, 310, 960)))
    def time(self, seconds: float) -> None:
        """Time passes."""
        self.there.pass_time(seconds)

    @stateful.rule(script=st.sampled_from(_SCRIPTS))
    def fault(self, script: tuple[str, str]) -> None:
        """The next call of its kind goes wrong."""
        self.there.post.script.update([script])

    @stateful.rule(which=_WHICH)
    def crash(self, which: int) -> None:
        """A daemon dies, or begins again."""
        daemon = self.there.daemons[which]
        if daemon.is_up:
            self.there.crash(daemon)
        else:
            daemon.start()

    @stateful.rule(which=_WHICH)
    def pause(self, which: int) -> None:
        """A daemon sleeps."""
        if self.there.daemons[which].is_up:
            self.there.pause(self.there.daemons[which])

    @stateful.rule()
    def leap(self) -> None:
        """The ledger's clock leaps."""
        self.there.leap_ahead()

    @stateful.rule(is_tenant=st.booleans())
    def by_hand(self, is_tenant: bool) -> None:
        """Somebody does something in Cinder."""
        hands = self.there.hands
        act: Callable[[], Any] = hands.act
        if is_tenant:
            act = hands.act_as_tenant
        self.there.trace(f"by hand: {act()}")

    @stateful.rule()
    def steer(self) -> None:
        """An operator asks something of a daemon."""
        operators.steer(self.there)

    @stateful.rule()
    def configure(self) -> None:
        """A daemon gets other pools."""
        self.there.configure()

    @stateful.invariant()
    def holds(self) -> None:
        """Every invariant, after every rule."""
        if self._simulation is not None:
            self.there.check()
            wrong = list(history.wrong(self.there.callers.history))
            assert not wrong + self._noise.heard, wrong

    def teardown(self) -> None:
        """Everything comes to rest, too."""
        if self._simulation is None:
            return
        try:
            runs.quiet(self.there)
            self.holds()
        finally:
            for daemon in self.there.daemons:
                daemon.crash()
            self._noise.__exit__()
            self._repeatable.__exit__(None, None, None)

    def _turns(self, count: int) -> None:
        for _ in range(count):
            if not self.there.hub.runnable():
                self.there.pass_time(0.2)
            self.there.step()
            runs.hear(self.there)


class StatefulTest(base.BaseTestCase):
    """The machine as a test."""

    def test_no_history_breaks_an_invariant(self):
        """Claims, duties, faults, clocks, hands: whatever the order."""
        Histories.examples = 0
        stateful.run_state_machine_as_test(
            Histories,
            settings=hypothesis.settings(
                max_examples=_EXAMPLES,
                stateful_step_count=_STEPS,
                derandomize=_LONG is None,
                database=None,
                deadline=None,
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
        figures.record("stateful examples", good=Histories.examples)
