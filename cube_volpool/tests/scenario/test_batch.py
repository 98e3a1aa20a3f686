"""Several claims in one request: each is a claim like any other."""

import sqlalchemy as sa

from cube_volpool import exception, model
from cube_volpool.claim import parallel
from cube_volpool.claim.job import Answer
from cube_volpool.tests.reliability.crash import doors
from cube_volpool.tests.scenario import base, batch

_POOL = model.Source.POOL
_CREATED = model.Source.CREATED
_EXISTING = model.Source.EXISTING


class ClaimsCase(batch.BatchCase):
    """What each claim of a request comes to."""

    def test_each_gets_a_volume_of_its_own(self) -> None:
        """In the order in which they were asked for."""
        results = self.one.claim_many("c", "a", "b", metadata={"m": "yes"})

        self.assertEqual([_POOL] * 3, self.told(results))
        for name, result in zip("cab", results, strict=True):
            assert isinstance(result, Answer)
            volume = self.assert_given(name)
            self.assertEqual(volume.id, result.volume["id"])
            self.assertEqual(name, result.volume["name"])
            self.assertEqual("yes", volume.metadata["m"])
        self.assertEqual(1, len(self.shelf()))

    def test_one_transaction_opens_all(self) -> None:
        """And the end of each is one of its own, as of a single claim."""
        process = doors.Process()
        daemon = self.world.daemon("counted", wrap=process.wrap)

        daemon.claim_many("a", "b", "c", "d")

        opened = [c for c in process.calls if c.startswith("claims.open")]
        self.assertEqual(["claims.open_all"], opened)
        for ending in ("claims.mark_offered", "endings.bind"):
            self.assertEqual(4, process.calls.count(ending))

    def test_candidates_are_read_once(self) -> None:
        """The rows of one look at the shelf are spread over the claims."""
        queries: list[str] = []

        def note(_connection, _cursor, statement, *_):
            if "FROM backup_volumes" in statement and "LIMIT" in statement:
                queries.append(statement)

        engine = self.one.house.store.ledger.engine
        sa.event.listen(engine, "before_cursor_execute", note)

        self.one.claim_many("a", "b", "c")

        self.assertEqual(1, len(queries), str(queries))

    def test_what_the_shelf_lacks_is_created(self) -> None:
        """Four hits, one miss."""
        results = self.one.claim_many(*"abcde")

        self.assertEqual([_POOL] * 4 + [_CREATED], self.told(results))
        self.assertEqual(1, len(self.named("e")))

    def test_an_error_is_that_claims_alone(self) -> None:
        """Misses are refused: five for four volumes."""
        daemon = self.daemon(create_on_miss=False)

        results = daemon.claim_many(*"abcde")

        self.assertEqual(
            [_POOL] * 4 + [exception.PoolEmpty], self.told(results)
        )
        self.assert_nothing_given("e")

    def test_known_names_are_what_they_are_to_a_single_claim(self) -> None:
        """Bound, failed, there already, left by a dead daemon; and new."""
        bound = self.one.claim("bound")
        self.cloud.set_quota("skyline-a", volumes=0)
        self.assertRaises(exception.QuotaExceeded, self.one.claim, "failed")
        self.cloud.set_quota("skyline-a", volumes=100)
        self.cloud.add_volume("skyline-a", "there", volume_type="ssd", size=1)
        self.die("POST", base.ACCEPT, "after")
        self.assertRaises(base.Died, self.one.claim, "left")
        self.clock.advance(base.LEASE)

        results = self.two.claim_many("bound", "failed", "there", "left")

        self.assertEqual(
            [_EXISTING, _POOL, _EXISTING, _POOL], self.told(results)
        )
        assert isinstance(results[0], Answer)
        self.assertEqual(bound.volume["id"], results[0].volume["id"])
        self.assert_given("failed")
        self.assert_given("left")
        self.rest()

    def test_one_under_way_keeps_nobody_waiting_but_itself(self) -> None:
        """It is another daemon's, which lives; the others have volumes."""
        told: list[object] = []

        def others() -> None:
            results = self.two.claim_many("x", "web_sys", budget=1)
            told.extend(self.told(results))

        self.at("POST", base.ACCEPT, "before", others)
        answer = self.one.claim()

        self.assertEqual([_POOL, exception.ClaimInProgress], told)
        self.assertEqual(answer.volume["id"], self.assert_given().id)
        self.assert_given("x")

    def test_another_body_under_way_is_that_claims_mismatch(self) -> None:
        """As a single claim is told."""
        told: list[object] = []

        def others() -> None:
            results = self.two.claim_many("x", "web_sys", metadata={"a": "b"})
            told.extend(self.told(results))

        self.at("POST", base.ACCEPT, "before", others)
        self.one.claim()

        self.assertEqual([_POOL, exception.ClaimMismatch], told)

    def test_unfit_volume_is_evicted_and_another_given(self) -> None:
        """To the claim that had it; the others notice nothing."""
        attached = self.shelf()[0]
        self.cloud.volume(attached).attachments.append({"id": "x"})

        results = self.one.claim_many("a", "b")

        self.assertEqual([_POOL, _POOL], self.told(results))
        self.assert_condemned(attached)

    def test_quota_for_some_gives_to_some(self) -> None:
        """The others have their volumes back on the shelf."""
        self.cloud.set_quota("skyline-a", volumes=1)

        results = self.one.claim_many("a", "b", "c")

        refused = exception.QuotaExceeded
        self.assertEqual([_POOL, refused, refused], self.told(results))
        self.assertEqual(3, len(self.shelf()))
        for volume_id in self.shelf():
            self.assert_on_shelf(volume_id)

    def test_same_request_again_has_the_same_answer(self) -> None:
        """Whoever heard nothing asks again with the same names."""
        first = self.one.claim_many("a", "b")

        again = self.two.claim_many("b", "a")

        self.assertEqual([_EXISTING, _EXISTING], self.told(again))
        self.assertEqual(_ids(first), _ids(again)[::-1])

    def test_of_one_it_is_a_single_claim(self) -> None:
        """The same calls, and the same answer."""
        results = self.one.claim_many("a")

        self.assertEqual([_POOL], self.told(results))
        self.assertEqual(
            [
                "GET /volumes/detail", "PUT /volumes/*",
                "POST /volume-transfers", "POST /volume-transfers/*/accept",
            ],
            self.calls(),
        )

    def test_a_ledger_that_is_away_is_everybodys(self) -> None:
        """Nothing was given to any, and it is said once."""
        with self.ledger_gone():
            self.assertRaises(
                exception.LedgerUnavailable, self.one.claim_many, "a", "b"
            )

        self.assertEqual([], self.claims())

    def test_claims_of_the_pools_own_project_are_misses(self) -> None:
        """As single ones: nothing is handed over to it."""
        self.cloud.identity.grant("skyline", "volpool", "admin")

        results = self.one.claim_many(
            "src-a", "src-b", project="volpool"
        )

        self.assertEqual([_CREATED, _CREATED], self.told(results))
        self.assertEqual(4, len(self.shelf()))

    def test_all_leases_are_renewed_while_one_takes_long(self) -> None:
        """Nobody takes over what this process works on."""
        abandoned: list[int] = []

        def time_passes() -> None:
            self.clock.advance(20)
            self.one.house.duties.renew_leases()
            self.clock.advance(20)
            abandoned.append(self.rescue())

        # Serial hands: the second claim waits for the first one's end.
        self.at("POST", base.ACCEPT, "before", time_passes)
        results = self.one.claim_many("a", "b", budget=100)

        self.assertEqual([0], abandoned)
        self.assertEqual([_POOL, _POOL], self.told(results))


class PlacesCase(batch.BatchCase):
    """How many claims of a request a daemon works on."""

    def test_each_claim_takes_a_place(self) -> None:
        """Those that find none are told so at once, and nothing else."""
        results = self.daemon(
            max_outstanding=3, max_outstanding_per_project=2
        ).claim_many(*"abc")

        self.assertEqual([_POOL, _POOL, exception.Busy], self.told(results))
        self.assertEqual(1, getattr(results[2], "retry_after", None))
        self.assertEqual(["a", "b"], [claim.name for claim in self.claims()])

    def test_single_claims_find_a_place_beside_requests(self) -> None:
        """Those for several volumes may not take all there are."""
        daemon = self.daemon(max_outstanding=2, max_outstanding_in_batches=1)
        told: list[object] = []

        def others() -> None:
            told.extend(self.told(daemon.claim_many("x")))
            told.append(daemon.claim("single").source)

        self.at("POST", base.ACCEPT, "before", others)
        results = daemon.claim_many("a", "b")

        self.assertEqual([_POOL, exception.Busy], self.told(results))
        self.assertEqual([exception.Busy, _POOL], told)

    def test_pool_has_a_share_of_the_places(self) -> None:
        """What no pool serves needs none of it."""
        results = self.daemon(max_outstanding_per_pool=1).claim_many(
            *"abc", others={"b": {"snapshot_id": None, "size_gib": 1}}
        )

        self.assertEqual(
            [_POOL, _CREATED, exception.Busy], self.told(results)
        )

    def test_places_are_free_again(self) -> None:
        """Whatever each came to."""
        daemon = self.daemon(
            max_outstanding=3, max_outstanding_in_batches=3
        )
        self.cloud.set_quota("skyline-a", volumes=1)
        daemon.claim_many("a", "b", others={"b": {"volume_type": "none"}})
        with self.ledger_gone():
            self.assertRaises(
                exception.LedgerUnavailable, daemon.claim_many, *"abc"
            )
        self.cloud.set_quota("skyline-a", volumes=100)

        results = daemon.claim_many(*"cde")

        self.assertEqual([_POOL] * 3, self.told(results))

    def test_claims_side_by_side_do_not_wait_for_one_another(self) -> None:
        """With a thread each, and one for all of their calls to Cinder."""
        hands, runner = parallel.Threads(4), parallel.Threads(1)
        self.addCleanup(runner.close)
        self.addCleanup(hands.close)
        daemon = self.world.daemon("threads", hands=hands, runner=runner)

        results = daemon.claim_many(*"abcd")

        self.assertEqual([_POOL] * 4, self.told(results))
        self.assertEqual(4, len(set(_ids(results))))
        self.rest()

    def test_what_cannot_be_resolved_is_that_claims_error(self) -> None:
        """And costs it its place alone."""
        results = self.one.claim_many(
            "a",
            "b",
            others={"a": {"snapshot_id": None, "os_name": "no-such"}},
        )

        self.assertEqual(
            [exception.InvalidRequest, _POOL], self.told(results)
        )


def _ids(results: object) -> list[str]:
    assert isinstance(results, list)
    return [one.volume["id"] for one in results]

