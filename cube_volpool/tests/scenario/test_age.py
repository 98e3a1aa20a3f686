"""Volumes that grew too old on the shelf are replaced, one by one."""

from datetime import timedelta

from cube_volpool import model
from cube_volpool.tests.scenario import rollout

_POOL = model.Source.POOL


class AgeCase(rollout.ImageCase):
    """No volume may wait for much longer than an hour."""

    pool = {
        "min_ready": 4,
        "max_creating": 4,
        "max_age": timedelta(hours=1),
    }

    def setUp(self) -> None:
        super().setUp()
        self.first = set(self.shelf())

    def left(self) -> int:
        """Count what is left of the first stock."""
        return len(self.first & set(self.shelf()))

    def test_young_volumes_stay(self):
        """None is replaced before nine tenths of its time."""
        for _ in self.ticks(50, pause=60):
            pass

        self.assertEqual(4, self.left())

    def test_old_ones_are_replaced_one_by_one(self):
        """All are due at once: the target is kept, and one more is made."""
        self.clock.advance(3600)
        left = 4
        for _ in self.ticks(60):
            self.assertGreaterEqual(self.ready(), 4)
            self.assertLessEqual(self.alive(), 5)
            self.assertLessEqual(left - self.left(), 1)
            left = self.left()

        self.assertEqual((0, 4), (self.left(), self.alive()))

    def test_each_has_a_time_of_its_own(self):
        """Some sooner, none later: the next time they are not due at once."""
        ends: dict[str, int] = {}
        for tick in self.ticks(80, pause=60):
            for volume_id in self.first - set(self.shelf()):
                ends.setdefault(volume_id, tick)

        self.assertEqual(4, len(ends))
        self.assertEqual(4, len(set(ends.values())))
        for tick in ends.values():
            self.assertGreaterEqual(tick, 53)
            self.assertLessEqual(tick, 75)

    def test_two_daemons_make_one_more_between_them(self):
        """The age is judged by the ledger's row, not by a daemon."""
        self.clock.advance(3600)
        for _ in self.ticks(60):
            self.two.house.reconciler.round()
            self.assertGreaterEqual(self.ready(), 4)
            self.assertLessEqual(self.alive(), 5)

        self.assertEqual((0, 4), (self.left(), self.alive()))

    def test_claim_may_take_an_old_one(self):
        """It is a good volume; sooner given than thrown away."""
        self.clock.advance(3600)

        answer = self.by_os_name("web_sys")

        self.assert_answer(_POOL, self.old, answer)
        self.assertIn(answer.volume["id"], self.first)

    def test_failing_builds_keep_the_old_ones(self):
        """Nothing goes before its successor is there."""
        self.cloud.backend.plan("create", "error", times=None,
                                lock=self.old)
        self.clock.advance(3600)
        for _ in self.ticks(60, pause=30):
            pass

        self.assertEqual(4, self.left())


class NoAgeCase(rollout.ImageCase):
    """Without max_age."""

    def test_volumes_stay_for_ever(self):
        """Unless something else ends them."""
        first = self.shelf()
        for _ in self.ticks(10, pause=30 * 86400):
            pass

        self.assertEqual(first, self.shelf())
