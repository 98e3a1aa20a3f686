"""What a daemon tells others of."""

from typing import Any

import fixtures

from cube_volpool import (
    exception,
    model,
)
from cube_volpool.status import (
    doors,
    meters,
)
from cube_volpool.tests.scenario import base, metered

_R = model.RowStatus


class EventsCase(metered.MeterCase):
    """What happened, as it happens."""

    def test_each_claim_of_a_request_ends(self) -> None:
        """With its own name, and what it came to."""
        self.one.claim_many("a", "b", others={"b": {"volume_type": "none"}})

        self.assertEqual(
            [("a", "pool"), ("b", "pool_empty")],
            [(e["name"], e["outcome"]) for e in self.told("claim.end")],
        )

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
