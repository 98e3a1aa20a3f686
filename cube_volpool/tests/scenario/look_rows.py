"""The rows of the look table, however the look comes about."""

from cube_volpool import exception, model
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults
from cube_volpool.tests.simulator.journal import Seen

_OFFER = "/volume-transfers"
_VOLUME = "/volumes/*"


class RowsCase(base.ScenarioCase):
    """The rows; ``recover`` returns the volume's id once there is one."""

    def recover(self, name: str = "web_sys") -> str:
        raise NotImplementedError

    def test_callers_volume_is_bound(self) -> None:
        """Accept went through, its worker died: the volume stays."""
        first = self.shelf()[0]
        self.abandon("POST", base.ACCEPT, "after")

        self.assertEqual(first, self.recover())

        self.assertEqual(first, self.assert_given().id)
        self.rest()

    def test_offer_without_key_is_cancelled_and_evicted(self) -> None:
        """The key died with its daemon: the offer goes, then the volume."""
        first, second = self.shelf()
        self.abandon("POST", base.ACCEPT, "before")
        self.assertEqual("awaiting-transfer", self.cloud.volume(first).status)

        self.assertEqual(second, self.recover())

        self.assertEqual({}, self.cloud.transfers)
        self.assert_condemned(first)
        self.assertEqual(second, self.assert_given().id)
        self.rest()

    def test_offer_that_was_never_recorded_is_cancelled(self) -> None:
        """Death between the offer and its record is no different."""
        first, second = self.shelf()
        claim = self.abandon("POST", _OFFER, "after")
        self.assertEqual(model.ClaimStatus.PENDING, claim.status)

        self.assertEqual(second, self.recover())

        self.assert_condemned(first)
        self.assert_given()
        self.rest()

    def test_markers_out_and_not_offered_is_evicted(self) -> None:
        """Renamed, its metadata replaced, then death: never back on."""
        first, second = self.shelf()
        self.abandon("PUT", _VOLUME, "after")
        self.assertEqual("web_sys", self.cloud.volume(first).name)
        self.assertNotIn(
            model.MARKER_KEY, self.cloud.volume(first).metadata
        )

        self.assertEqual(second, self.recover())

        self.assert_condemned(first)
        self.assert_given()
        self.rest()
        self.assertNotIn(first, self.cloud.volumes)

    def test_reserved_and_untouched_is_evicted(self) -> None:
        """Nobody can prove that nothing was sent: suspicion means eviction."""
        first, second = self.shelf()
        self.abandon("GET", "/volumes/detail", "before")

        self.assertEqual(second, self.recover())

        self.assert_condemned(first)
        self.assert_given()
        self.rest()

    def test_volume_in_error_is_evicted(self) -> None:
        """What went wrong in Cinder is of no use to a claim."""
        first, second = self.shelf()
        self.abandon("POST", _OFFER, "before")
        self.cloud.volume(first).status = "error"

        self.assertEqual(second, self.recover())

        self.assert_condemned(first)
        self.assert_given()
        self.rest()

    def test_somebody_elses_volume_is_let_go(self) -> None:
        """A volume that was moved by hand is nobody's business of ours."""
        first, second = self.shelf()
        self.abandon("POST", _OFFER, "before")
        foreign = self.cloud.volume(first)
        foreign.project_id = self.world.project("skyline-b")
        foreign.metadata = {}
        since = len(self.cloud.requests)

        self.assertEqual(second, self.recover())

        self.assertIsNone(self.row_of(first))
        self.assert_given()
        self.rest()
        touched = [r for r in self.cloud.requests[since:] if r.touches(first)]
        self.assertEqual({"GET"}, {seen.method for seen in touched})

    def test_volume_seen_nowhere_twice_is_lost(self) -> None:
        """Neither here nor there, twice: the claim fails, then starts anew."""
        first, second = self.shelf()
        self.abandon("POST", base.ACCEPT, "after")
        self.cloud.drop_volume(self.cloud.volume(first))
        start = self.clock.monotonic()

        self.assertEqual(second, self.recover())

        self.assertGreaterEqual(self.clock.monotonic() - start, 5)
        self.assertIsNone(self.row_of(first))
        self.assert_given()
        self.rest()

    def test_volume_seen_nowhere_once_is_not_lost(self) -> None:
        """A lagging replica hides the volume from the first look alone."""
        first = self.shelf()[0]
        self.abandon("POST", base.ACCEPT, "after")
        volume = self.cloud.volumes.pop(first)

        def appear(_seen: Seen) -> None:
            self.cloud.volumes[first] = volume

        self.cloud.fault(
            "GET", _VOLUME, faults.hook(before=appear), nth=2,
            user="skyline", when=lambda seen: first in seen.route,
        )

        self.assertEqual(first, self.recover())

        self.assertEqual(first, self.assert_given().id)
        self.rest()

    def test_pools_404_against_tenants_answer_proves_nothing(self) -> None:
        """404 here, ours there: no reason to take another volume."""
        first, second = self.shelf()
        self.abandon("POST", base.ACCEPT, "before")
        lying = self.cloud.fault(
            "GET", _VOLUME, faults.refuse(404), user="volpool",
            when=lambda seen: first in seen.route,
        )

        self.assertRaises(exception.ClaimInProgress, self.recover)
        self.cloud.faults.remove(lying)
        self.assertIsNotNone(self.row_of(first))
        self.clock.advance(base.LEASE)

        self.assertEqual(second, self.recover())

        self.assert_condemned(first)
        self.assert_given()
        self.rest()

    def test_unreachable_cinder_leaves_everything_as_it_is(self) -> None:
        """Without an answer the claim stays; with one it is bound."""
        first = self.shelf()[0]
        before = self.abandon("POST", base.ACCEPT, "after")
        down = self.cloud.fault("*", "/volume**", faults.refuse(503))

        self.assertRaises(exception.ClaimInProgress, self.recover)

        self.assertEqual(before.status, self.record().status)
        row = self.row_of(first)
        assert row is not None
        self.assertEqual(model.RowStatus.RESERVED, row.status)

        self.cloud.faults.remove(down)
        self.clock.advance(base.LEASE)
        self.assertEqual(first, self.recover())
        self.assert_given()
        self.rest()

    def test_accept_that_lands_during_the_look_counts(self) -> None:
        """Whenever the dead daemon's accept lands, there is one volume."""
        moments = [
            ("GET", _OFFER, "before"),
            ("GET", _OFFER, "after"),
            ("GET", _VOLUME, "after"),
            ("DELETE", "/volume-transfers/*", "before"),
        ]
        for number, (method, path, moment) in enumerate(moments):
            with self.subTest(f"{moment} {method} {path}"):
                self._land(f"late{number}", method, path, moment)

    def _land(self, name: str, method: str, path: str, moment: str) -> None:
        first = self.shelf()[0]
        self.cloud.fault("POST", base.ACCEPT, faults.late(), times=1)
        self.die("GET", "/volume**", "before", user="volpool")
        self.assertRaises(base.Died, self.one.claim, name)
        self.clock.advance(base.LEASE)
        self.at(
            method, path, moment, self.cloud.run_late, user="volpool",
            when=lambda seen: seen.touches(first) or method == "DELETE"
            or first in str(seen.query),
        )

        given = self.recover(name)

        self.cloud.run_late()
        self.assertEqual(given, self.assert_given(name).id)
        self.two.fill()
        self.assert_at_rest()

    def test_accept_after_the_cancel_is_void(self) -> None:
        """An accept that lands after the look finds no offer any more."""
        first, second = self.shelf()
        self.cloud.fault("POST", base.ACCEPT, faults.late(), times=1)
        self.die("GET", "/volume**", "before", user="volpool")
        self.assertRaises(base.Died, self.one.claim)
        self.clock.advance(base.LEASE)

        self.assertEqual(second, self.recover())
        [late] = self.cloud.run_late()

        self.assertEqual(404, late.status)
        self.assert_condemned(first)
        self.assert_given()
        self.rest()
