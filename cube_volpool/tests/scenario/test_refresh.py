"""Refresh: a new snapshot rolls in, an unknown one disables its pool alone."""

from cube_volpool import model
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import lab


def _two_pools():
    return world.settings_of(
        world.spec("deb"),
        world.spec("odd", os_name="plan-9", volume_type="nvme"),
    )


class RollingCase(base.ScenarioCase):
    """A newer snapshot of the pool's OS appears."""

    def setUp(self) -> None:
        super().setUp()
        self.old = list(self.shelf())
        self.newer = lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date="20261121"
        )
        self.one.house.duties.sync()

    def fresh(self) -> list[model.PooledVolume]:
        rows = self.rows(model.RowStatus.AVAILABLE)
        return [row for row in rows if row.snapshot_id == self.newer]

    def test_old_stock_goes_once_the_new_is_ready(self) -> None:
        """Build the next, then drain the old, never an empty pool."""
        for _ in range(40):
            self.one.house.reconciler.round()
            available = len(self.rows(model.RowStatus.AVAILABLE))
            self.assertGreaterEqual(available, 2)
            if len(self.fresh()) < 2:
                self.assertLessEqual(set(self.old), set(self.shelf()))
            self.clock.advance(2)

        self.assertEqual(2, len(self.fresh()))
        self.assertEqual(2, len(self.shelf()))
        for volume_id in self.old:
            self.assertNotIn(volume_id, self.cloud.volumes)
        self.assert_at_rest()

    def test_old_snapshot_is_served_while_there_is_stock(self) -> None:
        """Who names the old snapshot still hits."""
        answer = self.one.claim()

        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(self.old[0], answer.volume["id"])

    def test_failing_builds_keep_the_old_stock(self) -> None:
        """A snapshot that cannot be built from costs no volume."""
        self.cloud.backend.plan("create", "error", times=None,
                                lock=self.newer)

        for _ in range(60):
            self.one.house.reconciler.round()
            self.clock.advance(20)

        self.assertLessEqual(set(self.old), set(self.shelf()))

    def building(self) -> model.PooledVolume:
        """Let one volume of the newer snapshot be under way."""
        self.one.claim(snapshot_id=self.newer)
        self.one.house.reconciler.round()
        [building] = self.rows(model.RowStatus.CREATING)
        return building

    def overtake(self) -> None:
        """An even newer one appears, and what is under way is finished."""
        lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date="20261122"
        )
        self.one.house.duties.sync()
        self.clock.advance(60)
        self.one.house.reconciler.round()

    def test_build_of_the_current_snapshot_is_shelved(self) -> None:
        """Until the next switch it is what claims by OS name get."""
        self.one.fill()
        building = self.building()

        self.overtake()

        self.assert_on_shelf(str(building.volume_id))

    def test_build_of_a_snapshot_never_given_is_not_shelved(self) -> None:
        """A create of what was overtaken before the switch is stale."""
        self.one.house.reconciler.round()
        building = self.rows(model.RowStatus.CREATING)

        self.overtake()

        self.assertEqual(2, len(building))
        for row in building:
            self.assert_condemned(str(row.volume_id))


class SourceGoneCase(base.ScenarioCase):
    """The source cannot be found any more."""

    def vanish(self) -> None:
        wanted = self.cloud.snapshot_id(base.SSD)
        self.snapshot = self.cloud.snapshots[wanted]
        self.snapshot.status = "deleting"
        self.one.house.duties.sync()

    def test_no_source_means_no_change(self) -> None:
        """Nothing is built and nothing is thrown away."""
        before = self.shelf()
        self.vanish()

        for _ in range(5):
            self.one.house.reconciler.round()
            self.one.house.reconciler.audit()
            self.clock.advance(600)

        self.assertEqual(before, self.shelf())
        self.assertIn("debian-12", self.pool_record().last_error or "")

    def test_stock_is_still_given(self) -> None:
        """What is on the shelf serves whoever names its snapshot."""
        self.vanish()

        answer = self.one.claim()

        self.assertEqual(model.Source.POOL, answer.source)

    def test_pool_comes_alive_when_it_is_back(self) -> None:
        """The next sync finds it: the pool fills, the error is gone."""
        self.vanish()
        self.one.claim()
        self.snapshot.status = "available"

        self.one.fill()

        self.assertEqual(2, len(self.shelf()))
        self.assertIsNone(self.pool_record().last_error)


class UnknownCase(base.ScenarioCase):
    """One pool's type and OS are not in the cloud."""

    def configure(self):
        return _two_pools()

    def error(self) -> str:
        return self.pool_record("odd").last_error or ""

    def test_other_pools_are_not_disturbed(self) -> None:
        """It alone is disabled, and says why."""
        self.assertEqual(2, len(self.shelf("deb")))
        self.assertEqual([], self.rows(pool="odd"))
        self.assertIn("nvme", self.error())
        self.assertIsNone(self.pool_record("deb").last_error)

    def test_pool_comes_alive_when_type_and_os_appear(self) -> None:
        """First the type, then the OS: filled without a restart."""
        self.cloud.add_type("nvme")
        self.one.fill()
        self.assertIn("plan-9", self.error())
        lab.seed_source(self.cloud, "plan-9", "nvme", size=1)

        self.one.fill()

        self.assertEqual(2, len(self.shelf("odd")))
        self.assertEqual("", self.error())

    def test_size_below_the_snapshots_disables_the_pool(self) -> None:
        """What Cinder would refuse each time is not even tried."""
        config = world.settings_of(
            world.spec("odd", os_name="ubuntu-24.04", size_gib=2)
        )
        self.world.daemon("x", config=config).fill()

        self.assertIn("size_gib 2", self.error())
        self.assertEqual([], self.rows(pool="odd"))
