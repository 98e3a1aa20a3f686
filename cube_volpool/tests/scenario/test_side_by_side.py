"""Two claims, or two daemons, at the same time."""

import threading
from datetime import timedelta

import fixtures

from cube_volpool import exception, model
from cube_volpool.claim import parallel
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base

_OFFER = "/volume-transfers"
_VOLUME = "/volumes/*"


class SideBySideCase(base.ScenarioCase):
    """Two claims at the same time."""

    def test_second_daemon_waits_for_the_first(self) -> None:
        """Under a live lease the same name is in progress elsewhere."""
        errors: list[Exception] = []

        def ask_two() -> None:
            errors.append(
                self.assertRaises(
                    exception.ClaimInProgress, self.two.claim, budget=3
                )
            )

        self.at("POST", base.ACCEPT, "before", ask_two)

        answer = self.one.claim()

        self.assertEqual(1, len(errors))
        self.assertEqual(1, len(self.shelf()))
        self.assertEqual(answer.volume["id"], self.assert_given().id)

    def test_second_daemon_gets_the_first_ones_answer(self) -> None:
        """It waits, sees the claim bound, and answers the same volume."""
        config = world.settings_of(lease=timedelta(days=1))
        one = self.world.daemon("slow", config=config)
        arrived, done = threading.Event(), threading.Event()

        def wait() -> None:
            arrived.set()
            done.wait(30)

        self.at("POST", base.ACCEPT, "before", wait)
        given: list[str] = []
        worker = threading.Thread(
            target=lambda: given.append(one.claim(budget=60).volume["id"])
        )
        worker.start()
        arrived.wait(30)
        self.clock.watch(done.set)

        answer = self.two.claim(budget=80_000)
        worker.join(30)

        self.assertEqual(model.Source.EXISTING, answer.source)
        self.assertEqual(given, [answer.volume["id"]])
        self.assert_given()

    def test_two_claims_never_share_a_volume(self) -> None:
        """Both want the oldest; the one that loses takes the next."""
        oldest, next_one = self.shelf()
        given: list[str] = []

        def other() -> None:
            answer = self.two.claim(project="skyline-b")
            given.append(answer.volume["id"])

        self.at("GET", "/volumes/detail", "before", other)

        mine = self.one.claim(project="skyline-a").volume["id"]

        self.assertEqual((oldest, [next_one]), (mine, given))
        self.assert_given(project="skyline-a")
        self.assert_given(project="skyline-b")
        self.rest()

    def test_claims_at_once_take_different_volumes(self) -> None:
        """Real threads: as many hits as volumes, the rest are misses."""
        config = world.settings_of(world.spec(min_ready=4, max_creating=4))
        runner = parallel.Threads(24)
        daemons = [
            self.world.daemon(n, config=config, runner=runner) for n in "xy"
        ]
        daemons[0].fill()
        answers = []

        def ask(number: int) -> None:
            daemon = daemons[number % 2]
            answers.append(daemon.claim(f"web{number}", budget=10_000))

        threads = [
            threading.Thread(target=ask, args=(n,)) for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        ids = {answer.volume["id"] for answer in answers}
        sources = sorted(answer.source.value for answer in answers)
        self.assertEqual(6, len(ids))
        self.assertEqual(["created"] * 2 + ["pool"] * 4, sources)
        for number in range(6):
            self.assertEqual(1, len(self.named(f"web{number}")))
        self.assertEqual([], self.shelf())

    def test_top_up_of_two_daemons_fills_a_deficit_once(self) -> None:
        """Both see one missing; the generation lets one of them make it."""
        self.one.claim()
        self.two.house.duties.sync()
        begin = self.one.house.store.stock.begin_creates

        def late_begin(*args, **kwargs):
            self.two.house.reconciler.round()
            return begin(*args, **kwargs)

        self.useFixture(
            fixtures.MockPatchObject(
                self.one.house.store.stock, "begin_creates", late_begin
            )
        )
        self.one.house.reconciler.round()

        self.assertEqual(1, self.calls().count("POST /volumes"))
        self.assertEqual(1, len(self.rows(model.RowStatus.CREATING)))

    def test_lost_eviction_is_not_replaced(self) -> None:
        """A claim takes the row meanwhile: it is still supply."""
        first = self.cloud.volume(self.shelf()[0])
        first.status = "error"

        def take() -> None:
            first.status = "available"
            self.die("POST", base.ACCEPT, "before")
            self.assertRaises(base.Died, self.two.claim)

        path = f"/volumes/{first.id}"
        self.at("GET", path, "after", take, user="volpool")

        self.one.house.reconciler.audit()

        row = self.row_of(first.id)
        assert row is not None
        self.assertEqual(model.RowStatus.RESERVED, row.status)
        self.assertNotIn("POST /volumes", self.calls())
        self.clock.advance(base.LEASE)
        self.rest()
        self.assertEqual(2, len(self.shelf()))
