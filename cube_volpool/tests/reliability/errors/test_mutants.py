"""The sweep can fail: without a guard of the service it does."""

from typing import Any

import fixtures

from cube_volpool import endurance, volumeapi
from cube_volpool.cinder import errors
from cube_volpool.claim import handover, job
from cube_volpool.tests.reliability.errors import (
    case,
    journeys,
    sweep,
    troubles,
)


class MutantCase(case.ErrorCase):
    """One guard is taken away; the troubles that it is there for do harm."""

    def problems(self, name: str, call: str, *which: str) -> list[str]:
        """Return what one call's troubles lead to, once and lasting."""
        found = []
        for point in self.points(name):
            if point.place.call == call and point.trouble.name in which:
                found += sweep.fail_at(
                    self.ledger, journeys.ALL[name], point
                )[1]
        return found

    def assert_needed(self, guard: Any, *swept: str) -> None:
        """Without the guard there is harm, with it there is none."""
        self.assertEqual([], self.problems(*swept))
        with fixtures.MonkeyPatch(*guard):
            self.assertNotEqual([], self.problems(*swept))

    def test_server_error_is_no_refusal(self) -> None:
        """A create behind a 500 was made; the caller is told it was not."""

        def mutant(error: Any) -> volumeapi.VolumeAPIError:
            true = meaning(error)
            if getattr(error, "code", 0) == 500:
                return volumeapi.Refused(str(true))
            return true

        meaning = errors.meaning
        self.assert_needed(
            ("cube_volpool.cinder.errors.meaning", mutant),
            "miss", "POST /volumes", "500 after the effect",
        )

    def test_proxys_404_is_no_absence(self) -> None:
        """Rows are forgotten, and more volumes made than were wanted.

        Here with rows that are no longer new: those have a grace of their
        own, which is a second guard against the same.
        """

        def mutant(error: Any) -> volumeapi.VolumeAPIError:
            true = meaning(error)
            if getattr(error, "code", 0) == 404:
                return volumeapi.NotFound(str(true))
            return true

        meaning = errors.meaning
        self.useFixture(
            fixtures.MonkeyPatch(
                "cube_volpool.planner._is_new", lambda *_row: False
            )
        )
        self.assert_needed(
            ("cube_volpool.cinder.errors.meaning", mutant),
            "top_up", "GET /volumes/*", "404 of a proxy",
        )

    def test_create_is_never_sent_twice(self) -> None:
        """The caller has two volumes of one name."""

        def mutant(self: Any, wanted: Any) -> Any:
            return self._read(lambda api: api.create_volume(wanted))

        self.assertIn("create_volume", vars(endurance.Enduring))
        self.assert_needed(
            ("cube_volpool.endurance.Enduring.create_volume", mutant),
            "miss", "POST /volumes", "time-out with effect",
        )

    def test_accepts_404_is_looked_into(self) -> None:
        """It was accepted, and the caller is told that nothing was given."""
        self.assertNotIn(volumeapi.NotFound, handover._FINAL)
        self.assert_needed(
            (
                "cube_volpool.claim.handover._FINAL",
                (*handover._FINAL, volumeapi.NotFound),
            ),
            "hit", "POST /volume-transfers/*/accept", "404 of a replay",
        )

    def test_trouble_of_cinders_is_no_empty_pool(self) -> None:
        """The pool is condemned row by row, and the caller gets a create."""

        def mutant(*, claim: Any, trouble: Any = None) -> job.Condemned:
            return condemned(claim=claim)

        condemned = job.Condemned
        self.assert_needed(
            ("cube_volpool.claim.handover.Condemned", mutant),
            "hit", "POST /volume-transfers", "503",
        )

    def test_every_trouble_is_of_use_somewhere(self) -> None:
        """Names are unique, and none befalls nothing."""
        befallen = {
            point.trouble.name
            for name in ("hit", "evict_and_delete")
            for point in self.points(name)
        }

        self.assertEqual(set(troubles.ALL), befallen)
