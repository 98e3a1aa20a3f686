"""All or nothing: what is promised of it, and what Cinder does not allow."""

import itertools
from typing import Any

from cube_volpool import exception, model
from cube_volpool.claim.job import Answer
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base, batch
from cube_volpool.tests.simulator import faults

_POOL = model.Source.POOL
_CREATED = model.Source.CREATED
_EXISTING = model.Source.EXISTING
_WITHHELD = exception.Withheld
_ACCEPT = "POST /volume-transfers/*/accept"


class AllOrNothingCase(batch.BatchCase):
    """Requests that want all of their volumes, or none."""

    def claim(
        self, *names: str, by: world.Daemon | None = None, **changes: Any
    ) -> list[object]:
        """Claim them all or none; return what each was told."""
        daemon = by or self.one
        self.results = daemon.claim_many(
            *names, all_or_nothing=True, **changes
        )
        return self.told(self.results)

    def assert_untouched_shelf(self, count: int = 4) -> None:
        """All volumes are on the shelf as if nothing had ever happened."""
        self.assertEqual(count, len(self.shelf()))
        for volume_id in self.shelf():
            self.assert_on_shelf(volume_id)

    def test_all_are_given(self) -> None:
        """When all are to be had."""
        self.assertEqual([_POOL] * 3, self.claim(*"abc"))

        for name in "abc":
            self.assert_given(name)
        self.rest()

    def test_every_one_is_ready_before_the_first_is_accepted(self) -> None:
        """Looked up, renamed and offered, each of them."""
        self.claim(*"abc")

        calls = self.calls()
        before = calls[: calls.index(_ACCEPT)]
        for call in (
            "GET /volumes/detail", "PUT /volumes/*", "POST /volume-transfers",
        ):
            self.assertEqual(3, before.count(call))

    def test_a_shelf_that_is_short_gives_nothing(self) -> None:
        """Where misses are refused; no volume was even renamed."""
        told = self.claim(*"abcde", by=self.daemon(create_on_miss=False))

        self.assertEqual([_WITHHELD] * 4 + [exception.PoolEmpty], told)
        self.assertEqual(["GET /volumes/detail"], self.calls())
        self.assert_untouched_shelf()
        for name in "abcde":
            self.assert_nothing_given(name)

    def test_who_failed_is_named(self) -> None:
        """The others would have been had."""
        self.claim(*"abcde", by=self.daemon(create_on_miss=False))

        error = self.results[0]
        assert isinstance(error, exception.Withheld)
        self.assertEqual(("a", "e"), (error.name, error.failed))
        self.assertEqual("e was not to be had", self.record("a").reason)

    def test_what_is_there_counts(self) -> None:
        """Bound before, or of that name: the caller has it already."""
        self.one.claim("bound")
        self.cloud.add_volume("skyline-a", "there", volume_type="ssd", size=1)

        told = self.claim("bound", "there", "new")

        self.assertEqual([_EXISTING, _EXISTING, _POOL], told)

    def test_what_is_there_stays_what_it_is(self) -> None:
        """It was not given by this request, and is not withheld by it."""
        self.one.claim("bound")

        told = self.claim("bound", *"abcd", by=self.daemon(
            create_on_miss=False))

        self.assertEqual(
            [_EXISTING, *[_WITHHELD] * 3, exception.PoolEmpty], told
        )
        self.assert_given("bound")

    def test_misses_are_created_before_anything_is_accepted(self) -> None:
        """They may be refused yet."""
        told = self.claim(*"abcde")

        self.assertEqual([_POOL] * 4 + [_CREATED], told)
        calls = self.calls()
        self.assertLess(calls.index("POST /volumes"), calls.index(_ACCEPT))

    def test_a_create_that_is_refused_gives_nothing(self) -> None:
        """The volumes that were offered are handed back."""
        self.cloud.fault(
            "POST", "/volumes", faults.refuse(413), project="skyline-a"
        )

        told = self.claim(*"abcde")

        self.assertEqual([_WITHHELD] * 4 + [exception.QuotaExceeded], told)
        self.assertNotIn(_ACCEPT, self.calls())
        self.assert_untouched_shelf()

    def test_a_create_that_may_have_been_made_holds_nothing_back(self) -> None:
        """Perhaps all is to be had; that one's caller asks again."""
        self.cloud.fault(
            "POST", "/volumes", faults.hang(), project="skyline-a"
        )

        told = self.claim(*"abcde")

        self.assertEqual([_POOL] * 4 + [exception.ClaimInProgress], told)

    def test_words_that_cinder_refuses_give_nothing(self) -> None:
        """To one of them: it will not have that metadata."""
        self.cloud.fault(
            "PUT",
            "/volumes/*",
            faults.refuse(400),
            when=lambda seen: "b" in str((seen.body or {})["volume"]["name"]),
            times=1,
        )

        told = self.claim("1", "b", "3")

        self.assertEqual(
            [_WITHHELD, exception.InvalidRequest, _WITHHELD], told
        )
        self.assertNotIn(_ACCEPT, self.calls())
        self.assert_untouched_shelf()

    def test_an_unfit_volume_is_no_reason(self) -> None:
        """Another one is made ready in its place."""
        attached = self.shelf()[0]
        self.cloud.volume(attached).attachments.append({"id": "x"})

        self.assertEqual([_POOL] * 3, self.claim(*"abc"))
        self.assert_condemned(attached)

    def test_no_quota_at_all_gives_nothing(self) -> None:
        """The first accept goes alone, and is refused: that is enough."""
        self.cloud.set_quota("skyline-a", volumes=0)

        told = self.claim(*"abc")

        self.assertEqual(
            [exception.QuotaExceeded, _WITHHELD, _WITHHELD], told
        )
        self.assertEqual(1, self.calls().count(_ACCEPT))
        self.assert_untouched_shelf()

    def test_quota_for_some_is_told_per_claim(self) -> None:
        """Cinder tells it too late to take anything back."""
        self.cloud.set_quota("skyline-a", volumes=2)

        told = self.claim(*"abc")

        self.assertEqual([_POOL, _POOL, exception.QuotaExceeded], told)

    def test_a_claim_under_way_elsewhere_holds_the_others_back(self) -> None:
        """It may come to nothing; nobody waits longer than the budget."""
        told: list[object] = []

        def others() -> None:
            told.extend(self.claim("x", "web_sys", by=self.two, budget=1))

        self.at("POST", base.ACCEPT, "before", others)
        self.one.claim()

        self.assertEqual([_WITHHELD, exception.ClaimInProgress], told)
        self.assertEqual([], self.named("x"))

    def test_a_claim_that_was_left_is_settled_first(self) -> None:
        """Given by the daemon that died: it counts as had."""
        self.abandon("POST", base.ACCEPT, "after")

        self.assertEqual(
            [_POOL, _POOL], self.claim("web_sys", "x", by=self.two)
        )
        self.assert_given()
        self.assert_given("x")

    def test_no_place_for_one_costs_the_others_nothing(self) -> None:
        """Nothing is opened, and Cinder is not asked."""
        told = self.claim(
            *"abc", by=self.daemon(max_outstanding_per_project=2)
        )

        self.assertEqual([_WITHHELD, _WITHHELD, exception.Busy], told)
        self.assertEqual([], self.calls())
        self.assertEqual([], self.claims())

    def test_time_that_is_up_gives_nothing(self) -> None:
        """A slow Cinder used it up before the first accept."""
        self.at(
            "POST", "/volume-transfers", "after",
            lambda: self.clock.advance(40),
        )

        told = self.claim(*"abc")

        self.assertNotIn(_POOL, told)
        self.assertNotIn(_ACCEPT, self.calls())
        self.assertEqual([], self.cloud.volumes_of("skyline-a"))
        self.rest()

    def test_a_daemon_that_dies_leaves_claims_that_settle_alone(self) -> None:
        """All or nothing is not remembered: the caller asks again."""
        self.die("POST", base.ACCEPT, "after")
        self.assertRaises(base.Died, self.claim, *"abc")
        self.clock.advance(base.LEASE)
        self.rescue()
        self.assert_given("a")
        self.assert_nothing_given("b")

        told = self.claim(*"abc", by=self.two)

        self.assertEqual(_EXISTING, told[0])
        self.assertEqual([_POOL, _CREATED], told[1:])
        self.rest()

    def test_same_request_again_is_served_once_it_can_be(self) -> None:
        """What was withheld before is a fresh claim."""
        self.claim(*"abcde", by=self.daemon(create_on_miss=False))

        self.assertEqual([_POOL] * 4 + [_CREATED], self.claim(*"abcde"))


class EveryKindCase(batch.BatchCase):
    """Each kind of claim beside each other kind, three at a time."""

    def test_refused_before_the_first_is_given_means_nothing(self) -> None:
        """Whatever stands where in the request."""
        kinds = ("hit", "there", "refused", "no place in Cinder")
        for number, mixed in enumerate(itertools.product(kinds, repeat=3)):
            with self.subTest(mixed=mixed):
                self._assert_all_or_nothing(number, mixed)

    def _assert_all_or_nothing(
        self, number: int, kinds: tuple[str, ...]
    ) -> None:
        self.one.fill()
        names = [f"{number}-{place}" for place in range(len(kinds))]
        others: dict[str, dict[str, Any]] = {}
        for name, kind in zip(names, kinds, strict=True):
            if kind == "there":
                self.cloud.add_volume(
                    "skyline-a", name, volume_type="ssd", size=1
                )
            elif kind == "refused":
                # The wrong type for that snapshot: a miss, and refused.
                others[name] = {"volume_type": "no-such"}
            elif kind == "no place in Cinder":
                others[name] = {"metadata": {"%": "%"}}
        before = {v.id for v in self.cloud.volumes_of("skyline-a")}

        results = self.one.claim_many(
            *names, all_or_nothing=True, others=others
        )

        came = {v.id for v in self.cloud.volumes_of("skyline-a")} - before
        bad = {"refused", "no place in Cinder"}
        wanted = 0 if bad & set(kinds) else kinds.count("hit")
        self.assertEqual(wanted, len(came), str(results))
        for kind, result in zip(kinds, results, strict=True):
            is_good = kind == "there" or (kind == "hit" and wanted > 0)
            self.assertEqual(is_good, isinstance(result, Answer), kind)
