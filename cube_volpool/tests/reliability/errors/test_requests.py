"""No request of the service is left out of the sweep."""

from collections.abc import Iterable

from cube_volpool.tests.reliability.errors import (
    case,
    journeys,
    requests,
    sweep,
)

#: The least number of places in the short form.
_PLACES = 40


class RequestCase(case.ErrorCase):
    """What the journeys ask of Cinder and Keystone."""

    def kinds(self, names: Iterable[str]) -> set[requests.Kind]:
        return {
            place.kind
            for name in names
            for place in sweep.count(self.ledger, journeys.ALL[name])[0]
        }

    def test_short_form_makes_every_call_of_all_journeys(self) -> None:
        """Nothing is swept in the long form alone."""
        self.assertEqual(
            self.kinds(journeys.ALL), self.kinds(journeys.SHORT)
        )

    def test_every_call_of_the_volume_api_is_made(self) -> None:
        """Each with the filters and by the keyring that the service uses."""
        made = {str(kind) for kind in self.kinds(journeys.SHORT)}

        self.assertEqual(
            {
                "POST /identity/auth/tokens of volpool",
                "POST /identity/auth/tokens of skyline",
                "POST /volumes of volpool",
                "POST /volumes of skyline",
                "GET /volumes/* of volpool",
                "GET /volumes/* of skyline",
                "POST /volumes/*/action of skyline",
                "PUT /volumes/* of volpool",
                "DELETE /volumes/* of volpool",
                "GET /volumes/detail name of volpool",
                "GET /volumes/detail name of skyline",
                "GET /volumes/detail metadata of volpool",
                "GET /volumes/detail metadata of skyline",
                "GET /volumes/detail metadata status of volpool",
                "POST /volume-transfers of volpool",
                "GET /volume-transfers volume_id of volpool",
                "DELETE /volume-transfers/* of volpool",
                "POST /volume-transfers/*/accept of skyline",
                "POST /snapshots of volpool",
                "GET /snapshots/* of volpool",
                "DELETE /snapshots/* of volpool",
                "GET /snapshots/detail of volpool",
                "GET /snapshots/detail name of volpool",
                "GET /types is_public of volpool",
            },
            made,
        )

    def test_short_form_is_no_shorter_than_it_was(self) -> None:
        """A journey that makes fewer requests is noticed."""
        places = [
            place for name in journeys.SHORT for place in self.places(name)
        ]

        self.assertGreaterEqual(len(places), _PLACES)
