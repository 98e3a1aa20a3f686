"""The catalogue's side of the ledger: rows of ``os_images``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models, swap
from cube_volpool.db.ledger import Ledger, transaction

_I = models.os_images
#: What Cinder says of an image, and the pools.
_READ: Final = (
    "os", "type", "name", "version", "role", "volume_type", "size_gib"
)


class ImageRecords:
    """What is catalogued, and what somebody rejected.

    Every method is one transaction.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._clock = ledger.clock

    @transaction
    def replace(
        self,
        connection: sa.Connection,
        entries: Sequence[model.CatalogueEntry],
        *,
        present: Collection[model.SnapshotId] = (),
    ) -> None:
        """Let the catalogue hold exactly these entries.

        Whether one is rejected is not theirs to say: that stays.  A rejected
        one that is not among them stays as long as its snapshot is
        ``present``: it may be busy for a moment, and must not come back as
        one that nobody rejected.
        """
        wanted = {entry.snapshot_id: entry for entry in entries}
        rejected = connection.scalars(
            sa.select(_I.c.snapshot_id).where(_I.c.rejected.is_not(None))
        )
        kept = [ident for ident in rejected if ident in present]
        connection.execute(
            sa.delete(_I).where(_I.c.snapshot_id.not_in([*wanted, *kept]))
        )
        connection.execute(
            sa.update(_I)
            .where(_I.c.snapshot_id.not_in(list(wanted)))
            .values(role=model.Role.PREVIOUS)
        )
        known = {
            row.snapshot_id: {name: row._mapping[name] for name in _READ}
            for row in connection.execute(sa.select(_I))
        }
        for snapshot_id, entry in wanted.items():
            values = {name: getattr(entry, name) for name in _READ}
            if snapshot_id not in known:
                connection.execute(
                    sa.insert(_I).values(
                        snapshot_id=snapshot_id,
                        synced_at=self._clock(),
                        **values,
                    )
                )
            # A sync that finds nothing new is nearly all of them.
            elif known[snapshot_id] != values:
                connection.execute(
                    sa.update(_I)
                    .where(_I.c.snapshot_id == snapshot_id)
                    .values(**values)
                )
        connection.execute(
            sa.update(_I)
            .where(_I.c.snapshot_id.in_(list(wanted)))
            .values(synced_at=self._clock())
        )

    @transaction
    def list(
        self, connection: sa.Connection, *, role: model.Role | None = None
    ) -> tuple[model.CatalogueEntry, ...]:
        """Return the entries of a role, or all, in no particular order."""
        query = sa.select(_I)
        if role is not None:
            query = query.where(_I.c.role == role)
        return tuple(
            models.catalogue_entry(row) for row in connection.execute(query)
        )

    @transaction
    def usage(
        self, connection: sa.Connection
    ) -> Mapping[model.SnapshotId, Mapping[model.RowStatus, int]]:
        """Count the pooled volumes of each snapshot by their status."""
        table = models.backup_volumes
        rows = connection.execute(
            sa.select(
                table.c.snapshot_id, table.c.status, sa.func.count()
            ).group_by(table.c.snapshot_id, table.c.status)
        )
        found: dict[model.SnapshotId, dict[model.RowStatus, int]] = {}
        for snapshot_id, status, count in rows:
            of_snapshot = found.setdefault(snapshot_id, {})
            of_snapshot[model.RowStatus(status)] = int(count)
        return found

    @transaction
    def rejected(
        self, connection: sa.Connection
    ) -> Mapping[model.SnapshotId, str]:
        """Return why each rejected snapshot was rejected."""
        rows = connection.execute(
            sa.select(_I.c.snapshot_id, _I.c.rejected).where(
                _I.c.rejected.is_not(None)
            )
        )
        return {row.snapshot_id: row.rejected for row in rows}

    @transaction
    def reject(
        self,
        connection: sa.Connection,
        snapshot_id: model.SnapshotId,
        *,
        reason: str,
    ) -> bool:
        """Let no pool be built from a snapshot; False when that is no news."""
        return self._judge(connection, snapshot_id, reason[:255])

    @transaction
    def allow(
        self, connection: sa.Connection, snapshot_id: model.SnapshotId
    ) -> bool:
        """Take a rejection back; False when there was none."""
        return self._judge(connection, snapshot_id, None)

    def _judge(
        self,
        connection: sa.Connection,
        snapshot_id: model.SnapshotId,
        reason: str | None,
    ) -> bool:
        was = _I.c.rejected
        is_news = was.is_(None) if reason else was.is_not(None)
        statement = (
            sa.update(_I)
            .where(_I.c.snapshot_id == snapshot_id, is_news)
            .values(rejected=reason)
        )
        return swap.changed(connection, statement) == 1
