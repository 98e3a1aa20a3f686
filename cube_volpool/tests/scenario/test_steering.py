"""What operators do to pools and volumes, and see of them."""

from typing import Any

from cube_volpool import exception, model
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.scenario.operators import OperatorCase
from cube_volpool.tests.simulator import faults

_R = model.RowStatus


class SteeringCase(OperatorCase):
    """The pool ``deb``, steered over the wire."""

    def volumes(self, **filters: Any) -> list[dict[str, Any]]:
        """Return what list_volumes shows."""
        found: list[dict[str, Any]] = self.call("list_volumes", **filters)[
            "volumes"
        ]
        return found

    def planned(self) -> list[tuple[str, str]]:
        """Return the plan of the pool: actions, and why."""
        [pool] = self.call("get_plan")["pools"]
        return [(one["action"], one["why"]) for one in pool["actions"]]

    def held_back(self) -> Any:
        """Return why the pool is not filled."""
        return self.call("get_plan", pool="deb")["pools"][0]["held_back"]

    def settle(self) -> None:
        """Reconcile until nothing is under way."""
        self.until(lambda: all(r.status is _R.AVAILABLE for r in self.rows()))


class PoolCase(SteeringCase):
    """Pause, drain, resume, refill."""

    def test_a_paused_pool_gives_and_builds_nothing(self) -> None:
        """Every daemon follows; what is ready is still given."""
        self.call("pause_pool", pool="deb")
        self.assertEqual({"deb"}, self.rung())

        self.assertEqual(model.Source.POOL, self.two.claim("a").source)
        for _ in self.ticks(3):
            self.two.house.reconciler.round()
        self.assertEqual(1, self.alive())
        self.assertEqual("it is paused", self.held_back())
        self.assertTrue(self.pool_shown()["paused"])

        self.call("resume_pool", pool="deb")
        self.until(lambda: self.ready() == 2)
        self.assertFalse(self.pool_shown()["paused"])
        self.assertIsNone(self.held_back())

    def test_what_a_build_takes_is_told(self) -> None:
        """As the daemon that answers has measured it."""
        self.assertEqual(2.5, self.pool_shown()["build_seconds"])

    def test_a_drained_pool_gives_all_up_until_it_is_resumed(self) -> None:
        """Its volumes are deleted, and claims are made directly."""
        self.call("drain_pool", pool="deb")
        self.assertEqual(
            [("evict", "drained")] * 2 + [], self.planned()
        )

        self.until(lambda: not self.rows())
        self.assertTrue(self.pool_shown()["drained"])
        self.assertEqual("it is drained", self.held_back())
        self.assertEqual(model.Source.CREATED, self.one.claim("a").source)

        self.call("resume_pool", pool="deb")
        self.until(lambda: self.ready() == 2)

    def test_what_was_being_built_is_given_up_when_it_is_done(self) -> None:
        """Cinder deletes nothing before; it counts as no failed build."""
        self.empty_the_shelf()
        self.one.house.reconciler.round()
        self.assertEqual(2, len(self.rows(_R.CREATING)))

        self.call("drain_pool", pool="deb")
        self.until(lambda: not self.rows())

        self.assertIsNone(self.pool_shown()["last_error"])

    def test_a_held_volume_outlasts_a_drain(self) -> None:
        """It is somebody's to study."""
        held = self.shelf()[0]
        self.call("hold_volume", volume_id=held)
        self.call("drain_pool", pool="deb")

        self.until(lambda: len(self.rows()) == 1)
        for _ in self.ticks(3):
            pass
        self.assertEqual([held], [row.volume_id for row in self.rows()])

    def test_a_refill_ends_the_pause_after_a_failed_build(self) -> None:
        """The cause is gone, and nobody wants to wait for the back-off."""
        self.cloud.fault("POST", "/volumes", faults.refuse(403), times=1)
        self.empty_the_shelf()
        self.one.house.reconciler.round()
        self.assertEqual(0, self.alive())
        self.assertEqual(
            "its builds pause after one that failed", self.held_back()
        )
        self.rung()

        # A pause by hand counts more than one after a failure.
        self.call("pause_pool", pool="deb")
        self.assertEqual("it is paused", self.held_back())
        self.call("resume_pool", pool="deb")
        self.rung()

        self.call("refill_pool", pool="deb")
        self.assertEqual({"deb"}, self.rung())
        self.one.house.reconciler.round()

        self.assertEqual(2, self.alive())

    def test_a_pool_that_is_not_there_is_said_so(self) -> None:
        """By every method that names one."""
        for method in (
            "pause_pool", "resume_pool", "drain_pool", "refill_pool",
            "get_plan",
        ):
            error = self.refusal(method, pool="suse")

            self.assertIs(exception.NotKnown, type(error))
            self.assertEqual("pool suse is not known here", str(error))


class VolumeCase(SteeringCase):
    """Hold and evict."""

    def test_a_held_volume_is_replaced_and_left_alone(self) -> None:
        """Renamed, attached, or of an image that is no more wanted."""
        held = self.shelf()[0]
        shown = self.call("hold_volume", volume_id=held)["volume"]
        self.assertEqual((held, False), (shown["id"], shown["held"]))
        self.assertEqual(1, self.pool_shown()["held"])
        self.assertEqual(1, self.pool_shown()["ready"])

        self.until(lambda: self.pool_shown()["ready"] == 2)
        volume = self.cloud.volumes[held]
        volume.name, volume.status = "mine", "in-use"
        self.publish("20261121")
        self.one.house.reconciler.audit()
        self.until(lambda: self.current != self.old)
        self.settle()

        [kept] = self.volumes(volume_id=held)
        self.assertEqual(("available", True), (kept["status"], kept["held"]))
        self.assertEqual(("mine", "in-use"), (volume.name, volume.status))
        volume.status = "available"
        self.call("evict_volume", volume_id=held)
        self.until(lambda: held not in self.cloud.volumes)
        self.assertEqual(0, self.pool_shown()["held"])

    def test_no_claim_gets_a_held_volume(self) -> None:
        """By snapshot or by OS name; with nothing else there it is a miss."""
        self.call("pause_pool", pool="deb")
        first, second = self.shelf()
        self.call("hold_volume", volume_id=first)

        self.assertEqual(second, self.one.claim("a").volume["id"])
        self.assertEqual(model.Source.CREATED, self.one.claim("b").source)
        self.assertEqual(
            model.Source.CREATED, self.by_os_name("c").source
        )

    def test_a_held_volume_that_is_gone_is_forgotten(self) -> None:
        """Somebody deleted it by hand."""
        held = self.shelf()[0]
        self.call("hold_volume", volume_id=held)
        self.cloud.drop_volume(self.cloud.volumes[held])

        self.one.house.reconciler.audit()

        self.assertEqual([], self.volumes(volume_id=held))

    def test_an_evicted_volume_is_deleted_and_replaced(self) -> None:
        """Why is kept until it is gone."""
        gone = self.shelf()[0]
        self.call("evict_volume", volume_id=gone, reason="bad sectors")

        self.assertEqual({"deb"}, self.rung())
        [shown] = self.volumes(volume_id=gone)
        self.assertEqual("deleting", shown["status"])
        self.assertEqual(
            "an operator: bad sectors", shown["evict_reason"]
        )
        self.assertIn(
            ("delete", "it is evicted: an operator: bad sectors"),
            self.planned(),
        )
        self.until(lambda: self.ready() == 2 and len(self.rows()) == 2)
        self.assertNotIn(gone, self.cloud.volumes)

    def test_what_a_claim_has_is_refused(self) -> None:
        """Reserved by a daemon that died: rescue settles it, nobody else."""
        self.abandon("POST", base.ACCEPT, "before")
        [row] = self.rows(_R.RESERVED)
        for method in ("hold_volume", "evict_volume"):
            error = self.refusal(method, volume_id=row.volume_id)

            self.assertIs(exception.Refused, type(error))
            self.assertIn(f"volume {row.volume_id} is reserved", str(error))
        self.assertEqual([row], self.rows(_R.RESERVED))

    def test_a_volume_that_is_not_there_is_said_so(self) -> None:
        """Also one that was given away."""
        given = self.one.claim("a").volume["id"]
        for method in ("hold_volume", "evict_volume"):
            error = self.refusal(method, volume_id=given)

            self.assertIs(exception.NotKnown, type(error))
            self.assertIn(given, str(error))


class ShownCase(SteeringCase):
    """Lists, and the plan."""

    def test_a_volume_is_shown_as_the_ledger_has_it(self) -> None:
        """Without anything that only daemons need."""
        ident = self.shelf()[0]
        [row] = [r for r in self.rows() if r.volume_id == ident]

        self.assertEqual(
            {
                "id": ident,
                "marker": row.marker,
                "pool": "deb",
                "status": "available",
                "held": False,
                "type": "ssd",
                "os_name": "debian-12",
                "snapshot_id": self.old,
                "size_gib": 1,
                "availability_zone": "nova",
                "evict_reason": None,
                "created_at": f"{row.created_at.isoformat('T', 'seconds')}Z",
                "updated_at": f"{row.updated_at.isoformat('T', 'seconds')}Z",
            },
            self.volumes(volume_id=row.marker)[0],
        )

    def test_lists_are_read_page_by_page(self) -> None:
        """Until there is no next."""
        for name in "abc":
            self.one.claim(name)
            self.until(lambda: self.ready() == 2)
        seen: list[str] = []
        after = None
        while True:
            page = self.call("list_claims", limit=2, after=after)
            seen += [claim["name"] for claim in page["claims"]]
            after = page["next"]
            if after is None:
                break
        first = self.call("list_volumes", limit=1)
        second = self.call("list_volumes", limit=1, after=first["next"])
        third = self.call("list_volumes", limit=1, after=second["next"])

        self.assertEqual(["c", "b", "a"], seen)
        self.assertEqual(
            sorted(self.shelf()),
            sorted(page["volumes"][0]["id"] for page in (first, second)),
        )
        self.assertEqual({"volumes": [], "next": None}, third)

    def test_a_claim_is_shown_without_secrets(self) -> None:
        """What became of it, and of what it was given."""
        given = self.one.claim("a")
        project = self.world.project("skyline-a")

        [claim] = self.call("list_claims", project_id=project, name="a")[
            "claims"
        ]

        self.assertEqual(
            ("a", "bound", "pool", "deb", given.volume["id"], project),
            tuple(
                claim[key]
                for key in (
                    "name", "status", "source", "pool", "volume_id",
                    "project_id",
                )
            ),
        )
        self.assertFalse({"owner_token", "transfer_id"} & set(claim))
        self.assertEqual([], self.call("list_claims", pool="x")["claims"])

    def test_the_plan_is_what_the_next_round_does(self) -> None:
        """And asking for it changes nothing."""
        self.empty_the_shelf()
        before = self.world.store.pools.list()
        planned = self.planned()

        self.assertEqual([("create", "2 more are to be built")], planned)
        self.assertEqual([], self.rows())
        self.assertEqual(before, self.world.store.pools.list())
        self.one.house.reconciler.round()
        self.assertEqual(2, len(self.rows(_R.CREATING)))
        self.clock.advance(60)
        self.assertEqual([("promote", "it is ready")] * 2, self.planned())

    def test_the_plan_of_a_change_says_when_it_switches(self) -> None:
        """And to which snapshot."""
        new = self.publish("20261121")
        self.until(lambda: any(kind == "switch" for kind, _ in self.planned()))

        words = dict(self.planned())["switch"]
        self.assertIn(f"get snapshot {new}", words)
        self.assertIn(f"instead of {self.old}", words)

    def test_cinder_away(self) -> None:
        """The plan needs it; lists do not."""
        self.empty_the_shelf()
        self.one.house.reconciler.round()
        self.cloud.fault("*", "/**", faults.refuse(503))

        error = self.refusal("get_plan")

        self.assertIs(exception.CinderUnavailable, type(error))
        self.assertEqual(2, len(self.volumes()))


class RequestCase(SteeringCase):
    """Ids, from the caller through to Cinder."""

    def claim(self, **ids: str) -> dict[str, Any]:
        """Claim over the wire, with these ids in the context."""
        self.cloud.journal.clear()
        found: dict[str, Any] = self.method("claim_volume")(
            {"project_id": self.world.project("skyline-a"), **ids},
            volume={
                "name": f"{'-'.join(ids) or 'web'}_sys",
                "volume_type": "ssd",
                "snapshot_id": self.old,
            },
        )
        return found

    def sent(self) -> set[str | None]:
        """Return the ids that Cinder was sent."""
        return {
            seen.request_id
            for seen in self.cloud.requests
            if not seen.route.startswith("/identity")
        }

    def test_the_global_id_is_sent_to_cinder(self) -> None:
        """By each call of a claim; the log has it as well."""
        ours = "req-11111111-2222-4333-8444-555555555555"
        self.claim(global_request_id=ours, request_id="req-local")

        self.assertEqual({ours}, self.sent())

    def test_without_a_global_one_the_callers_own_is(self) -> None:
        """And without any, each claim gets one of its own."""
        ours = "req-11111111-2222-4333-8444-666666666666"
        self.claim(request_id=ours)
        self.assertEqual({ours}, self.sent())

        self.claim()
        [made] = self.sent()
        self.assertRegex(made or "", r"\Areq-[0-9a-f-]{36}\Z")


class CapsCase(SteeringCase):
    """Why a pool is not filled at once."""

    def configure(self) -> Any:
        return world.settings_of(world.spec(min_ready=4, max_creating=1))

    def test_the_cap_of_the_pool(self) -> None:
        """One at a time, and it says so."""
        self.one.claim("a")
        self.one.claim("b")
        self.one.house.reconciler.round()

        self.assertEqual(
            "of at most 1 at a time, by its max_creating, 1 are being built",
            self.held_back(),
        )
