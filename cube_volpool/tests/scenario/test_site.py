"""What a daemon shows: metrics, health and its page."""

from typing import Any

from cube_volpool import (
    exception,
    inventory,
    model,
    report,
)
from cube_volpool.status import (
    page,
    web,
)
from cube_volpool.tests.scenario import metered
from cube_volpool.tests.simulator import faults

_R = model.RowStatus


class SiteCase(metered.MeterCase):
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
