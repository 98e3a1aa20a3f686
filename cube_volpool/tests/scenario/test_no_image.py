"""An image that a pool lives on is not there: deleted, or renamed."""

import dataclasses
from typing import Any

from cube_volpool import exception, model
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, rollout
from cube_volpool.tests.simulator import lab

_POOL, _CREATED = model.Source.POOL, model.Source.CREATED


class _GoneCase(rollout.ImageCase):
    """Something disappears under the pool."""

    def look_everywhere(self) -> None:
        """Let every duty of the daemon have its turn, for an hour."""
        for _ in range(6):
            self.sync()
            self.one.house.reconciler.audit()
            for _ in self.ticks(5, pause=120):
                pass

    def trouble(self) -> str:
        return self.pool_record().last_error or ""


class NeverThereCase(_GoneCase):
    """There was no image from the beginning."""

    fills = False

    def setUp(self) -> None:
        super().setUp()
        self.drop_snapshot(self.old)
        self.look_everywhere()

    def test_pool_says_so_and_builds_nothing(self):
        """And a claim by OS name is told what is missing."""
        self.assertIn("snapshot of OS debian-12, type ssd,", self.trouble())
        self.assertEqual([], self.rows())
        self.assertRaises(
            exception.InvalidRequest, self.by_os_name, "web_sys"
        )

    def test_pool_comes_alive_with_the_first_one(self):
        """It is current at once: there is nothing to switch from."""
        made = lab.seed_source(self.cloud, "debian-12", "ssd", size=1)
        self.one.fill()

        self.assertEqual((made, 2), (self.current, self.ready(made)))
        self.assertEqual("", self.trouble())


class SourceGoneCase(_GoneCase):
    """The snapshot that is being built is deleted."""

    def test_change_is_given_up_for_the_current_one(self):
        """What was built of it goes; claims notice nothing."""
        newer = self.publish("20261121")
        before = self.shelf()
        self.until(lambda: self.ready(newer) == 1)
        self.drop_snapshot(newer)

        self.look_everywhere()

        self.assertEqual((self.old, self.old), (self.source, self.current))
        self.assertEqual(before, self.shelf())
        self.assertEqual("", self.trouble())

    def test_change_is_given_up_for_the_next_best(self):
        """An image between the two is built instead."""
        between = self.publish("20261121", sync=False)
        self.drop_snapshot(self.publish("20261122"))

        self.look_everywhere()

        self.assertEqual((between, 2), (self.current, self.ready()))


class CurrentGoneCase(_GoneCase):
    """The snapshot that claims by OS name get is deleted."""

    def stuck(self) -> model.SnapshotId:
        """Publish an image whose builds take for ever."""
        newer = self.publish("20261121", sync=False)
        self.cloud.backend.plan("create", "stuck", times=None, lock=newer)
        self.sync()
        next(self.ticks(1))
        return newer

    def test_stock_of_it_is_given_first(self):
        """A volume does not need its snapshot any more."""
        self.stuck()
        self.drop_snapshot(self.old)
        self.sync()

        answers = [self.by_os_name(name) for name in "ab"]

        for answer in answers:
            self.assert_answer(_POOL, self.old, answer)

    def test_used_up_it_gives_way_to_what_is_built(self):
        """A miss could not be created from it, however long one waits."""
        newer = self.stuck()
        self.empty_the_shelf()
        self.drop_snapshot(self.old)

        self.sync()

        self.assertEqual(newer, self.current)
        self.assertEqual(1, self.logged("which is not in Cinder any more"))

    def test_used_up_after_a_sync_it_gives_way_with_the_next(self):
        """Nothing happens to the catalogue in between."""
        newer = self.stuck()
        self.drop_snapshot(self.old)
        self.sync()
        self.assertEqual(self.old, self.current)
        for name in "ab":
            self.by_os_name(name)

        self.sync()

        self.assertEqual(newer, self.current)

    def test_on_its_way_out_it_gives_way_too(self):
        """Cinder creates nothing from a snapshot that is being deleted."""
        newer = self.stuck()
        self.empty_the_shelf()
        self.cloud.snapshots[self.old].status = "deleting"

        self.sync()

        self.assertEqual(newer, self.current)

    def test_used_up_but_there_it_stays(self):
        """A miss is created from it, like all volumes of that time."""
        self.stuck()
        self.empty_the_shelf()

        self.sync()

        self.assertEqual(self.old, self.current)
        self.assert_answer(_CREATED, self.old, self.by_os_name("c"))

    def test_a_claim_by_os_name_is_served_again(self):
        """From the pool, or created from what there is."""
        self.empty_the_shelf()
        self.drop_snapshot(self.old)
        self.sync()
        self.assertRaises(exception.PoolEmpty, self.by_os_name, "before")
        newer = self.publish("20261121")

        answer = self.by_os_name("after")

        self.assert_answer(_CREATED, newer, answer)

    def test_without_another_image_it_stays(self):
        """There is nothing better; what is on the shelf is given."""
        before = self.shelf()
        self.drop_snapshot(self.old)

        self.look_everywhere()

        self.assertEqual((None, self.old), (self.source, self.current))
        self.assertEqual(before, self.shelf())
        self.assertIn("debian-12", self.trouble())
        self.assert_answer(_POOL, self.old, self.by_os_name("web_sys"))

    def test_another_image_ends_the_trouble(self):
        """It is built beside what is left, and the error is gone."""
        self.drop_snapshot(self.old)
        self.look_everywhere()

        newer = self.publish("20261121")
        self.until(lambda: self.current == newer)

        self.assertEqual("", self.trouble())


class TypeRenamedCase(_GoneCase):
    """An administrator gives the volume type another name."""

    def setUp(self) -> None:
        super().setUp()
        self.before = self.shelf()
        [self.kind] = [
            kind for kind in self.cloud.types.values() if kind.name == "ssd"
        ]
        self.kind.name = "fast-ssd"

    def restart(self, **changes: Any) -> None:
        """Begin anew with another configuration of the pool."""
        self.one = self.world.daemon(
            "new",
            config=dataclasses.replace(
                self.world.settings, pools=(world.spec(**changes),)
            ),
        )

    def test_pool_says_so_and_keeps_what_it_has(self):
        """The name may be wrong in the configuration, or in Cinder."""
        self.look_everywhere()

        self.assertIn("no volume type ssd", self.trouble())
        self.assertEqual(self.before, self.shelf())

    def test_audit_before_the_next_sync_keeps_them(self):
        """Every volume shows another type, and none was touched."""
        self.one.house.reconciler.audit()

        self.assertEqual(self.before, self.shelf())
        self.assertEqual([], self.rows(model.RowStatus.DELETING))

    def test_claim_by_the_old_name_is_served(self):
        """It is the very type that was meant."""
        answer = self.by_os_name("web_sys")

        self.assert_answer(_POOL, self.old, answer)
        self.assertEqual("fast-ssd", answer.volume["volume_type"])

    def test_new_name_in_the_configuration_goes_on_with_the_stock(self):
        """Claims by the new name get what was there."""
        self.restart(
            volume_type="fast-ssd",
            type_aliases=frozenset({"ssd"}),
        )

        self.look_everywhere()

        self.assertEqual(("", self.before), (self.trouble(), self.shelf()))
        answer = self.by_os_name("web_sys", volume_type="fast-ssd")
        self.assert_answer(_POOL, self.old, answer)

    def test_slip_of_the_configuration_costs_nothing(self):
        """A type that Cinder does not know is no reason to give stock up."""
        self.kind.name = "ssd"
        self.restart(volume_type="sssd")

        self.look_everywhere()

        self.assertIn("no volume type sssd", self.trouble())
        self.assertEqual(self.before, self.shelf())

    def test_another_type_in_the_configuration_replaces_the_stock(self):
        """No claim of this pool could ever get what is there."""
        self.kind.name = "ssd"
        self.restart(
            volume_type="sas", type_aliases=frozenset({"x"})
        )

        self.look_everywhere()

        self.assertEqual(
            {"sas"},
            {base.type_of(self.cloud.volume(i)) for i in self.shelf()},
        )

    def test_name_given_back_ends_the_trouble(self):
        """As if nothing had been."""
        self.look_everywhere()
        self.kind.name = "ssd"

        self.look_everywhere()

        self.assertEqual(("", self.old), (self.trouble(), self.source))
        self.assertEqual(self.before, self.shelf())
        self.assert_answer(_POOL, self.old, self.by_os_name("web_sys"))


class AnotherBackendCase(_GoneCase):
    """The snapshot is where volumes of the pool's type cannot be made."""

    fills = False

    def test_snapshot_of_another_type_is_refused_in_cinders_words(self):
        """Each create is; nothing is left behind, and none is repeated soon.

        *Source:* cinder volume/api.py, "requested type is not compatible".
        """
        source = self.cloud.snapshot_id("debian-12_sas_20261120")
        self.one = self.world.daemon(
            "pinned",
            config=dataclasses.replace(
                self.world.settings,
                pools=(world.spec(snapshot_id=model.SnapshotId(source)),),
            ),
        )
        self.sync()
        for _ in self.ticks(10):
            pass

        self.assertIn("requested type is not compatible", self.trouble())
        self.assertEqual([], self.rows())
        sent = [call for call in self.calls() if call == "POST /volumes"]
        self.assertLess(len(sent), 6)

    def test_no_valid_host_is_told_and_recovered_from(self):
        """The scheduler finds no backend: the volume ends in error."""
        self.cloud.backend.plan("create", "error", times=2)
        self.sync()
        self.until(lambda: "Cinder says error" in self.trouble())
        self.assertEqual([], self.shelf())
        self.clock.advance(3600)
        self.one.fill()
        self.assertEqual(("", 2), (self.trouble(), self.ready()))
