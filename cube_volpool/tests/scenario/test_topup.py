"""Top-up: the target is reached, never passed, and nothing is made twice."""

from datetime import timedelta
from typing import Any

from cube_volpool import model
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, empty_pool
from cube_volpool.tests.scenario.empty_pool import limited

_CREATE = "/volumes"
_CREATING = model.RowStatus.CREATING


class TargetCase(empty_pool.EmptyCase):
    """Nothing goes wrong."""

    def test_target_is_reached_and_kept(self) -> None:
        """Two wanted, two made, and an idle round asks Cinder nothing."""
        self.one.fill()
        since = len(self.cloud.requests)

        self.assertFalse(self.round())

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(2, len(self.made()))
        self.assertEqual([], self.calls(since=since))
        self.assert_at_rest()

    def test_volume_is_marked_from_the_first_moment(self) -> None:
        """Marker in name and metadata of the POST itself."""
        self.round()

        for row in self.rows(_CREATING):
            assert row.volume_id is not None
            volume = self.cloud.volume(row.volume_id)
            self.assertEqual(f"volpool-{row.marker}", volume.name)
            self.assertEqual(row.marker, volume.metadata[model.MARKER_KEY])
            self.assertEqual("creating", volume.status)

    def test_volume_in_creation_is_not_given(self) -> None:
        """Only what Cinder calls available is on the shelf."""
        self.round()

        self.assertEqual(model.Source.CREATED, self.one.claim().source)

    def test_pools_cap_bounds_the_creates_in_flight(self) -> None:
        """``max_creating`` of the pool, at any moment."""
        config = limited(world.spec(min_ready=7, max_creating=3))
        daemon = self.world.daemon("x", config=config)
        highest = 0
        for _ in range(30):
            self.round(daemon)
            highest = max(highest, len(self.rows(_CREATING)))
            self.clock.advance(3)

        self.assertEqual(3, highest)
        self.assertEqual(7, len(self.shelf()))
        self.assertEqual(7, len(self.made()))

    def test_snapshots_cap_bounds_pools_that_share_it(self) -> None:
        """Cinder makes volumes of one snapshot one at a time."""
        pools = [world.spec(n, min_ready=4, max_creating=4) for n in "ab"]
        config = limited(*pools, max_creating_per_snapshot=3)
        daemon = self.world.daemon("x", config=config)
        daemon.house.duties.sync()

        self.round(daemon)

        self.assertEqual(3, self.creates())
        daemon.fill()
        self.assertEqual([4, 4], [len(self.shelf(name)) for name in "ab"])

    def test_global_cap_bounds_all_pools(self) -> None:
        """Each create holds a worker that also serves accept."""
        pools = (
            world.spec("a", min_ready=4, max_creating=4),
            world.spec("b", min_ready=4, max_creating=4, volume_type="sas"),
        )
        config = limited(*pools, max_creating=5)
        daemon = self.world.daemon("x", config=config)
        daemon.house.duties.sync()

        self.round(daemon)

        self.assertEqual(5, self.creates())
        daemon.fill()
        self.assertEqual([4, 4], [len(self.shelf(name)) for name in "ab"])

    def test_size_of_the_pool_is_made(self) -> None:
        """``size_gib`` above the snapshot's is what the volumes have."""
        config = limited(world.spec(size_gib=3, min_ready=1))
        daemon = self.world.daemon("x", config=config)

        daemon.fill()

        self.assertEqual(3, self.cloud.volume(self.shelf()[0]).size)
        self.assertEqual(
            model.Source.POOL, daemon.claim(size_gib=3).source
        )

    def test_pinned_snapshot_is_what_is_built(self) -> None:
        """The catalogue is not asked."""
        pinned = self.cloud.snapshot_id("ubuntu-24.04_ssd_20261120")
        config = limited(world.spec(snapshot_id=pinned, min_ready=1))

        self.world.daemon("x", config=config).fill()

        volume = self.cloud.volume(self.shelf()[0])
        self.assertEqual(pinned, volume.snapshot_id)


class TargetChangeCase(base.ScenarioCase):
    """The operator changes the target."""

    def with_target(self, number: int, **limits: Any) -> world.Daemon:
        config = limited(world.spec(min_ready=number), **limits)
        return self.world.daemon(f"m{number}", config=config)

    def test_lower_target_takes_the_newest_away(self) -> None:
        """What is too much goes; the oldest stay."""
        oldest = self.shelf()[0]
        daemon = self.with_target(1)

        daemon.fill()

        self.assertEqual([oldest], self.shelf())
        self.assert_at_rest()

    def test_target_of_nothing_drains_the_pool(self) -> None:
        """Zero is legal: all volumes go."""
        self.with_target(0).fill()

        self.assertEqual([], self.rows())
        self.assert_at_rest()

    def test_higher_target_is_filled(self) -> None:
        """The rest is made, what is there stays."""
        before = set(self.shelf())

        self.with_target(4).fill()

        self.assertEqual(4, len(self.shelf()))
        self.assertLess(before, set(self.shelf()))

    def test_deletes_are_capped_per_hour(self) -> None:
        """A wrong target costs so many volumes an hour, and no more."""
        self.with_target(6).fill()
        daemon = self.with_target(0, deletes_per_hour=2)

        for _ in range(60):
            daemon.house.reconciler.round()
            self.clock.advance(30)

        self.assertEqual(4, len(self.rows()))
        self.assertIn("deletes_per_hour", self.pool_record().last_error or "")
        self.clock.advance(timedelta(hours=1).total_seconds())
        for _ in range(10):
            daemon.house.reconciler.round()
            self.clock.advance(30)
        self.assertEqual(2, len(self.rows()))


class DroppedPoolCase(empty_pool.EmptyCase):
    """All daemons drop a pool whose creates hang; another one shares a cap."""

    def drop(self, volume_type: str, **caps: int) -> world.Daemon:
        """Return a daemon of pool b alone, after two creates of pool a."""
        limits = {"max_creating_per_snapshot": 2, **caps}
        self.cloud.backend.plan("create", "stuck", times=2)
        before = limited(world.spec("a"), **limits)
        daemon = self.world.daemon("before", config=before)
        daemon.house.duties.sync()
        self.round(daemon)
        self.assertEqual(2, self.creates())
        after = limited(world.spec("b", volume_type=volume_type), **limits)
        daemon = self.world.daemon("after", config=after)
        daemon.house.duties.sync()
        return daemon

    def assert_starved_for_two_builds(self, daemon: world.Daemon) -> None:
        """Till then another daemon may have that pool, in a rollout."""
        self.clock.advance(1190)
        self.round(daemon)
        self.assertEqual(2, self.creates())

        self.clock.advance(20)
        daemon.fill()

        self.assertEqual(2, len(self.shelf("b")))

    def test_its_creates_leave_the_cap_of_all_pools(self) -> None:
        """After what a whole queue of creates of one snapshot may take."""
        daemon = self.drop("sas", max_creating=2)

        self.assert_starved_for_two_builds(daemon)

    def test_its_creates_leave_the_cap_of_their_snapshot(self) -> None:
        """The other pool builds from the same one."""
        daemon = self.drop("ssd", max_creating=16)

        self.round(daemon)
        self.assertEqual(2, self.creates())
        self.assert_starved_for_two_builds(daemon)
