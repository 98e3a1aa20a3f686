"""Several claims in one request, over a real broker and by a real daemon."""

from concurrent import futures
from typing import Any, ClassVar

import oslo_messaging as om
from oslotest import base

from cube_volpool import client, exception
from cube_volpool.rpc import api, server
from cube_volpool.rpc import claims as rpc_claims
from cube_volpool.tests import engine
from cube_volpool.tests.functional import (
    broker,
    installation,
    rpc_case,
    service,
)
from cube_volpool.tests.simulator import faults
from cube_volpool.tests.unit.rpc import endpoints

_READY = 8
_VOLUMES = [{**endpoints.VOLUME, "name": name} for name in ("b", "a")]


class _Older(rpc_claims.Endpoint):
    """The methods of a daemon before there was this one."""

    target = om.Target(version="1.2")
    claim_volumes = None


class WireCase(rpc_case.RPCCase):
    """Both ends of the wire."""

    def setUp(self):
        super().setUp()
        client.configure(broker.broker_url())
        self.addCleanup(setattr, client, "_client", None)

    def test_results_and_errors_arrive(self):
        """Each in its place, each error as its own class."""
        error = exception.NotExtended(
            name="a", volume_id="v", size_gib=1, wanted_gib=2, reason="{é}"
        )
        self.serving(endpoints.RememberedClaims(failing={"a": error}))

        given, told = client.claim_volumes({"project_id": "p"}, _VOLUMES)

        self.assertEqual(
            {"volume": {"id": "v-1", "name": "b"}, "source": "pool"}, given
        )
        assert isinstance(told, exception.NotExtended)
        self.assertEqual(error.kwargs, told.kwargs)
        self.assertEqual(str(error), str(told))

    def test_an_older_daemon_is_asked_one_by_one(self):
        """It refuses the version before it looks at anything else."""
        claims = endpoints.RememberedClaims()
        endpoint = _Older(
            claims,
            list,
            policy=endpoints.make_policy(),
            default_budget=endpoints.BUDGET,
        )
        transport = api.make_transport(
            rpc_case.make_conf(), url=broker.broker_url()
        )
        self.addCleanup(transport.cleanup)
        rpc = server.RpcServer(
            lambda: server.make_server(transport, endpoint, host="host-1")
        )
        rpc.start()
        self.addCleanup(rpc.stop, 10)
        self.assertTrue(rpc.wait_until_serving(rpc_case.SOON))

        results = client.claim_volumes({"project_id": "p"}, _VOLUMES)

        self.assertEqual(
            ["b", "a"],
            [r["volume"]["name"] for r in results if isinstance(r, dict)],
        )
        self.assertEqual([], claims.together)


class DaemonCase(base.BaseTestCase):
    """A daemon, RabbitMQ, MariaDB, and a pool of eight."""

    pools: ClassVar[dict[str, Any]] = {
        "deb": {**installation.POOL, "min_ready": _READY, "max_creating": 8}
    }

    def setUp(self) -> None:
        super().setUp()
        self.service = self.useFixture(
            service.Service(
                "batch",
                self.pools,
                {"reconcile": {"max_creating_per_snapshot": 8}},
            )
        )
        client.configure(self.service.broker_url)
        self.addCleanup(setattr, client, "_client", None)
        engine.wait_until(self.is_full, "the pool is full", patience=120)

    def is_full(self) -> bool:
        """Are eight volumes ready?"""
        try:
            [pool] = client.get_pools({}, timeout=5)["pools"]
        except exception.Busy:
            return False
        return int(pool["ready"]) >= _READY

    def claim(
        self, *names: str, **how: Any
    ) -> list[client.Result]:
        """Claim volumes of these names in one request."""
        cloud = self.service.cloud
        return client.claim_volumes(
            {"project_id": cloud.project_id("skyline-a")},
            [
                {
                    "name": name,
                    "volume_type": "ssd",
                    "snapshot_id": cloud.snapshot_id("debian-12_ssd_20261120"),
                }
                for name in names
            ],
            budget=40,
            **how,
        )

    def test_requests_at_a_time_never_get_one_volume_twice(self) -> None:
        """Three callers, four volumes each, from a pool of eight."""
        with futures.ThreadPoolExecutor(3) as callers:
            found = list(
                callers.map(
                    lambda caller: self.claim(
                        *(f"{caller}-{n}" for n in range(4))
                    ),
                    "abc",
                )
            )

        results = [one for many in found for one in many]
        given = [one for one in results if isinstance(one, dict)]
        self.assertEqual(12, len(given), str(results))
        ids = {one["volume"]["id"] for one in given}
        self.assertEqual(12, len(ids))
        owned = self.service.cloud.volumes_of("skyline-a")
        self.assertEqual(ids, {volume.id for volume in owned})
        self.assertGreaterEqual(
            sum(one["source"] == "pool" for one in given), _READY
        )
        again = self.claim(*(f"a-{n}" for n in range(4)))
        self.assertEqual(
            [one["volume"]["id"] for one in given[:4]],
            [one["volume"]["id"] for one in again if isinstance(one, dict)],
        )

    def test_all_or_nothing_is_held_by_a_real_daemon(self) -> None:
        """With its own threads; then the same request is served."""
        refused = self.service.cloud.fault(
            "PUT",
            "/volumes/*",
            faults.refuse(400),
            when=lambda seen: seen.body["volume"]["name"] == "c",
        )

        first, second, third = self.claim("a", "b", "c", all_or_nothing=True)

        self.assertIsInstance(third, exception.InvalidRequest)
        for told in (first, second):
            self.assertIsInstance(told, exception.Withheld)
        self.assertEqual([], self.service.cloud.volumes_of("skyline-a"))
        self.assertEqual({}, self.service.cloud.transfers)
        self.service.cloud.faults.remove(refused)
        again = self.claim("a", "b", "c", all_or_nothing=True)
        self.assertEqual(
            ["pool"] * 3, [r["source"] for r in again if isinstance(r, dict)]
        )
        self.assertEqual(0, self.service.daemon.stop())
