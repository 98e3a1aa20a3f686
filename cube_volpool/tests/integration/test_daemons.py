"""Several daemons, daemons that die, and what none of them ever does."""

import functools
import threading

from cube_volpool import exception
from cube_volpool.tests.integration import base

#: So short that a dead daemon's claims are soon anybody's.
_SHORT_LEASE = {"claim": {"lease": 3, "look_pause": 1, "rescue_interval": 1}}
_ACCEPT = r"/volume-transfers/[^/]+/accept$"


class TestHandedOut(base.LabCase):
    """A volume that was handed out is its owner's alone."""

    def test_handed_out_volume_is_never_touched_again(self):
        """Not by refill, audit, restart or the emptying of its pool."""
        pools = {"deb": {**base.NOFLAT, "min_ready": 2}}
        fast = {"reconcile": {"interval": 0.5, "audit_interval": 1}}
        daemon, relay = self.start_behind_relay(pools, fast)
        self.until_full()
        given = self.claim("mine_sys")["volume"]["id"]
        handed_over = len(relay.seen)
        self.assertTrue(relay.seen[-1].names("accept"))

        self.until_full()
        self._until_audited(relay, times=3)
        self.assertEqual(0, daemon.stop())
        pools["deb"]["min_ready"] = 0
        _, second = self.start_behind_relay(pools, fast, name="two")
        self.until(lambda: not self.shelf(), "the pool is emptied")
        self._until_audited(second, times=2)

        later = relay.seen[handed_over:] + second.seen
        self.assertEqual([], [seen for seen in later if seen.names(given)])
        self.assertTrue([seen for seen in later if seen.method == "DELETE"])
        volume = self.member("skyline-a").show(given)
        self.assertEqual("available", volume["status"])
        self.assertEqual(self.name("mine_sys"), volume["name"])

    def _until_audited(self, relay, *, times):
        """Until the whole deployment was listed so often from now on."""
        since = len(relay.seen)

        def is_done():
            listings = [
                seen for seen in relay.seen[since:]
                if seen.path.startswith("/v3/volumes/detail")
                and "status" not in seen.path
            ]
            return len(listings) >= times

        self.until(is_done, "the pool is audited")


class TestTwoDaemons(base.LabCase):
    """Active and active, on one ledger and one message bus."""

    def test_two_daemons_share_the_claims_and_never_a_volume(self):
        """Both hand over; every caller gets its own volume."""
        pools = {"deb": {**base.NOFLAT, "min_ready": 8, "max_creating": 8}}
        relays = [
            self.start_behind_relay(pools, name=name)[1]
            for name in ("one", "two")
        ]
        self._until_both_listen(relays)
        self.until_full()

        results = self.side_by_side(
            {
                f"{project}/{number}": functools.partial(
                    self.claim, f"pair{number}_sys", project
                )
                for number in range(6)
                for project in base.MEMBERS
            }
        )

        failed = [r for r in results.values() if not isinstance(r, dict)]
        self.assertEqual([], failed)
        ids = {result["volume"]["id"] for result in results.values()}
        self.assertEqual(12, len(ids))
        for relay in relays:
            accepts = [s for s in relay.seen if s.path.endswith("/accept")]
            self.assertNotEqual([], accepts)

        self.until_full()
        self.assertEqual(8, len(self.shelf()))

    def _until_both_listen(self, relays):
        self.until_full()
        self.until(
            lambda: all(
                any("/snapshots" in seen.path for seen in relay.seen)
                for relay in relays
            ),
            "both daemons work",
        )

    def test_claim_of_a_killed_daemon_gets_another_volume(self):
        """Killed before its accept left: the offer is void, one volume."""
        killed = self._kill_at_accept(before=True)

        answer = self.claim("torn_sys")

        self.assertEqual([answer["volume"]["id"]], self.named("torn_sys"))
        self.assertNotEqual(killed, answer["volume"]["id"])
        self.until(
            lambda: killed not in self.shelf(), "the doubtful one is removed"
        )
        self.until_full()

    def test_claim_of_a_killed_daemon_keeps_the_volume_it_was_given(self):
        """Killed before it heard of its accept: the same volume, once."""
        killed = self._kill_at_accept(before=False)

        answer = self.claim("torn_sys")

        self.assertEqual(killed, answer["volume"]["id"])
        self.assertEqual([killed], self.named("torn_sys"))
        self.until_full()

    def _kill_at_accept(self, *, before):
        """Kill whichever daemon is about to accept; the volume's id.

        Before Cinder has the request, or before the daemon has the answer.
        """
        pools = {"deb": {**base.NOFLAT, "min_ready": 2}}
        pair = [
            self.start_behind_relay(pools, _SHORT_LEASE, name=name)
            for name in ("one", "two")
        ]
        self._until_both_listen([relay for _, relay in pair])
        holds = [
            relay.hold("POST", _ACCEPT, before=before) for _, relay in pair
        ]
        errors: list[exception.VolpoolError] = []
        calling = threading.Thread(target=self._lost_claim, args=(errors,))
        calling.start()
        self.until(
            lambda: any(hold.arrived.is_set() for hold in holds),
            "a daemon accepts",
        )
        for (daemon, relay), hold in zip(pair, holds, strict=True):
            if hold.arrived.is_set():
                daemon.kill()
                hold.drop()
                volume_id = self._offered(relay)
            else:
                relay.release(hold)
        calling.join()
        self.assertIsInstance(errors[0], exception.ClaimInProgress)
        return volume_id

    def _lost_claim(self, errors):
        try:
            self.claim("torn_sys", budget=4)
        except exception.VolpoolError as error:
            errors.append(error)

    def _offered(self, relay):
        """The volume that was renamed for the claim."""
        (renamed,) = [
            seen.path.rpartition("/")[2]
            for seen in relay.seen
            if seen.method == "PUT" and "torn_sys" in seen.body
        ]
        return renamed
