"""The claims' side of the ledger: open, offer, bind, fail, take over."""

import dataclasses
import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception

from cube_volpool import exception, model
from cube_volpool.db import models, swap
from cube_volpool.db.ledger import Ledger, transaction
from cube_volpool.db.opening import NewClaim, Opened, Opening
from cube_volpool.db.shelf import Shelf

_T = models.claims
_P = models.pools
_C = model.ClaimStatus


class ClaimRecords:
    """Claims, with the reserved rows that hang on them."""

    def __init__(self, ledger: Ledger, shelf: Shelf) -> None:
        self._ledger = ledger
        self._clock = ledger.clock
        self._shelf = shelf

    def open(self, new: NewClaim) -> Opened:
        """Open a claim and reserve a row for it.

        One transaction for a new name; a known name costs a second one.
        Raises ClaimMismatch when another body is under way, and LostRace.
        """
        try:
            return self._open_new(new)
        except db_exception.DBDuplicateEntry:
            pass
        try:
            return self._open_known(new)
        except sa.exc.NoResultFound as error:
            # Purged in between.
            raise exception.LostRace(what="claim", id=new.name) from error

    @transaction
    def _open_new(self, connection: sa.Connection, new: NewClaim) -> Opened:
        values = {
            "marker": str(uuid.uuid4()),
            "project_id": new.project_id,
            "name": new.name,
            "params_hash": new.params_hash,
            "status": _C.PENDING,
            "owner_token": new.owner_token,
            "lease_until": self._clock(new.lease.total_seconds()),
            "generation": 1,
            "attempts": 1,
            "created_at": self._clock(),
            "updated_at": self._clock(),
        }
        claim = self._insert(connection, values)
        row = self._shelf.reserve(connection, claim.id, new.wanted)
        return Opened(opening=Opening.FRESH, claim=claim, row=row)

    def _insert(
        self, connection: sa.Connection, values: dict[str, Any]
    ) -> model.Claim:
        """Insert a claim and read it back, in one statement if possible."""
        insert = sa.insert(_T).values(**values)
        if connection.dialect.insert_returning:
            returned = connection.execute(insert.returning(*_T.columns))
            return models.claim(returned.one())
        connection.execute(insert)
        return self._read(connection, _T.c.marker == values["marker"])

    @transaction
    def _open_known(self, connection: sa.Connection, new: NewClaim) -> Opened:
        claim = self._read(
            connection,
            _T.c.project_id == new.project_id,
            _T.c.name == new.name,
        )
        if claim.status is _C.BOUND:
            return Opened(opening=Opening.BOUND, claim=claim)
        if claim.status is _C.FAILED:
            claim = self._reopen(connection, claim, new)
            row = self._shelf.reserve(connection, claim.id, new.wanted)
            return Opened(opening=Opening.FRESH, claim=claim, row=row)
        if claim.params_hash != new.params_hash:
            raise exception.ClaimMismatch(name=new.name)
        if not self._is_lease_over(connection, claim):
            return Opened(opening=Opening.BUSY, claim=claim)
        return self._take_over(connection, claim, new.owner_token, new.lease)

    def _keep_count(
        self, connection: sa.Connection, claim: model.Claim
    ) -> None:
        """Keep the hit or miss that the claim stood for until now."""
        column = {
            model.Source.POOL: _P.c.counted_hits,
            model.Source.CREATED: _P.c.counted_misses,
        }.get(claim.source or model.Source.EXISTING)
        if column is not None and claim.pool is not None:
            connection.execute(
                sa.update(_P)
                .where(_P.c.name == claim.pool)
                .values({column: column + 1})
            )

    def _reopen(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        new: NewClaim,
        *,
        marker: str | None = None,
    ) -> model.Claim:
        swap.change_claim(
            connection,
            self._clock,
            claim=claim,
            to=_C.PENDING,
            marker=marker or claim.marker,
            params_hash=new.params_hash,
            owner_token=new.owner_token,
            lease_until=self._clock(new.lease.total_seconds()),
            generation=claim.generation + 1,
            attempts=claim.attempts + 1,
            source=None,
            pool=None,
            volume_id=None,
            transfer_id=None,
            miss_started_at=None,
            reason=None,
        )
        self._shelf.give_up(connection, claim.id)
        return self._read(connection, _T.c.id == claim.id)

    @transaction
    def unbind(
        self, connection: sa.Connection, claim: model.Claim, new: NewClaim
    ) -> Opened:
        """Open a bound claim again: its volume is gone.

        It gets a new marker: one that was renamed carries the old one, and
        must not be taken for what this life of the claim gives.  One
        transaction.  Raises LostRace.
        """
        self._keep_count(connection, claim)
        claim = self._reopen(connection, claim, new, marker=str(uuid.uuid4()))
        row = self._shelf.reserve(connection, claim.id, new.wanted)
        return Opened(opening=Opening.FRESH, claim=claim, row=row)

    @transaction
    def expired(
        self, connection: sa.Connection, limit: int = 100
    ) -> tuple[model.Claim, ...]:
        """Return claims under way whose lease is over.  One transaction."""
        query = (
            sa.select(_T)
            .where(
                _T.c.status.in_(model.UNDER_WAY),
                _T.c.lease_until <= self._clock(),
            )
            .order_by(_T.c.lease_until)
            .limit(limit)
        )
        return tuple(
            models.claim(found) for found in connection.execute(query)
        )

    @transaction
    def take_over(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        owner_token: str,
        lease: timedelta,
    ) -> Opened:
        """Make an abandoned claim ours: claim and row, generation + 1.

        One transaction.  Raises LostRace when somebody else has it.
        """
        if not self._is_lease_over(connection, claim):
            raise exception.LostRace(what="claim", id=claim.id)
        return self._take_over(connection, claim, owner_token, lease)

    def _take_over(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        owner_token: str,
        lease: timedelta,
    ) -> Opened:
        swap.touch_claim(
            connection,
            self._clock,
            claim=claim,
            owner_token=owner_token,
            lease_until=self._clock(lease.total_seconds()),
            generation=claim.generation + 1,
            attempts=claim.attempts + 1,
        )
        self._shelf.fence(connection, claim.id)
        return Opened(
            opening=Opening.TAKEN_OVER,
            claim=self._read(connection, _T.c.id == claim.id),
            row=self._shelf.of_claim(connection, claim.id),
        )

    @transaction
    def get(
        self, connection: sa.Connection, claim_id: int
    ) -> model.Claim | None:
        """Return a claim, None when it was purged.  One transaction."""
        query = sa.select(_T).where(_T.c.id == claim_id)
        found = connection.execute(query).one_or_none()
        return None if found is None else models.claim(found)

    @transaction
    def renew(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        lease: timedelta,
    ) -> None:
        """Prove that a claim is still ours and push its lease on.

        One transaction.  Raises LostRace.
        """
        swap.touch_claim(
            connection,
            self._clock,
            claim=claim,
            lease_until=self._clock(lease.total_seconds()),
        )

    @transaction
    def renew_all(
        self,
        connection: sa.Connection,
        owner_token: str,
        *,
        claim_ids: tuple[int, ...],
        lease: timedelta,
    ) -> None:
        """Push the leases on of the claims that a process works on.

        One transaction, one UPDATE.
        """
        connection.execute(
            sa.update(_T)
            .where(
                _T.c.owner_token == owner_token,
                _T.c.status.in_(model.UNDER_WAY),
                _T.c.id.in_(claim_ids),
            )
            .values(lease_until=self._clock(lease.total_seconds()))
        )

    @transaction
    def reserve(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        wanted: model.Wanted,
        lease: timedelta,
    ) -> model.PooledVolume | None:
        """Reserve another row for a pending claim that has none.

        None when no row fits.  One transaction.  Raises LostRace.
        """
        swap.touch_claim(
            connection,
            self._clock,
            claim=claim,
            lease_until=self._clock(lease.total_seconds()),
            attempts=claim.attempts + 1,
        )
        # A commit whose answer was lost is tried again, and has its row.
        held = self._shelf.of_claim(connection, claim.id)
        return held or self._shelf.reserve(connection, claim.id, wanted)

    @transaction
    def mark_offered(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        transfer_id: model.TransferId,
        lease: timedelta,
    ) -> model.Claim:
        """Record the transfer; only then may accept be sent.

        One transaction.  Raises LostRace: the claim is not ours any more, or
        its row is back on the shelf because the database lost a commit.
        """
        swap.change_claim(
            connection,
            self._clock,
            claim=claim,
            to=_C.OFFERED,
            only_if=self._shelf.has_row(claim.id),
            transfer_id=transfer_id,
            lease_until=self._clock(lease.total_seconds()),
        )
        return dataclasses.replace(
            claim, status=_C.OFFERED, transfer_id=transfer_id
        )

    @transaction
    def begin_miss(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        pool: model.PoolName | None,
        lease: timedelta,
    ) -> model.Claim:
        """Record that a create may now be out: this claim can never hit.

        One transaction.  Raises LostRace.
        """
        swap.change_claim(
            connection,
            self._clock,
            claim=claim,
            to=_C.CREATING,
            pool=pool,
            miss_started_at=self._clock(),
            lease_until=self._clock(lease.total_seconds()),
        )
        return self._read(connection, _T.c.id == claim.id)

    @transaction
    def is_miss_settled(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        grace: timedelta,
    ) -> bool:
        """Has the grace time of the claim's create passed?

        One transaction.
        """
        query = sa.select(_T.c.id).where(
            _T.c.id == claim.id,
            _T.c.miss_started_at <= self._clock(-grace.total_seconds()),
        )
        return connection.execute(query).one_or_none() is not None

    def _is_lease_over(
        self, connection: sa.Connection, claim: model.Claim
    ) -> bool:
        query = sa.select(_T.c.id).where(
            _T.c.id == claim.id, _T.c.lease_until <= self._clock()
        )
        return connection.execute(query).one_or_none() is not None

    def _read(
        self, connection: sa.Connection, *where: sa.ColumnElement[bool]
    ) -> model.Claim:
        return models.claim(
            connection.execute(sa.select(_T).where(*where)).one()
        )
