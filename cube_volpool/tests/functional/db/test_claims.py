"""The claims of the ledger, on the three databases."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models
from cube_volpool.db.opening import Opening
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import LEASE, OVER, POOL

_C = model.ClaimStatus
_R = model.RowStatus
_THREADS = 8

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


class ClaimFacts(_Case):
    """What is true of claims, whatever the database."""

    def test_a_take_over_bumps_claim_and_row(self):
        """The old worker can change neither any more."""
        self.shelve()
        old = self.open(lease=OVER)
        new = self.store.claims.take_over(
            old.claim, owner_token="you", lease=LEASE
        )

        self.assertEqual(Opening.TAKEN_OVER, new.opening)
        self.assertEqual(old.claim.generation + 1, new.claim.generation)
        self.assertEqual(old.row.generation + 1, new.row.generation)
        self.assertEqual(_R.RESERVED, new.row.status)
        self.assertEqual("you", new.claim.owner_token)

    def test_a_row_read_before_a_take_over_is_not_changed_any_more(self):
        """Not even by who has the claim: what was read of it is void."""
        self.shelve()
        old = self.open(lease=OVER)
        new = self.store.claims.take_over(
            old.claim, owner_token="you", lease=LEASE
        )

        self.assertEqual(old.row.status, new.row.status)
        self.assertRaises(
            exception.LostRace,
            self.store.endings.evict,
            new.claim,
            row=old.row,
            reason="r",
            actor=model.Actor.CLAIMANT,
        )

    def test_whoever_was_overtaken_loses_every_race(self):
        """Nothing of what it writes arrives, not even by half."""
        self.shelve()
        old = self.open(lease=OVER)
        self.store.claims.take_over(
            old.claim, owner_token="you", lease=LEASE
        )
        claims, endings = self.store.claims, self.store.endings
        before = (self.claim(old), self.row())
        by = {"row": old.row, "actor": model.Actor.CLAIMANT}
        writes = [
            lambda: claims.renew(old.claim, lease=LEASE),
            lambda: claims.mark_offered(
                old.claim, transfer_id="t", lease=LEASE
            ),
            lambda: claims.begin_miss(old.claim, pool=POOL, lease=LEASE),
            lambda: claims.reserve(
                old.claim, wanted=databases.WANTED, lease=LEASE
            ),
            lambda: endings.bind(
                old.claim, volume_id="v", source=model.Source.POOL, **by
            ),
            lambda: endings.bind(
                old.claim,
                row=None,
                volume_id="v",
                source=model.Source.POOL,
                actor=model.Actor.CLAIMANT,
            ),
            lambda: endings.hand_back(old.claim, row=old.row, reason="r"),
            lambda: endings.hand_back_for(
                old.claim, row=old.row, existing="v"
            ),
            lambda: endings.unreserve(old.claim, row=old.row),
            lambda: endings.withdraw(old.claim),
            lambda: endings.evict(old.claim, reason="r", **by),
            lambda: endings.forget(old.claim, **by),
            lambda: endings.lose(old.claim, **by),
            lambda: endings.fail(old.claim, reason="r"),
        ]

        for write in writes:
            self.assertRaises(exception.LostRace, write)
        self.assertEqual(before, (self.claim(old), self.row()))

    def test_half_an_ending_is_rolled_back(self):
        """The row is as read, the claim is not: neither changes."""
        self.shelve()
        opened = self.open()
        self.store.claims.mark_offered(
            opened.claim, transfer_id="t", lease=LEASE
        )

        self.assertRaises(
            exception.LostRace,
            self.store.endings.bind,
            opened.claim,
            row=opened.row,
            volume_id=opened.row.volume_id,
            source=model.Source.POOL,
            actor=model.Actor.CLAIMANT,
        )
        self.assertEqual(_R.RESERVED, self.row().status)

    def test_a_live_lease_keeps_others_away(self):
        """Neither open nor rescue takes the claim over."""
        self.shelve()
        opened = self.open()

        self.assertEqual(Opening.BUSY, self.open(owner_token="you").opening)
        self.assertEqual((), self.store.claims.expired())
        self.assertRaises(
            exception.LostRace,
            self.store.claims.take_over,
            opened.claim,
            owner_token="you",
            lease=LEASE,
        )

    def test_leases_run_by_the_clock_of_the_database(self):
        """A lease ends so many seconds after the database's own now."""
        before = self.store.stock.now()
        claim = self.open().claim
        after = self.store.stock.now()

        self.assertTrue(before + LEASE <= claim.lease_until <= after + LEASE)

    def test_a_lease_is_renewed_for_the_claims_of_one_process(self):
        """Those of another, and those that are done, stay as they are."""
        mine, theirs = self.open("mine", lease=OVER), self.open(
            "theirs", lease=OVER, owner_token="you"
        )
        done = self.open("done", lease=OVER)
        self.store.endings.fail(done.claim, reason="r")
        ids = (mine.claim.id, theirs.claim.id, done.claim.id)
        self.store.claims.renew_all("me", claim_ids=ids, lease=LEASE)

        self.assertEqual(
            [theirs.claim.id], [c.id for c in self.store.claims.expired()]
        )
        self.assertEqual(
            done.claim.lease_until, self.claim(done).lease_until
        )

    def test_open_takes_an_abandoned_claim_over(self):
        """The same name again, after the lease."""
        self.shelve()
        old = self.open(lease=OVER)
        new = self.open(owner_token="you")

        self.assertEqual(Opening.TAKEN_OVER, new.opening)
        self.assertEqual(old.row.id, new.row.id)
        self.assertEqual(2, new.claim.attempts)

    def test_another_body_is_told_while_a_claim_is_under_way(self):
        """And taken once the first one has failed."""
        opened = self.open()

        self.assertRaises(
            exception.ClaimMismatch, self.open, params_hash="other"
        )
        self.store.endings.fail(opened.claim, reason="r")
        again = self.open(params_hash="other")
        self.assertEqual(Opening.FRESH, again.opening)
        self.assertEqual(opened.claim.generation + 1, again.claim.generation)
        self.assertEqual(opened.claim.marker, again.claim.marker)

    def test_a_bound_claim_is_found_and_may_be_opened_again(self):
        """Opened again it has a row of its own and no old volume."""
        self.shelve(2)
        opened = self.open()
        self.store.endings.bind(
            opened.claim,
            row=opened.row,
            volume_id=opened.row.volume_id,
            source=model.Source.POOL,
            actor=model.Actor.CLAIMANT,
        )
        found = self.open()

        self.assertEqual(Opening.BOUND, found.opening)
        self.assertEqual(opened.row.volume_id, found.claim.volume_id)
        again = self.store.claims.unbind(found.claim, self.new_claim())
        self.assertEqual(Opening.FRESH, again.opening)
        self.assertIsNone(again.claim.volume_id)
        self.assertNotEqual(opened.row.id, again.row.id)

    def test_names_differ_by_case_accent_and_symbol(self):
        """Four claims, not one."""
        names = ["web", "Web", "wéb", "web🐧"]
        opened = [self.open(name) for name in names]

        self.assertEqual(names, [o.claim.name for o in opened])
        self.assertEqual(4, len({o.claim.id for o in opened}))

    def test_the_same_name_in_two_projects_is_two_claims(self):
        """A name is its project's."""
        one, other = self.open(), self.open(project_id="p2")

        self.assertNotEqual(one.claim.id, other.claim.id)

    def test_a_claim_gets_exactly_what_it_wants(self):
        """Another size, type, zone or snapshot does not do, nor a held one."""
        (row,) = self.shelve(size_gib=4)
        self.sql(sa.update(models.backup_volumes).values(held=True))
        fits: dict[str, Any] = {
            "type": "ssd",
            "snapshot_id": databases.SNAPSHOT,
            "size_gib": 4,
            "availability_zone": "nova",
        }
        held = self.open("held", wanted=model.Wanted(**fits))
        self.sql(sa.update(models.backup_volumes).values(held=False))

        self.assertIsNone(held.row)
        others: tuple[dict[str, Any], ...] = (
            {"type": "SSD"},
            {"snapshot_id": "other"},
            {"size_gib": 5},
            {"availability_zone": "other"},
        )
        for other in others:
            wanted = model.Wanted(**{**fits, **other})
            opened = self.open(f"with {other}", wanted=wanted)
            self.assertIsNone(opened.row, str(other))
        got = self.open("good", wanted=model.Wanted(**fits)).row
        self.assertEqual(row.id, got.id)

    def test_a_long_reason_is_cut(self):
        """Cinder's words may be longer than the column."""
        self.shelve()
        opened = self.open()
        self.store.endings.hand_back(
            opened.claim, row=opened.row, reason="ä" * 1000
        )

        self.assertEqual("ä" * 255, self.claim(opened).reason)
        self.assertEqual(_R.AVAILABLE, self.row().status)
        self.assertIsNone(self.row().claim_id)
        self.store.stock.evict(self.row(), reason="ä" * 1000)
        self.assertEqual("ä" * 255, self.row().evict_reason)

    def test_the_grace_of_a_miss_runs_by_the_database(self):
        """Recorded just now: not settled in an hour, settled in none."""
        opened = self.open(wanted=None)
        claim = self.store.claims.begin_miss(
            opened.claim, pool=POOL, lease=LEASE
        )
        settled = self.store.claims.is_miss_settled

        self.assertFalse(settled(claim, grace=timedelta(hours=1)))
        self.assertTrue(settled(claim, grace=timedelta(0)))


class OnSqlite(ClaimFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(ClaimFacts, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(ClaimFacts, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
