"""A miss: an ordinary create in the caller's project, at most once."""

from datetime import timedelta

from cube_volpool import exception, model
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_CREATE = "/volumes"


class MissCase(base.ScenarioCase):
    """The shelf is empty."""

    fills = False

    def setUp(self) -> None:
        super().setUp()
        self.one.house.duties.sync()
        self.cloud.journal.clear()

    def creates(self) -> int:
        """Return how often a create reached Cinder."""
        return self.calls().count("POST /volumes")

    def test_volume_is_created_in_the_callers_project(self) -> None:
        """It is the caller's body, with the claim's marker."""
        answer = self.one.claim(metadata={"role": "boot"})
        self.clock.advance(60)

        volume = self.assert_given()
        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(volume.id, answer.volume["id"])
        self.assertEqual("creating", answer.volume["status"])
        self.assertTrue(volume.bootable)
        self.assertEqual("ssd", base.type_of(volume))
        self.assertEqual(
            {"role": "boot", model.CLAIM_KEY: self.record().marker},
            volume.metadata,
        )
        self.assertEqual("deb", self.record().pool)

    def test_intent_is_recorded_before_the_create(self) -> None:
        """While the POST is out, the ledger says that it may be."""
        seen = []
        self.at(
            "POST", _CREATE, "before", lambda: seen.append(self.record())
        )

        self.one.claim()

        [claim] = seen
        self.assertEqual(model.ClaimStatus.CREATING, claim.status)
        self.assertIsNotNone(claim.miss_started_at)

    def test_existing_name_is_the_answer(self) -> None:
        """Before a create the name is looked up, too."""
        there = self.cloud.add_volume("skyline-a", "web_sys")

        answer = self.one.claim()

        self.assertEqual(there.id, answer.volume["id"])
        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(0, self.creates())

    def test_failed_look_up_creates_nothing(self) -> None:
        """A Cinder error is never a reason to create."""
        self.cloud.fault("GET", "/volumes/detail", faults.refuse(500))

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assertEqual(0, self.creates())
        self.assert_nothing_given()

    def test_refusing_daemon_creates_nothing(self) -> None:
        """``on_miss = refuse``: the caller is told that the pool is empty."""
        config = world.settings_of(create_on_miss=False)
        daemon = self.world.daemon("strict", config=config)

        self.assertRaises(exception.PoolEmpty, daemon.claim)

        self.assertEqual(0, self.creates())
        self.assert_nothing_given()

    def test_refusing_daemon_finds_what_is_there(self) -> None:
        """Whoever has the volume needs none of the pool's."""
        mine = self.cloud.add_volume(
            "skyline-a", "web_sys", volume_type="ssd", bootable=True
        )
        config = world.settings_of(create_on_miss=False)

        answer = self.world.daemon("strict", config=config).claim()

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(mine.id, answer.volume["id"])

    def test_create_that_failed_in_the_end_was_created(self) -> None:
        """500, but the volume is there: found by its marker."""
        ways: tuple[int | str, ...] = (500, 503, "timeout", "reset")
        for number, how in enumerate(ways):
            name = f"web{number}"
            self.cloud.fault("POST", _CREATE, faults.lose(how), times=1)

            answer = self.one.claim(name)
            self.clock.advance(60)

            self.assertEqual(model.Source.CREATED, answer.source)
            self.assertEqual(answer.volume["id"], self.assert_given(name).id)
        self.assertEqual(4, self.creates())

    def test_broken_answer_to_a_create_is_looked_into(self) -> None:
        """Half a body or none that is JSON: the volume is there."""
        for number, act in enumerate(
            (faults.half_body(), faults.wrong_json())
        ):
            name = f"web{number}"
            self.cloud.fault("POST", _CREATE, act, times=1)

            self.one.claim(name)
            self.clock.advance(60)

            self.assert_given(name)

    def test_refused_create_is_the_callers_mistake(self) -> None:
        """What Cinder refuses as wrong is told as wrong."""
        self.assertRaises(
            exception.InvalidRequest, self.one.claim, availability_zone="moon"
        )

        self.assert_nothing_given()

    def test_unsent_create_leaves_nothing_open(self) -> None:
        """The connection was never made: nothing was given, for sure."""
        self.cloud.fault("POST", _CREATE, faults.refuse(429), times=1)

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assert_nothing_given()
        self.assertEqual(model.Source.CREATED, self.one.claim().source)

    def test_late_create_is_found_by_the_next_call(self) -> None:
        """The POST lands after its time-out: one volume, and the same."""
        self.cloud.fault("POST", _CREATE, faults.late(), times=1)

        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.cloud.run_late()
        self.clock.advance(60)

        answer = self.two.claim()

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertEqual(answer.volume["id"], self.assert_given().id)
        self.assertEqual(1, self.creates())

    def test_late_create_is_found_by_rescue(self) -> None:
        """Nobody asks again: rescue binds it."""
        self.cloud.fault("POST", _CREATE, faults.late(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.clock.advance(base.LEASE)
        self.assertEqual(1, self.rescue())
        self.assertEqual(model.ClaimStatus.CREATING, self.record().status)

        self.cloud.run_late()
        self.clock.advance(base.LEASE)
        self.rescue()

        self.assert_given()
        self.assertEqual(model.Source.CREATED, self.record().source)

    def test_dead_daemons_create_is_found(self) -> None:
        """Death after the POST, its answer never read: bound by rescue."""
        self.abandon("POST", _CREATE, "after")

        self.rescue()

        self.assert_given()
        self.assertEqual(1, self.creates())

    def test_open_create_can_neither_hit_nor_create_again(self) -> None:
        """Until the grace is over the claim waits, stock or not."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.one.fill()
        creates = self.creates()

        for _ in range(10):
            self.clock.advance(60)
            self.assertRaises(exception.ClaimInProgress, self.two.claim)
            self.rescue()

        self.assertEqual(creates, self.creates())
        self.assertEqual(2, len(self.shelf()))
        self.assertEqual([], self.named())

    def test_create_that_never_arrives_fails_after_the_grace(self) -> None:
        """Two looks, apart, found nothing: failed; then it starts afresh."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.clock.advance(901)
        start, since = self.clock.monotonic(), len(self.cloud.requests)

        self.rescue()

        self.assertEqual(5, self.clock.monotonic() - start)
        self.assertEqual(4, len(self.calls(since=since)))
        self.assert_nothing_given()
        self.one.fill()
        answer = self.one.claim()
        self.assertEqual(model.Source.POOL, answer.source)
        self.assert_given()

    def other_of_that_name(self) -> str:
        """Let somebody of the project make a volume of that name by hand."""
        alice = self.world.keyring("alice", self.world.project("skyline-a"))
        made = alice.create_volume(
            model.NewVolume(name="web_sys", volume_type="ssd", size_gib=1)
        )
        self.clock.advance(30)
        return made.id

    def test_another_volume_of_that_name_is_not_the_create(self) -> None:
        """The create may still arrive, and would be a second answer."""
        self.cloud.fault("POST", _CREATE, faults.late(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        other = self.other_of_that_name()
        for daemon in (self.one, self.two):
            self.assertRaises(exception.ClaimInProgress, daemon.claim)

        self.cloud.run_late()
        self.clock.advance(60)
        answer = self.two.claim()

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assertNotEqual(other, answer.volume["id"])
        self.assertEqual(self.record().volume_id, answer.volume["id"])

    def test_another_volume_of_that_name_is_the_answer_in_the_end(
        self,
    ) -> None:
        """Once the create cannot arrive any more."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        other = self.other_of_that_name()
        self.clock.advance(901)

        answer = self.two.claim()

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(other, answer.volume["id"])
        self.assertEqual(1, len(self.named()))

    def test_retry_after_the_grace_starts_afresh(self) -> None:
        """The caller's own call settles it the same way."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.clock.advance(901)

        answer = self.two.claim()
        self.clock.advance(60)

        self.assertEqual(model.Source.CREATED, answer.source)
        self.assert_given()
        self.assertEqual(2, self.creates())

    def test_create_that_lands_between_the_two_looks_counts(self) -> None:
        """The first look at the end of the grace is not the last word."""
        self.cloud.fault("POST", _CREATE, faults.late(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.clock.advance(901)
        # Each look lists twice: by marker and by name.
        self.cloud.fault(
            "GET", "/volumes/detail",
            faults.hook(before=lambda _seen: self.cloud.run_late()), nth=3,
        )

        self.rescue()
        self.clock.advance(60)

        self.assert_given()

    def test_create_after_the_grace_is_the_answer_by_name(self) -> None:
        """Past the grace only the name still ties it to the claim."""
        self.cloud.fault("POST", _CREATE, faults.late(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.clock.advance(901)
        self.rescue()
        self.assert_nothing_given()
        [late] = self.cloud.run_late()
        self.assertEqual(202, late.status)
        self.clock.advance(60)
        self.one.fill()

        answer = self.one.claim()

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assert_given()
        self.assertEqual(2, len(self.shelf()))

    def test_settling_needs_cinder(self) -> None:
        """A claim that cannot be looked into stays open past its grace."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)
        self.clock.advance(901)
        self.cloud.fault("GET", "/volumes/detail", faults.refuse(500))

        self.rescue()

        self.assertEqual(model.ClaimStatus.CREATING, self.record().status)
        self.clock.advance(base.LEASE)
        self.assertRaises(exception.ClaimInProgress, self.two.claim)

    def test_volume_of_an_earlier_life_is_not_taken_for_it(self) -> None:
        """Renamed, then asked for again: the old volume is another's."""
        old = self.one.claim()
        self.clock.advance(300)
        self.cloud.volume(old.volume["id"]).name = "kept"
        self.cloud.fault("POST", _CREATE, faults.lose(500), times=1)

        answer = self.one.claim()
        self.clock.advance(60)

        self.assertNotEqual(old.volume["id"], answer.volume["id"])
        self.assertEqual(answer.volume["id"], self.assert_given().id)


class GraceCase(base.ScenarioCase):
    """``[claim] miss_grace``."""

    def configure(self):
        return world.settings_of(
            world.spec(min_ready=0), miss_grace=timedelta(seconds=60)
        )

    def test_grace_is_the_configured_one(self) -> None:
        """Not before it, and soon after it."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.assertRaises(exception.ClaimInProgress, self.one.claim)

        self.clock.advance(50)
        self.rescue()
        self.assertEqual(model.ClaimStatus.CREATING, self.record().status)
        self.clock.advance(base.LEASE)
        self.rescue()

        self.assert_nothing_given()
