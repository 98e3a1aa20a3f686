"""A hit: what the caller gets, what Cinder is asked, what the ledger keeps."""

from cube_volpool import exception, model
from cube_volpool.claim import parallel
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_NEXT = "20261121"


class HitCase(base.ScenarioCase):
    """One pool, two volumes ready."""

    def test_volume_arrives_named_and_owned(self) -> None:
        """The oldest pooled volume becomes the caller's, under its name."""
        oldest = self.shelf()[0]

        answer = self.one.claim(metadata={"role": "boot"})

        volume = self.assert_given()
        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(oldest, volume.id)
        self.assertEqual(oldest, answer.volume["id"])
        self.assertTrue(volume.bootable)
        self.assertEqual("debian-12", volume.image_metadata["image_name"])
        self.assertEqual(
            {
                "role": "boot",
                model.DEPLOYMENT_KEY: world.DEPLOYMENT,
                model.CLAIM_KEY: self.record().marker,
            },
            volume.metadata,
        )
        self.assertEqual({}, self.cloud.transfers)

    def test_claim_record_says_where_it_came_from(self) -> None:
        """A bound claim keeps its volume, pool and source."""
        self.one.claim()

        record = self.record()
        self.assertEqual(model.Source.POOL, record.source)
        self.assertEqual("deb", record.pool)
        self.assertIsNone(record.reason)

    def test_cinder_is_asked_twice_in_sequence(self) -> None:
        """Look-up, rename and offer side by side; then accept; no more."""
        seen: list[tuple[str, str]] = []

        class Recorder:
            def run(self, *calls):
                start = len(test.cloud.requests)
                outcomes = tuple(
                    parallel.Serial().run(call)[0] for call in calls
                )
                seen.append(("batch", str(test.calls(since=start))))
                return outcomes

        test = self
        daemon = self.world.daemon("three", runner=Recorder())

        daemon.claim()

        together = [
            "GET /volumes/detail", "PUT /volumes/*", "POST /volume-transfers"
        ]
        self.assertEqual([("batch", str(together))], seen)
        self.assertEqual(
            [*together, "POST /volume-transfers/*/accept"], self.calls()
        )

    def test_pool_keyring_offers_and_tenant_keyring_accepts(self) -> None:
        """Each call goes out with the credential that may make it."""
        self.one.claim()

        self.assertEqual(
            ["PUT /volumes/*", "POST /volume-transfers"],
            self.calls(user="volpool", project="volpool"),
        )
        self.assertEqual(
            ["GET /volumes/detail", "POST /volume-transfers/*/accept"],
            self.calls(user="skyline", project="skyline-a"),
        )

    def test_answer_has_the_shape_of_a_create(self) -> None:
        """The answer has every key of Cinder's create, status available."""
        created = self.world.keyring(
            "alice", self.world.project("skyline-a")
        ).create_volume(
            model.NewVolume(name="plain", volume_type="ssd", size_gib=1)
        )

        volume = self.one.claim().volume

        self.assertEqual(set(), set(created.body) - set(volume))
        self.assertEqual("available", volume["status"])
        self.assertEqual("web_sys", volume["name"])
        self.assertEqual(1, volume["size"])
        self.assertEqual("ssd", volume["volume_type"])
        self.assertEqual("true", volume["bootable"])
        self.assertEqual(
            self.cloud.snapshot_id(base.SSD), volume["snapshot_id"]
        )
        self.assertEqual(
            self.world.project("skyline-a"),
            volume["os-vol-tenant-attr:tenant_id"],
        )

    def test_claim_rings_for_a_refill(self) -> None:
        """After a hit the next round makes one volume, and only one."""
        self.one.claim()

        self.one.fill()

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(1, self.calls().count("POST /volumes"))

    def test_two_projects_get_volumes_of_the_same_name(self) -> None:
        """A name belongs to a project; another project has its own."""
        first = self.one.claim(project="skyline-a")
        second = self.one.claim(project="skyline-b")

        self.assertNotEqual(first.volume["id"], second.volume["id"])
        self.assert_given(project="skyline-a")
        self.assert_given(project="skyline-b")

    def test_nobody_of_ours_touches_a_given_volume_again(self) -> None:
        """After accept the volume is only ever read, by the tenant."""
        volume_id = self.one.claim().volume["id"]
        since = len(self.cloud.requests)

        self.one.house.reconciler.audit()
        self.one.claim()
        self.clock.advance(3600)
        self.rescue()
        self.one.fill()
        self.two.house.reconciler.audit()
        self.one.claim("other_sys")
        self.rest()

        self.assert_untouched(volume_id, since)
        self.assertEqual(volume_id, self.assert_given().id)

    def test_unfit_volume_is_evicted_and_another_given(self) -> None:
        """A volume that somebody attached is condemned, not given."""
        attached, other = self.shelf()
        self.cloud.volume(attached).attachments.append({"id": "x"})

        answer = self.one.claim()

        self.assertEqual(other, answer.volume["id"])
        self.assert_condemned(attached)
        self.assertEqual(other, self.assert_given().id)

    def test_claim_gives_up_after_three_bad_volumes(self) -> None:
        """Attempts are bounded; then nothing was given, and it says so."""
        config = world.settings_of(world.spec(min_ready=4, max_creating=4))
        daemon = self.world.daemon("big", config=config)
        daemon.fill()
        fourth = self.shelf()[3]
        self.cloud.fault("POST", "/volume-transfers", faults.refuse(400))

        self.assertRaises(exception.Busy, daemon.claim)

        self.assert_nothing_given()
        self.assert_on_shelf(fourth)
        condemned = self.rows(model.RowStatus.DELETING)
        self.assertEqual(3, len(condemned))
