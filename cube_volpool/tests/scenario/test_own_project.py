"""Claims of the pool's own project: stock is nobody's there, ever."""

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.claim.job import Answer
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_CREATE = "/volumes"
_OFFER = "/volume-transfers"
_POOL = "volpool"


class OwnProjectCase(base.ScenarioCase):
    """It sees what is handed over, by the names that callers gave."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud.identity.grant("skyline", _POOL, "admin")
        self.answers: list[Answer] = []

    def own(self, daemon: world.Daemon | None = None) -> None:
        """Let the pool's own project claim the name that is handed over."""
        self.answers.append((daemon or self.two).claim(project=_POOL))

    def test_volume_on_its_way_to_a_tenant_is_not_found(self) -> None:
        """It bears the very name, and the pool has it still."""
        first = self.shelf()[0]
        for moment, path in (("before", _OFFER), ("before", base.ACCEPT)):
            self.at("POST", path, moment, self.own)

        given = self.one.claim()

        self.assertEqual(first, given.volume["id"])
        self.assertEqual(2, len(self.answers))
        created, existing = self.answers
        self.assertEqual(model.Source.CREATED, created.source)
        self.assertEqual(model.Source.EXISTING, existing.source)
        self.assertEqual(created.volume["id"], existing.volume["id"])
        self.assertNotEqual(first, created.volume["id"])
        self.assert_given()
        self.rest()

    def test_unmarked_volume_on_its_way_is_not_found(self) -> None:
        """An operator took our mark off: the ledger knows it all the same."""
        first = self.shelf()[0]

        def unmark() -> None:
            del self.cloud.volume(first).metadata[model.DEPLOYMENT_KEY]
            self.own()

        self.at("POST", base.ACCEPT, "before", unmark)

        given = self.one.claim()

        self.assertEqual(first, given.volume["id"])
        self.assertEqual(model.Source.CREATED, self.answers[0].source)
        self.assertNotEqual(first, self.answers[0].volume["id"])

    def test_unmarked_volume_given_meanwhile_is_not_found(self) -> None:
        """It left the project between the look-up and the ledger's word."""
        first = self.shelf()[0]
        volume = self.cloud.volume(first)
        volume.name = "web_sys"
        del volume.metadata[model.DEPLOYMENT_KEY]
        given: list[Answer] = []
        self.at(
            "GET", "/volumes/detail", "after",
            lambda: given.append(self.one.claim()), project=_POOL,
        )

        self.own()

        self.assertEqual(first, given[0].volume["id"])
        self.assertNotEqual(first, self.answers[0].volume["id"])
        self.assert_given()

    def test_volume_on_its_way_is_not_what_a_lost_create_made(self) -> None:
        """The create was never executed; the name alone proves nothing."""
        self.cloud.fault(
            "POST", _CREATE, faults.hang(), times=1, user="skyline",
        )

        def ask() -> None:
            self.assertRaises(exception.ClaimInProgress, self.own)

        self.at("POST", _OFFER, "after", ask)

        self.one.claim()

        record = self.record(project=_POOL)
        self.assertIsNone(record.volume_id)
        self.clock.advance(1000)
        self.rescue()
        self.own()
        self.assertEqual(model.Source.CREATED, self.answers[0].source)
        self.assert_given()
        self.rest()

    def test_condemned_volume_is_not_found(self) -> None:
        """A hand-over that failed leaves it there under its caller's name."""
        first = self.shelf()[0]
        self.abandon("POST", _OFFER, "before")
        self.rescue()
        self.assertEqual("web_sys", self.cloud.volume(first).name)

        self.own()

        self.assertEqual(model.Source.CREATED, self.answers[0].source)
        self.rest()

    def test_stock_whose_row_was_lost_is_not_found(self) -> None:
        """Our mark is enough where a restored ledger knows nothing."""
        first = self.shelf()[0]
        with self.world.store.ledger.write() as session:
            session.execute(sa.delete(models.backup_volumes))
        self.cloud.volume(first).name = "web_sys"

        self.own()

        self.assertNotEqual(first, self.answers[0].volume["id"])

    def test_its_own_volume_is_found_again(self) -> None:
        """What a create there made, though nobody heard of it, is its."""
        self.cloud.fault(
            "POST", _CREATE, faults.lose("timeout"), times=1, user="skyline"
        )
        self.own()
        [made] = self.named(project=_POOL)

        self.own()

        self.assertEqual(made.id, self.answers[1].volume["id"])
        self.assertEqual([made], self.named(project=_POOL))

    def test_claim_once_bound_to_stock_opens_again(self) -> None:
        """A daemon of before could bind one that was on its way."""
        first = self.shelf()[0]
        self.own()
        self.clock.advance(120)
        with self.world.store.ledger.write() as session:
            session.execute(sa.update(models.claims).values(volume_id=first))
        self.cloud.volume(first).name = "web_sys"

        self.own()

        self.assertNotEqual(first, self.answers[1].volume["id"])
