"""Which snapshot a pool is built from."""

from oslotest import base

from cube_volpool import catalogue, model, origin
from cube_volpool.settings import VersionFormat
from cube_volpool.tests import world
from cube_volpool.tests.unit.catalogue import entry, snapshot

_ENTRIES = tuple(entry(version) for version in ("10", "9", "8"))


def _choose(*, entries=_ENTRIES, types=("ssd",), **spec):
    return catalogue.choose(
        world.spec(**spec), entries, types, form=VersionFormat.AUTO
    )


class ChoiceTest(base.BaseTestCase):
    """One snapshot, or the reason why there is none."""

    def chosen(self, **wanted):
        return _choose(**wanted).snapshot_id

    def test_the_newest_is_built(self):
        """Also when it is known by an alias of the type."""
        self.assertEqual("id-10", self.chosen())
        newer = entry("11", type="FAST")
        self.assertEqual("id-11", self.chosen(entries=(*_ENTRIES, newer)))

    def test_a_rejected_one_is_passed_over(self):
        """And when all are, that is said."""
        rejected = tuple(
            entry(version, rejected="bad") for version in ("12", "11")
        )
        self.assertEqual("id-10", self.chosen(entries=rejected + _ENTRIES))
        self.assertIn("was rejected", _choose(entries=rejected).error)

    def test_a_pin_overrides_the_catalogue(self):
        """Whatever its name; but it must be there, and finished."""
        spec = world.spec(snapshot_id="id-odd", size_gib=2)
        pin = model.SnapshotId("id-odd")
        found = catalogue.pinned(spec, pin, snapshot("odd"), ("ssd",))

        self.assertEqual(("id-odd", 1), (found.snapshot_id, found.size_gib))
        for other, types, error in (
            (None, ("ssd",), "pinned"),
            (snapshot("odd", status="creating"), ("ssd",), "pinned"),
            (snapshot("odd"), (), "volume type ssd"),
            (snapshot("odd", size_gib=4), ("ssd",), "is smaller"),
        ):
            refused = catalogue.pinned(spec, pin, other, types)
            self.assertIn(error, refused.error or "")
            self.assertIsNone(refused.snapshot_id)

    def test_a_pinned_image_is_not_looked_at(self):
        """It is Glance's; nor is there anything to look at of nothing."""
        for pin in (model.SnapshotId("image:x"), origin.BLANK):
            spec = world.spec(snapshot_id=pin, size_gib=2)
            found = catalogue.pinned(spec, pin, None, ("ssd",))

            self.assertEqual((pin, 2), (found.snapshot_id, found.size_gib))

    def test_what_is_missing_is_named(self):
        """The type before the image."""
        self.assertIn("volume type ssd", _choose(types=()).error)
        self.assertIn("plan-9", _choose(os_name="plan-9").error)

    def test_a_pool_that_is_too_small_builds_nothing(self):
        """Cinder would refuse each create."""
        large = entry("11", size_gib=4)
        found = _choose(entries=(large,), size_gib=2)

        self.assertIn("size_gib 2 is smaller", found.error)
