"""A create whose answer is lost, or that never arrives."""


from cube_volpool import model
from cube_volpool.tests.scenario import base, empty_pool
from cube_volpool.tests.simulator import faults

_CREATE = "/volumes"
_CREATING = model.RowStatus.CREATING


class UnclearCase(empty_pool.EmptyCase):
    """A create whose answer is lost, or that never arrives."""

    def test_lost_answer_is_found_by_its_marker(self) -> None:
        """Made, but not told: attached, never posted again."""
        for how in ("timeout", "reset", 500, 503):
            self.cloud.fault("POST", _CREATE, faults.lose(how), times=1)
        self.clock.advance(5)

        self.fill_slowly()

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(len(self.shelf()), len(self.made()))
        self.assert_at_rest()

    def test_intent_that_was_given_up_is_not_created(self) -> None:
        """A daemon that slept in its first create looks before the next."""

        def meanwhile() -> None:
            self.clock.advance(1000)
            self.round(self.two)

        self.at("POST", _CREATE, "after", meanwhile)

        self.round()
        self.fill_for(30)

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(2, len(self.made()))
        self.assert_at_rest()

    def fill_slowly(self) -> None:
        """Reconcile through the back-offs."""
        for _ in range(40):
            self.round()
            self.clock.advance(10)

    def test_one_row_is_posted_once(self) -> None:
        """Whatever happens, no marker is in two POSTs."""
        self.cloud.fault(
            "POST", _CREATE, faults.lose("timeout"), probability=0.5
        )
        self.cloud.fault("POST", _CREATE, faults.hang(), probability=0.3)

        self.fill_slowly()

        names = [
            seen.body["volume"]["name"]
            for seen in self.cloud.requests
            if (seen.method, seen.route) == ("POST", "/volumes")
        ]
        self.assertGreater(len(names), 2)
        self.assertEqual(len(set(names)), len(names))

    def test_lost_create_holds_up_the_fill_for_a_minute(self) -> None:
        """Then its place is filled by another; the intent stays a while."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.round()
        self.assertEqual(0, len(self.made()))

        self.clock.advance(61)
        self.fill_for(30)

        self.assertEqual(2, len(self.shelf()))
        intents = [r for r in self.rows() if r.volume_id is None]
        self.assertEqual(1, len(intents))

    def fill_for(self, seconds: int) -> None:
        for _ in range(seconds // 3):
            self.round()
            self.clock.advance(3)

    def test_lost_intent_is_dropped_after_its_grace(self) -> None:
        """No volume with its marker, long after: it was never made."""
        self.cloud.fault("POST", _CREATE, faults.hang(), times=1)
        self.round()
        self.clock.advance(901)

        self.fill_for(60)

        self.assertEqual([], [r for r in self.rows() if not r.volume_id])
        self.assertEqual(2, len(self.shelf()))
        self.assert_at_rest()

    def test_create_that_lands_late_is_taken_in(self) -> None:
        """After its row was given a substitute: surplus, then gone."""
        self.cloud.fault("POST", _CREATE, faults.late(), times=1)
        self.round()
        self.clock.advance(120)
        self.fill_for(30)
        self.cloud.run_late()

        self.rest()

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(3, len(self.made()))

    def test_create_that_lands_after_the_grace_is_adopted(self) -> None:
        """Its row is gone; the audit finds the volume by its marker."""
        self.cloud.fault("POST", _CREATE, faults.late(), times=1)
        self.round()
        self.clock.advance(901)
        self.round()
        self.cloud.run_late()
        self.fill_for(60)
        self.clock.advance(1000)

        self.one.house.reconciler.audit()

        self.rest()
        self.assertEqual(2, len(self.shelf()))

    def test_death_after_the_post_leaves_a_volume_to_attach(self) -> None:
        """The id was never written; another daemon finds the marker."""
        self.die("POST", _CREATE, "after")
        self.assertRaises(base.Died, self.round)

        for _ in range(30):
            self.round(self.two)
            self.clock.advance(5)

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(2, len(self.made()))

    def test_cast_that_fails_leaves_an_orphan_that_is_removed(self) -> None:
        """500, a row in creation without a host: late, then deleted."""
        self.cloud.backend.plan("cast", "error")
        self.round()
        self.assertEqual(1, len(self.made()))

        self.clock.advance(700)
        self.rest()

        self.assertEqual(2, len(self.shelf()))

    def test_intent_of_the_dead_holds_its_place_at_once(self) -> None:
        """Its POST may still be under way: nobody orders another."""
        self.die("POST", _CREATE, "before")
        self.assertRaises(base.Died, self.round)
        sent = self.creates()

        for _ in range(12):
            self.clock.advance(5)
            self.round(self.two)

        self.assertEqual(sent, self.creates())


class UnseenCase(empty_pool.EmptyCase):
    """Cinder told the id of a create, and then answers 404 for it."""

    def setUp(self) -> None:
        super().setUp()
        self.round()
        self.pool_project = self.world.project("volpool")
        self.volumes = self.made()
        for volume in self.volumes:
            volume.project_id = self.world.project("skyline-b")

    def rounds(self, seconds: int) -> None:
        for _ in range(seconds // 10):
            self.round()
            self.clock.advance(10)

    def test_volume_that_turns_up_later_is_not_made_twice(self) -> None:
        """A replica that lags, a Cinder that lost its last commits."""
        self.rounds(300)
        self.assertEqual(2, self.creates())
        for volume in self.volumes:
            volume.project_id = self.pool_project

        self.rest()

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(2, self.creates())

    def test_one_that_never_turns_up_is_replaced_after_the_grace(self) -> None:
        """Somebody deleted it, or it is lost for good."""
        self.rounds(900)
        self.assertEqual(2, self.creates())

        self.rounds(60)

        self.assertEqual(2, len(self.shelf()))
        self.assertEqual(4, self.creates())
