"""What a round and an audit cost, and that nothing is missed for it."""

import logging
from typing import Any

import fixtures
import sqlalchemy as sa

from cube_volpool import model, settings, volumeapi
from cube_volpool.tests import crowd_ledger, world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import crowd, records

_R = model.RowStatus
_LIST = "GET /volumes/detail"


class RoundCase(base.ScenarioCase):
    """Three pools."""

    fills = False

    def configure(self) -> settings.Settings:
        return world.settings_of(
            *(
                world.spec(
                    kind, volume_type=kind, type_aliases=frozenset()
                )
                for kind in ("ssd", "sas", "noflat")
            )
        )

    def statements(self) -> list[str]:
        """Return what one round says to the database."""
        engine = self.one.house.store.ledger.engine
        said: list[str] = []

        def listen(*arguments: Any) -> None:
            said.append(arguments[2])

        sa.event.listen(engine, "before_cursor_execute", listen)
        self.one.house.reconciler.round()
        sa.event.remove(engine, "before_cursor_execute", listen)
        return [one for one in said if not one.startswith("BEGIN")]

    def test_trouble_ends_with_its_volume_in_a_pool_at_rest(self) -> None:
        """Nobody needs to look at the pool for that any more."""
        self.one.fill()
        [row, _] = self.rows(pool="ssd")
        self.world.store.stock.evict(row, reason="r")
        self.cloud.backend.plan("delete", "error", times=None)
        for _ in range(60):
            self.one.house.reconciler.round()
            self.clock.advance(60)
        self.assertIn(
            str(row.volume_id), self.pool_record("ssd").last_error or ""
        )

        self.cloud.drop_volume(self.cloud.volumes[str(row.volume_id)])
        self.one.fill()
        self.one.house.reconciler.round()

        self.assertIsNone(self.pool_record("ssd").last_error)

    def test_one_listing_serves_all_pools_that_build(self) -> None:
        """However many they are, Cinder is asked once in a round."""
        self.one.house.duties.sync()
        self.one.house.reconciler.round()
        for kind in ("ssd", "sas", "noflat"):
            self.assertEqual(2, len(self.rows(_R.CREATING, pool=kind)))
        self.cloud.journal.clear()

        self.one.house.reconciler.round()

        self.assertEqual([_LIST], self.calls())

    def test_pools_at_rest_cost_five_statements(self) -> None:
        """All of them together, and nothing is asked of Cinder."""
        self.one.fill()
        self.cloud.journal.clear()

        self.assertEqual(5, len(self.statements()))
        self.assertEqual([], self.calls())

    def test_a_pool_that_is_short_is_filled_beside_resting_ones(self) -> None:
        """Somebody took a volume out of one of them."""
        self.one.fill()
        [first, _] = self.rows(pool="sas")
        self.world.store.stock.evict(first, reason="taken")

        self.one.fill()

        self.assertEqual(2, len(self.shelf("sas")))
        self.assertNotIn(first.volume_id, self.shelf("sas"))


class CensusCase(base.ScenarioCase):
    """Two pools of 1,250 volumes, three pages of Cinder's."""

    fills = False
    count = 2500

    def configure(self) -> settings.Settings:
        return world.settings_of(
            *(
                world.spec(
                    crowd.pool(number),
                    os_name=crowd.pool(number),
                    type_aliases=frozenset(),
                    min_ready=self.count // 2,
                )
                for number in range(2)
            )
        )

    def setUp(self) -> None:
        # A page is a megabyte.
        self.useFixture(
            fixtures.FakeLogger("keystoneauth", level=logging.WARNING)
        )
        super().setUp()
        crowd.seed(
            self.cloud,
            count=self.count,
            pools=2,
            projects=0,
            deployment=world.DEPLOYMENT,
        )
        crowd_ledger.fill(
            self.world.store.ledger.engine,
            self.cloud,
            volumes=self.count,
            pools=2,
        )
        self.one.house.duties.sync()
        self.cloud.journal.clear()
        # As Cinder lists them.
        self.ids = [one.volume_id for one in crowd.volumes(self.count, 2)]

    def audit(self) -> None:
        self.one.house.reconciler.audit()

    def volume(self, place: int) -> records.Volume:
        return self.cloud.volumes[self.ids[place]]

    def row(self, place: int) -> model.PooledVolume | None:
        """Return the row of a volume."""
        [*found] = self.world.store.steering.volumes(
            ident=self.ids[place], limit=1
        )
        return found[0] if found else None

    def status(self, place: int) -> _R | None:
        """Return what the ledger says of a volume."""
        row = self.row(place)
        return None if row is None else row.status

    def test_an_audit_asks_for_each_page_once(self) -> None:
        """2,500 volumes are three pages; nobody is looked at by id."""
        self.audit()

        self.assertEqual([_LIST] * 3, self.calls())
        self.assertEqual(
            self.count, sum(len(self.rows(pool=p)) for p in self.pools())
        )

    def pools(self) -> list[str]:
        return [crowd.pool(0), crowd.pool(1)]

    def test_what_is_wrong_on_any_page_is_found(self) -> None:
        """And what is not in the listing is looked at by id."""
        for place in (0, 1000, 2499):
            self.volume(place).status = "error"
        self.cloud.drop_volume(self.volume(1500))

        self.audit()

        for place in (0, 1000, 2499):
            self.assertEqual(_R.DELETING, self.status(place), str(place))
        self.assertIsNone(self.status(1500))
        self.assertEqual(_R.AVAILABLE, self.status(1))

    def test_strangers_on_any_page_are_adopted(self) -> None:
        """Their rows are gone: an old copy of the ledger was brought back."""
        for place in (0, 2499):
            row = self.row(place)
            assert row is not None
            self.world.store.stock.forget(row)
        self.clock.advance(3600)

        self.audit()

        for place in (0, 2499):
            self.assertEqual(_R.AVAILABLE, self.status(place), str(place))

    def test_a_listing_begins_anew_when_its_place_is_gone(self) -> None:
        """The last volume of a page is deleted before the next is asked."""
        marker = self.volume(999)
        self.at(
            "GET",
            "/volumes/detail",
            "before",
            lambda: self.cloud.drop_volume(marker),
            nth=2,
        )
        self.volume(2499).status = "error"

        self.audit()

        self.assertEqual([_LIST] * 5, self.calls()[:5])
        self.assertIsNone(self.status(999))
        self.assertEqual(_R.DELETING, self.status(2499))

    def test_a_few_missing_ones_of_many_are_believed(self) -> None:
        """Those that are well are counted, though nobody looks at them."""
        for place in range(0, 12, 2):
            self.cloud.drop_volume(self.volume(place))

        self.audit()

        self.assertEqual(
            [None] * 6, [self.status(place) for place in range(0, 12, 2)]
        )

    def test_most_of_a_pool_missing_is_doubted(self) -> None:
        """Over the whole pool, whatever the other has."""
        for place in range(0, 1400, 2):
            self.cloud.drop_volume(self.volume(place))

        self.audit()

        self.assertEqual(_R.AVAILABLE, self.status(0))
        record = self.pool_record(crowd.pool(0))
        self.assertIn("700 of 1250", record.last_error or "")

    def test_pages_that_never_hold_still_end_the_audit(self) -> None:
        """It waits for its next time, and nothing is given up."""

        def lose() -> None:
            marker = self.cloud.requests[-1].query.get("marker")
            if marker is not None:
                self.cloud.drop_volume(self.cloud.volumes[marker])

        self.at("GET", "/volumes/detail", "before", lose, times=None)

        self.audit()

        self.assertTrue(self.one.house.reconciler.has_failed)
        self.assertEqual(_R.AVAILABLE, self.status(999))


class PageCase(base.ScenarioCase):
    """A keyring's pages, where Cinder's own are smaller."""

    def test_smaller_pages_come_to_the_same(self) -> None:
        """Cinder's osapi_max_limit is below what is asked for."""
        self.cloud.max_limit = 1
        api = self.world.keyring("volpool", self.world.project("volpool"))

        page = api.list_page(metadata={model.DEPLOYMENT_KEY: "test"})

        self.assertEqual(set(self.shelf()), {v.id for v in page.volumes})
        self.assertIsNone(page.after)

    def test_a_page_begins_after_the_one_before(self) -> None:
        """And a volume that is gone is NotFound."""
        api = self.world.keyring("volpool", self.world.project("volpool"))
        ours = {model.DEPLOYMENT_KEY: "test"}
        first, second = api.list_page(metadata=ours).volumes

        self.assertEqual(
            [second.id],
            [v.id for v in api.list_page(
                metadata=ours, after=first.id).volumes],
        )
        self.cloud.drop_volume(self.cloud.volume(first.id))
        self.assertRaises(
            volumeapi.NotFound, api.list_page, metadata=ours, after=first.id
        )
