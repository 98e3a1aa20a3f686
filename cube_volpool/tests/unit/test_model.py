"""The transition tables: what they say, and that the ledger obeys."""

import itertools
from typing import Any

import sqlalchemy as sa
from oslotest import base

from cube_volpool import exception, model
from cube_volpool.db import clock, models, swap

_RECONCILE, _OPERATOR = model.Actor.RECONCILE, model.Actor.OPERATOR
_CLAIMANT, _RESCUE = model.Actor.CLAIMANT, model.Actor.RESCUE

#: The architecture's "States of a pooled volume", and adoption beside it.
_ROWS = {
    (None, "creating"): {_RECONCILE},
    (None, "deleting"): {_RECONCILE},
    ("creating", "available"): {_RECONCILE},
    ("creating", "deleting"): {_RECONCILE, _OPERATOR},
    ("creating", None): {_RECONCILE},
    ("available", "reserved"): {_CLAIMANT},
    ("available", "deleting"): {_RECONCILE, _OPERATOR},
    ("available", None): {_RECONCILE},
    ("reserved", None): {_CLAIMANT, _RESCUE},
    ("reserved", "available"): {_CLAIMANT},
    ("reserved", "deleting"): {_CLAIMANT, _RESCUE},
    ("deleting", None): {_RECONCILE},
}

#: "States of a claim", what look adds, and a bound claim opened again.
_CLAIMS = {
    "pending": {"offered", "creating", "bound", "failed"},
    "offered": {"pending", "bound", "failed"},
    "creating": {"bound", "failed"},
    "failed": {"pending"},
    "bound": {"pending"},
}


class Tables(base.BaseTestCase):
    """The tables are those of the architecture."""

    def test_the_states_of_a_row_change_as_the_architecture_says(self):
        """Every pair of states, every actor."""
        states = [None, *model.RowStatus]
        for pair in itertools.product(states, states):
            for actor in model.Actor:
                self.assertEqual(
                    actor in _ROWS.get(pair, ()),
                    actor in model.TRANSITIONS.get(pair, ()),
                    f"{pair} by {actor}",
                )

    def test_the_states_of_a_claim_change_as_the_architecture_says(self):
        """Every pair of states."""
        for seen, wanted in itertools.product(model.ClaimStatus, repeat=2):
            self.assertEqual(
                wanted in _CLAIMS[seen],
                (seen, wanted) in model.CLAIM_TRANSITIONS,
                f"{seen} to {wanted}",
            )

    def test_out_of_deleting_there_is_only_gone(self):
        """A condemned volume never comes back."""
        ways = [to for seen, to in model.TRANSITIONS if seen == "deleting"]

        self.assertEqual([None], ways)

    def test_a_claim_ends_bound_or_failed(self):
        """Everything else is somebody's to go on with."""
        ended = set(model.ClaimStatus) - set(model.UNDER_WAY)

        self.assertEqual({"bound", "failed"}, ended)


class Obeyed(base.BaseTestCase):
    """The ledger makes the changes of the tables, and refuses the others."""

    def setUp(self):
        super().setUp()
        engine = sa.create_engine("sqlite://")
        self.addCleanup(engine.dispose)
        models.METADATA.create_all(engine)
        self.connection = engine.connect()
        self.addCleanup(self.connection.close)

    def insert(self, table, **values):
        """Insert a row with these values; read it."""
        times = ("created_at", "updated_at", "lease_until")
        for column in table.columns:
            if column.name in values or column.nullable:
                continue
            if column.name in times:
                values[column.name] = clock.database_time()
            elif isinstance(column.type, sa.String):
                values[column.name] = column.name
            elif not column.primary_key:
                values[column.name] = 1
        self.connection.execute(sa.delete(table))
        self.connection.execute(sa.insert(table).values(**values))
        return self.connection.execute(sa.select(table)).one()

    def test_a_row_changes_by_the_table_and_in_no_other_way(self):
        """Every pair of states, every actor, on a real database."""
        table = models.backup_volumes
        for seen, to, actor in itertools.product(
            model.RowStatus, [None, *model.RowStatus], model.Actor
        ):
            row = models.pooled_volume(self.insert(table, status=seen))

            def change(row=row, to=to, actor=actor):
                swap.change_row(
                    self.connection,
                    clock.LedgerTime(clock.database_time),
                    row=row,
                    to=to,
                    actor=actor,
                )

            if actor in _ROWS.get((seen, to), ()):
                change()
                expected = to
            else:
                self.assertRaises(exception.ForbiddenTransition, change)
                expected = seen
            found = self.connection.scalar(sa.select(table.c.status))
            self.assertEqual(expected, found, f"{seen} to {to} by {actor}")

    def test_a_claim_changes_by_the_table_and_in_no_other_way(self):
        """Every pair of states, on a real database."""
        for seen, to in itertools.product(model.ClaimStatus, repeat=2):
            claim = models.claim(
                self.insert(models.claims, status=seen, source=None)
            )

            def change(claim=claim, to=to):
                swap.change_claim(
                    self.connection,
                    clock.LedgerTime(clock.database_time),
                    claim=claim,
                    to=to,
                )

            if to in _CLAIMS[seen]:
                change()
                expected = to
            else:
                self.assertRaises(exception.ForbiddenTransition, change)
                expected = seen
            found = self.connection.scalar(sa.select(models.claims.c.status))
            self.assertEqual(expected, found, f"{seen} to {to}")


class Values(base.BaseTestCase):
    """Values that others rely on."""

    def request(self, **changes):
        """Return a request with some metadata."""
        values = {
            "name": "web",
            "volume_type": "ssd",
            "size_gib": 1,
            "metadata": {"a": "1", "b": "2"},
        }
        return model.ClaimRequest(**{**values, **changes})

    def test_the_hash_of_a_request_leaves_out_its_name_alone(self):
        """Another body is told from the same one asked again."""
        same = self.request().params_hash()

        self.assertEqual(same, self.request(name="db").params_hash())
        self.assertEqual(
            same, self.request(metadata={"b": "2", "a": "1"}).params_hash()
        )
        changes: tuple[dict[str, Any], ...] = (
            {"volume_type": "sas"},
            {"snapshot_id": "s"},
            {"size_gib": 2},
            {"metadata": {}},
            {"availability_zone": "nova"},
            {"os_name": "debian-12"},
        )
        for change in changes:
            self.assertNotEqual(
                same, self.request(**change).params_hash(), str(change)
            )

    def test_secrets_are_not_shown(self):
        """Neither a key nor a token stands in a repr."""
        shown = repr(
            (
                model.Offer(
                    transfer_id=model.TransferId("t"), auth_key="canary"
                ),
                model.Caller(
                    project_id=model.ProjectId("p"), auth_token="canary"
                ),
            )
        )

        self.assertNotIn("canary", shown)
