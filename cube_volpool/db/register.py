"""Opening claims, inside a transaction: new ones, and those known already."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.db import models, swap
from cube_volpool.db.clock import FromNow
from cube_volpool.db.ledger import Ledger
from cube_volpool.db.opening import NewClaim, Opened, Opening
from cube_volpool.db.shelf import Shelf

_T = models.claims
_C = model.ClaimStatus

#: What a new claim has of the database; to read all of it back would take
#: longer than to write it.
_TOLD: Final = (
    _T.c.marker,
    _T.c.id,
    _T.c.lease_until,
    _T.c.created_at,
    _T.c.updated_at,
)
#: What a new claim has not got yet.
_BLANK: Final[Mapping[str, None]] = dict.fromkeys(
    (
        "source",
        "pool",
        "volume_id",
        "transfer_id",
        "miss_started_at",
        "reason",
    )
)


class Register:
    """The table of claims, one for each name of a project."""

    def __init__(self, ledger: Ledger, shelf: Shelf) -> None:
        self._clock = ledger.clock
        self._shelf = shelf

    def insert(
        self, connection: sa.Connection, new: NewClaim
    ) -> model.Claim:
        """Insert a claim and read it back, in one statement if possible."""
        [claim] = self.insert_all(connection, [new])
        return claim

    def insert_all(
        self, connection: sa.Connection, news: Sequence[NewClaim]
    ) -> list[model.Claim]:
        """Insert claims of one lease and read them back.

        In no particular order.
        """
        if not news:
            return []
        [lease] = {new.lease.total_seconds() for new in news}
        can_return = connection.dialect.insert_returning
        insert = self._clock.built(
            ("insert claims", lease, can_return),
            lambda: self._insertion(lease, can_return=can_return),
        )
        values = [_values(new) for new in news]
        # Not a list of one: SQLAlchemy goes another way for many, and longer.
        given = values if len(values) > 1 else values[0]
        found: sa.Result[Any] = connection.execute(insert, given)
        if not can_return:
            markers = [value["marker"] for value in values]
            query = sa.select(*_TOLD).where(_T.c.marker.in_(markers))
            found = connection.execute(query)
        by_marker = {value["marker"]: value for value in values}
        return [
            model.Claim(**{**_BLANK, **by_marker[row.marker], **row._mapping})
            for row in found
        ]

    def _insertion(self, lease: float, *, can_return: bool) -> sa.Insert:
        """Build the insertion of what :func:`_values` tells of a claim."""
        insert = sa.insert(_T).values(
            lease_until=self._clock(lease),
            created_at=self._clock(),
            updated_at=self._clock(),
        )
        return insert.returning(*_TOLD) if can_return else insert

    def open_known(
        self, connection: sa.Connection, new: NewClaim
    ) -> Opened:
        """Open a claim whose name is known.

        Raises ClaimMismatch when another body is under way, LostRace, and
        SQLAlchemy's NoResultFound when the name is not known any more.
        """
        claim = self.read(
            connection,
            _T.c.project_id == new.project_id,
            _T.c.name == new.name,
        )
        if claim.status not in model.UNDER_WAY:
            return self.open_ended(connection, claim, new)
        if claim.params_hash != new.params_hash:
            raise exception.ClaimMismatch(name=new.name)
        if not self.is_lease_over(connection, claim):
            return Opened(opening=Opening.BUSY, claim=claim)
        return self.take_over(connection, claim, new.owner_token, new.lease)

    def open_ended(
        self, connection: sa.Connection, claim: model.Claim, new: NewClaim
    ) -> Opened:
        """Open a claim that has failed, with a row; tell one that is bound.

        Raises LostRace.
        """
        if claim.status is _C.BOUND:
            return Opened(opening=Opening.BOUND, claim=claim)
        claim = self.reopen(connection, claim, new)
        row = self._shelf.reserve(connection, claim.id, new.wanted)
        return Opened(opening=Opening.FRESH, claim=claim, row=row)

    def reopen(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        new: NewClaim,
        *,
        marker: str | None = None,
    ) -> model.Claim:
        """Begin the next life of a claim that has ended.  Raises LostRace."""
        swap.change_claim(
            connection,
            self._clock,
            claim=claim,
            to=_C.PENDING,
            marker=marker or claim.marker,
            params_hash=new.params_hash,
            owner_token=new.owner_token,
            lease_until=FromNow(new.lease.total_seconds()),
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
        return self.read(connection, _T.c.id == claim.id)

    def take_over(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        owner_token: str,
        lease: timedelta,
    ) -> Opened:
        """Make a claim ours, whatever was read of its row is void.

        Raises LostRace.
        """
        swap.touch_claim(
            connection,
            self._clock,
            claim=claim,
            owner_token=owner_token,
            lease_until=FromNow(lease.total_seconds()),
            generation=claim.generation + 1,
            attempts=claim.attempts + 1,
        )
        self._shelf.fence(connection, claim.id)
        return Opened(
            opening=Opening.TAKEN_OVER,
            claim=self.read(connection, _T.c.id == claim.id),
            row=self._shelf.of_claim(connection, claim.id),
        )

    def is_lease_over(
        self, connection: sa.Connection, claim: model.Claim
    ) -> bool:
        """Has its worker given no sign of life for too long?"""
        query = sa.select(_T.c.id).where(
            _T.c.id == claim.id, _T.c.lease_until <= self._clock()
        )
        return connection.execute(query).one_or_none() is not None

    def named(
        self,
        connection: sa.Connection,
        project_id: model.ProjectId,
        names: Collection[str],
    ) -> dict[str, model.Claim]:
        """Return the claims of these names that a project has, by name."""
        query = sa.select(_T).where(
            _T.c.project_id == project_id, _T.c.name.in_(names)
        )
        found = [models.claim(row) for row in connection.execute(query)]
        return {claim.name: claim for claim in found}

    def read(
        self, connection: sa.Connection, *where: sa.ColumnElement[bool]
    ) -> model.Claim:
        """Return the only claim that this is true of."""
        return models.claim(
            connection.execute(sa.select(_T).where(*where)).one()
        )


def _values(new: NewClaim) -> dict[str, Any]:
    return {
        "marker": str(uuid.uuid4()),
        "project_id": new.project_id,
        "name": new.name,
        "params_hash": new.params_hash,
        "status": _C.PENDING,
        "owner_token": new.owner_token,
        "generation": 1,
        "attempts": 1,
    }
