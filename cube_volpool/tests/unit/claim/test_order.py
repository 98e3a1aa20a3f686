"""The order desk: what a request comes to."""

import pathlib
from typing import Any

import fixtures
import sqlalchemy as sa
from oslotest import base

from cube_volpool import exception, model, origin, settings
from cube_volpool.claim.order import Order, OrderDesk
from cube_volpool.db import models
from cube_volpool.db.store import Store

_SSD = model.SnapshotId("snapshot-ssd")
_SAS = model.SnapshotId("snapshot-sas")


def _spec(name: str, kind: str, **changes: Any) -> settings.PoolSpec:
    values: dict[str, Any] = {
        "name": name,
        "os_name": "debian-12",
        "volume_type": kind,
        "type_aliases": frozenset({f"{kind}-alias"}),
    }
    return settings.PoolSpec(**{**values, **changes})


class OrderTest(base.BaseTestCase):
    """Two pools, ``ssd`` with a source and ``sas`` with another."""

    def setUp(self):
        super().setUp()
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.store = Store(
            {"connection": f"sqlite:///{folder / 'ledger.sqlite'}"},
            draw=lambda: 1,
        )
        self.addCleanup(self.store.close)
        models.METADATA.create_all(self.store.ledger.engine)
        self.pools = (_spec("fast", "ssd"), _spec("slow", "sas"))
        self.store.pools.ensure([pool.name for pool in self.pools])
        for name, snapshot, kind in (
            ("fast", _SSD, "id-of-ssd"),
            ("slow", _SAS, "id-of-sas"),
        ):
            self.store.pools.set_source(
                model.PoolName(name),
                snapshot_id=snapshot,
                size_gib=1,
                volume_type_id=kind,
            )
        self.desk = OrderDesk(self.store, self.pools)

    def give(self, spec, source):
        """Let a pool be built from a snapshot."""
        self.store.pools.set_source(
            spec.name, snapshot_id=source, size_gib=1, volume_type_id="n"
        )

    def resolve(self, **changes: Any):
        """Resolve a request for an ssd of debian."""
        values: dict[str, Any] = {
            "name": "web",
            "volume_type": "ssd",
            "os_name": "debian-12",
        }
        return self.desk.resolve(model.ClaimRequest(**{**values, **changes}))

    def test_a_type_is_known_by_name_alias_and_id(self):
        """An alias in any case; Cinder's own name in its own."""
        for asked in ("ssd", "ssd-alias", "SSD-Alias", "id-of-ssd"):
            order = self.resolve(volume_type=asked)

            self.assertEqual("ssd", order.wanted.type, asked)
            self.assertEqual("ssd", order.create.volume_type, asked)
            self.assertEqual(_SSD, order.wanted.snapshot_id)

    def test_an_os_name_means_the_source_of_its_pool(self):
        """Each type has its own."""
        self.assertEqual(
            _SAS, self.resolve(volume_type="sas").wanted.snapshot_id
        )

    def test_a_snapshot_beats_the_os_name(self):
        """A claim never gets another one than it asked for."""
        order = self.resolve(snapshot_id="another")

        self.assertEqual("another", order.wanted.snapshot_id)
        self.assertEqual("another", order.create.snapshot_id)

    def test_everything_asked_for_is_wanted_and_created(self):
        """Size and zone too."""
        order = self.resolve(
            size_gib=4, availability_zone="nova", metadata={"a": "b"}
        )

        self.assertEqual(4, order.wanted.size_gib)
        self.assertEqual("nova", order.wanted.availability_zone)
        self.assertEqual(
            model.NewVolume(
                name="web",
                volume_type="ssd",
                snapshot_id=_SSD,
                size_gib=4,
                metadata={"a": "b"},
                availability_zone="nova",
            ),
            order.create,
        )

    def test_an_unknown_type_is_a_miss_when_the_body_is_enough(self):
        """With a snapshot or a size; its name goes to Cinder as it is."""
        for enough in ({"snapshot_id": "s"}, {"size_gib": 1}):
            order = self.resolve(volume_type="New", os_name=None, **enough)

            self.assertIsNone(order.wanted)
            self.assertEqual("New", order.create.volume_type)

    def test_an_unknown_os_or_type_with_nothing_else_is_an_error(self):
        """It names the field, and Cinder is not asked."""
        for unknown in ({"os_name": "plan9"}, {"volume_type": "new"}):
            error = self.assertRaises(
                exception.InvalidRequest, self.resolve, **unknown
            )
            self.assertEqual("os_name", error.field)

    def test_a_pool_that_never_had_a_source_knows_no_snapshot(self):
        """Its catalogue has not been read, or its OS is not there."""
        new = _spec("new", "nvme")
        self.store.pools.ensure([new.name])
        desk = OrderDesk(self.store, (new,))
        request = model.ClaimRequest(
            name="web", volume_type="nvme", os_name="debian-12"
        )

        self.assertRaises(exception.InvalidRequest, desk.resolve, request)

    def test_an_os_name_means_the_current_snapshot(self):
        """Not the next one, and not none because the source is gone."""
        for source in (model.SnapshotId("next"), None):
            self.store.pools.set_source(
                self.pools[0].name,
                snapshot_id=source,
                size_gib=1,
                volume_type_id="id-of-ssd",
            )
            self.assertEqual(_SSD, self.resolve().create.snapshot_id)

    def test_an_os_of_the_catalogue_needs_no_pool(self):
        """The current snapshot is created from; no row is looked for."""
        entry = model.CatalogueEntry(
            os="debian-12",
            type="nvme",
            snapshot_id=model.SnapshotId("snapshot-nvme"),
            version="1",
            role=model.Role.CURRENT,
            volume_type="nvme",
            size_gib=1,
        )
        self.store.images.replace([entry])
        order = self.resolve(volume_type="nvme")

        self.assertIsNone(order.wanted)
        self.assertEqual("snapshot-nvme", order.create.snapshot_id)

    def test_a_miss_is_counted_for_the_pool_that_should_have_served(self):
        """The one of this type and this source; else for none."""
        self.assertEqual("fast", self.desk.pool_of(self.resolve()))
        self.assertIsNone(
            self.desk.pool_of(self.resolve(snapshot_id="another"))
        )
        self.assertIsNone(self.desk.pool_of(self.resolve().without_pool()))

    def test_an_os_name_means_the_image_of_the_pool_that_fits(self):
        """Each changes its image by itself; other sizes may be behind."""
        small = _spec("small", "nvme", size_gib=2, availability_zone="a")
        large = _spec("large", "nvme", size_gib=8, availability_zone="b")
        self.store.pools.ensure([small.name, large.name])
        for spec, source in ((small, "old"), (large, "new")):
            self.give(spec, model.SnapshotId(source))
        self.desk = OrderDesk(self.store, (small, large))

        for asked, expected in (
            ({"size_gib": 8}, "new"),
            ({"size_gib": 2}, "old"),
            ({"availability_zone": "b"}, "new"),
            ({"availability_zone": "c"}, "old"),
            ({"size_gib": 8, "availability_zone": "a"}, "old"),
            ({}, "old"),
        ):
            order = self.resolve(volume_type="nvme", **asked)
            self.assertEqual(expected, order.wanted.snapshot_id, str(asked))

    def test_a_pool_that_extends_fits_what_is_larger(self):
        """And not what is smaller."""
        first = _spec("first", "nvme", size_gib=4)
        grows = _spec("grows", "nvme", size_gib=2, extend=True)
        self.store.pools.ensure([first.name, grows.name])
        for spec in (first, grows):
            self.give(spec, model.SnapshotId(spec.name))
        self.desk = OrderDesk(self.store, (first, grows))

        for size, expected in ((4, "first"), (3, "grows"), (1, "first")):
            order = self.resolve(volume_type="nvme", size_gib=size)
            self.assertEqual(expected, order.wanted.snapshot_id, str(size))

    def test_a_miss_is_counted_for_the_pool_of_its_size(self):
        """Another size of a boot volume counts too, of a blank one not."""
        small = _spec("small", "nvme", size_gib=2)
        large = _spec("large", "nvme", size_gib=8)
        for source, expected in (
            (_SSD, ("large", "small", "small")),
            (origin.BLANK, ("large", None, "small")),
        ):
            self.store.pools.ensure([small.name, large.name])
            for spec in (small, large):
                self.give(spec, source)
                self.store.pools.switch(self.store.pools.list()[spec.name])
            desk = OrderDesk(self.store, (small, large))
            counted = tuple(
                desk.pool_of(
                    Order(
                        wanted=model.Wanted(
                            type="nvme", snapshot_id=source, size_gib=size
                        ),
                        create=model.NewVolume(name="n", volume_type="nvme"),
                    )
                )
                for size in (8, 4, 2)
            )
            self.assertEqual(expected, counted)

    def test_the_ledger_is_read_only_for_what_is_left_open(self):
        """With a known type and a snapshot the claim does without."""
        with self.store.ledger.write() as session:
            session.execute(sa.text("DROP TABLE pools"))

        self.assertEqual(
            "s", self.resolve(snapshot_id="s", os_name=None).wanted.snapshot_id
        )
