"""What a daemon counts and times, and what it shows of the pools."""

import json
from collections.abc import Mapping
from typing import Any

import fixtures

from cube_volpool import (
    exception,
    inventory,
    model,
    planner,
    report,
    volumeapi,
)
from cube_volpool.status import (
    collector,
    counting,
    doors,
    events,
    meters,
    page,
    web,
)
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, rollout
from cube_volpool.tests.simulator import faults

_R = model.RowStatus


class MeterCase(rollout.ImageCase):
    """Daemon one has meters."""

    def setUp(self) -> None:
        super().setUp()
        self.meters = meters.Meters()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.one = self.world.daemon(
            "measured",
            watch=doors.Watch(
                meters=self.meters,
                clock=self.world.clock,
                listeners=(
                    counting.Counting(self.meters),
                    events.Events(self.tell, self.world.settings.pools),
                ),
            ),
        )
        self.done: dict[str, float | None] = {"audit": 12.0, "purge": None}
        self.open: dict[str, bool] = {"cloud.test/volume": False}
        self.meters.registry.register(
            collector.Collector(
                self.world.store,
                lambda: self.world.settings.pools,
                done_at=lambda: self.done,
                suspended=lambda: self.open,
            )
        )

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        """Keep an event; it is plain JSON."""
        self.events.append((event, json.loads(json.dumps(payload))))

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the payloads of an event."""
        return [payload for name, payload in self.events if name == event]

    def value(self, name: str, **labels: str) -> float:
        """Return a sample; 0 for one that is not there."""
        found = self.meters.registry.get_sample_value(
            f"cube_volpool_{name}", labels
        )
        return found or 0.0


class CountedCase(MeterCase):
    """By what passes the doors."""

    def test_claims_are_told_apart_by_what_they_came_to(self) -> None:
        """Pool, created, existing, and each error by its name."""
        self.one.claim("a")
        self.one.claim("a")
        self.one.claim("b")
        self.one.claim("c")
        self.cloud.set_quota("skyline-a", volumes=0)
        refused = exception.PoolEmpty, exception.QuotaExceeded
        self.assertRaises(refused, self.one.claim, "d")

        counted = {
            outcome: self.value("claim_duration_seconds_count",
                                outcome=outcome)
            for outcome in ("pool", "existing", "created", "pool_empty",
                            "quota_exceeded")
        }
        self.assertEqual(5, sum(counted.values()), str(counted))
        self.assertEqual(
            (2, 1, 1),
            (counted["pool"], counted["existing"], counted["created"]),
        )

    def test_each_step_of_a_claim_is_timed(self) -> None:
        """By the keyring that makes the call, and its outcome."""
        self.at("PUT", "/volumes/*", "before",
                lambda: self.clock.advance(0.3))
        self.one.claim("a")

        for keyring, call in (
            ("pool", "update_volume"),
            ("pool", "offer"),
            ("tenant", "accept"),
            ("tenant", "list_volumes"),
        ):
            self.assertEqual(
                1,
                self.value("cinder_call_duration_seconds_count",
                           keyring=keyring, call=call, outcome="ok"),
                call,
            )
        self.assertEqual(
            0.3,
            round(self.value("cinder_call_duration_seconds_sum",
                             keyring="pool", call="update_volume",
                             outcome="ok"), 3),
        )
        for call in ("claims.open", "claims.mark_offered", "endings.bind"):
            self.assertEqual(
                1,
                self.value("ledger_call_duration_seconds_count",
                           call=call, outcome="ok"),
                call,
            )

    def test_a_call_that_fails_is_timed_by_its_error(self) -> None:
        """Once, however often it was repeated."""
        self.cloud.fault("GET", "/snapshots/detail", faults.refuse(503))
        self.assertRaises(volumeapi.VolumeAPIError, self.sync)

        self.assertEqual(
            1,
            self.value("cinder_call_duration_seconds_count", keyring="pool",
                       call="list_snapshots", outcome="unclear"),
        )

    def test_a_build_is_timed_from_its_intent(self) -> None:
        """By the host's clock; the world's is of another age."""
        self.one.claim("a")
        self.until(lambda: self.ready() == 2)

        self.assertEqual(
            1, self.value("build_duration_seconds_count", pool="deb")
        )

    def test_evictions_are_counted_by_kind(self) -> None:
        """A reason may name anything; a label is one of a few words."""
        first, second = self.shelf()
        self.cloud.volumes[first].name = "mine"
        self.one.house.reconciler.audit()
        self.one.house.steering.evict(second, reason="bad sectors")
        self.one.house.steering.evict(second, reason="again")

        self.assertEqual(
            (1, 1),
            tuple(
                self.value("evictions_total", pool="deb", reason=reason)
                for reason in ("unfit", "operator")
            ),
        )
        self.assertEqual(
            0, self.value("failed_builds_total", pool="deb", reason="unfit")
        )

    def test_a_build_that_failed_is_counted(self) -> None:
        """And is an eviction as well."""
        self.cloud.backend.plan("create", "error")
        self.one.claim("a")
        self.until(lambda: self.ready() == 2)

        for name in ("failed_builds_total", "evictions_total"):
            self.assertEqual(
                1, self.value(name, pool="deb", reason="status"), name
            )

    def test_an_eviction_by_a_claim_is_counted(self) -> None:
        """The volume was not what its row said."""
        first = self.shelf()[0]
        self.cloud.volumes[first].size = 2
        self.one.claim("a")

        self.assertEqual(
            1, self.value("evictions_total", pool="deb", reason="claim")
        )

    def test_what_is_lost_and_found_is_counted(self) -> None:
        """A volume deleted by hand; one whose row is gone."""
        first, second = self.shelf()
        self.cloud.drop_volume(self.cloud.volumes[first])
        self.one.house.reconciler.audit()
        self.assertEqual(1, self.value("lost_volumes_total", pool="deb"))

        [row] = [r for r in self.rows() if r.volume_id == second]
        self.world.store.stock.forget(row)
        self.clock.advance(3600)
        self.one.house.reconciler.audit()
        self.assertEqual(
            1,
            self.value("adopted_volumes_total", pool="deb", fate="kept"),
        )

    def test_a_claim_that_was_taken_over_is_counted(self) -> None:
        """Its daemon died."""
        self.two, self.one = self.one, self.two
        self.abandon("POST", base.ACCEPT, "before")
        self.rescue(self.two)

        self.assertEqual(1, self.value("rescued_claims_total"))

    def test_every_reason_has_a_kind(self) -> None:
        """Of those that a planner gives, none is taken for a claim's."""
        for reason, kind in (
            ("stale", "stale"),
            ("drained", "drained"),
            ("surplus", "surplus"),
            ("too old", "too_old"),
            ("an operator: why", "operator"),
            ("stuck in creating", "stuck"),
            ("Cinder says error", "status"),
            ("its pool is of type x now", "retyped"),
            ("its size is 7", "unfit"),
            ("it was renamed", "unfit"),
            ("its marker was changed", "unfit"),
            ("the hand-over was in doubt", "claim"),
        ):
            self.assertEqual(kind, meters.kind_of(reason))
        row = self.rows()[0]
        volume = self.world.keyring(
            "volpool", self.world.project("volpool")
        ).get_volume(row.volume_id or model.VolumeId(""))
        why = planner.unfit(row, volume, deployment="another")
        self.assertEqual("unfit", meters.kind_of(why or ""))


class ShownCase(MeterCase):
    """Of the ledger, which all daemons have in common."""

    def volumes(self, status: str) -> float:
        """Return the pool's volumes of a status."""
        return self.value("pool_volumes", pool="deb", status=status)

    def test_a_pool_is_told_in_numbers(self) -> None:
        """What is ready, held and stale, against the target."""
        self.world.store.steering.hold(self.shelf()[0])
        self.publish("20261121")
        self.one.claim("a", snapshot_id=self.old)

        self.assertEqual(
            {"ready": 0, "held": 1, "stale": 0, "creating": 0,
             "reserved": 0, "deleting": 0},
            {
                status: self.volumes(status)
                for status in ("ready", "held", "stale", "creating",
                               "reserved", "deleting")
            },
        )
        self.assertEqual(2, self.value("pool_target_volumes", pool="deb"))
        self.assertEqual(2**30, self.value("pool_size_bytes", pool="deb"))
        self.assertEqual(1, self.value("pool_changing", pool="deb"))
        self.assertEqual(
            (1, 0),
            (
                self.value("pool_claims_total", pool="deb", result="hit"),
                self.value("pool_claims_total", pool="deb", result="miss"),
            ),
        )

    def test_a_paused_pool_and_one_in_trouble(self) -> None:
        """Each has a number of its own."""
        for name in ("pool_paused", "pool_troubled"):
            self.assertEqual(0, self.value(name, pool="deb"))
        self.one.house.steering.drain(model.PoolName("deb"))
        self.world.store.pools.note_error(model.PoolName("deb"), "no room")

        for name in ("pool_paused", "pool_troubled"):
            self.assertEqual(1, self.value(name, pool="deb"))

    def test_duties_and_breakers(self) -> None:
        """A duty that was never done has no time."""
        self.open["cloud.test/volume"] = True
        name = "duty_last_success_timestamp_seconds"

        self.assertEqual(12, self.value(name, duty="audit"))
        self.assertIsNone(
            self.meters.registry.get_sample_value(
                f"cube_volpool_{name}", {"duty": "purge"}
            )
        )
        self.assertEqual(
            1, self.value("breaker_open", endpoint="cloud.test/volume")
        )

    def test_a_ledger_that_is_away(self) -> None:
        """The rest is told all the same."""
        self.assertEqual(1, self.value("ledger_up"))
        with self.ledger_gone():
            self.assertEqual(
                0, self.meters.registry.get_sample_value(
                    "cube_volpool_ledger_up"
                )
            )
            self.assertEqual(
                12,
                self.value("duty_last_success_timestamp_seconds",
                           duty="audit"),
            )


class EventsCase(MeterCase):
    """What happened, as it happens."""

    def test_a_claim_ends(self) -> None:
        """With what it came to, and which volume."""
        given = self.one.claim("a")
        self.cloud.set_quota("skyline-a", volumes=0)
        refused = exception.QuotaExceeded
        self.assertRaises(refused, self.one.claim, "b")

        first, second = self.told("claim.end")
        self.assertEqual(
            {
                "project_id": self.world.project("skyline-a"),
                "request_id": None,
                "name": "a",
                "volume_type": "ssd",
                "os_name": None,
                "snapshot_id": self.old,
                "outcome": "pool",
                "volume_id": given.volume["id"],
            },
            {k: v for k, v in first.items() if k != "seconds"},
        )
        self.assertEqual(
            ("quota_exceeded", None),
            (second["outcome"], second["volume_id"]),
        )

    def test_a_pool_is_low_and_filled_once_each(self) -> None:
        """Not at every round in between."""
        self.one.claim("a")
        self.one.claim("b")
        self.until(lambda: self.ready() == 2)
        for _ in self.ticks(3):
            pass

        self.assertEqual(
            [{"pool": "deb", "ready": 0, "target": 2}], self.told("pool.low")
        )
        self.assertEqual(
            [{"pool": "deb", "ready": 2, "target": 2}],
            self.told("pool.filled"),
        )

    def test_an_image_changes_and_is_rejected(self) -> None:
        """Which pool, and from what to what."""
        new = self.publish("20261121")
        self.until(lambda: self.current == new)
        self.one.house.refresher.rollback("debian-12", "ssd")

        self.assertEqual(
            [{"pool": "deb", "before": self.old, "after": new}],
            self.told("image.changed"),
        )
        [rejected] = self.told("image.rejected")
        self.assertEqual(new, rejected["snapshot_id"])
        self.assertIn("operator", rejected["reason"])

    def test_an_operator_steers(self) -> None:
        """A pool, and a volume."""
        pool = model.PoolName("deb")
        self.one.house.steering.evict(self.shelf()[0], reason="odd")
        self.one.house.steering.pause(pool)
        self.one.house.steering.drain(pool)
        self.one.house.steering.resume(pool)

        self.assertEqual(
            ["volume.evicted", "pool.paused", "pool.drained", "pool.resumed"],
            [event for event, _ in self.events],
        )
        self.assertEqual("an operator: odd", self.events[0][1]["reason"])


class ClumsyCase(base.ScenarioCase):
    """A listener that stumbles over everything."""

    def test_nobody_else_notices(self) -> None:
        """What was committed goes on; the log says who stumbled."""

        class Clumsy:
            def __getattr__(self, name: str) -> Any:
                def stumble(*_arguments: Any, **_keywords: Any) -> None:
                    raise KeyError(name)

                stumble.__qualname__ = name
                return stumble

        log = self.useFixture(fixtures.FakeLogger())
        one = self.world.daemon(
            "clumsy",
            watch=doors.Watch(
                meters=meters.Meters(),
                clock=self.world.clock,
                listeners=(Clumsy(),),
            ),
        )

        self.assertEqual(model.Source.POOL, one.claim("a").source)
        one.fill()
        self.assertEqual(2, len(self.rows(_R.AVAILABLE)))
        for words in ("endings_bind stumbled", "claim_ended stumbled"):
            self.assertIn(words, log.output)


class SiteCase(MeterCase):
    """The HTTP side, without a socket."""

    def setUp(self) -> None:
        super().setUp()
        self.ails: list[str] = []
        self.waits: list[str] = []
        self.site = web.Site(
            self.meters.registry,
            ails=lambda: self.ails,
            waits=lambda: self.waits,
            page=page.Page(self.facts(), clock=lambda: 6e7),
        )

    def facts(self) -> page.Facts:
        """Return what the page shows of this world."""
        store = self.world.store
        shelf = inventory.Inventory(store, self.one.house.steering)
        return page.Facts(
            pools=lambda: report.pools(store, self.world.settings.pools),
            builds=lambda: shelf.volumes(
                after=None, limit=9, status=_R.CREATING
            )[0],
            claims=lambda: shelf.claims(after=None, limit=9)[0],
            build_seconds=self.meters.build_seconds,
            minutes=list,
            troubles=lambda: self.waits,
            host="host-1",
        )

    def get(self, path: str, method: str = "GET") -> tuple[str, str]:
        """Return the status and the body of an answer."""
        seen: list[Any] = []

        def start(status: str, headers: Any, *_: Any) -> Any:
            seen.append((status, dict(headers)))

        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "",
        }
        body = b"".join(self.site(environ, start)).decode()
        return seen[0][0], body

    def test_metrics(self) -> None:
        """In Prometheus' own format."""
        self.one.claim("a")
        status, body = self.get("/metrics")

        self.assertEqual("200 OK", status)
        self.assertIn('cube_volpool_pool_volumes{pool="deb",status="ready"}',
                      body)
        self.assertIn("# TYPE cube_volpool_claim_duration_seconds histogram",
                      body)

    def test_health(self) -> None:
        """Each by its own troubles, in words."""
        for path in ("/healthz", "/readyz"):
            self.assertEqual(("200 OK", "ok\n"), self.get(path))
        self.waits.append("the ledger is away")
        self.assertEqual("200 OK", self.get("/healthz")[0])
        self.assertEqual(
            ("503 Service Unavailable", "the ledger is away\n"),
            self.get("/readyz"),
        )
        self.ails.append("a duty hangs")
        self.assertEqual(
            ("503 Service Unavailable", "a duty hangs\n"),
            self.get("/healthz"),
        )

    def test_the_page(self) -> None:
        """Pools, builds, claims and troubles; what is a name is no HTML."""
        self.one.claim("<b>web</b>_sys")
        self.one.house.reconciler.round()
        self.waits.append("the <ledger> is away")
        note = self.world.store.pools.note_error
        note(model.PoolName("deb"), "no <room>")
        status, body = self.get("/")

        self.assertEqual("200 OK", status)
        for words in (
            "<title>cube_volpool on host-1</title>",
            "<td>deb</td>",
            "1 of 2 ready",
            "&lt;b&gt;web&lt;/b&gt;_sys",
            "the &lt;ledger&gt; is away",
            "no &lt;room&gt;",
            "bound",
            "not known yet",
        ):
            self.assertIn(words, body)
        self.assertNotIn("<b>web", body)
        self.assertNotIn("http", body.replace("http-equiv", ""))

    def test_the_page_of_a_ledger_that_is_away(self) -> None:
        """It says so, and health is told all the same."""
        with self.ledger_gone():
            status, body = self.get("/")

            self.assertEqual("503 Service Unavailable", status)
            self.assertIn("database", body)
            self.assertEqual(("200 OK", "ok\n"), self.get("/healthz"))

    def test_a_duty_that_reached_no_pool_was_not_done(self) -> None:
        """Cinder is away, or every round stumbles."""
        duties = self.one.house.duties
        self.cloud.fault("*", "/**", faults.refuse(503))
        self.one.house.steering.evict(self.shelf()[0], reason=None)
        for work in (duties.reconcile, duties.audit):
            self.assertRaises(exception.CinderUnavailable, work)
        self.cloud.faults.clear()
        self.clock.advance(60)

        for work in (duties.reconcile, duties.audit):
            work()

    def test_nothing_else_is_there(self) -> None:
        """And nothing can be changed."""
        self.assertEqual("404 Not Found", self.get("/etc/passwd")[0])
        for method in ("POST", "PUT", "DELETE"):
            self.assertEqual(
                "405 Method Not Allowed", self.get("/metrics", method)[0]
            )


class UnmeasuredCase(base.ScenarioCase):
    """Daemons of tests have no meters, unless they are about them."""

    def test_the_doors_are_as_they_were(self) -> None:
        """Nothing is put before them."""
        self.assertIs(self.one.house.claimer, self.one.house.claims)
        self.assertIsInstance(self.one, world.Daemon)
