"""A volume of that name is there already: it is the answer."""

from cube_volpool import exception, model
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_NEXT = "20261121"


class ExistingCase(base.ScenarioCase):
    """The name is there already."""

    def test_existing_name_is_the_answer_and_the_row_goes_back(self) -> None:
        """A volume of that name in the project is given instead."""
        first = self.shelf()[0]
        there = self.cloud.add_volume("skyline-a", "web_sys")

        answer = self.one.claim()

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(there.id, answer.volume["id"])
        self.assertEqual(there.id, self.assert_given().id)
        self.assert_on_shelf(first)
        self.assert_at_rest()

    def test_oldest_of_several_is_the_answer(self) -> None:
        """Of several volumes of that name the oldest counts."""
        oldest = self.cloud.add_volume("skyline-a", "web_sys")
        self.clock.advance(5)
        self.cloud.add_volume("skyline-a", "web_sys")

        self.assertEqual(oldest.id, self.one.claim().volume["id"])

    def test_useless_or_foreign_namesake_does_not_count(self) -> None:
        """In error, being deleted, of another case or project: no match."""
        for status in ("error", "error_deleting", "deleting"):
            self.cloud.add_volume("skyline-a", "web_sys", status=status)
        self.cloud.add_volume("skyline-a", "WEB_SYS")
        self.cloud.add_volume("skyline-b", "web_sys")

        answer = self.one.claim()

        self.assertEqual(model.Source.POOL, answer.source)

    def test_failed_take_back_costs_the_volume_not_the_answer(self) -> None:
        """What cannot be put back with certainty goes to the bin."""
        first = self.shelf()[0]
        there = self.cloud.add_volume("skyline-a", "web_sys")
        self.cloud.fault(
            "DELETE", "/volume-transfers/*", faults.lose("timeout"), times=1
        )

        answer = self.one.claim()

        self.assertEqual(there.id, answer.volume["id"])
        self.assert_condemned(first)
        self.assert_given()
        self.rest()

    def test_failed_look_up_gives_nothing(self) -> None:
        """Without the look-up by name nothing may be given."""
        first = self.shelf()[0]
        self.cloud.fault("GET", "/volumes/detail", faults.refuse(500))

        self.assertRaises(exception.CinderUnavailable, self.one.claim)

        self.assert_nothing_given()
        self.assert_on_shelf(first)
        self.assertEqual({}, self.cloud.transfers)
