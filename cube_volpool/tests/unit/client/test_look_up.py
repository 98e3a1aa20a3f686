"""What is looked up, refused and made as skyline always did."""

import dataclasses

from cube_volpool import client, exception
from cube_volpool.client import fallback
from cube_volpool.tests.unit.client import cloud


class TestLookUp(cloud.ClientCase):
    def test_usable_volume_of_the_name_is_the_answer(self):
        """A volume that is there is neither claimed nor made."""
        self.cloud.volumes = [cloud.make_volume("there")]

        self.assertEqual("there", self.create())
        self.assertEqual([], self.pool.asked)
        self.assertEqual(
            [("GET", "cinder", "volumes/detail?name=vm-1_sys")],
            self.cloud.calls,
        )

    def test_look_up_comes_before_the_arguments(self):
        """As in skyline, wrong arguments do not hide a volume."""
        self.cloud.volumes = [cloud.make_volume("there", name="vm-1_tmp")]

        self.assertEqual("there", self.create("tmp", volume_type=None))

    def test_oldest_of_several_is_the_answer(self):
        """Each retry must come to the same one."""
        self.cloud.volumes = [
            cloud.make_volume(
                "young", created_at="2026-11-20T10:00:02.000000"
            ),
            cloud.make_volume("old", created_at="2026-11-20T10:00:01"),
        ]

        self.assertEqual("old", self.create())

    def test_other_and_broken_volumes_are_passed_over(self):
        """A name in other letters is another name; a wreck is no volume."""
        self.cloud.volumes = [
            cloud.make_volume("case", name="VM-1_sys"),
            cloud.make_volume("longer", name="vm-1_sys2"),
            cloud.make_volume("error", status="error"),
            cloud.make_volume("error-too", status="error_deleting"),
            cloud.make_volume("going", status="deleting"),
        ]

        self.assertEqual("claimed", self.create())

    def test_name_is_quoted_in_the_url(self):
        """A host name cannot add filters of its own."""
        fallback.create_if_absent(
            self.cloud,
            "a&b c",
            "sys",
            order=fallback.Order(snapshot_id="snap-1", volume_type="ssd"),
            terms=cloud.TERMS,
            claim=self.pool,
        )

        self.assertEqual(
            "volumes/detail?name=a%26b+c_sys", self.cloud.calls[0][2]
        )


class TestArguments(cloud.ClientCase):
    def _message(self, category, **kwargs):
        error = self.assertRaises(
            client.WorkArgsError, self.create, category, **kwargs
        )
        self.assertEqual([], self.cloud.posted)
        self.assertEqual([], self.pool.asked)
        return str(error)

    def test_messages_are_skylines_in_its_order(self):
        """Category, then what to make it from, then the type."""
        nothing = {"snapshot_id": None, "volume_type": None}

        self.assertEqual(
            "volume_partition tmp is not support",
            self._message("tmp", **nothing),
        )
        self.assertEqual(
            "create_volume need size or snapshot_id is not None",
            self._message("sys", **nothing),
        )
        self.assertEqual(
            "create_volume need volume_type is not None",
            self._message("data", size=1, volume_type=None),
        )

    def test_os_name_does_not_make_a_data_volume(self):
        """Only a boot volume can be named by its operating system."""
        self.assertEqual(
            "create_volume need size or snapshot_id is not None",
            self._message("data", snapshot_id=None, os_name="debian-12"),
        )

    def test_further_arguments_are_ignored(self):
        """skyline's function takes any keyword, so does this one."""
        self.assertEqual("claimed", self.create(ebs_type="ssd"))


class TestCreate(cloud.ClientCase):
    def test_data_and_swap_are_made_with_skylines_body(self):
        """The pool has boot volumes alone."""
        for category in ("data", "swap"):
            self.assertEqual(
                "made", self.create(category, size=7, snapshot_id=None)
            )
            body = self.cloud.posted[-1]
            self.assertEqual(
                cloud.BODY["volume"]
                | {
                    "size": 7,
                    "snapshot_id": None,
                    "name": f"vm-1_{category}",
                },
                body["volume"],
            )
        self.assertEqual([], self.pool.asked)

    def test_data_and_swap_are_claimed_where_the_pool_has_them(self):
        """With their size; an operating system is not theirs."""
        terms = dataclasses.replace(
            cloud.TERMS, categories=("sys", "data", "swap")
        )
        for category in ("data", "swap"):
            self.pool.asked.clear()

            self.assertEqual(
                "claimed",
                self.create(
                    category, terms=terms, size=7, snapshot_id=None,
                    os_name="debian-12",
                ),
            )

            body = cloud.BODY["volume"] | {
                "size": 7, "snapshot_id": None, "name": f"vm-1_{category}",
            }
            self.assertEqual(
                [({"project_id": "p"}, body, None, 30)], self.pool.asked
            )
        self.assertEqual([], self.cloud.posted)

    def test_blank_volume_is_made_when_the_pool_is_empty(self):
        """Its size is all that Cinder needs."""
        self.pool.error = exception.PoolEmpty(name="n", reason="r")
        terms = dataclasses.replace(cloud.TERMS, categories=("swap",))

        self.assertEqual(
            "made", self.create("swap", terms=terms, size=7, snapshot_id=None)
        )

    def test_volume_that_is_too_small_yet_is_asked_for_again(self):
        """Its extension is still to come; another is never made beside it."""
        self.cloud.volumes = [
            cloud.make_volume("there", name="vm-1_data", size=2)
        ]
        terms = dataclasses.replace(cloud.TERMS, categories=("data",))

        def create(size):
            return self.create(
                "data", terms=terms, size=size, snapshot_id=None,
                first_tried_at=cloud.NOW - 1000,
            )

        self.assertEqual("there", create(2))
        self.assertEqual([], self.pool.asked)
        self.assertEqual("claimed", create(7))
        self.pool.error = cloud.not_sent()
        self.assertRaises(type(self.pool.error), create, 7)
        # The pool has nothing to do with it: it is as large as it is.
        self.pool.error = exception.PoolEmpty(name="n", reason="r")
        self.assertEqual("there", create(7))
        self.assertEqual([], self.cloud.posted)

    def test_volume_of_a_category_that_is_not_pooled_is_the_answer(self):
        """Whatever its size: it is as skyline made it."""
        self.cloud.volumes = [
            cloud.make_volume("there", name="vm-1_data", size=2)
        ]

        self.assertEqual(
            "there", self.create("data", size=7, snapshot_id=None)
        )

    def test_sys_is_claimed_with_skylines_body_and_no_size(self):
        """A boot volume has the size of its snapshot."""
        self.assertEqual("claimed", self.create(size=40))

        self.assertEqual(
            [({"project_id": "p"}, cloud.BODY["volume"], None, 30)],
            self.pool.asked,
        )
        self.assertEqual([], self.cloud.posted)

    def test_context_os_and_budget_are_the_callers(self):
        """What is given wins over what cld_api has."""
        self.create(context={"project_id": "q"}, os_name="debian", budget=4)

        self.assertEqual(
            [({"project_id": "q"}, cloud.BODY["volume"], "debian", 4)],
            self.pool.asked,
        )
