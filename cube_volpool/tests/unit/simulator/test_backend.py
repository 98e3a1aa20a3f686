"""What happens after the 202: builds, deletes, and their accidents."""
from cube_volpool.tests.unit.simulator import lab


class BuildFacts(lab.CloudCase):
    """Creates run by the clock, serial per snapshot, three at a time."""

    def done(self):
        return [v.name for v in self.cloud.volumes_of("volpool")
                if v.status == "available" and str(v.name).startswith("v")]

    def test_build_takes_clone_and_flatten_time(self):
        """0.4 s and 2.5 s per GiB by default."""
        self.create()
        self.clock.advance(2.8)
        self.assertEqual("creating", self.cloud.volume("v").status)
        self.clock.advance(0.1)
        self.assertEqual("available", self.cloud.volume("v").status)

    def test_type_without_flatten_takes_clone_time(self):
        """A backend that does not flatten is quick."""
        self.create(lab.NOFLAT)
        self.clock.advance(0.4)
        self.assertEqual("available", self.cloud.volume("v").status)

    def test_builds_of_one_snapshot_are_serial(self):
        """Each waits for the one before it."""
        for number in range(3):
            self.create(name=f"v{number}")
        seen = []
        for _ in range(3):
            self.clock.advance(2.9)
            seen.append(self.done())
        self.assertEqual([["v0"], ["v0", "v1"], ["v0", "v1", "v2"]], seen)

    def test_one_long_step_equals_many_short_ones(self):
        """The order of events does not depend on who looks when."""
        for number in range(3):
            self.create(name=f"v{number}")
        start = self.clock.now()
        self.clock.advance(100)
        ends = [self.cloud.volume(f"v{n}").updated_at for n in range(3)]
        self.assertEqual([2, 5, 8], [
            (end - start).total_seconds() for end in ends if end])

    def test_builds_of_two_snapshots_run_side_by_side(self):
        """Locks are per snapshot."""
        self.create(lab.SSD, "v1")
        self.create(lab.SAS, "v2")
        self.clock.advance(2.9)
        self.assertEqual(["v1", "v2"], self.done())

    def test_at_most_three_flattens_run(self):
        """The fourth waits, whatever its snapshot."""
        for number in range(4):
            volume = self.cloud.add_volume("volpool", f"src{number}",
                                           volume_type="ssd")
            self.cloud.add_snapshot(volume, f"snap{number}")
            self.create(f"snap{number}", f"v{number}")
        self.clock.advance(2.9)
        self.assertEqual(["v0", "v1", "v2"], self.done())
        self.clock.advance(2.9)
        self.assertEqual(["v0", "v1", "v2", "v3"], self.done())

    def test_how_many_flattens_run_can_be_chosen(self):
        """As rbd_concurrent_flatten_operations can."""
        self.assertEqual(3, self.cloud.backend.flatten_slots)
        self.cloud.backend.flatten_slots = 1
        self.create(lab.SSD, "v1")
        self.create(lab.SAS, "v2")
        self.clock.advance(2.9)
        self.assertEqual(["v1"], self.done())
        self.clock.advance(2.9)
        self.assertEqual(["v1", "v2"], self.done())

    def test_content_is_that_of_the_first_snapshot(self):
        """However often it was built from and taken a snapshot of."""
        first = self.cloud.snapshot_id(lab.SSD)
        copy = self.cloud.add_volume("volpool", "copy", snapshot_id=first)
        twin = self.cloud.add_snapshot(copy, "twin")
        self.assertEqual(first, self.cloud.content_of(first))
        self.assertEqual(first, self.cloud.content_of(twin.id))
        self.cloud.drop_snapshot(twin)
        self.cloud.drop_volume(copy)
        self.assertEqual(first, self.cloud.content_of(twin.id))

    def test_planned_error_ends_in_error(self):
        """A scripted failure hits the next create and no other."""
        self.cloud.backend.plan("create", "error")
        self.create(name="v1")
        self.create(name="v2")
        self.clock.advance(10)
        self.assertEqual("error", self.cloud.volume("v1").status)
        self.assertEqual("available", self.cloud.volume("v2").status)

    def test_stuck_build_never_ends(self):
        """It stays creating and blocks nobody."""
        self.cloud.backend.plan("create", "stuck")
        self.create(name="v1")
        self.create(name="v2")
        self.clock.advance(9999)
        self.assertEqual("creating", self.cloud.volume("v1").status)
        self.assertEqual("available", self.cloud.volume("v2").status)

    def test_refused_cast_is_500_and_leaves_a_row(self):
        """A row without a host, its quota given back."""
        self.cloud.backend.plan("cast", "error")
        key = self.cloud.project_id("volpool"), "volumes"
        before = self.cloud.quota.usage[key]

        self.assertEqual(500, self.create().status_code)

        row = self.cloud.volume("v")
        self.assertEqual(("creating", None), (row.status, row.host))
        self.assertEqual(before, self.cloud.quota.usage[key])

    def test_volume_without_host_is_deleted_at_once(self):
        """A lost cast is the one creating volume DELETE removes."""
        self.cloud.backend.plan("cast", "stuck")
        ident = self.create().json()["volume"]["id"]
        answer = self.call("DELETE", f"/volumes/{ident}")
        self.assertEqual(202, answer.status_code)
        self.assertNotIn(ident, self.cloud.volumes)

    def test_restart_turns_builds_to_error(self):
        """Every create under way, queued ones too."""
        self.create(name="v1")
        self.create(name="v2")
        self.cloud.backend.stop()
        self.clock.advance(100)
        self.assertEqual("creating", self.cloud.volume("v1").status)
        self.cloud.backend.start()
        self.assertEqual(
            ["error", "error"],
            [self.cloud.volume(n).status for n in ("v1", "v2")])

    def test_snapshot_delete_waits_for_builds(self):
        """It needs the same lock."""
        self.create(name="v1")
        snapshot = self.cloud.snapshot_id(lab.SSD)
        self.call("DELETE", f"/snapshots/{snapshot}")
        self.clock.advance(2.5)
        self.assertIn(snapshot, self.cloud.snapshots)
        self.clock.advance(1)
        self.assertNotIn(snapshot, self.cloud.snapshots)


class DeleteFacts(lab.CloudCase):
    """Deletes take time, and may fail."""

    def test_deleting_until_gone(self):
        """The row stays for the time of the delete."""
        ident = self.ready()
        self.call("DELETE", f"/volumes/{ident}")
        self.assertEqual("deleting", self.cloud.volume(ident).status)
        self.clock.advance(0.3)
        self.assertRaises(KeyError, self.cloud.volume, ident)

    def test_busy_delete_returns_to_available(self):
        """A 202 that came to nothing."""
        self.cloud.backend.plan("delete", "busy")
        ident = self.ready()
        self.call("DELETE", f"/volumes/{ident}")
        self.clock.advance(1)
        self.assertEqual("available", self.cloud.volume(ident).status)

    def test_failed_delete_is_error_deleting(self):
        """And cannot be deleted again by its owner."""
        self.cloud.backend.plan("delete", "error")
        ident = self.ready()
        self.call("DELETE", f"/volumes/{ident}")
        self.clock.advance(1)
        self.assertEqual("error_deleting", self.cloud.volume(ident).status)
        self.assertEqual(400, self.call(
            "DELETE", f"/volumes/{ident}").status_code)

    def test_delete_goes_on_after_a_restart(self):
        """A delete under way is done by the next process."""
        ident = self.ready()
        self.call("DELETE", f"/volumes/{ident}")
        self.cloud.backend.stop()
        self.clock.advance(100)
        self.assertEqual("deleting", self.cloud.volume(ident).status)
        self.cloud.backend.start()
        self.clock.advance(1)
        self.assertRaises(KeyError, self.cloud.volume, ident)

    def test_quota_comes_back_with_the_end(self):
        """Usage counts until the row is gone."""
        key = self.cloud.project_id("volpool"), "volumes"
        before = self.cloud.quota.usage[key]
        ident = self.ready()
        self.call("DELETE", f"/volumes/{ident}")
        self.assertEqual(before + 1, self.cloud.quota.usage[key])
        self.clock.advance(1)
        self.assertEqual(before, self.cloud.quota.usage[key])


class AcceptFacts(lab.CloudCase):
    """Accept calls the backend."""

    def test_dead_backend_makes_accept_500_after_the_rpc_timeout(self):
        """Nothing moved; the same offer works later."""
        ident = self.ready()
        transfer = self.offer(ident)
        self.cloud.backend.stop()
        before = self.clock.now()

        self.assertEqual(500, self.accept(transfer).status_code)

        self.assertEqual(60, (self.clock.now() - before).total_seconds())
        self.assertEqual("awaiting-transfer",
                         self.cloud.volume(ident).status)
        self.cloud.backend.start()
        self.assertEqual(202, self.accept(transfer).status_code)

    def test_snapshot_quota_leaks_reservations(self):
        """An offer with snapshots leaks when that quota is over."""
        ident = self.ready()
        transfer = self.call("POST", "/volume-transfers", {
            "transfer": {"volume_id": ident}}).json()["transfer"]
        owner = self.cloud.project_id("skyline-a")
        self.cloud.set_quota("skyline-a", snapshots=0)
        self.cloud.quota.usage[owner, "snapshots"] = 1

        self.assertEqual(413, self.accept(transfer).status_code)

        self.assertEqual(1, self.cloud.quota.reserved[owner, "volumes"])
