"""The audit: rows follow what somebody did by hand."""

from cube_volpool import model
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults, journal

_R = model.RowStatus


class AuditCase(base.ScenarioCase):
    """A filled pool, a hand in the cloud, an audit."""

    def setUp(self) -> None:
        super().setUp()
        self.first, self.second = self.shelf()

    def audit(self) -> None:
        self.one.house.reconciler.audit()

    def assert_evicted_and_replaced(self, volume_id: str) -> None:
        self.assert_condemned(volume_id)
        self.rest()
        self.assertNotIn(volume_id, self.cloud.volumes)
        self.assertEqual(2, len(self.shelf()))

    def test_untouched_pool_stays_as_it_is(self) -> None:
        """An audit of a healthy pool is one listing and changes nothing."""
        self.audit()

        self.assertEqual(["GET /volumes/detail"], self.calls())
        self.assertEqual([self.first, self.second], self.shelf())

    def test_deleted_volume_is_forgotten_and_replaced(self) -> None:
        """404 by id is proof enough."""
        self.cloud.drop_volume(self.cloud.volume(self.first))

        self.audit()

        self.assertIsNone(self.row_of(self.first))
        self.rest()
        self.assertEqual(2, len(self.shelf()))

    def test_absence_from_the_listing_alone_is_no_proof(self) -> None:
        """Left out of a listing, there by id: it stays."""
        del self.cloud.volume(self.first).metadata[model.DEPLOYMENT_KEY]
        del self.cloud.volume(self.second).metadata[model.DEPLOYMENT_KEY]

        self.audit()

        self.assertEqual(2, len(self.rows(_R.DELETING)))
        self.assertIn(self.first, self.cloud.volumes)

    def test_older_listing_does_not_judge_a_fresh_volume(self) -> None:
        """Finished between the listing and the rows: looked at again."""
        volume = self.cloud.volume(self.first)

        def unfinished(_seen: journal.Seen) -> None:
            volume.status = "creating"

        def finished(_seen: journal.Seen) -> None:
            volume.status = "available"

        self.cloud.fault(
            "GET",
            "/volumes/detail",
            faults.hook(before=unfinished, after=finished),
            times=1,
        )

        self.audit()

        self.assert_on_shelf(self.first)

    def test_volume_without_our_key_is_never_deleted(self) -> None:
        """Somebody took the key away: hands off, for ever."""
        del self.cloud.volume(self.first).metadata[model.DEPLOYMENT_KEY]

        for _ in range(5):
            self.audit()
            self.one.house.reconciler.round()
            self.clock.advance(600)

        self.assertIn(self.first, self.cloud.volumes)
        self.assertNotIn("DELETE /volumes/*", self.calls())

    def test_volume_with_a_changed_marker_is_evicted(self) -> None:
        """Its metadata is not what we wrote."""
        self.cloud.volume(self.first).metadata[model.MARKER_KEY] = "x"

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_offered_volume_is_evicted(self) -> None:
        """An offer that nobody recorded: cancelled, then deleted."""
        api = self.world.keyring("volpool", self.world.project("volpool"))
        api.offer(model.VolumeId(self.first), name="by hand")

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_twin_of_a_create_that_was_sent_twice_is_deleted(self) -> None:
        """A proxy repeated the POST: one row, two volumes of its marker."""
        original = self.cloud.volume(self.first)
        twin = self.cloud.add_volume(
            "volpool",
            str(original.name),
            size=1,
            volume_type="ssd",
            bootable=True,
            snapshot_id=original.snapshot_id,
            metadata=dict(original.metadata),
        )
        self.clock.advance(3600)

        self.audit()
        self.rest()

        self.assertNotIn(twin.id, self.cloud.volumes)
        self.assert_on_shelf(self.first)

    def test_attached_volume_is_evicted_and_kept(self) -> None:
        """In use: no longer offered to anybody, and not deleted."""
        volume = self.cloud.volume(self.first)
        volume.status = "in-use"
        volume.attachments.append({"id": "x"})

        self.audit()

        self.assert_condemned(self.first)
        for _ in range(5):
            self.clock.advance(600)
            self.one.house.reconciler.round()
        self.assertIn(self.first, self.cloud.volumes)

    def test_volume_in_error_is_evicted(self) -> None:
        """It cannot serve any more."""
        self.cloud.volume(self.first).status = "error"

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_extended_volume_is_evicted(self) -> None:
        """Another size than its row says."""
        self.cloud.volume(self.first).size = 5

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_renamed_volume_is_evicted(self) -> None:
        """By its name a row without an id would be looked for."""
        self.cloud.volume(self.first).name = "mine now"

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_unbootable_volume_is_evicted(self) -> None:
        """No server starts from it."""
        self.cloud.volume(self.first).bootable = False

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_retyped_volume_is_evicted(self) -> None:
        """It is on another backend now."""
        volume = self.cloud.volume(self.first)
        volume.volume_type = self.cloud.type_of("sas")

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_volume_of_another_snapshot_is_evicted(self) -> None:
        """Somebody reverted it; who knows what is on it."""
        self.cloud.volume(self.first).snapshot_id = self.cloud.snapshot_id(
            "debian-12_sas_20261120"
        )

        self.audit()

        self.assert_evicted_and_replaced(self.first)

    def test_row_tells_why_its_volume_goes(self) -> None:
        """An operator finds the reason in the ledger."""
        for change, reason in (
            ({"status": "error"}, "Cinder says error"),
            ({"size": 5}, "its size is 5"),
            ({"bootable": False}, "it is not bootable"),
            ({"name": "x"}, "it was renamed"),
            ({"attachments": [{"id": "x"}]}, "it is attached"),
        ):
            volume_id = self.shelf()[0]
            volume = self.cloud.volume(volume_id)
            for field, value in change.items():
                setattr(volume, field, value)

            self.audit()

            row = self.row_of(volume_id)
            assert row is not None
            self.assertEqual(reason, row.evict_reason)
            volume.attachments.clear()
            self.rest()

    def test_reserved_row_is_none_of_its_business(self) -> None:
        """A claim under way is rescue's, whatever Cinder shows."""
        self.abandon("POST", base.ACCEPT, "before")

        self.audit()
        self.one.house.reconciler.round()

        row = self.row_of(self.first)
        assert row is not None
        self.assertEqual(_R.RESERVED, row.status)
        self.assertEqual(1, len(self.cloud.transfers))

    def test_claim_during_the_audit_is_left_alone(self) -> None:
        """The listing is older than the claim: the CAS says so."""
        self.at("GET", "/volumes/detail", "after", self.two.claim, times=1)

        self.audit()

        self.assertEqual(self.first, self.assert_given().id)
        self.rest()
