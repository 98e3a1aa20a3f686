"""The tenant account is a plain member: it accepts, and sees no snapshot."""


from cube_volpool import exception, model
from cube_volpool.tests.scenario import base

_CREATE = "/volumes"


class PlainMemberCase(base.ScenarioCase):
    """The tenant account is a plain member: it does not see our snapshots."""

    tenant_user = "carrier"

    def test_hit_needs_no_more_than_member(self) -> None:
        """A member may accept."""
        self.assertEqual(model.Source.POOL, self.one.claim().source)

        self.assert_given()

    def test_miss_is_pool_empty(self) -> None:
        """Cinder answers 404 for the snapshot: the caller may create."""
        self.empty_the_shelf()

        self.assertRaises(exception.PoolEmpty, self.one.claim)

        (counts,) = self.one.house.store.pools.counts()
        self.assertEqual((2, 1), (counts.hits, counts.misses))
        self.assert_nothing_given()
        self.rest()

    def test_lost_volume_is_known_by_its_names_absence(self) -> None:
        """A member's 404 and two empty listings, twice, are a loss."""
        self.abandon("POST", base.ACCEPT, "after")
        self.cloud.drop_volume(self.cloud.volume("web_sys"))

        self.rescue()

        self.assertEqual("lost", self.record().reason)

    def test_rescue_binds_for_a_member(self) -> None:
        """A member's GET is enough to see that it was given."""
        self.abandon("POST", base.ACCEPT, "after")

        self.rescue()

        self.assert_given()
        self.rest()
