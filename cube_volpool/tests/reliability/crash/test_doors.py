"""The sweep goes through every door that production has."""

import inspect
from typing import ClassVar, Final

from cube_volpool import volumeapi
from cube_volpool.db import (
    claims,
    endings,
    images,
    pools,
    steering,
    stock,
    twins,
)
from cube_volpool.db.store import PARTS
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import case, doors, journeys, sweep
from cube_volpool.tests.reliability.crash.places import Place

_PARTS: Final = {
    "claims": claims.ClaimRecords,
    "endings": endings.Endings,
    "stock": stock.StockRecords,
    "pools": pools.PoolRecords,
    "images": images.ImageRecords,
    "steering": steering.SteeringRecords,
    "twins": twins.TwinRecords,
}
#: Transactions that no journey makes, and why a crash there is nothing.
_LEFT_OUT: Final = {
    "claims.get": "a read that production does not make",
    "pools.counts": "the read behind get_pools; nothing is done with it",
    "images.usage": "the read behind os list; nothing is done with it",
    "steering.volumes": "the read behind list_volumes",
    "steering.claims": "the read behind list_claims",
}
#: What each keyring is used for.
_KEYRINGS: Final = {
    "pool": {
        "project_id",
        "create_volume",
        "get_volume",
        "list_volumes",
        "list_page",
        "update_volume",
        "delete_volume",
        "offer",
        "cancel",
        "list_transfers",
        "list_snapshots",
        "create_snapshot",
        "get_snapshot",
        "delete_snapshot",
        "list_volume_types",
    },
    "tenant": {
        "project_id",
        "create_volume",
        "get_volume",
        "list_volumes",
        "accept",
        "extend_volume",
    },
}


class Doors(case.SweepCase):
    """Which calls the journeys make."""

    calls: ClassVar[dict[str, list[str]]]
    made: ClassVar[set[str]]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calls = {
            name: sweep.count(cls.place, journey)
            for name, journey in journeys.ALL.items()
        }
        cls.made = {call for calls in cls.calls.values() for call in calls}

    def test_every_journey_makes_the_calls_it_is_there_for(self):
        """A journey that goes another way would sweep something else."""
        missing = {
            name: set(journey.makes) - set(self.calls[name])
            for name, journey in journeys.ALL.items()
        }

        self.assertEqual({}, {k: v for k, v in missing.items() if v})
        self.assertTrue(all(one.makes for one in journeys.ALL.values()))

    def test_a_journey_makes_the_same_calls_each_time(self):
        """So a point is the same moment in each of its runs."""
        for name in journeys.MAIN:
            again = sweep.count(self.place, journeys.ALL[name])
            self.assertEqual(self.calls[name], again)

    def test_every_transaction_of_the_store_is_in_some_journey(self):
        """Every public method of its parts, but for the reads named here."""
        methods = {
            f"{part}.{name}"
            for part, records in _PARTS.items()
            for name, _ in inspect.getmembers(records, inspect.isfunction)
            if not name.startswith("_")
        }

        self.assertEqual(set(PARTS), set(_PARTS))
        self.assertEqual(set(_LEFT_OUT), methods - self.made)

    def test_the_store_has_no_other_parts(self):
        """A new one has to be put behind the door."""
        place = Place()
        self.addCleanup(place.close)
        parts = set(vars(place.store(world.World().now)))

        self.assertEqual({*_PARTS, "ledger"}, parts)

    def test_every_call_of_the_volume_api_is_in_some_journey(self):
        """By each of the keyrings that production makes it with."""
        methods = {
            name
            for name in vars(volumeapi.VolumeAPI)
            if not name.startswith("_")
        }
        wanted = {
            f"{keyring}.{name}"
            for keyring, names in _KEYRINGS.items()
            for name in names
        }

        # ``bounded`` makes no call.
        self.assertEqual(
            methods - {"bounded"}, set().union(*_KEYRINGS.values())
        )
        made = {c for c in self.made if c.partition(".")[0] in _KEYRINGS}
        self.assertEqual(wanted, made)

    def test_calls_that_only_read_exist(self):
        """None of them was renamed to something that may write."""
        for call in doors.READS:
            part, _, method = call.partition(".")
            self.assertTrue(hasattr(_PARTS[part], method), call)
