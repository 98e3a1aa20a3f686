"""What operators see of a change of images, and what their calls do."""

from typing import Any

from cube_volpool import exception, model, report
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.scenario.operators import OperatorCase
from cube_volpool.tests.simulator import faults


class ListCase(OperatorCase):
    """What os list says, from before a change until after it."""

    def test_at_rest(self) -> None:
        """The image of each pool is current, and the stock holds it."""
        found = self.shown()

        self.assertEqual(
            {
                "os_name": "debian-12",
                "type": "ssd",
                "version": "20261120",
                "snapshot_id": self.old,
                "name": base.SSD,
                "role": "current",
                "rejected": None,
                "held_by": {"available": 2},
            },
            found[self.old],
        )
        self.assertEqual(
            (self.old, self.old, 0),
            (
                self.pool_shown()["source_snapshot_id"],
                self.pool_shown()["current_snapshot_id"],
                self.pool_shown()["stale"],
            ),
        )

    def test_an_old_snapshot_is_held_until_its_last_volume_is_gone(
        self,
    ) -> None:
        """Ready, then being deleted, then not at all."""
        new = self.publish("20261121")
        during = self.shown()
        self.assertEqual("current", during[self.old]["role"])
        self.assertEqual("next", during[new]["role"])
        self.assertEqual({"available": 2}, during[self.old]["held_by"])
        self.assertEqual({}, during[new]["held_by"])
        self.assertEqual(self.old, self.pool_shown()["current_snapshot_id"])
        self.assertEqual(new, self.pool_shown()["source_snapshot_id"])

        seen: list[dict[str, int]] = []
        for _ in self.ticks(60):
            held = self.held_by(self.old)
            if not seen or seen[-1] != held:
                seen.append(held)

        self.assertEqual({}, seen[-1])
        self.assertIn({"deleting": 2}, seen)
        after = self.shown()
        self.assertEqual("previous", after[self.old]["role"])
        self.assertEqual("current", after[new]["role"])
        self.assertEqual({"available": 2}, after[new]["held_by"])
        self.assertEqual(new, self.pool_shown()["current_snapshot_id"])

    def test_a_volume_that_was_given_away_is_not_counted(self) -> None:
        """The list knows the pool's volumes alone."""
        self.one.claim()

        self.assertEqual({"available": 1}, self.held_by(self.old))

    def test_a_snapshot_that_is_catalogued_no_more_is_still_shown(
        self,
    ) -> None:
        """As long as a pooled volume was made from it."""
        self.drop_snapshot(self.old)
        self.sync()

        self.assertEqual(
            {
                "os_name": None,
                "type": None,
                "version": None,
                "snapshot_id": self.old,
                "name": None,
                "role": None,
                "rejected": None,
                "held_by": {"available": 2},
            },
            self.shown()[self.old],
        )

    def test_the_wire_carries_what_the_command_shows(self) -> None:
        """Whole: both are of one report."""
        self.assertEqual(
            [
                dict(image)
                for image in report.images(
                    self.world.store, self.world.settings
                )
            ],
            self.call("list_os")["images"],
        )


class CallsCase(OperatorCase):
    """What the other methods do."""

    catalogue = {"automatic": False}

    def test_a_sync_is_followed_at_once(self) -> None:
        """Without one nothing is noticed where it is not automatic."""
        new = self.publish("20261121")
        self.assertEqual(self.old, self.source)
        self.rung()

        planned = self.call("sync_os", dry_run=True)
        self.assertEqual(self.old, self.source)
        self.assertEqual(set(), self.rung())
        done = self.call("sync_os")

        self.assertEqual(planned["changes"], done["changes"])
        self.assertEqual(
            [
                {
                    "pool": "deb",
                    "before": self.old,
                    "after": new,
                    "error": None,
                }
            ],
            done["changes"],
        )
        self.assertEqual(new, self.source)
        self.assertEqual({"deb"}, self.rung())
        self.assertEqual([], self.call("sync_os")["changes"])
        self.assertEqual(set(), self.rung())

    def test_a_rollback_and_its_end(self) -> None:
        """Back to the image before; allowed again, forward."""
        new = self.publish("20261121", sync=False)
        self.call("sync_os")
        self.until(lambda: self.current == new)
        self.rung()

        back = self.call("rollback_os", os_name="debian-12",
                         volume_type="FAST")
        self.assertEqual(self.old, back["changes"][0]["after"])
        self.assertEqual({"deb"}, self.rung())
        self.assertIn("operator", self.shown()[new]["rejected"])
        self.until(lambda: self.current == self.old)

        ahead = self.call("allow_os", snapshot_id=new)
        self.assertEqual(new, ahead["changes"][0]["after"])
        self.assertEqual({"deb"}, self.rung())
        self.assertIsNone(self.shown()[new]["rejected"])

    def test_what_cannot_be_done_changes_nothing(self) -> None:
        """One image alone, an unknown OS, nothing rejected."""
        before = self.pool_record(), self.shown()
        for method, arguments, words in (
            (
                "rollback_os",
                {"os_name": "debian-12", "volume_type": "ssd"},
                "OS debian-12, type ssd, has no earlier image",
            ),
            (
                "rollback_os",
                {"os_name": "plan-9", "volume_type": "ssd"},
                "OS plan-9, type ssd,",
            ),
            (
                "allow_os",
                {"snapshot_id": self.old},
                f"snapshot {self.old} is not in the catalogue",
            ),
        ):
            error = self.refusal(method, **arguments)

            self.assertIs(exception.NoImage, type(error))
            self.assertTrue(str(error).startswith(words), str(error))
            self.assertEqual({"image", "reason"}, set(error.kwargs))
        self.assertEqual(before, (self.pool_record(), self.shown()))

    def test_cinder_away(self) -> None:
        """A sync says so and changes nothing; a rollback needs no Cinder."""
        self.publish("20261121", sync=False)
        self.call("sync_os")
        self.cloud.fault("*", "/**", faults.refuse(503))

        error = self.refusal("sync_os")
        back = self.call("rollback_os", os_name="debian-12",
                         volume_type="ssd")

        self.assertIs(exception.CinderUnavailable, type(error))
        self.assertEqual(self.old, back["changes"][0]["after"])


class AtOnceCase(OperatorCase):
    """A rollback of an image that must not be given for a minute more."""

    def test_a_pool_that_keeps_none_changes_at_once(self) -> None:
        """Claims by OS name are then created from the image before."""
        new = self.publish("20261121")
        self.until(lambda: self.current == new)
        self.until(lambda: not self.held_by(self.old))
        self.call("rollback_os", os_name="debian-12", volume_type="ssd")
        self.assertEqual(new, self.current)
        self.assertEqual("pool", self.by_os_name("a").source)

        self.one = self.world.daemon(
            "empty", config=world.settings_of(world.spec(min_ready=0))
        )
        self.one.house.reconciler.round()

        self.assertEqual(self.old, self.current)
        given = self.by_os_name("b")
        self.assertEqual("created", given.source)
        self.assertEqual(self.old, given.volume["snapshot_id"])


class FirstCase(base.ScenarioCase):
    """An operator is quicker than the daemon's first turn."""

    fills = False

    def test_a_sync_on_an_empty_ledger(self) -> None:
        """The pools get their records, and their source."""
        refresher = self.one.house.refresher
        planned = refresher.plan()
        self.assertEqual({}, self.world.store.pools.list())
        done = refresher.sync()

        self.assertEqual(planned.changes, done.changes)
        self.assertEqual(
            self.cloud.snapshot_id(base.SSD),
            self.pool_record().source_snapshot_id,
        )
        self.assertRaises(
            exception.NoImage, refresher.rollback, "debian-12", "ssd"
        )

    def test_what_is_rejected_while_cinder_answers_is_not_chosen(self) -> None:
        """The judgement is read last."""
        one = self.world.daemon("three")
        one.house.duties.sync()
        old = self.pool_record().source_snapshot_id
        assert old is not None
        self.at(
            "GET",
            "/types",
            "after",
            lambda: self.world.store.images.reject(old, reason="bad"),
        )
        one.house.duties.sync()

        self.assertIsNone(self.pool_record().source_snapshot_id)
        self.assertIn("rejected", self.pool_record().last_error or "")


class SharedCase(base.ScenarioCase):
    """Two pools of one image."""

    def configure(self) -> Any:
        return world.settings_of(world.spec("deb"), world.spec("two"))

    def test_the_list_counts_both(self) -> None:
        """A snapshot is free when no pool has a volume of it."""
        snapshot = self.cloud.snapshot_id(base.SSD)
        [found] = [
            image
            for image in report.images(
                self.world.store, self.world.settings
            )
            if image["snapshot_id"] == snapshot
        ]

        self.assertEqual({model.RowStatus.AVAILABLE: 4}, found["held_by"])
