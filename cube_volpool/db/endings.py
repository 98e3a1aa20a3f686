"""How a claim ends, or lets its row go: claim and row in one transaction."""

from typing import Any

import sqlalchemy as sa

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
        connection: sa.Connection,
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
                connection, self._clock, row=row, to=None, actor=actor
            )
        swap.change_claim(
            connection, self._clock, claim=claim, to=_C.BOUND, **values
        )

    @transaction
    def hand_back(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        reason: str,
    ) -> None:
        """The row returns to the shelf, the claim is ``failed(reason)``."""
        self._shelve(connection, row)
        self._fail(connection, claim, reason)

    @transaction
    def hand_back_for(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        existing: model.VolumeId,
    ) -> None:
        """The row returns to the shelf, the claim is bound to another."""
        self._shelve(connection, row)
        swap.change_claim(
            connection,
            self._clock,
            claim=claim,
            to=_C.BOUND,
            volume_id=existing,
            source=model.Source.EXISTING,
        )

    @transaction
    def evict(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        reason: str,
        actor: model.Actor,
    ) -> model.Claim:
        """Condemn the row; the claim is ``pending`` and may take another."""
        swap.change_row(
            connection,
            self._clock,
            row=row,
            to=_R.DELETING,
            actor=actor,
            claim_id=None,
            evict_reason=reason[:255],
        )
        return self._release(connection, claim)

    @transaction
    def orphans(
        self, connection: sa.Connection, limit: int = 100
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
        found = connection.execute(query)
        return tuple(models.pooled_volume(row) for row in found)

    @transaction
    def condemn(
        self,
        connection: sa.Connection,
        row: model.PooledVolume,
        *,
        reason: str,
    ) -> None:
        """Condemn a reserved row that no claim has."""
        swap.change_row(
            connection,
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
        connection: sa.Connection,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
    ) -> model.Claim:
        """Put a row back that no call was made for."""
        self._shelve(connection, row)
        return self._release(connection, claim)

    @transaction
    def withdraw(
        self, connection: sa.Connection, claim: model.Claim
    ) -> model.Claim:
        """The offer is void and its row unknown: the claim is pending."""
        return self._release(connection, claim)

    @transaction
    def forget(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        actor: model.Actor,
    ) -> model.Claim:
        """Drop the row of a volume that is not ours any more."""
        swap.change_row(connection, self._clock, row=row, to=None, actor=actor)
        return self._release(connection, claim)

    @transaction
    def lose(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        row: model.PooledVolume,
        actor: model.Actor,
    ) -> None:
        """The volume is nowhere: row gone, claim ``failed(lost)``."""
        swap.change_row(connection, self._clock, row=row, to=None, actor=actor)
        self._fail(connection, claim, "lost")

    @transaction
    def fail(
        self, connection: sa.Connection, claim: model.Claim, *, reason: str
    ) -> None:
        """Nothing was given, and nothing will arrive later."""
        self._fail(connection, claim, reason)

    @transaction
    def fail_empty(
        self,
        connection: sa.Connection,
        claim: model.Claim,
        *,
        reason: str,
        pool: model.PoolName | None,
    ) -> None:
        """A miss that gave nothing: it counts for its pool all the same."""
        self._fail(connection, claim, reason)
        if pool is not None:
            connection.execute(
                sa.update(_P)
                .where(_P.c.name == pool)
                .values(counted_misses=_P.c.counted_misses + 1)
            )

    def _shelve(
        self, connection: sa.Connection, row: model.PooledVolume
    ) -> None:
        swap.change_row(
            connection,
            self._clock,
            row=row,
            to=_R.AVAILABLE,
            actor=model.Actor.CLAIMANT,
            claim_id=None,
        )

    def _fail(
        self, connection: sa.Connection, claim: model.Claim, reason: str
    ) -> None:
        swap.change_claim(
            connection,
            self._clock,
            claim=claim,
            to=_C.FAILED,
            reason=reason[:255],
            transfer_id=None,
            miss_started_at=None,
        )

    def _release(
        self, connection: sa.Connection, claim: model.Claim
    ) -> model.Claim:
        if claim.status is _C.OFFERED:
            swap.change_claim(
                connection,
                self._clock,
                claim=claim,
                to=_C.PENDING,
                transfer_id=None,
            )
        else:
            swap.touch_claim(connection, self._clock, claim=claim)
        table = models.claims
        found = connection.execute(
            sa.select(table).where(table.c.id == claim.id)
        ).one()
        return models.claim(found)
