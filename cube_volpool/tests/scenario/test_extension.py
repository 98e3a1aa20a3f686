"""A caller who wants a larger volume than the pool has."""

from cube_volpool import exception, model, settings
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_ACTION = "/volumes/*/action"


class ExtensionCase(base.ScenarioCase):
    """A pool of 1 GiB volumes that lets them be extended."""

    def configure(self) -> settings.Settings:
        return world.settings_of(world.spec(extend=True))

    def assert_size(self, size: int, name: str = "web_sys") -> None:
        [volume] = self.named(name)
        self.assertEqual((size, "available"), (volume.size, volume.status))

    def test_volume_of_the_pool_is_extended_once_it_is_given(self) -> None:
        """By the caller's credential, after the accept."""
        answer = self.one.claim(size_gib=5)

        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(5, answer.volume["size"])
        self.assertEqual("available", answer.volume["status"])
        self.assert_size(5)
        self.assertEqual(
            ["POST /volumes/*/action"],
            self.calls(user=self.tenant_user, method="POST")[-1:],
        )
        self.rest()

    def test_the_very_size_needs_no_extension(self) -> None:
        """Nor does a claim that names none."""
        self.one.claim("a", size_gib=1)
        self.one.claim("b")

        sent = [call for call in self.calls() if call.endswith("action")]
        self.assertEqual([], sent)

    def test_a_smaller_one_is_a_miss(self) -> None:
        """A volume cannot shrink; Cinder refuses it below its snapshot."""
        larger = world.settings_of(world.spec(size_gib=3, extend=True))
        big = self.world.daemon("big", config=larger)
        big.fill()
        sizes = [self.cloud.volume(ident).size for ident in self.shelf()]
        self.assertEqual([3, 3], sizes)

        answer = big.claim("small", size_gib=2)

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(2, answer.volume["size"])
        self.assertEqual(2, len(self.shelf()))

    def test_quota_leaves_the_volume_and_says_so(self) -> None:
        """It is the caller's; the same name again tries once more."""
        self.cloud.set_quota("skyline-a", gigabytes=4)
        error = self.assertRaises(
            exception.NotExtended, self.one.claim, size_gib=5
        )
        self.assertEqual((1, 5), (error.size_gib, error.wanted_gib))
        self.assert_size(1)
        self.assertEqual(error.volume_id, self.assert_given().id)

        self.cloud.set_quota("skyline-a", gigabytes=5)
        answer = self.two.claim(size_gib=5)

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(5, answer.volume["size"])
        self.assert_size(5)

    def test_death_before_the_extension_is_repaired_by_the_retry(
        self,
    ) -> None:
        """What is missing is seen by comparing, not remembered."""
        for moment in ("before", "after"):
            with self.subTest(moment=moment):
                name = f"web-{moment}"
                self.die("POST", _ACTION, moment)
                self.assertRaises(
                    base.Died, self.one.claim, name, size_gib=5
                )

                answer = self.two.claim(name, size_gib=5)

                self.assertEqual(5, answer.volume["size"])
                self.assert_size(5, name)
                self.one.fill()

    def test_lost_answer_is_settled_by_looking(self) -> None:
        """The extension is not asked for twice, and not taken for failed."""
        for how in ("reset", 500):
            name = f"web-{how}"
            self.cloud.fault("POST", _ACTION, faults.lose(how), times=1)
            self.assertRaises(
                exception.ClaimInProgress, self.one.claim, name, size_gib=5
            )

            answer = self.two.claim(name, size_gib=5)

            self.assertEqual(5, answer.volume["size"])
            sent = [call for call in self.calls() if call.endswith("action")]
            self.assertEqual(1, len(sent), str(how))
            self.cloud.journal.clear()

    def test_failed_extension_is_told_as_often_as_it_is_asked(self) -> None:
        """Each further volume would only be the next one to fail."""
        self.cloud.backend.plan("extend", "error", times=None)
        for _ in range(3):
            error = self.assertRaises(
                exception.NotExtended, self.one.claim, size_gib=5
            )

        [given] = self.named()
        self.assertEqual(given.id, error.volume_id)
        self.assertEqual("error_extending", given.status)

    def test_broken_volume_that_was_deleted_is_replaced(self) -> None:
        """Its owner is rid of it: the claim opens again."""
        self.cloud.backend.plan("extend", "error")
        self.assertRaises(
            exception.NotExtended, self.one.claim, size_gib=5
        )
        self.cloud.drop_volume(self.named()[0])
        self.clock.advance(120)

        answer = self.one.claim(size_gib=5)

        self.assertEqual(model.Source.POOL, answer.source)
        self.assertEqual(5, answer.volume["size"])

    def test_repeat_with_another_size_changes_nothing(self) -> None:
        """The volume is there, and its body is not looked at any more."""
        self.one.claim(size_gib=5)
        answer = self.one.claim(size_gib=9)

        self.assertEqual(5, answer.volume["size"])

    def test_volume_that_was_there_before_is_not_touched(self) -> None:
        """Its size is its owner's business."""
        tenant = self.world.keyring("alice", self.world.project("skyline-a"))
        tenant.create_volume(
            model.NewVolume(
                name="web_sys", volume_type="ssd", size_gib=2
            )
        )
        self.clock.advance(60)

        answer = self.one.claim(size_gib=5)

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(2, answer.volume["size"])


class WithoutCase(base.ScenarioCase):
    """A pool that does not extend."""

    def test_larger_one_is_a_miss(self) -> None:
        """Created as large as was asked, as before."""
        answer = self.one.claim(size_gib=5)

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(5, answer.volume["size"])
