"""The claims' side of the ledger: open, offer, bind, fail, take over."""

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from oslo_db import exception as db_exception

from cube_volpool import exception, model
from cube_volpool.db import models, swap
from cube_volpool.db.clock import FromNow
from cube_volpool.db.ledger import Ledger, transaction
from cube_volpool.db.opening import NewClaim, Opened, Opening
from cube_volpool.db.register import Register
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
        self._register = Register(ledger, shelf)

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
        claim = self._register.insert(connection, new)
        row = self._shelf.reserve(connection, claim.id, new.wanted)
        return Opened(opening=Opening.FRESH, claim=claim, row=row)

    @transaction
    def _open_known(self, connection: sa.Connection, new: NewClaim) -> Opened:
        return self._register.open_known(connection, new)

    def open_all(
        self, news: Sequence[NewClaim]
    ) -> tuple[Opened | None, ...]:
        """Open claims of one project, of different names, with their rows.

        One transaction for those that are new, bound, or have failed.  None
        stands for one that has to be opened by itself: somebody works on it,
        or did.  Without an effect, and all None, when somebody else opened
        one of them just now.
        """
        try:
            return self._open_all(news)
        except (db_exception.DBDuplicateEntry, exception.LostRace):
            return (None,) * len(news)

    @transaction
    def _open_all(
        self, connection: sa.Connection, news: Sequence[NewClaim]
    ) -> tuple[Opened | None, ...]:
        known = self._register.named(
            connection, news[0].project_id, [new.name for new in news]
        )
        fresh = self._begin_all(connection, news, known)
        rows = self._shelf.reserve_all(
            connection,
            [(fresh[n.name].id, n.wanted) for n in news if n.name in fresh],
        )
        return tuple(_opened(new.name, known, fresh, rows) for new in news)

    def _begin_all(
        self,
        connection: sa.Connection,
        news: Sequence[NewClaim],
        known: Mapping[str, model.Claim],
    ) -> dict[str, model.Claim]:
        """Begin what is new or has failed; return it by name.

        In one order whoever asks: else of two requests each could wait for
        a name that the other one has.
        """
        ordered = sorted(news, key=lambda new: new.name)
        unknown = [new for new in ordered if new.name not in known]
        begun = self._register.insert_all(connection, unknown)
        begun += [
            self._register.reopen(connection, known[new.name], new)
            for new in ordered
            if new.name in known and known[new.name].status is _C.FAILED
        ]
        return {claim.name: claim for claim in begun}

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
        claim = self._register.reopen(
            connection, claim, new, marker=str(uuid.uuid4())
        )
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
        if not self._register.is_lease_over(connection, claim):
            raise exception.LostRace(what="claim", id=claim.id)
        return self._register.take_over(
            connection, claim, owner_token, lease
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
            lease_until=FromNow(lease.total_seconds()),
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
            lease_until=FromNow(lease.total_seconds()),
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
            only_with_row=True,
            transfer_id=transfer_id,
            lease_until=FromNow(lease.total_seconds()),
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
            miss_started_at=FromNow(),
            lease_until=FromNow(lease.total_seconds()),
        )
        return self._register.read(connection, _T.c.id == claim.id)

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


def _opened(
    name: str,
    known: Mapping[str, model.Claim],
    fresh: Mapping[str, model.Claim],
    rows: Mapping[int, model.PooledVolume],
) -> Opened | None:
    """Say what opening one of many came to."""
    if name in fresh:
        claim = fresh[name]
        row = rows.get(claim.id)
        return Opened(opening=Opening.FRESH, claim=claim, row=row)
    if known[name].status is _C.BOUND:
        return Opened(opening=Opening.BOUND, claim=known[name])
    return None
