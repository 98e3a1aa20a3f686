"""Deadlines, dead brokers and stops: what a caller and a daemon see."""

import threading
import time

from cube_volpool import client, exception
from cube_volpool.client import connection
from cube_volpool.tests.functional import broker, rpc_case
from cube_volpool.tests.unit.rpc import endpoints


class TestDeadline(rpc_case.RPCCase):
    def test_claim_that_takes_longer_is_under_way(self):
        """The caller is free at its deadline, the claim goes on."""
        claims = rpc_case.SlowClaims()
        self.serving(claims)
        client.configure(broker.broker_url())
        self.addCleanup(setattr, client, "_client", None)

        begun = time.monotonic()
        error = self.assertRaises(
            exception.ClaimInProgress,
            client.claim_volume,
            endpoints.CONTEXT,
            endpoints.VOLUME,
            budget=1,
        )
        took = time.monotonic() - begun
        claims.may_end.set()

        self.assertEqual("vm-1_sys", error.name)
        self.assertGreater(5, took)
        self.until(lambda: claims.asked)

    def test_daemon_that_never_was_is_proof(self):
        """The broker itself says that there is no queue to put it in."""
        begun = time.monotonic()

        self.assertRaises(connection.NotSent, self.claim, self.connect())

        self.assertGreater(rpc_case.SOON, time.monotonic() - begun)

    def test_refused_account_is_proof(self):
        """What the broker does not let in has sent nothing."""
        url = broker.broker_url()
        account = url.partition("//")[2].partition("@")[0]

        self.assertRaises(
            connection.NotSent,
            self.claim,
            self.connect(url.replace(account, "nobody:nothing")),
        )


class TestDeadBroker(rpc_case.RPCCase):
    def setUp(self):
        super().setUp()
        self.door = self.useFixture(broker.Door())
        self.earlier = set(threading.enumerate())
        self.claims = endpoints.RememberedClaims()

    def calls_under_way(self):
        """Return the threads of calls that this test has begun."""
        return [
            thread
            for thread in set(threading.enumerate()) - self.earlier
            if thread.name == "volpool-call"
        ]

    def test_shut_port_is_told_at_once(self):
        """Nobody listens, so nothing was sent, and nobody has to wait."""
        begun = time.monotonic()

        self.assertRaises(
            connection.NotSent, self.claim, self.connect(self.door.url)
        )

        self.assertGreater(5, time.monotonic() - begun)

    def test_what_was_given_up_is_never_sent(self):
        """A call stuck at its deadline stays unsent when the broker is back.

        Otherwise the caller would make its own volume and get another.
        """
        self.serving(self.claims)
        self.door.make_deaf()
        way = self.connect(self.door.url)

        self.assertRaises(connection.NotSent, self.claim, way, 1)
        self.assertEqual(1, len(self.calls_under_way()))
        self.door.open()
        self.until(lambda: not self.calls_under_way())

        self.assertEqual([], self.claims.asked)
        self.claim(way)
        self.assertEqual(1, len(self.claims.asked))

    def test_stuck_calls_are_bounded(self):
        """A third caller is told at its deadline, and starts no thread."""
        self.door.make_deaf()
        way = self.connect(self.door.url)
        for _ in range(2):
            self.assertRaises(connection.NotSent, self.claim, way, 0.3)

        error = self.assertRaises(connection.NotSent, self.claim, way, 0.3)

        self.assertIn("too many calls", str(error))
        self.assertEqual(2, len(self.calls_under_way()))
        self.door.open()
        self.until(lambda: not self.calls_under_way())

    def test_call_after_a_restart_of_the_broker_is_answered(self):
        """Connections of the pool died with the broker; new ones are made."""
        self.serving(self.claims)
        self.door.open()
        way = self.connect(self.door.url)
        self.claim(way)
        self.door.shut()

        self.assertRaises(
            (connection.NotSent, connection.NoAnswer), self.claim, way, 2
        )
        self.assertRaises(connection.NotSent, self.claim, way, 2)
        self.door.open()

        def answered():
            try:
                return self.claim(way, 2)
            except (connection.NotSent, connection.NoAnswer):
                return None

        self.until(answered)

    def test_daemon_waits_for_the_broker_and_then_serves(self):
        """Start returns at once, and requests are taken when it is there."""
        rpc = self.serve(self.claims, self.door.url)
        self.assertFalse(rpc.wait_until_serving(1))

        self.door.open()

        self.assertTrue(rpc.wait_until_serving(rpc_case.SOON))
        self.claim(self.connect())
        self.assertEqual(1, len(self.claims.asked))

    def test_daemon_stops_while_the_broker_is_away(self):
        """There is nothing to finish; oslo.messaging's own would wait."""
        rpc = self.serve(self.claims, self.door.url)

        begun = time.monotonic()
        self.assertTrue(rpc.stop(30))

        self.assertGreater(5, time.monotonic() - begun)
        # What was left behind ends as soon as it can, and serves nobody.
        self.door.open()
        self.until(lambda: not rpc._thread.is_alive())
        self.assertFalse(rpc.is_serving)
        self.assertRaises(
            (connection.NotSent, connection.NoAnswer),
            self.claim,
            self.connect(),
            2,
        )
        self.assertEqual([], self.claims.asked)


class TestStop(rpc_case.RPCCase):
    def test_request_that_runs_is_finished_and_answered(self):
        """A stop waits for its claims, and says when it could not."""
        claims = rpc_case.SlowClaims()
        rpc = self.serving(claims)
        way = self.connect()
        answers = []
        caller = threading.Thread(
            target=lambda: answers.append(self.claim(way)), daemon=True
        )
        caller.start()
        self.assertTrue(claims.begun.wait(rpc_case.SOON))

        self.assertFalse(rpc.stop(0.5))
        claims.may_end.set()
        caller.join(rpc_case.SOON)

        self.assertEqual("v-1", answers[0]["volume"]["id"])
        self.assertTrue(rpc.stop(rpc_case.SOON))
        self.assertFalse(rpc.is_serving)

    def test_stopped_daemon_takes_no_requests(self):
        """After a stop a caller gets no answer of this daemon."""
        claims = endpoints.RememberedClaims()
        rpc = self.serving(claims)
        way = self.connect()
        self.claim(way)

        self.assertTrue(rpc.stop(rpc_case.SOON))

        self.assertRaises(
            (connection.NotSent, connection.NoAnswer), self.claim, way, 1
        )
        self.assertEqual(1, len(claims.asked))


class TestStopInTwoHalves(rpc_case.RPCCase):
    def test_what_a_stopped_daemon_is_still_handed_goes_to_another(self):
        """Its connection gets requests until it is closed, and loses none."""
        one, two = endpoints.RememberedClaims(), endpoints.RememberedClaims()
        stopping = self.serving(one)
        # As in the first half of a stop: nobody reads any more.
        stopping._server.stop()
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(self.claim(self.connect()))
        )
        asking.start()
        # Until the broker has handed it over.
        time.sleep(0.5)
        self.serving(two)
        self.assertEqual([], two.asked)

        self.assertTrue(stopping.stop(10))
        asking.join(rpc_case.SOON)

        self.assertEqual(1, len(answers))
        self.assertEqual((0, 1), (len(one.asked), len(two.asked)))
