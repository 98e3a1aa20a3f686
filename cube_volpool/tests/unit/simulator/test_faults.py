"""Scripted faults, in process and on a socket."""
import threading

import requests

from cube_volpool.tests import simulator
from cube_volpool.tests.simulator import faults
from cube_volpool.tests.unit.simulator import lab


class BeforeFacts(lab.CloudCase):
    """The client hears of trouble and nothing happened."""

    def made(self):
        return self.cloud.volumes_named("v")

    def test_refused_has_no_effect(self):
        """The scripted status, and no volume."""
        self.cloud.fault("POST", "/volumes", faults.refuse(503))
        self.assertEqual(503, self.create().status_code)
        self.assertEqual([], self.made())

    def test_throttled_says_when_to_come_back(self):
        """429 carries Retry-After."""
        self.cloud.fault("POST", "/volumes", faults.throttle(7))
        answer = self.create()
        self.assertEqual((429, "7"), (answer.status_code,
                                      answer.headers["Retry-After"]))

    def test_dropped_is_a_connection_error(self):
        """As on a real socket."""
        self.cloud.fault("POST", "/volumes", faults.drop())
        self.assertRaises(requests.ConnectionError, self.create)
        self.assertEqual([], self.made())

    def test_hung_is_a_read_timeout(self):
        """The client gives up by itself."""
        self.cloud.fault("POST", "/volumes", faults.hang())
        self.assertRaises(requests.ReadTimeout, self.create)
        self.assertEqual([], self.made())


class AfterFacts(lab.CloudCase):
    """The effect happens, its answer does not arrive."""

    def test_lost_answers_have_an_effect(self):
        """Reset and time-out after the volume was made."""
        for how, error in (("reset", requests.ConnectionError),
                           ("timeout", requests.ReadTimeout)):
            self.cloud.fault("POST", "/volumes", faults.lose(how), times=1)
            self.assertRaises(error, self.create, name=f"lost-{how}")
            self.assertEqual("creating",
                             self.cloud.volume(f"lost-{how}").status)

    def test_lost_behind_a_status(self):
        """500 is told, and the volume is there."""
        self.cloud.fault("POST", "/volumes", faults.lose(500))
        self.assertEqual(500, self.create().status_code)
        self.assertEqual("creating", self.cloud.volume("v").status)

    def test_half_body_is_a_broken_read(self):
        """The length promised is not kept."""
        self.cloud.fault("POST", "/volumes", faults.half_body())
        self.assertRaises(requests.exceptions.ChunkedEncodingError,
                          self.create)
        self.assertEqual("creating", self.cloud.volume("v").status)

    def test_wrong_json_is_no_json(self):
        """A proxy's page instead of the body."""
        self.cloud.fault("POST", "/volumes", faults.wrong_json())
        self.assertRaises(requests.JSONDecodeError, self.create().json)

    def test_late_effect_waits_for_its_call(self):
        """A time-out first, the volume when the test says so."""
        self.cloud.fault("POST", "/volumes", faults.late(), times=1)
        self.assertRaises(requests.ReadTimeout, self.create)
        self.assertEqual([], self.cloud.volumes_named("v"))

        answers = self.cloud.run_late()

        self.assertEqual([202], [a.status for a in answers])
        self.assertEqual("creating", self.cloud.volume("v").status)
        self.assertEqual([], self.cloud.run_late())

    def test_late_accept_meets_the_present(self):
        """What was cancelled meanwhile is not accepted any more."""
        ident = self.ready()
        transfer = self.offer(ident)
        self.cloud.fault("POST", "/volume-transfers/*/accept",
                         faults.late(), times=1)
        self.assertRaises(requests.ReadTimeout, self.accept, transfer)
        self.call("DELETE", f"/volume-transfers/{transfer['id']}")

        answer, = self.cloud.run_late()

        self.assertEqual(404, answer.status)
        self.assertEqual(self.cloud.project_id("volpool"),
                         self.cloud.volume(ident).project_id)


class SlowFacts(lab.CloudCase):
    """Latency by the clock."""

    def test_slow_answer_moves_the_clock(self):
        """The seconds pass on the simulated clock."""
        self.cloud.fault("GET", "/volumes", faults.slow(3))
        before = self.clock.now()
        self.call("GET", "/volumes")
        self.assertEqual(3, (self.clock.now() - before).total_seconds())

    def test_slower_than_the_client_waits(self):
        """The client times out, the effect happens."""
        self.cloud.fault("POST", "/volumes", faults.slow(30))
        self.assertRaises(requests.ReadTimeout, self.create, timeout=10)
        self.assertEqual(1, len(self.cloud.volumes_named("v")))

    def test_drip_takes_its_time(self):
        """The answer comes whole to a client that waits for it."""
        self.cloud.fault("POST", "/volumes", faults.slow_drip(300))
        before = self.clock.now()

        answer = self.create()

        self.assertEqual(("v", 202), (
            answer.json()["volume"]["name"], answer.status_code))
        self.assertEqual(300, (self.clock.now() - before).total_seconds())

    def test_drip_is_given_up_after_the_time_out(self):
        """No single read is slow, the whole answer is; the effect stays."""
        self.cloud.fault("POST", "/volumes", faults.slow_drip(300))
        before = self.clock.now()

        self.assertRaises(requests.ConnectionError, self.create, timeout=10)

        self.assertEqual(10, (self.clock.now() - before).total_seconds())
        self.assertEqual(1, len(self.cloud.volumes_named("v")))

    def test_latency_table_is_by_route(self):
        """The first entry that fits counts."""
        self.cloud.latency = {("GET", "/volumes/*"): 0.5, ("*", "**"): 0}
        before = self.clock.now()
        self.call("GET", "/volumes/x")
        self.call("GET", "/volumes")
        self.assertEqual(0.5, (self.clock.now() - before).total_seconds())


class RuleFacts(lab.CloudCase):
    """Which requests a rule hits."""

    def statuses(self, count, **options):
        return [self.call("GET", "/volumes", **options).status_code
                for _ in range(count)]

    def test_nth(self):
        """Only that one."""
        self.cloud.fault("GET", "/volumes", faults.refuse(503), nth=2)
        self.assertEqual([200, 503, 200], self.statuses(3))

    def test_since(self):
        """That one and all later ones."""
        self.cloud.fault("GET", "/volumes", faults.refuse(503), since=2)
        self.assertEqual([200, 503, 503], self.statuses(3))

    def test_times(self):
        """The first so many."""
        self.cloud.fault("GET", "/volumes", faults.refuse(503), times=2)
        self.assertEqual([503, 503, 200], self.statuses(3))

    def test_chance_is_repeatable(self):
        """The same seed, the same faults."""
        runs = []
        for _ in range(2):
            self.cloud = simulator.Cloud.lab(self.clock, seed=3)
            self.http = simulator.mount(self.cloud)
            self.cloud.fault("GET", "/volumes", faults.refuse(503),
                             probability=0.5)
            runs.append(self.statuses(12))
        self.assertEqual(runs[0], runs[1])
        self.assertEqual({200, 503}, set(runs[0]))

    def test_project_and_user(self):
        """Only one tenant is hit."""
        self.cloud.fault("GET", "/volumes", faults.refuse(503),
                         project="skyline-a", user="alice")
        self.assertEqual([200], self.statuses(1))
        self.assertEqual([503], self.statuses(
            1, user="alice", project="skyline-a"))

    def test_star_stops_at_a_slash(self):
        """One star is one segment, two are any number."""
        self.assertTrue(faults.pattern("/volumes/*").fullmatch("/volumes/x"))
        self.assertIsNone(faults.pattern("/volumes/*").fullmatch(
            "/volumes/x/action"))
        self.assertTrue(faults.pattern("/volumes/**").fullmatch(
            "/volumes/x/action"))

    def test_predicate(self):
        """A rule may look into the request."""
        self.cloud.fault("POST", "/volumes", faults.refuse(503), when=(
            lambda seen: seen.body["volume"]["name"] == "bad"))
        self.assertEqual(503, self.create(name="bad").status_code)
        self.assertEqual(202, self.create(name="good").status_code)

    def test_removed_rule_is_out_of_force(self):
        """And can be removed twice."""
        rule = self.cloud.fault("GET", "/volumes", faults.refuse(503))
        self.statuses(1)
        self.cloud.faults.remove(rule)
        self.cloud.faults.remove(rule)
        self.assertEqual([200], self.statuses(1))
        self.assertEqual(1, rule.hits)


class HookFacts(lab.CloudCase):
    """A test's own step in the middle of a request."""

    def hook(self, **calls):
        self.cloud.fault("POST", "/volume-transfers/*/accept",
                         faults.hook(**calls), times=1)

    def test_cancel_before_an_accept_wins(self):
        """The accept finds no offer."""
        transfer = self.offer(self.ready())
        self.hook(before=lambda seen: self.call(
            "DELETE", f"/volume-transfers/{transfer['id']}"))
        self.assertEqual(404, self.accept(transfer).status_code)

    def test_cancel_during_an_accept_wins(self):
        """Past the checks, before the commit: 404, and nothing moved."""
        ident = self.ready()
        transfer = self.offer(ident)
        self.hook(during=lambda seen: self.call(
            "DELETE", f"/volume-transfers/{transfer['id']}"))
        self.assertEqual(404, self.accept(transfer).status_code)
        self.assertEqual("available", self.cloud.volume(ident).status)

    def test_accept_during_an_accept_wins(self):
        """Two acceptors past the checks: one commits, the other is 404."""
        ident = self.ready()
        transfer, inner = self.offer(ident), []
        self.hook(during=lambda seen: inner.append(self.accept(
            transfer, user="bob", project="skyline-b").status_code))

        self.assertEqual(404, self.accept(transfer).status_code)

        self.assertEqual([202], inner)
        self.assertEqual(self.cloud.project_id("skyline-b"),
                         self.cloud.volume(ident).project_id)

    def test_during_lets_other_threads_at_the_state(self):
        """No lock is held while a hook runs."""
        transfer = self.offer(self.ready())
        answers = []

        def ask(seen):
            thread = threading.Thread(target=lambda: answers.append(
                self.call("GET", "/volumes").status_code), daemon=True)
            thread.start()
            thread.join(10)

        self.hook(during=ask)
        self.assertEqual(202, self.accept(transfer).status_code)
        self.assertEqual([200], answers)

    def test_after_sees_the_effect(self):
        """The volume has moved when the hook runs."""
        ident = self.ready()
        transfer, owners = self.offer(ident), []
        self.hook(after=lambda seen: owners.append(
            self.cloud.volume(ident).project_id))
        self.accept(transfer)
        self.assertEqual([self.cloud.project_id("skyline-a")], owners)
