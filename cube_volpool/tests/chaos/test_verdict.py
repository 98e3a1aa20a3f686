"""The checkers of chaos find what they are for: doctored histories."""

import dataclasses
import time
from datetime import datetime
from typing import Any

import fixtures
from oslotest import base

from cube_volpool import model
from cube_volpool.tests.chaos import throughput, verdict
from cube_volpool.tests.chaos.history import Attempt, History, Key, Outcome

_KEY = Key("tenant", "web_sys")
_THEN = datetime(2026, 11, 20)


def attempt(**changes):
    """Return an answered claim of the volume v1."""
    values = {
        "key": _KEY, "way": "claim", "begun": 0.0, "ended": 1.0,
        "outcome": Outcome.OK, "volume_id": "v1", "source": "pool",
    }
    return Attempt(**{**values, **changes})


def volume(**changes):
    """Return the volume v1 in the hands of its claimant."""
    values = {
        "id": "v1", "project_id": "tenant", "name": "web_sys",
        "snapshot_id": "s1", "claim_marker": "m1",
    }
    return verdict.SeenVolume(**{**values, **changes})


def claim(**changes):
    """Return the claim that is bound to v1."""
    values: dict[str, Any] = {
        field.name: None for field in dataclasses.fields(model.Claim)
    }
    values |= {
        "id": 1, "marker": "m1", "project_id": "tenant", "name": "web_sys",
        "status": model.ClaimStatus.BOUND, "volume_id": "v1",
    }
    return model.Claim(**{**values, **changes})


def row(**changes):
    """Return the row of the volume v0, on the shelf."""
    values: dict[str, Any] = {
        field.name: None for field in dataclasses.fields(model.PooledVolume)
    }
    values |= {
        "id": 7, "volume_id": "v0", "created_at": _THEN, "pool": "ssd",
        "status": model.RowStatus.AVAILABLE,
    }
    return model.PooledVolume(**{**values, **changes})


_SHELVED = volume(
    id="v0", project_id="pool", name="volpool-x", claim_marker=None
)
_REFUSED = attempt(
    outcome=Outcome.FAIL, volume_id=None, source=None, error="Busy: no"
)
#: One claim delivered, one volume on the shelf.
_GOOD = verdict.Evidence(
    attempts=(attempt(),),
    volumes=(volume(), _SHELVED),
    claims=(claim(),),
    rows=(row(),),
    offered=(),
    pool_project="pool",
    tenants=frozenset({"tenant", "other"}),
    snapshots=frozenset({"s1"}),
    kept={model.PoolName("ssd"): 1},
)
_SECOND = Key("other", "db_sys")

#: Checker, what is changed, and what it says of that.
_DOCTORED = (
    (verdict.delivered_once,
     {"attempts": (attempt(), attempt(key=_SECOND))}, "2 callers"),
    (verdict.delivered_once,
     {"attempts": (attempt(), attempt(volume_id="v2"))}, "2 volumes"),
    (verdict.delivered_once,
     {"volumes": (volume(), volume(id="v2", claim_marker=None))},
     "came to 2 volumes"),
    (verdict.delivered_once,
     {"volumes": (volume(), volume(id="v2", is_gone=True))},
     "came to 2 volumes"),
    (verdict.delivered_once,
     {"claims": (claim(), claim(id=2, name="db_sys"))}, "2 claims"),
    (verdict.right_volume, {"volumes": ()}, "never was"),
    (verdict.right_volume,
     {"volumes": (volume(project_id="other"),)}, "owned by other"),
    (verdict.right_volume,
     {"volumes": (volume(project_id="pool"),)}, "owned by pool"),
    (verdict.right_volume,
     {"volumes": (volume(name="volpool-x"),)}, "called volpool-x"),
    (verdict.right_volume,
     {"volumes": (volume(snapshot_id="s2"),)}, "snapshot s2"),
    (verdict.failed_stays_failed,
     {"attempts": (_REFUSED,)}, "came after all"),
    (verdict.known_answers,
     {"attempts": (attempt(outcome=Outcome.STRANGE, error="KeyError"),)},
     "KeyError"),
    (verdict.nothing_leaked, {"rows": ()}, "v0 volpool-x is nobody's"),
    (verdict.nothing_leaked,
     {"rows": (row(status=model.RowStatus.DELETING),)}, "is nobody's"),
    (verdict.nothing_leaked, {"claims": ()}, "without a claim"),
    (verdict.nothing_leaked,
     {"claims": (claim(status=model.ClaimStatus.FAILED),)},
     "without a claim"),
    (verdict.nothing_leaked,
     {"claims": (claim(marker="m2"),)}, "without a claim"),
    (verdict.nothing_leaked, {"volumes": (volume(),)}, "not there"),
    (verdict.all_settled,
     {"claims": (claim(status=model.ClaimStatus.OFFERED),)},
     "stays offered"),
    (verdict.all_settled, {"offered": ("v1",)}, "stays open"),
    (verdict.all_settled,
     {"rows": (row(status=model.RowStatus.RESERVED),)}, "stays reserved"),
    (verdict.shelves_full, {"rows": (row(pool="sas"),)}, "ssd has 0 ready"),
    (verdict.shelves_full,
     {"rows": (row(status=model.RowStatus.CREATING),)}, "ssd has 0 ready"),
    (verdict.ledger_knows, {"claims": ()}, "the ledger forgot"),
    (verdict.ledger_knows,
     {"claims": (claim(name="db_sys"),)}, "the ledger forgot"),
)


class VerdictTest(base.BaseTestCase):
    """What is well is found well, and each wrong by its checker."""

    def test_good_run_is_well(self) -> None:
        """No checker finds anything in a run without fault."""
        found = [words for check in verdict.SETTLED for words in check(_GOOD)]

        self.assertEqual([], found)

    def test_each_wrong_is_found(self) -> None:
        """Every doctored run is caught, in words that say what it is."""
        missed = [
            (check.__name__, words)
            for check, changes, words in _DOCTORED
            if words
            not in " / ".join(check(dataclasses.replace(_GOOD, **changes)))
        ]

        self.assertEqual([], missed)

    def test_every_checker_is_tried(self) -> None:
        """No checker is without a run that it condemns."""
        self.assertEqual(
            set(verdict.SETTLED), {check for check, _, _ in _DOCTORED}
        )

    def test_lost_commits_are_forgiven_in_their_time_alone(self) -> None:
        """What a crash made the ledger forget was told right before it."""
        forgot = dataclasses.replace(_GOOD, claims=(), forgotten=((0.5, 2),))
        later = dataclasses.replace(forgot, forgotten=((1.5, 2),))

        for check in (verdict.nothing_leaked, verdict.ledger_knows):
            self.assertEqual([], list(check(forgot)))
            self.assertEqual(1, len(list(check(later))))

    def test_repeated_claim_is_no_proof_of_failure(self) -> None:
        """Asked again, a failed claim may well get a volume."""
        found = dataclasses.replace(_GOOD, attempts=(_REFUSED, attempt()))

        self.assertEqual([], list(verdict.failed_stays_failed(found)))


class ThroughputTest(base.BaseTestCase):
    """The measurement counts hits, and falls when they stay away."""

    def share(self, *attempts):
        """Return the share of a baseline of one hit a second."""
        history = History()
        for one in attempts:
            history.add(one)
        self.useFixture(
            fixtures.MonkeyPatch(
                "cube_volpool.tests.chaos.throughput.WINDOW", 0.1
            )
        )
        return throughput.await_share(history, 1.0, least=0.9, within=0.6)

    def test_nothing_comes_back(self) -> None:
        """Without hits the share is zero, once the patience is over."""
        self.assertEqual(0.0, self.share())

    def test_creates_are_no_hits(self) -> None:
        """What a miss delivers is no throughput of the pool."""
        later = [self.soon(tenth, source="created") for tenth in range(9)]

        self.assertEqual(0.0, self.share(*later))

    def test_old_hits_do_not_count(self) -> None:
        """What came before the call proves nothing."""
        self.assertEqual(0.0, self.share(self.soon(-5), self.soon(-4)))

    def test_hits_count(self) -> None:
        """A hit in most windows is a throughput."""
        later = [self.soon(tenth) for tenth in range(9)]

        self.assertGreater(self.share(*later), 0.9)

    def soon(self, tenths, **changes):
        """Return a hit that is answered so many tenths of a second on."""
        ended = time.monotonic() + tenths / 10
        return attempt(ended=ended, **changes)
