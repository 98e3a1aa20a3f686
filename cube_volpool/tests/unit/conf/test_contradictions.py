"""Options that are each right and contradict each other."""

from cube_volpool.tests.unit.conf.base import ConfCase


class Pools(ConfCase):
    """Two pools that a claim could not tell apart."""

    def test_two_pools_of_one_kind(self):
        """The second pool could never be told from the first."""
        self.assert_refused(
            "pool:b",
            "os_name",
            "pool a has the same",
            {"pool:b": {"os_name": "debian-12", "volume_type": "ceph-ssd"}},
        )

    def test_two_pools_that_differ_in_size_are_fine(self):
        """A size, a zone or a snapshot of its own makes a pool another."""
        same = {"os_name": "debian-12", "volume_type": "ceph-ssd"}
        snapshot = "0b1c2d3e-0000-4000-8000-000000000001"
        for own in (
            {"size_gib": 20},
            {"availability_zone": "az-2"},
            {"snapshot_id": snapshot},
        ):
            with self.subTest(**own):
                self.assertEqual(
                    2, len(self.load({"pool:b": {**same, **own}}).pools)
                )

    def test_one_alias_for_two_types(self):
        """An alias means one type, whatever the case of its letters."""
        self.assert_refused(
            "pool:b",
            "type_aliases",
            "fast would mean ceph-sas here and ceph-ssd in pool a",
            {
                "pool:a": {"type_aliases": "fast"},
                "pool:b": {"type_aliases": "slow, FAST"},
            },
        )

    def test_an_alias_that_is_the_name_of_another_type(self):
        """An alias may not be the volume type of another pool."""
        self.assert_refused(
            "pool:b",
            "type_aliases",
            "ceph-ssd would mean ceph-sas",
            {"pool:b": {"type_aliases": "Ceph-SSD"}},
        )
        self.assert_refused(
            "pool:b",
            "volume_type",
            "ceph-sas would mean ceph-sas here and ceph-ssd",
            {"pool:a": {"type_aliases": "CEPH-SAS"}},
        )

    def test_one_alias_for_one_type_in_two_pools_is_fine(self):
        """Pools of the same type share their aliases."""
        found = self.load(
            {
                "pool:a": {"type_aliases": "ssd"},
                "pool:b": {"volume_type": "ceph-ssd", "type_aliases": "ssd"},
            }
        )

        self.assertEqual({"ssd"}, found.pools[1].type_aliases)

    def test_a_pool_may_not_create_more_than_all_pools(self):
        """max_creating of a pool stays within that of [reconcile]."""
        self.assert_refused(
            "pool:a",
            "max_creating",
            r"17 is more than \[reconcile\] max_creating, 16",
            {"pool:a": {"max_creating": 17}},
        )

    def test_a_pool_may_not_have_more_lanes_than_it_creates(self):
        """Some would never be used."""
        self.assert_refused(
            "pool:a",
            "lanes",
            "4 is more than max_creating, 3",
            {"pool:a": {"lanes": 4, "max_creating": 3}},
        )
        found = self.load({"pool:a": {"lanes": 3, "max_creating": 3}})
        self.assertEqual(3, found.pools[0].lanes)

    def test_only_what_is_built_from_a_snapshot_has_lanes(self):
        """Images, volumes and nothing have no lock to go around."""
        ident = "0b1c2d3e-0000-4000-8000-000000000001"
        for source in (
            {"image_id": ident, "size_gib": 1},
            {"source_volume_id": ident},
            {"blank": "true", "size_gib": 1, "os_name": ""},
        ):
            self.assert_refused(
                "pool:a",
                "lanes",
                "only snapshots have twins",
                {"pool:a": {"lanes": 2, **source}},
            )
        pinned = {"snapshot_id": ident, "lanes": 2}
        self.assertEqual(2, self.load({"pool:a": pinned}).pools[0].lanes)


class Images(ConfCase):
    """A surge that no change of images could get by with."""

    def test_a_switch_that_the_surge_cannot_reach(self):
        """A full shelf has no more room than that for the new ones."""
        self.assert_refused(
            "pool:a",
            "switch_at",
            "5 of 10 volumes is more than surge, 3",
            {
                "pool:a": {
                    "min_ready": 10,
                    "surge": "25%",
                    "switch_at": "50%",
                }
            },
        )

    def test_no_surge_at_all(self):
        """Nothing on a full shelf could ever be replaced."""
        for text in ("0", "0%"):
            self.assert_refused(
                "pool:a",
                "surge",
                "no room for a single volume",
                {"pool:a": {"surge": text, "switch_at": "0"}},
            )

    def test_an_empty_pool_needs_none(self):
        """It has nothing to replace."""
        self.load({"pool:a": {"min_ready": 0, "surge": "0"}})


class Claims(ConfCase):
    """Contradictions in [claim]."""

    def test_a_lease_of_a_moment(self):
        """Below two seconds a living daemon would lose its claims."""
        self.assert_refused(
            "claim",
            "lease",
            "1.9 s is shorter than 2 s",
            {"claim": {"lease": 1.9, "look_pause": 1}},
        )

    def test_a_look_that_outlasts_the_lease(self):
        """The two looks of a daemon fit into one lease."""
        self.assert_refused(
            "claim",
            "look_pause",
            "30 s is not below lease, 30 s",
            {"claim": {"look_pause": 30}},
        )

    def test_a_miss_repeated_before_the_accept_is_over(self):
        """miss_grace is no shorter than the longest call it waits for."""
        self.assert_refused(
            "claim",
            "miss_grace",
            "89 s is shorter than accept_timeout, 90 s",
            {"claim": {"miss_grace": 89}},
        )

    def test_a_miss_repeated_before_the_create_is_over(self):
        """miss_grace is no shorter than a request of the tenant keyring."""
        self.assert_refused(
            "claim",
            "miss_grace",
            r"900 s is shorter than \[tenant\] timeout, 901 s",
            {"tenant": {"timeout": 901}},
        )

    def test_more_claims_of_a_project_than_in_all(self):
        """A project's share is no larger than the whole."""
        self.assert_refused(
            "claim",
            "max_outstanding_per_project",
            "32 is more than max_outstanding, 31",
            {"claim": {"max_outstanding": 31}},
        )


class Reconcile(ConfCase):
    """Contradictions in [reconcile]."""

    def test_audits_more_often_than_rounds(self):
        """The slow comparison is no faster than the fast one."""
        self.assert_refused(
            "reconcile",
            "audit_interval",
            "9 s is shorter than interval, 10 s",
            {"reconcile": {"audit_interval": 9}},
        )

    def test_more_creates_of_a_snapshot_than_in_all(self):
        """One snapshot's share is no larger than the whole."""
        self.assert_refused(
            "reconcile",
            "max_creating_per_snapshot",
            "4 is more than max_creating, 3",
            {"reconcile": {"max_creating": 3}},
        )

    def test_a_create_given_up_before_its_request(self):
        """intent_grace is no shorter than a request of the pool keyring."""
        self.assert_refused(
            "reconcile",
            "intent_grace",
            r"59 s is shorter than \[pool_project\] timeout, 60 s",
            {"reconcile": {"intent_grace": 59}},
        )
