"""Refill yields: callers who wait come first, and the pool still fills."""

from typing import Any

from cube_volpool import model
from cube_volpool.db.opening import NewClaim
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, empty_pool
from cube_volpool.tests.scenario.empty_pool import limited

_CREATING = model.RowStatus.CREATING


class YieldCase(empty_pool.EmptyCase):
    """A pool that wants four volumes, three at a time."""

    def setUp(self) -> None:
        super().setUp()
        self.daemon = self.world.daemon(
            "yielding",
            config=limited(
                world.spec(min_ready=4, max_creating=3), yield_to_claims=2
            ),
        )

    def held_back(self) -> str | None:
        """Say why the next round begins less than is missing."""
        house = self.daemon.house
        return house.reconciler.decisions.preview(
            world.spec(min_ready=4, max_creating=3)
        ).held_back

    def claim_elsewhere(self, name: str) -> Any:
        """Let another daemon begin with a claim."""
        return self.world.store.claims.open(
            NewClaim(
                project_id=self.world.project("skyline-b"),
                name=name,
                params_hash="h",
                wanted=None,
                owner_token="another",
                lease=self.daemon.world.settings.claim.lease,
            )
        ).claim


class ClaimsCase(YieldCase):
    """Claims are being handed over."""

    def test_nothing_is_begun_beside_many_claims(self) -> None:
        """A copy would make every one of them slower."""
        for name in ("a", "b"):
            self.claim_elsewhere(name)

        is_busy = self.round(self.daemon)

        self.assertEqual(0, self.creates())
        self.assertTrue(is_busy, "looked at again in ten seconds only")
        self.assertEqual(
            "claims are under way, and come first", self.held_back()
        )

    def test_one_claim_is_not_many(self) -> None:
        """Somebody claims all day."""
        self.claim_elsewhere("a")

        self.round(self.daemon)

        self.assertEqual(3, self.creates())

    def test_refill_goes_on_once_they_have_ended(self) -> None:
        """Bound, failed, or left by a daemon that died."""
        ended, _left = (self.claim_elsewhere(name) for name in "ab")
        self.round(self.daemon)
        self.assertEqual(0, self.creates())

        self.world.store.endings.fail(ended, reason="no matter")
        self.round(self.daemon)
        self.assertEqual(3, self.creates())

        self.claim_elsewhere("c")
        self.clock.advance(base.LEASE)
        self.daemon.fill()
        self.assertEqual(4, len(self.shelf()))

    def test_pool_that_yields_to_nothing_is_filled(self) -> None:
        """Zero begins them all the same."""
        daemon = self.world.daemon(
            "x", config=limited(world.spec(), yield_to_claims=0)
        )
        for name in ("a", "b"):
            self.claim_elsewhere(name)

        self.round(daemon)

        self.assertEqual(2, self.creates())


class CreatesCase(YieldCase):
    """Callers wait for ordinary creates from the pool's image."""

    def test_many_creates_let_more_than_one_build_in(self) -> None:
        """With one at a time the pool might never catch up with them."""
        for number in range(8):
            self.daemon.claim(f"web{number}_sys")
        self.cloud.journal.clear()

        self.round(self.daemon)

        self.assertEqual(2, self.creates())

    def test_create_waits_for_one_build_at_most(self) -> None:
        """Cinder makes volumes of one snapshot one at a time."""
        self.daemon.claim()
        self.cloud.journal.clear()

        self.round(self.daemon)

        self.assertEqual(1, self.creates())
        self.assertEqual(
            "an ordinary create from its image is under way, and comes first",
            self.held_back(),
        )

    def test_empty_pool_fills_while_all_claims_miss(self) -> None:
        """Else it would stay empty for as long as they come."""
        for number in range(20):
            self.daemon.claim(f"web-{number}_sys")
            self.round(self.daemon)
            self.assertLessEqual(len(self.rows(_CREATING)), 1)
            self.clock.advance(5)
            if self.shelf():
                break

        self.assertEqual(1, len(self.shelf()))

    def test_create_of_another_image_is_no_matter(self) -> None:
        """It has a queue of its own."""
        self.cloud.add_project("elsewhere")
        config = limited(
            world.spec(min_ready=4, max_creating=3),
            world.spec(
                "sas",
                volume_type="sas",
                type_aliases=frozenset(),
                min_ready=1,
            ),
        )
        daemon = self.world.daemon("two-pools", config=config)
        daemon.house.duties.sync()
        answer = daemon.claim(
            volume_type="sas",
            snapshot_id=self.cloud.snapshot_id("debian-12_sas_20261120"),
        )
        self.assertEqual(model.Source.CREATED, answer.source)
        self.cloud.journal.clear()

        daemon.house.reconciler.round([model.PoolName("deb")])

        self.assertEqual(3, self.creates())

    def test_refill_is_as_fast_again_a_lease_later(self) -> None:
        """Nobody says when a create is done."""
        self.daemon.claim()
        self.cloud.journal.clear()
        self.clock.advance(base.LEASE)

        self.round(self.daemon)

        self.assertEqual(3, self.creates())
