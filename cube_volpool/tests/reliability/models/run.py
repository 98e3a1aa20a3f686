"""One run: a model, how it begins, and how to explore it."""

from dataclasses import dataclass, replace

from cube_volpool.tests.reliability.models import create_state as stock
from cube_volpool.tests.reliability.models import explorer, ledger
from cube_volpool.tests.reliability.models.claim_guards import Guard, Scenario
from cube_volpool.tests.reliability.models.claim_state import Faults
from cube_volpool.tests.reliability.models.claims import ClaimModel
from cube_volpool.tests.reliability.models.creates import CreateModel
from cube_volpool.tests.reliability.models.explorer import Result


@dataclass(frozen=True)
class Run:
    """A run of the claim model."""

    name: str
    scenario: Scenario

    def explore(self, tables: ledger.Tables | None = None) -> Result:
        """Explore it."""
        return explorer.explore(ClaimModel(self.scenario, tables))

    def without(self, guard: str) -> "Run":
        """Return the same run without a guard."""
        scenario = replace(self.scenario, without=frozenset({Guard(guard)}))
        return Run(self.name, scenario)


@dataclass(frozen=True)
class StockRun:
    """A run of the top-up model."""

    name: str
    scenario: stock.Scenario

    def explore(self, tables: ledger.Tables | None = None) -> Result:
        """Explore it."""
        return explorer.explore(CreateModel(self.scenario, tables))

    def without(self, guard: str) -> "StockRun":
        """Return the same run without a guard."""
        scenario = replace(
            self.scenario, without=frozenset({stock.Guard(guard)})
        )
        return StockRun(self.name, scenario)


def claims(name: str, faults: dict[str, int], **scenario) -> Run:
    """Return a run of the claim model."""
    return Run(name, Scenario(faults=Faults(**faults), **scenario))


def creates(name: str, faults: dict[str, int], **scenario) -> StockRun:
    """Return a run of the top-up model."""
    return StockRun(
        name, stock.Scenario(faults=stock.Faults(**faults), **scenario)
    )
