"""Adoption: what becomes of strangers."""

from oslotest import base

from cube_volpool import adoption, model
from cube_volpool.tests.unit import stock


class Adoption(base.BaseTestCase):
    """Marked volumes that no row knows."""

    def adopt(self, *specs, **changes):
        """Decide about a stranger."""
        stranger = stock.volume_of(stock.row(), **changes)
        return adoption.decide(stranger, specs)

    def test_one_of_the_shelf_is_taken_back(self):
        """The ledger may be an old backup: nothing is deleted for that."""
        action = self.adopt(stock.spec())

        self.assertEqual(("deb", None), (action.pool, action.reason))

    def test_one_that_a_claim_renamed_is_condemned(self):
        """Somebody may hold a key to it."""
        marks = {model.POOL_KEY: "deb", model.CLAIM_KEY: "m"}
        action = self.adopt(stock.spec(), metadata=marks)

        self.assertEqual("deb", action.pool)
        self.assertIn("claim", action.reason)

    def test_one_of_the_wrong_type_is_condemned(self):
        """No claim of this pool could have it."""
        action = self.adopt(stock.spec(), volume_type="sas")

        self.assertIn("sas", action.reason)

    def test_one_of_a_pool_that_went_is_put_in_the_bin_of_another(self):
        """Of the same type when there is one."""
        other = stock.spec(name="sas", volume_type="sas")
        like = stock.spec(name="like")
        action = self.adopt(other, like)

        self.assertEqual("like", action.pool)
        self.assertIsNotNone(action.reason)
        self.assertEqual("sas", self.adopt(other).pool)

    def test_without_pools_it_is_left_alone(self):
        """And reported, by whoever applies it."""
        self.assertIsNone(self.adopt().pool)
