"""What each transaction changed in the ledger, as it changed it.

Triggers of the connection, not of the schema, note every change; after each
call of the store the trail is read and the mirror, plain values in memory, is
brought up to date. So every invariant can be looked at after every step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cube_volpool.db.store import Store

_ROW: Final = (
    "id", "marker", "pool", "volume_id", "name", "type", "snapshot_id",
    "twin_id", "size_gib", "status", "claim_id", "generation", "created_at",
    "held",
)
_CLAIM: Final = (
    "id", "marker", "project_id", "name", "status", "source", "volume_id",
    "transfer_id", "generation", "reason", "params_hash",
)
_TABLES: Final = {"backup_volumes": _ROW, "claims": _CLAIM}
#: Pushing a lease on is no change.
_COLUMNS: Final = {
    "backup_volumes": "status, generation, volume_id, claim_id",
    "claims": "status, generation, volume_id, transfer_id, marker",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of ``backup_volumes``; times are texts."""

    id: int
    marker: str
    pool: str
    volume_id: str | None
    name: str
    type: str
    snapshot_id: str
    twin_id: str | None
    size_gib: int
    status: str
    claim_id: int | None
    generation: int
    created_at: str
    #: 0 or 1; its column is no change of its own: the generation grows.
    held: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of ``claims``."""

    id: int
    marker: str
    project_id: str
    name: str
    status: str
    source: str | None
    volume_id: str | None
    transfer_id: str | None
    generation: int
    reason: str | None
    params_hash: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of ``twins``."""

    id: int
    kind: str
    pool: str
    source_id: str
    cinder_id: str | None
    status: str


@dataclass(frozen=True, slots=True)
class Change:
    """From one value to another; None: not there."""

    table: str
    old: Any
    new: Any


class Trail:
    """The mirror of one ledger: ``rows`` and ``claims`` by their id."""

    def __init__(self, store: Store) -> None:
        raw = store.ledger.engine.raw_connection().driver_connection
        assert raw is not None
        self._connection: Any = raw
        self.rows: dict[int, Row] = {}
        self.claims: dict[int, Claim] = {}
        self.by_volume: dict[str, Row] = {}
        self.by_marker: dict[str, Claim] = {}
        run = self._connection.execute
        run("DROP TABLE IF EXISTS temp.trail")
        run("CREATE TEMP TABLE trail (source TEXT, id INTEGER)")
        for table, columns in _COLUMNS.items():
            for event, side in (
                ("INSERT", "NEW"),
                ("DELETE", "OLD"),
                (f"UPDATE OF {columns}", "NEW"),
            ):
                name = f"{table}_{event[:6].lower()}"
                run(f"DROP TRIGGER IF EXISTS temp.{name}")
                run(
                    f"CREATE TEMP TRIGGER {name} AFTER {event} ON "
                    f"main.{table} BEGIN INSERT INTO trail "
                    f"VALUES ('{table}', {side}.id); END"
                )

    def read(self) -> list[Change]:
        """Bring the mirror up to date; return what had changed."""
        run = self._connection.execute
        noted = run("SELECT DISTINCT source, id FROM temp.trail").fetchall()
        if not noted:
            return []
        run("DELETE FROM temp.trail")
        return [
            change
            for table, ident in noted
            for change in self._changed(table, ident)
        ]

    def currents(self) -> frozenset[tuple[str, str]]:
        """Return what claims by OS name get: kind of pool, snapshot."""
        run = self._connection.execute
        pools = run(
            "SELECT name, current_snapshot_id FROM main.pools "
            "WHERE current_snapshot_id IS NOT NULL"
        )
        images = run(
            "SELECT os || '-' || type, snapshot_id FROM main.os_images "
            "WHERE role = 'current'"
        )
        return frozenset([*pools.fetchall(), *images.fetchall()])

    def lanes(self) -> list[Lane]:
        """Return what there is for lanes, carriers and twins."""
        found = self._connection.execute(
            "SELECT id, kind, pool, source_id, cinder_id, status "
            "FROM main.twins"
        )
        return [Lane(*row) for row in found]

    def _changed(self, table: str, ident: int) -> Iterator[Change]:
        columns = ", ".join(_TABLES[table])
        found = self._connection.execute(
            f"SELECT {columns} FROM main.{table} WHERE id = ?", (ident,)
        ).fetchone()
        if table == "claims":
            claim = None if found is None else Claim(*found)
            yield Change(table, self.claims.get(ident), claim)
            self._keep_claim(ident, claim)
        else:
            row = None if found is None else Row(*found)
            yield Change(table, self.rows.get(ident), row)
            self._keep_row(ident, row)

    def _keep_row(self, ident: int, new: Row | None) -> None:
        old = self.rows.pop(ident, None)
        if old is not None and old.volume_id is not None:
            self.by_volume.pop(old.volume_id, None)
        if new is not None:
            self.rows[ident] = new
            if new.volume_id is not None:
                self.by_volume[new.volume_id] = new

    def _keep_claim(self, ident: int, new: Claim | None) -> None:
        old = self.claims.pop(ident, None)
        if old is not None:
            self.by_marker.pop(old.marker, None)
        if new is not None:
            self.claims[ident] = new
            self.by_marker[new.marker] = new


def wipe(store: Store) -> None:
    """Empty every table, so that one engine serves many runs."""
    raw: Any = store.ledger.engine.raw_connection().driver_connection
    for table in ("backup_volumes", "claims", "pools", "os_images", "twins"):
        raw.execute(f"DELETE FROM main.{table}")
