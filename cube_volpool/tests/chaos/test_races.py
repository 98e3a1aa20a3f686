"""Races that a slow machine lost: a row kept by a claim that had ended."""

from typing import ClassVar

from cube_volpool.tests.functional.db import databases


class RepeatedReserveTest(databases.StoreCase):
    """A transaction that is tried again after its answer was lost."""

    def test_claim_has_the_row_it_reserved_before(self) -> None:
        """The second try returns that row, though the shelf is empty now."""
        opened = self.open()
        (row,) = self.shelve()
        arguments = {"wanted": databases.WANTED, "lease": databases.LEASE}

        first = self.store.claims.reserve(opened.claim, **arguments)
        second = self.store.claims.reserve(opened.claim, **arguments)

        self.assertEqual(
            (row.volume_id, row.volume_id),
            (first.volume_id, second.volume_id),
        )


class MariadbTakeOverTest(databases.StoreCase):
    """A claim is taken over while its slow worker reserves another row.

    On MariaDB, where a transaction reads what was at its begin.
    """

    database: ClassVar[type[databases.Database]] = databases.Mariadb

    def test_row_that_was_just_reserved_is_seen(self) -> None:
        """Who takes the claim gets its row too, whenever it came."""
        opened = self.open(lease=databases.OVER)
        (row,) = self.shelve()
        worker = self.new_store()
        taker = self.store.claims
        is_over = taker._register.is_lease_over

        def over_and_then_reserved(session, claim):
            found = is_over(session, claim)
            worker.claims.reserve(
                opened.claim, wanted=databases.WANTED, lease=databases.OVER
            )
            return found

        taker._register.is_lease_over = over_and_then_reserved
        taken = taker.take_over(
            opened.claim, owner_token="taker", lease=databases.LEASE
        )

        self.assertEqual(row.volume_id, taken.row.volume_id)
        self.assertEqual(row.generation + 1, taken.row.generation)


class PostgresqlTakeOverTest(MariadbTakeOverTest):
    """On PostgreSQL."""

    database = databases.Postgresql
