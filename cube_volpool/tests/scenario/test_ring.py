"""Claims ring for a refill: at once, and not for each of them."""

import types

import fixtures

from cube_volpool.tests.scenario import base


class RingCase(base.ScenarioCase):
    """A full pool, whose duty has just looked at all pools."""

    def setUp(self) -> None:
        super().setUp()
        self.now = 1000.0
        self.useFixture(
            fixtures.MonkeyPatch(
                "cube_volpool.service.time",
                types.SimpleNamespace(monotonic=lambda: self.now),
            )
        )
        self.duties = self.one.house.duties
        self.duties.reconcile()
        self.cloud.journal.clear()

    def claim(self, name: str) -> None:
        """Take a volume, which rings."""
        self.one.claim(name)

    def creates(self) -> int:
        """Return how many creates were begun."""
        return self.calls().count("POST /volumes")

    def test_first_claim_is_followed_at_once(self) -> None:
        """A pool is short from then on."""
        self.claim("a")

        self.duties.reconcile()

        self.assertEqual(1, self.creates())

    def test_claims_of_one_second_are_one_round(self) -> None:
        """Each round asks the ledger and Cinder."""
        self.claim("a")
        self.duties.reconcile()
        self.claim("b")
        self.now += 0.4

        self.assertAlmostEqual(0.6, self.duties.reconcile())
        self.assertEqual(1, self.creates())

        self.now += 0.6
        self.duties.reconcile()
        self.assertEqual(2, self.creates())

    def test_nobody_waits_for_more_than_the_next_full_round(self) -> None:
        """It comes when it is due, whoever rings."""
        self.claim("a")
        wait = self.duties.reconcile()
        self.claim("b")
        self.now += wait

        self.duties.reconcile()

        self.assertEqual(2, self.creates())
