"""Pools of what Cinder makes from other things than snapshots."""

from typing import Any

from cube_volpool import exception, model, origin
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base

_POOL, _CREATED = model.Source.POOL, model.Source.CREATED


class _SourceCase(base.ScenarioCase):
    """The pool is named ``deb`` as everywhere, whatever it is made of."""

    fills = False
    #: What a claim asks for besides its name and type.
    asks: dict[str, Any] = {}

    def pool(self, **changes: Any) -> None:
        """Let the daemons have one pool, filled."""
        config = world.settings_of(world.spec(**changes))
        self.one = self.world.daemon("one", config=config)
        self.two = self.world.daemon("two", config=config)
        self.one.fill()
        self.cloud.journal.clear()

    def claim(self, name: str = "web_sys", **changes: Any) -> model.Source:
        """Claim; return where the volume came from."""
        asked = {"snapshot_id": None, **self.asks, **changes}
        return self.one.claim(name, **asked).source

    def build(self) -> None:
        """Let Cinder finish what it makes."""
        self.clock.advance(60)
        self.cloud.settle()

    def trouble(self) -> str:
        return self.pool_record().last_error or ""


class BlankCase(_SourceCase):
    """Volumes for data and swap."""

    asks = {"size_gib": 3}

    def setUp(self) -> None:
        super().setUp()
        self.pool(os_name="", snapshot_id=origin.BLANK, size_gib=3)

    def test_size_alone_is_served(self) -> None:
        """Renamed and given like any other; nothing can be booted from it."""
        first = self.shelf()[0]

        self.assertEqual(_POOL, self.claim("db_data"))
        given = self.assert_given("db_data")

        self.assertEqual((first, 3), (given.id, given.size))
        self.assertFalse(given.bootable)
        self.assertIsNone(given.snapshot_id)
        self.rest()

    def test_another_size_is_a_miss(self) -> None:
        """Created as large as was asked."""
        self.assertEqual(_CREATED, self.claim("db_data", size_gib=2))
        self.build()
        self.assertEqual(2, self.assert_given("db_data").size)

    def test_snapshot_or_os_is_not_served_from_it(self) -> None:
        """A boot volume of that size is something else."""
        source = self.cloud.snapshot_id(base.SSD)

        self.claim("a_sys", snapshot_id=model.SnapshotId(source))
        self.claim("b_sys", os_name="debian-12")

        self.build()
        for name in ("a_sys", "b_sys"):
            self.assertEqual(source, self.assert_given(name).snapshot_id)
        self.assertEqual(2, len(self.shelf()))

    def test_unknown_os_is_refused_whatever_the_size(self) -> None:
        """Nobody who asks for an OS is helped by an empty disk."""
        self.assertRaises(
            exception.InvalidRequest, self.claim, "b_sys", os_name="plan-9"
        )

    def test_extension_serves_what_is_larger(self) -> None:
        """A size for which there is no pool of its own."""
        self.pool(
            os_name="", snapshot_id=origin.BLANK, size_gib=3, extend=True
        )

        self.assertEqual(_POOL, self.claim("db_data", size_gib=7))
        self.assertEqual(7, self.assert_given("db_data").size)

    def test_another_size_of_the_pool_replaces_the_stock(self) -> None:
        """Every claim names a size, so the old ones would stay for ever."""
        old = self.shelf()

        self.pool(os_name="", snapshot_id=origin.BLANK, size_gib=5)

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual([], [ident for ident in old if self.row_of(ident)])
        self.assertEqual(_POOL, self.claim("db_data", size_gib=5))

    def test_cap_of_one_snapshot_is_not_theirs(self) -> None:
        """They do not wait for each other in Cinder."""
        self.pool(
            os_name="", snapshot_id=origin.BLANK, size_gib=3,
            min_ready=9, max_creating=9,
        )

        self.assertEqual(9, len(self.shelf()))
        self.two.house.reconciler.audit()
        self.assertEqual(9, len(self.shelf()))


class ImageCase(_SourceCase):
    """An image of Glance's."""

    def setUp(self) -> None:
        super().setUp()
        self.image = self.cloud.add_image("debian-12", min_disk=2)
        self.word = origin.word(origin.Kind.IMAGE, self.image.id)

    def test_it_is_served_by_its_id_and_by_the_os_name(self) -> None:
        """Whatever size the pool has."""
        self.pool(snapshot_id=self.word, size_gib=2)

        self.assertEqual(_POOL, self.claim("a", snapshot_id=self.word))
        self.assertEqual(_POOL, self.claim("b", os_name="debian-12"))
        for name in "ab":
            given = self.assert_given(name)
            self.assertTrue(given.bootable)
            self.assertEqual(self.image.id, given.image_metadata["image_id"])
        self.rest()

    def test_miss_is_created_from_it_in_the_size_of_the_pool(self) -> None:
        """Cinder does not choose a size for an image."""
        self.pool(snapshot_id=self.word, size_gib=2)
        self.empty()

        self.assertEqual(_CREATED, self.claim("c", os_name="debian-12"))
        self.build()
        given = self.assert_given("c")
        self.assertEqual(2, given.size)
        self.assertEqual(self.image.id, given.image_metadata["image_id"])

    def empty(self) -> None:
        for name in "ab":
            self.claim(name, os_name="debian-12")

    def test_image_without_a_pool_needs_a_size(self) -> None:
        """Nothing says how large it should be."""
        self.pool(snapshot_id=self.word, size_gib=2)
        other = origin.word(origin.Kind.IMAGE, "other")

        error = self.assertRaises(
            exception.InvalidRequest, self.claim, snapshot_id=other
        )

        self.assertEqual("volume.size", error.field)

    def test_next_image_is_built_while_the_first_is_given(self) -> None:
        """Nobody is refused for a size that only a create needs."""
        self.pool(snapshot_id=self.word, size_gib=2)
        other = self.cloud.add_image("debian-12", min_disk=2)
        config = world.settings_of(
            world.spec(
                snapshot_id=origin.word(origin.Kind.IMAGE, other.id),
                size_gib=2,
            )
        )
        self.one = self.world.daemon("next", config=config)
        self.one.house.duties.sync()

        self.assertEqual(_POOL, self.claim("a", os_name="debian-12"))
        self.assertEqual(_POOL, self.claim("b", snapshot_id=self.word))
        self.assertEqual(_CREATED, self.claim("c", os_name="debian-12"))
        self.build()
        for name in "abc":
            given = self.assert_given(name)
            self.assertEqual(self.image.id, given.image_metadata["image_id"])

    def test_image_that_is_given_is_not_taken_for_gone(self) -> None:
        """Cinder lists no images; what was used up is created from it."""
        self.pool(snapshot_id=self.word, size_gib=2)
        self.empty()
        self.pool_follows_a_catalogue_that_cannot_be_built()

        self.assertEqual(self.word, self.pool_record().current_snapshot_id)

    def pool_follows_a_catalogue_that_cannot_be_built(self) -> None:
        self.cloud.backend.plan("create", "stuck", times=None)
        self.one = self.world.daemon(
            "follows", config=world.settings_of(world.spec())
        )
        for _ in range(3):
            self.one.house.duties.sync()
            self.one.house.reconciler.round()
            self.clock.advance(60)

    def test_audit_keeps_them(self) -> None:
        """A listing shows the image, the answer to a rename does not."""
        self.pool(snapshot_id=self.word, size_gib=2)
        before = self.shelf()

        self.two.house.reconciler.audit()

        self.assertEqual(before, self.shelf())

    def test_image_that_is_gone_is_told(self) -> None:
        """Cinder's own words; the pool recovers when it is there."""
        del self.cloud.images[self.image.id]
        config = world.settings_of(
            world.spec(snapshot_id=self.word, size_gib=2)
        )
        self.one = self.world.daemon("one", config=config)
        self.one.house.duties.sync()
        self.one.house.reconciler.round()
        self.assertIn("Invalid image identifier", self.trouble())
        self.assertEqual([], self.rows())

        self.cloud.images[self.image.id] = self.image
        self.clock.advance(3600)
        self.one.fill()

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual("", self.trouble())


class VolumeCase(_SourceCase):
    """A golden volume that is cloned."""

    def setUp(self) -> None:
        super().setUp()
        self.golden = self.cloud.volume(f"src-{base.SSD}")
        self.word = origin.word(origin.Kind.VOLUME, self.golden.id)

    def test_it_is_served_by_its_id_and_by_the_os_name(self) -> None:
        """In its own size where the pool has none."""
        self.pool(snapshot_id=self.word)

        self.assertEqual(_POOL, self.claim("a", snapshot_id=self.word))
        self.assertEqual(_POOL, self.claim("b", os_name="debian-12"))
        for name in "ab":
            given = self.assert_given(name)
            self.assertEqual((True, 1), (given.bootable, given.size))
            self.assertEqual(self.golden.id, given.source_volid)
        self.rest()

    def test_source_that_is_gone_keeps_what_there_is(self) -> None:
        """The pool says so, gives what it has, and recovers."""
        self.pool(snapshot_id=self.word)
        del self.cloud.volumes[self.golden.id]
        self.one.house.duties.sync()
        self.assertIn(f"volume {self.golden.id}", self.trouble())
        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(_POOL, self.claim("a", snapshot_id=self.word))

        self.cloud.volumes[self.golden.id] = self.golden
        self.one.fill()

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual("", self.trouble())

    def test_source_that_grew_is_cloned_in_its_new_size(self) -> None:
        """A smaller clone is refused, each and every time."""
        self.pool(snapshot_id=self.word)
        self.golden.size = 3
        self.claim("a", snapshot_id=self.word)

        self.one.fill()

        sizes = [self.cloud.volume(ident).size for ident in self.shelf()]
        self.assertEqual([3, 3], sizes)
        self.assertEqual("", self.trouble())

    def test_pool_changes_from_a_snapshot_to_a_volume(self) -> None:
        """By the steps of any other change: built, switched, drained."""
        self.pool()
        old = self.shelf()
        config = world.settings_of(world.spec(snapshot_id=self.word))
        self.one = self.two = self.world.daemon("new", config=config)
        self.one.house.duties.sync()
        self.one.house.reconciler.round()
        self.assertEqual(old, self.shelf())

        self.one.fill()

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual([], [ident for ident in old if self.row_of(ident)])
        self.assertEqual(_POOL, self.claim("a", os_name="debian-12"))
        self.assertEqual(self.golden.id, self.assert_given("a").source_volid)
