"""What is repeated, how often, after which pauses; and what never is."""

from datetime import timedelta

from oslotest import base

from cube_volpool import endurance, model, volumeapi
from cube_volpool.tests import simulator

_ID = model.VolumeId("v1")


class Flaky:
    """Answers every call with the next of its errors, then with "done"."""

    def __init__(self, clock, *errors):
        self.clock = clock
        self.errors = list(errors)
        self.seconds = 0
        self.calls = []
        self.bounds = []

    def bounded(self, timeout):
        """Remember the bound."""
        self.bounds.append(timeout.total_seconds())
        return self

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*_args, **_kwargs):
            self.calls.append((name, self.clock.monotonic()))
            self.clock.advance(self.seconds)
            if self.errors:
                raise self.errors.pop(0)
            return "done"

        return call


def throttled(seconds):
    """Return what 429 with that Retry-After means."""
    error = volumeapi.Throttled("slowly")
    error.retry_after = seconds
    return error


#: Every call of a volume API, by kind.
READS = {
    "get_volume": lambda api: api.get_volume(_ID),
    "list_volumes": lambda api: api.list_volumes(name="web"),
    "list_page": lambda api: api.list_page(metadata={}),
    "list_transfers": lambda api: api.list_transfers(_ID),
    "get_snapshot": lambda api: api.get_snapshot(_ID),
    "list_snapshots": lambda api: api.list_snapshots(name="web"),
    "list_volume_types": lambda api: api.list_volume_types(),
}
EFFECTS = {
    "update_volume": lambda api: api.update_volume(
        _ID, name="web", metadata={}
    ),
    "delete_volume": lambda api: api.delete_volume(_ID),
    "offer": lambda api: api.offer(_ID, name="o"),
    "cancel": lambda api: api.cancel("t1"),
    "delete_snapshot": lambda api: api.delete_snapshot(_ID),
    "extend_volume": lambda api: api.extend_volume(_ID, size_gib=2),
}
ONCE = {
    "create_volume": lambda api: api.create_volume(None),
    "create_snapshot": lambda api: api.create_snapshot(None),
    "accept": lambda api: api.accept(None),
}


class EnduranceTest(base.BaseTestCase):
    """Two repeats; pauses are drawn at their longest."""

    def setUp(self):
        super().setUp()
        self.clock = simulator.SimClock()
        self.patience = self.patient()

    def patient(self):
        """Return a patience whose budget is untouched."""
        return endurance.Patience(2, clock=self.clock, chance=lambda: 1.0)

    def api(self, *errors):
        """Return an enduring API over one that fails so."""
        self.flaky = Flaky(self.clock, *errors)
        return endurance.Enduring(self.flaky, self.patience)

    def calls(self):
        """Return how many calls were made."""
        return len(self.flaky.calls)

    def test_reads_are_repeated_whatever_became_of_them(self):
        """Asking twice does no harm."""
        for name, read in READS.items():
            self.patience = self.patient()
            api = self.api(volumeapi.Unclear("?"), volumeapi.Unreachable("no"))

            self.assertEqual("done", read(api), name)

            self.assertEqual([name] * 3, [c for c, _ in self.flaky.calls])

    def test_effects_are_repeated_when_they_were_never_executed(self):
        """And only then: nobody knows what became of the others."""
        for name, effect in EFFECTS.items():
            api = self.api(volumeapi.Unreachable("no"))
            effect(api)
            self.assertEqual(2, self.calls(), name)

            api = self.api(volumeapi.Unclear("?"))
            self.assertRaises(volumeapi.Unclear, effect, api)
            self.assertEqual(1, self.calls(), name)

    def test_what_gives_something_away_is_sent_once(self):
        """Create and accept: their callers look at the need again."""
        for name, call in ONCE.items():
            for error in (volumeapi.Unclear, volumeapi.Unreachable):
                api = self.api(error("no"))

                self.assertRaises(error, call, api)

                self.assertEqual(1, self.calls(), name)

    def test_every_call_of_a_volume_api_is_one_of_these(self):
        """A new one must be put where it belongs."""
        calls = {
            name
            for name in vars(volumeapi.VolumeAPI)
            if not name.startswith("_")
        }

        self.assertEqual(
            calls - {"bounded", "project_id"}, {*READS, *EFFECTS, *ONCE}
        )

    def test_definite_answers_are_not_asked_for_again(self):
        """Nor is one whose repeat would be refused as well."""
        for error in (
            volumeapi.NotFound,
            volumeapi.Refused,
            volumeapi.Forbidden,
            volumeapi.OverQuota,
            volumeapi.Denied,
            volumeapi.Suspended,
        ):
            api = self.api(error("no"))

            self.assertRaises(error, api.get_volume, _ID)

            self.assertEqual(1, self.calls(), error.__name__)

    def test_the_last_error_is_told_after_two_repeats(self):
        """Whoever asked decides what it means."""
        errors = [volumeapi.Unclear(str(n)) for n in range(4)]
        api = self.api(*errors)

        told = self.assertRaises(volumeapi.Unclear, api.get_volume, _ID)

        self.assertEqual("2", str(told))

    def test_pauses_double_and_have_an_end(self):
        """From a tenth of a second to two."""
        self.patience = endurance.Patience(
            7, clock=self.clock, chance=lambda: 1.0
        )
        api = self.api(*(volumeapi.Unclear("?") for _ in range(7)))

        api.get_volume(_ID)

        times = [at for _, at in self.flaky.calls]
        pauses = [b - a for a, b in zip(times, times[1:], strict=False)]
        for wanted, pause in zip(
            [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0], pauses, strict=True
        ):
            self.assertAlmostEqual(wanted, pause, places=5)

    def test_pauses_are_drawn_by_chance(self):
        """So that many callers do not come back at once."""
        self.patience = endurance.Patience(
            1, clock=self.clock, chance=lambda: 0.25
        )
        api = self.api(volumeapi.Unclear("?"))

        api.get_volume(_ID)

        (_, first), (_, second) = self.flaky.calls
        self.assertAlmostEqual(0.025, second - first, places=5)

    def test_the_pause_that_cinder_asks_for_is_kept(self):
        """Where it is too long, nothing is repeated."""
        api = self.api(throttled(4))
        api.get_volume(_ID)
        (_, first), (_, second) = self.flaky.calls
        self.assertAlmostEqual(4, second - first, places=5)

        api = self.api(throttled(30))
        self.assertRaises(volumeapi.Throttled, api.get_volume, _ID)
        self.assertEqual(1, self.calls())

    def test_no_repeat_begins_after_the_time_is_over(self):
        """And each try gets what is left."""
        api = self.api(throttled(3), throttled(3)).bounded(
            timedelta(seconds=5)
        )

        self.assertRaises(volumeapi.Throttled, api.get_volume, _ID)

        self.assertEqual(2, self.calls())
        for wanted, bound in zip([5, 2], self.flaky.bounds, strict=True):
            self.assertAlmostEqual(wanted, bound, places=5)

    def test_a_call_that_failed_slowly_is_not_repeated(self):
        """Its caller waits already."""
        api = self.api(volumeapi.Unclear("timed out"))
        self.flaky.seconds = 60

        self.assertRaises(volumeapi.Unclear, api.get_volume, _ID)

        self.assertEqual(1, self.calls())

    def test_repeats_are_at_most_a_tenth_of_what_goes_well(self):
        """A sick Cinder is not asked three times as often."""
        api = self.api(*(volumeapi.Unclear("?") for _ in range(300)))
        for _ in range(100):
            self.assertRaises(volumeapi.Unclear, api.get_volume, _ID)
        self.assertEqual(100 + 10, self.calls())

        self.flaky.errors.clear()
        for _ in range(30):
            api.get_volume(_ID)
        self.flaky.errors += [volumeapi.Unclear("?")] * 100
        for _ in range(20):
            self.assertRaises(volumeapi.Unclear, api.get_volume, _ID)

        self.assertEqual(110 + 30 + 20 + 3, self.calls())

    def test_tenants_endure_as_well(self):
        """Asking Keystone whose a token is can be repeated."""
        inner = Flaky(self.clock, volumeapi.Unreachable("Keystone"))
        tenants = endurance.EnduringTenants(inner, self.patience)

        api = tenants.for_claim(model.ProjectId("p1"), None)

        self.assertIsInstance(api, endurance.Enduring)
        self.assertEqual(2, len(inner.calls))
