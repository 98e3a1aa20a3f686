"""20,000 messages: no stumble, and no effect of an invalid one."""

import collections
import os
import statistics
import time
from typing import Any

import sqlalchemy as sa
from oslotest import base

from cube_volpool.tests import figures
from cube_volpool.tests.reliability import wire
from cube_volpool.tests.reliability.fuzz import messages
from cube_volpool.tests.reliability.fuzz.message import Message, Sort, short
from cube_volpool.tests.reliability.secrets import house

#: A longer run, or another one: VOLPOOL_FUZZ_MESSAGES, VOLPOOL_FUZZ_SEED.
NUMBER = int(os.environ.get("VOLPOOL_FUZZ_MESSAGES", "20000"))
SEED = int(os.environ.get("VOLPOOL_FUZZ_SEED", "20261120"))
#: By the driver itself, or by the dispatcher; no method of ours was reached.
_NOT_CALLED = frozenset({"rejected", "InvalidRequest"})
_PATIENCE = 4000


class FuzzCase(base.BaseTestCase):
    """A house on a real ledger and cloud, with its effects counted."""

    def setUp(self) -> None:
        super().setUp()
        self.world = self.useFixture(house.CanaryWorld())
        self.house = house.CanaryHouse(self.world, with_token=False)
        self.house.turn()
        self.world.cloud.set_quota("skyline-a", volumes=-1, gigabytes=-1)
        self.statements = 0
        engine = self.house.house.store.ledger.engine
        sa.event.listen(engine, "before_cursor_execute", self._count)
        self.source = messages.Source(
            SEED,
            project=self.world.project("skyline-a"),
            snapshot=self.world.cloud.snapshot_id("debian-12_ssd_20261120"),
            token=house.canary(),
        )

    def _count(self, *_args: Any) -> None:
        self.statements += 1

    def send(self, message: Message) -> tuple[wire.Reply, int]:
        """Send it; return the answer, and how many effects there were."""
        self.world.cloud.journal.clear()
        self.statements = 0
        reply = self.house.send(message)
        return reply, self.statements + len(self.world.cloud.requests)


class TestFuzz(FuzzCase):
    def test_no_message_stumbles_and_no_invalid_one_has_an_effect(self):
        """Each is refused as what it is; 0 statements, 0 HTTP calls."""
        kinds: collections.Counter[str] = collections.Counter()
        effects: collections.Counter[Sort] = collections.Counter()
        times: list[float] = []
        for message in self.source.take(NUMBER):
            began = time.perf_counter()
            reply, touched = self.send(message)
            took = time.perf_counter() - began
            sort = self._sorted(message, reply, touched)
            kinds[f"{sort}: {reply.kind}"] += 1
            effects[sort] += touched
            if sort is not Sort.SOUND:
                times.append(took)

        invalid = sum(n for kind, n in kinds.items()
                      if not kind.startswith(Sort.SOUND))
        self.assertEqual(NUMBER, sum(kinds.values()))
        self.assertGreater(invalid, 0.9 * NUMBER)
        self.assertEqual(0, effects[Sort.UNSOUND], str(kinds))
        self.assertEqual(0, effects[Sort.NO_CALL], str(kinds))
        self.assertEqual(0, effects[Sort.FORBIDDEN], str(kinds))
        for sort in Sort:
            if sort is not Sort.OPEN:
                self.assertGreater(_of(kinds, sort), NUMBER // 200, sort)
        # The counters count: the few sound ones do have effects.
        self.assertGreater(effects[Sort.SOUND], NUMBER // 100)
        self.assert_the_ledger_stands()
        figures.record("fuzzed messages", good=NUMBER, of=NUMBER)
        figures.record("invalid messages without an effect",
                       good=invalid, of=invalid)
        figures.record("microseconds that an invalid message takes, median",
                       good=round(1e6 * statistics.median(times)))

    def _sorted(
        self, message: Message, reply: wire.Reply, touched: int
    ) -> Sort:
        """Check one answer; return what the message turned out to be."""
        told = f"seed {SEED}: {short(message)} -> {reply.text[:900]}"
        self.assertNotIn(house.MARK, reply.text, told)
        sort = message.sort
        if sort is Sort.OPEN:
            sort = _sort_of(reply)
        if sort is not Sort.SOUND:
            self.assertEqual(0, touched, told)
        if sort is Sort.NO_CALL:
            self.assertIn(reply.kind, _NOT_CALLED, told)
            self.assertNotIn("File ", reply.text, told)
        elif sort is Sort.UNSOUND:
            self.assertEqual("InvalidRequest", reply.kind, told)
            self.assertNotIn("File ", reply.text, told)
            self.assertLess(len(reply.text), _PATIENCE, told)
        elif sort is Sort.FORBIDDEN:
            self.assertEqual("NotPermitted", reply.kind, told)
            self.assertNotIn("File ", reply.text, told)
        else:
            self.assertIn(reply.kind, ("ok", "ClaimMismatch"), told)
        return sort

    def assert_the_ledger_stands(self) -> None:
        """Nothing was dropped or emptied by what looked like SQL."""
        with self.house.house.store.ledger.write() as session:
            names = session.execute(
                sa.text("SELECT name FROM claims")
            ).scalars().all()
        self.assertTrue([n for n in names if "DROP TABLE" in n])


class TestReplay(FuzzCase):
    def test_a_message_sent_again_gives_the_same_volume(self):
        """The name is the key: no replay gets a second volume."""
        message = next(
            m
            for m in self.source.take(NUMBER)
            if m.sort is Sort.SOUND and m.method == "claim_volume"
        )
        answers = [self.send(message)[0].result for _ in range(3)]

        self.assertEqual(
            1, len({answer["volume"]["id"] for answer in answers})
        )


def _of(kinds: collections.Counter[str], sort: Sort) -> int:
    """Return how many messages were of a sort."""
    return sum(n for kind, n in kinds.items() if kind.startswith(f"{sort}: "))


def _sort_of(reply: wire.Reply) -> Sort:
    match reply.kind:
        case "InvalidRequest":
            return Sort.UNSOUND
        case "NotPermitted":
            return Sort.FORBIDDEN
        case "rejected":
            return Sort.NO_CALL
        case _:
            return Sort.SOUND
