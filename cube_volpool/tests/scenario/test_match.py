"""Which requests a pooled volume serves."""

from cube_volpool import exception, model
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import lab

_NEXT = "20261121"


class MatchCase(base.ScenarioCase):
    """Which requests a pooled volume serves."""

    def source(self, **request) -> model.Source:
        return self.one.claim(**request).source

    def test_type_alias_is_a_hit_in_any_letter_case(self) -> None:
        """Skyline's short name is the type, however it is written."""
        self.assertEqual(model.Source.POOL, self.source(volume_type="FaSt"))

        self.assert_given()

    def test_type_id_is_a_hit(self) -> None:
        """A type may be asked for by Cinder's id."""
        [kind] = [k for k in self.cloud.types.values() if k.name == "ssd"]

        self.assertEqual(model.Source.POOL, self.source(volume_type=kind.id))

        self.assert_given()

    def test_os_name_alone_takes_the_current_snapshot(self) -> None:
        """Without a snapshot the OS name means its current one."""
        answer = self.one.claim(snapshot_id=None, os_name="debian-12")

        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(
            self.cloud.snapshot_id(base.SSD), answer.volume["snapshot_id"]
        )

    def test_snapshot_beats_os_name(self) -> None:
        """With both given the snapshot decides."""
        source = self.source(os_name="ubuntu-24.04")

        self.assertEqual(model.Source.POOL, source)
        self.assertEqual(
            self.cloud.snapshot_id(base.SSD), self.assert_given().snapshot_id
        )

    def test_other_snapshot_is_a_miss_of_that_snapshot(self) -> None:
        """A claim never gets a snapshot other than the one it names."""
        older = lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date="20251120"
        )

        answer = self.one.claim(snapshot_id=older, os_name="debian-12")

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(older, self.named()[0].snapshot_id)
        self.assertEqual(2, len(self.shelf()))

    def test_equal_size_is_a_hit(self) -> None:
        """A size that is the pool's own is served from it."""
        self.assertEqual(model.Source.POOL, self.source(size_gib=1))

    def test_other_size_is_a_miss_of_that_size(self) -> None:
        """A size that the pool does not have is created."""
        self.assertEqual(model.Source.CREATED, self.source(size_gib=2))

        self.assertEqual(2, self.named()[0].size)
        self.assertEqual(2, len(self.shelf()))

    def test_the_pools_own_zone_is_a_hit(self) -> None:
        """The zone Cinder chose for a volume is on record, and matched."""
        source = self.source(availability_zone="nova")

        self.assertEqual(model.Source.POOL, source)

    def test_another_zone_is_no_hit(self) -> None:
        """A volume of another zone is not given; Cinder decides the rest."""
        self.assertRaises(
            exception.InvalidRequest, self.source, availability_zone="moon"
        )

        self.assertEqual(2, len(self.shelf()))
        self.assert_nothing_given()

    def test_pools_own_project_is_always_a_miss(self) -> None:
        """The pool's project cannot be handed its own volumes."""
        self.cloud.identity.grant("skyline", "volpool", "admin")

        answer = self.one.claim(project="volpool")

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(2, len(self.shelf()))

    def test_new_snapshot_is_what_an_os_name_means(self) -> None:
        """Once a newer snapshot is known, the old stock serves it no more."""
        newer = lab.seed_source(
            self.cloud, "debian-12", "ssd", size=1, date=_NEXT
        )
        self.one.fill()

        answer = self.one.claim(snapshot_id=None, os_name="debian-12")

        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(newer, answer.volume["snapshot_id"])
