"""What a daemon counts, times and tells of its pools."""



from cube_volpool import (
    exception,
    model,
    planner,
    volumeapi,
)
from cube_volpool.status import (
    meters,
)
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, metered
from cube_volpool.tests.simulator import faults


class CountedCase(metered.MeterCase):
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

    def test_each_claim_of_a_request_counts(self) -> None:
        """As the single ones do; each took as long as the request."""
        daemon = self.one
        self.at("POST", base.ACCEPT, "before",
                lambda: self.clock.advance(3))
        daemon.claim_many("a", "b", "c",
                          others={"c": {"volume_type": "none"}})

        counted = [
            self.value("claim_duration_seconds_count", outcome=outcome)
            for outcome in ("pool", "pool_empty")
        ]
        self.assertEqual([2, 1], counted)
        self.assertEqual(
            6, self.value("claim_duration_seconds_sum", outcome="pool")
        )

    def test_what_is_raised_for_a_request_counts_for_each(self) -> None:
        """None of its claims had an answer of its own."""
        with self.ledger_gone():
            self.assertRaises(
                exception.LedgerUnavailable, self.one.claim_many, "a", "b"
            )

        self.assertEqual(
            2,
            self.value("claim_duration_seconds_count",
                       outcome="ledger_unavailable"),
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


class ShownCase(metered.MeterCase):
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
        for name in ("pool_lanes", "pool_target_lanes"):
            self.assertEqual(0, self.value(name, pool="deb"))
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


class UnmeasuredCase(base.ScenarioCase):
    """Daemons of tests have no meters, unless they are about them."""

    def test_the_doors_are_as_they_were(self) -> None:
        """Nothing is put before them."""
        self.assertIs(self.one.house.claimer, self.one.house.claims)
        self.assertIsInstance(self.one, world.Daemon)
