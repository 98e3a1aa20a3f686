"""The catalogue's side of the ledger: rows of ``os_images``."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
import tenacity
from oslo_db import exception as db_exception

from cube_volpool import model
from cube_volpool.db import models, swap
from cube_volpool.db.ledger import Ledger, transaction

_I = models.os_images
#: What Cinder says of an image, and the pools.
_READ: Final = (
    "os", "type", "snapshot_id", "name", "version", "role", "volume_type",
    "size_gib",
)
#: How long a rejection outlives its snapshot's last listing.
_REMEMBERED: Final = timedelta(days=7)
#: Daemons that start side by side catalogue the same images.  Whoever comes
#: second begins again, and finds them there.
_after_another: Final = tenacity.retry(
    retry=tenacity.retry_if_exception_type(db_exception.DBDuplicateEntry),
    stop=tenacity.stop_after_attempt(5),
    reraise=True,
)


class ImageRecords:
    """What is catalogued, and what somebody rejected.

    Every method is one transaction.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._clock = ledger.clock

    @_after_another
    @transaction
    def replace(
        self,
        connection: sa.Connection,
        entries: Sequence[model.CatalogueEntry],
    ) -> None:
        """Let the catalogue hold exactly these entries.

        Whether one is rejected is not theirs to say: that stays, also where
        a snapshot is of another OS now.  A rejected
        one that is not among them stays for a while: a listing may be wrong,
        and it must not come back as one that nobody rejected.
        """
        wanted = {(e.snapshot_id, e.os, e.type): e for e in entries}
        known = {}
        gone = []
        rows = connection.execute(sa.select(_I)).all()
        for row in rows:
            key = row.snapshot_id, row.os, row.type
            if key in wanted:
                known[key] = row
            else:
                gone.append(row.id)
        self._let_go(connection, gone)
        now = self._clock()
        for key, entry in wanted.items():
            values = {name: getattr(entry, name) for name in _READ}
            seen = known.get(key)
            if seen is None:
                self._add(connection, entry, rows)
            # A sync that finds nothing new is nearly all of them.
            elif {name: seen._mapping[name] for name in _READ} != values:
                connection.execute(
                    sa.update(_I).where(_I.c.id == seen.id).values(**values)
                )
        named = [row.id for key, row in known.items() if wanted[key].is_named]
        seen_ids = _I.c.id.in_([row.id for row in known.values()])
        connection.execute(
            sa.update(_I)
            .where(seen_ids)
            .values(
                synced_at=now,
                missing_since=None,
                named_until=sa.case(
                    (_I.c.id.in_(named), sa.null()),
                    else_=sa.func.coalesce(_I.c.named_until, now),
                ),
            )
        )

    @_after_another
    @transaction
    def add(
        self,
        connection: sa.Connection,
        entries: Sequence[model.CatalogueEntry],
    ) -> None:
        """Catalogue what is not there yet; the rest stays as it is."""
        rows = connection.execute(sa.select(_I)).all()
        known = {(row.snapshot_id, row.os, row.type) for row in rows}
        for entry in entries:
            if (entry.snapshot_id, entry.os, entry.type) not in known:
                self._add(connection, entry, rows)

    def _add(
        self,
        connection: sa.Connection,
        entry: model.CatalogueEntry,
        rows: Sequence[sa.Row[Any]],
    ) -> None:
        """Insert one; what rejected its snapshot so far rejects it, too."""
        reasons = [
            row.rejected
            for row in rows
            if row.snapshot_id == entry.snapshot_id and row.rejected
        ]
        now = self._clock()
        connection.execute(
            sa.insert(_I).values(
                synced_at=now,
                named_until=None if entry.is_named else now,
                rejected=reasons[0] if reasons else None,
                **{name: getattr(entry, name) for name in _READ},
            )
        )

    def _let_go(self, connection: sa.Connection, ids: Sequence[int]) -> None:
        """Delete entries; the rejected ones once they are long missing."""
        is_ours = _I.c.id.in_(ids)
        connection.execute(
            sa.update(_I)
            .where(is_ours, _I.c.missing_since.is_(None))
            .values(role=model.Role.PREVIOUS, missing_since=self._clock())
        )
        long_ago = self._clock(-_REMEMBERED.total_seconds())
        connection.execute(
            sa.delete(_I).where(
                is_ours,
                sa.or_(
                    _I.c.rejected.is_(None),
                    _I.c.missing_since <= long_ago,
                ),
            )
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
    def reject_new(
        self,
        connection: sa.Connection,
        snapshot_id: model.SnapshotId,
        *,
        pool: model.PoolName,
        reason: str,
    ) -> bool:
        """Reject what a pool cannot build, has not given, and no other could.

        False when one of these is not so, or when it is no news.
        """
        pools, rows = models.pools, models.backup_volumes
        is_given = sa.exists().where(
            pools.c.name == pool,
            pools.c.current_snapshot_id == snapshot_id,
        )
        was_built = sa.or_(
            sa.exists().where(
                pools.c.name != pool,
                pools.c.proven_snapshot_id == snapshot_id,
            ),
            sa.exists().where(
                rows.c.pool != pool,
                rows.c.snapshot_id == snapshot_id,
                rows.c.status.in_(
                    (model.RowStatus.AVAILABLE, model.RowStatus.RESERVED)
                ),
            ),
        )
        return self._judge(
            connection,
            snapshot_id,
            reason[:255],
            only_if=sa.and_(~is_given, ~was_built),
        )

    @transaction
    def allow(
        self, connection: sa.Connection, snapshot_id: model.SnapshotId
    ) -> bool:
        """Take a rejection back; False when there was none.

        Or when its snapshot is not there any more.  Where it was of another
        OS once, it is taken back for that as well.
        """
        is_allowed = self._judge(
            connection,
            snapshot_id,
            None,
            only_if=_I.c.missing_since.is_(None),
        )
        if is_allowed:
            self._judge(connection, snapshot_id, None)
        return is_allowed

    def _judge(
        self,
        connection: sa.Connection,
        snapshot_id: model.SnapshotId,
        reason: str | None,
        *,
        only_if: sa.ColumnElement[bool] | None = None,
    ) -> bool:
        was = _I.c.rejected
        is_news = was.is_(None) if reason else was.is_not(None)
        statement = (
            sa.update(_I)
            .where(
                _I.c.snapshot_id == snapshot_id,
                is_news,
                sa.true() if only_if is None else only_if,
            )
            .values(rejected=reason)
        )
        # Of several types, perhaps.
        return swap.changed(connection, statement) >= 1
