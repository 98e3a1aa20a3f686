"""What the work costs that repeats, on the three databases."""

import contextlib
import dataclasses
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cube_volpool import model, reconcile
from cube_volpool.db import models
from cube_volpool.tests import simulator, world
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.functional.db.databases import POOL, SNAPSHOT
from cube_volpool.tests.simulator import direct

_R = model.RowStatus

if TYPE_CHECKING:
    _Case = databases.StoreCase
else:
    # Not a test case itself: it has no database yet.
    _Case = object


@contextlib.contextmanager
def listening(
    store: Any, hear: Callable[[str], None]
) -> Iterator[None]:
    """Tell ``hear`` each statement once it was executed."""

    def listen(*arguments: Any) -> None:
        if not arguments[2].startswith("BEGIN"):
            hear(arguments[2])

    engine = store.ledger.engine
    sa.event.listen(engine, "after_cursor_execute", listen)
    try:
        yield
    finally:
        sa.event.remove(engine, "after_cursor_execute", listen)


def fill(store: Any, count: int) -> None:
    """Add so many volumes, and as many claims that have ended."""
    now = store.stock.now()
    markers = [str(uuid.uuid4()) for _ in range(count)]
    times = {"created_at": now, "updated_at": now}
    rows = [
        {
            "marker": marker, "pool": POOL, "volume_id": marker,
            "name": f"volpool-{marker}", "type": "ssd", "os": "debian-12",
            "snapshot_id": SNAPSHOT, "size_gib": 1, "status": "available",
            "held": False, "generation": 1, **times,
        }
        for marker in markers
    ]
    claims = [
        {
            "marker": marker, "project_id": "p1", "name": marker,
            "params_hash": "h", "status": "bound", "source": "pool",
            "pool": POOL, "volume_id": f"v{marker[:30]}",
            "owner_token": "me", "lease_until": now, "generation": 1,
            "attempts": 1, **times,
        }
        for marker in markers
    ]
    with store.ledger.engine.begin() as connection:
        connection.execute(sa.insert(models.backup_volumes), rows)
        connection.execute(sa.insert(models.claims), claims)


class GrowthFacts(_Case):
    """What is true of it, whatever the database."""

    def idle(self, count: int) -> tuple[list[str], list[str]]:
        """Return what idle work says to the database, and to Cinder."""
        self.sql(sa.delete(models.backup_volumes))
        self.sql(sa.delete(models.claims))
        fill(self.store, count)
        spec = world.spec(POOL, min_ready=count)
        cloud = simulator.Cloud.lab(simulator.SimClock())
        reconciler = reconcile.Reconciler(
            self.store,
            direct.DirectAPI(cloud, "volpool", "volpool"),
            world.settings_of(spec),
        )
        said: list[str] = []
        with listening(self.store, said.append):
            self.assertFalse(reconciler.round())
            self.store.pools.counts()
            self.store.pools.purge(older_than=timedelta(days=1), limit=1000)
            self.store.claims.expired()
            self.store.endings.orphans()
        return said, [seen.route for seen in cloud.requests]

    def test_idle_work_is_the_same_whatever_there_is(self):
        """The statements of 100 rows are those of 3,000."""
        self.store.pools.set_source(
            POOL, snapshot_id=SNAPSHOT, size_gib=1, volume_type_id="t"
        )

        few, many = self.idle(100), self.idle(3000)

        self.assertEqual(few, many)
        said, calls = few
        self.assertEqual((16, []), (len(said), calls))

    def test_a_glance_tells_what_reading_all_tells(self):
        """In numbers, but for what is under way."""
        other = model.PoolName("other")
        self.store.pools.ensure([other])
        first, second, third, *_ = self.shelve(5)
        self.shelve(2, snapshot_id=model.SnapshotId("old"))
        self.shelve(1, size_gib=2)
        self.store.steering.hold(first.volume_id)
        self.store.stock.evict(second, reason="r")
        self.open()
        record = self.store.stock.load(POOL).record
        self.store.stock.begin_creates(
            record,
            new=dataclasses.replace(databases.NEW_ROW, pool=POOL),
            count=2,
        )

        whole = self.store.stock.load(POOL)
        found = self.store.stock.glance()

        self.assertEqual({POOL, other}, set(found))
        short = found[POOL]
        self.assertEqual(
            [r for r in whole.rows if r.status in (_R.CREATING, _R.DELETING)],
            list(short.rows),
        )
        self.assertEqual(_tallied(whole.rows), _told(short.others))
        self.assertEqual(
            (whole.record, whole.creating, whole.ready),
            (short.record, short.creating, short.ready),
        )
        self.assertEqual(
            dataclasses.replace(short, now=None),
            dataclasses.replace(self.store.stock.glance(POOL)[POOL], now=None),
        )
        self.assertEqual(((), ()), (found[other].rows, found[other].others))
        seen = [_Seen(third.volume_id), _Seen("nobody's")]
        self.assertEqual(
            [third.id], [row.id for row in self.store.stock.of_volumes(seen)]
        )
        self.assertEqual(
            {r.id for r in whole.rows if r.status is _R.AVAILABLE},
            self.store.stock.shelved(POOL),
        )

    def test_a_purge_goes_in_batches(self):
        """Each is a transaction of its own, and nothing is counted twice."""
        fill(self.store, 2500)
        before = self.store.pools.counts()

        found = [
            self.store.pools.purge(older_than=databases.OVER, limit=1000)
            for _ in range(4)
        ]

        self.assertEqual([1000, 1000, 500, 0], found)
        self.assertEqual(before[0].hits, self.store.pools.counts()[0].hits)


class Meanwhile(_Case):
    """What others do while a transaction is open; SQLite lets nobody."""

    def once_said(self, *parts: str, act: Callable[[], Any]) -> Any:
        """Return what calls ``act`` after a statement with one of these."""
        done: list[Any] = []

        def hear(statement: str) -> None:
            if any(part in statement for part in parts) and not done:
                done.append(True)
                act()

        return listening(self.store, hear)

    def test_what_is_promoted_during_a_glance_is_not_missed(self):
        """Missed, it would be built once more."""
        beside = self.new_store()
        record = self.store.stock.load(POOL).record
        [row] = self.store.stock.begin_creates(
            record, new=databases.NEW_ROW, count=1
        )
        self.store.stock.attach(row, model.VolumeId("v"))
        made = dataclasses.replace(row, volume_id=model.VolumeId("v"))

        def promote() -> None:
            beside.stock.promote(made, availability_zone="nova")

        # Between the two, whichever is first.
        with self.once_said("backup_volumes.marker", "min(", act=promote):
            found = self.store.stock.glance()[POOL]

        counted = len(found.rows) + sum(one.count for one in found.others)
        self.assertGreaterEqual(counted, 1)
        self.assertEqual(_R.AVAILABLE, self.row().status)

    def test_a_purge_holds_nobody_up(self):
        """Claims that are not purged can be worked on meanwhile."""
        self.store.endings.fail(self.open("old").claim, reason="r")
        self.sql(
            sa.update(models.claims).values(
                updated_at=self.store.stock.now() - timedelta(days=2)
            )
        )
        # A table of a few rows is read, and locked, as a whole.
        fill(self.store, 500)
        young, working = self.open("young").claim, self.open("working").claim
        self.store.endings.fail(young, reason="r")
        beside = self.new_store()
        lock = (
            sa.select(models.claims.c.id)
            .where(models.claims.c.id.in_((young.id, working.id)))
            .with_for_update(nowait=True)
        )

        def work() -> None:
            # Refused at once where somebody holds it.
            with beside.ledger.write() as connection:
                connection.execute(lock)
            beside.claims.open(self.new_claim("young"))
            beside.claims.open(self.new_claim("new"))

        with self.once_said("FOR UPDATE", act=work):
            purged = self.store.pools.purge(
                older_than=timedelta(days=1), limit=10
            )

        self.assertEqual(1, purged)
        found = self.sql(
            sa.select(models.claims.c.name).where(
                models.claims.c.name.in_(("new", "old", "working", "young"))
            )
        )
        self.assertEqual(
            ["new", "working", "young"], sorted(name for (name,) in found)
        )


@dataclasses.dataclass(frozen=True)
class _Seen:
    """As much of a volume as its row is found by."""

    id: str


def _tallied(rows: Any) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for row in rows:
        if row.status in (_R.AVAILABLE, _R.RESERVED):
            kind = row.status, row.snapshot_id, row.size_gib, row.held
            found[kind] = found.get(kind, 0) + 1
    return found


def _told(tallies: Any) -> dict[Any, int]:
    return {
        (one.status, one.snapshot_id, one.size_gib, one.held): one.count
        for one in tallies
    }


class OnSqlite(GrowthFacts, databases.StoreCase):
    """SQLite."""

    database = databases.Sqlite


class OnMariadb(GrowthFacts, Meanwhile, databases.StoreCase):
    """MariaDB."""

    database = databases.Mariadb


class OnPostgresql(GrowthFacts, Meanwhile, databases.StoreCase):
    """PostgreSQL."""

    database = databases.Postgresql
