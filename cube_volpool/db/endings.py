"""How a claim ends, or lets its row go: claim and row in one transaction."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from cube_volpool import model
from cube_volpool.db import models, swap
from cube_volpool.db.ledger import Ledger, transaction

_P = models.pools
_C = model.ClaimStatus
_R = model.RowStatus


class Endings:
    """Every method is one transaction and raises LostRace."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._clock = ledger.clock

    @transaction
    def bind(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        row: model.PooledVolume | None,
        volume_id: model.VolumeId,
        source: model.Source,
        actor: model.Actor,
    ) -> None:
        """The volume is the caller's: claim ``bound``, row gone."""
        values: dict[str, Any] = {
            "volume_id": volume_id,
            "source": source,
            "reason": None,
        }
        if row is not None:
            values["pool"] = row.pool
            swap.change_row(
                session, self._clock, row=row, to=None, actor=actor
            )
        swap.change_claim(
            session, self._clock, claim=claim, to=_C.BOUND, **values
        )

    @transaction
    def hand_back(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        reason: str,
    ) -> None:
        """The row returns to the shelf, the claim is ``failed(reason)``."""
        self._shelve(session, row)
        self._fail(session, claim, reason)

    @transaction
    def hand_back_for(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        existing: model.VolumeId,
    ) -> None:
        """The row returns to the shelf, the claim is bound to another."""
        self._shelve(session, row)
        swap.change_claim(
            session,
            self._clock,
            claim=claim,
            to=_C.BOUND,
            volume_id=existing,
            source=model.Source.EXISTING,
        )

    @transaction
    def evict(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        reason: str,
        actor: model.Actor,
    ) -> model.Claim:
        """Condemn the row; the claim is ``pending`` and may take another."""
        swap.change_row(
            session,
            self._clock,
            row=row,
            to=_R.DELETING,
            actor=actor,
            claim_id=None,
            evict_reason=reason[:255],
        )
        return self._release(session, claim)

    @transaction
    def orphans(
        self, session: orm.Session, limit: int = 100
    ) -> tuple[model.PooledVolume, ...]:
        """Return reserved rows that no claim under way has."""
        rows, claims = models.backup_volumes, models.claims
        has_claim = (
            sa.select(claims.c.id)
            .where(
                claims.c.id == rows.c.claim_id,
                claims.c.status.in_(model.UNDER_WAY),
            )
            .exists()
        )
        query = (
            sa.select(rows)
            .where(rows.c.status == _R.RESERVED, ~has_claim)
            .order_by(rows.c.id)
            .limit(limit)
        )
        found = session.execute(query)
        return tuple(models.pooled_volume(row) for row in found)

    @transaction
    def condemn(
        self, session: orm.Session, row: model.PooledVolume, *, reason: str
    ) -> None:
        """Condemn a reserved row that no claim has."""
        swap.change_row(
            session,
            self._clock,
            row=row,
            to=_R.DELETING,
            actor=model.Actor.RESCUE,
            claim_id=None,
            evict_reason=reason[:255],
        )

    @transaction
    def unreserve(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
    ) -> model.Claim:
        """Put a row back that no call was made for."""
        self._shelve(session, row)
        return self._release(session, claim)

    @transaction
    def withdraw(
        self, session: orm.Session, claim: model.Claim
    ) -> model.Claim:
        """The offer is void and its row unknown: the claim is pending."""
        return self._release(session, claim)

    @transaction
    def forget(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        actor: model.Actor,
    ) -> model.Claim:
        """Drop the row of a volume that is not ours any more."""
        swap.change_row(session, self._clock, row=row, to=None, actor=actor)
        return self._release(session, claim)

    @transaction
    def lose(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        actor: model.Actor,
    ) -> None:
        """The volume is nowhere: row gone, claim ``failed(lost)``."""
        swap.change_row(session, self._clock, row=row, to=None, actor=actor)
        self._fail(session, claim, "lost")

    @transaction
    def fail(
        self, session: orm.Session, claim: model.Claim, *, reason: str
    ) -> None:
        """Nothing was given, and nothing will arrive later."""
        self._fail(session, claim, reason)

    @transaction
    def fail_empty(
        self,
        session: orm.Session,
        claim: model.Claim,
        *,
        reason: str,
        pool: model.PoolName | None,
    ) -> None:
        """A miss that gave nothing: it counts for its pool all the same."""
        self._fail(session, claim, reason)
        if pool is not None:
            session.execute(
                sa.update(_P)
                .where(_P.c.name == pool)
                .values(counted_misses=_P.c.counted_misses + 1)
            )

    def _shelve(self, session: orm.Session, row: model.PooledVolume) -> None:
        swap.change_row(
            session,
            self._clock,
            row=row,
            to=_R.AVAILABLE,
            actor=model.Actor.CLAIMANT,
            claim_id=None,
        )

    def _fail(
        self, session: orm.Session, claim: model.Claim, reason: str
    ) -> None:
        swap.change_claim(
            session,
            self._clock,
            claim=claim,
            to=_C.FAILED,
            reason=reason[:255],
            transfer_id=None,
            miss_started_at=None,
        )

    def _release(
        self, session: orm.Session, claim: model.Claim
    ) -> model.Claim:
        if claim.status is _C.OFFERED:
            swap.change_claim(
                session,
                self._clock,
                claim=claim,
                to=_C.PENDING,
                transfer_id=None,
            )
        else:
            swap.touch_claim(session, self._clock, claim=claim)
        table = models.claims
        found = session.execute(
            sa.select(table).where(table.c.id == claim.id)
        ).one()
        return models.claim(found)
