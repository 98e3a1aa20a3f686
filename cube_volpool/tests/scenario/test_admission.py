"""How many claims one daemon works on."""


from cube_volpool import exception, model
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base
from cube_volpool.tests.simulator import faults

_CREATE = "/volumes"


class AdmissionCase(base.ScenarioCase):
    """How many claims one daemon works on."""

    def busy(self, **limits: int) -> world.Daemon:
        return self.world.daemon("busy", config=world.settings_of(**limits))

    def during(self, daemon: world.Daemon, act) -> None:
        self.at("POST", base.ACCEPT, "before", act)
        daemon.claim()

    def test_claim_above_the_limit_is_busy(self) -> None:
        """Refused at once: nothing reserved, nothing recorded."""
        daemon = self.busy(max_outstanding=1)
        errors = []

        self.during(daemon, lambda: errors.append(self.assertRaises(
            exception.Busy, daemon.claim, "other", project="skyline-b")))

        self.assertEqual(1, errors[0].retry_after)
        self.assertEqual(["web_sys"], [c.name for c in self.claims()])
        self.assertEqual(1, len(self.shelf()))

    def test_project_above_its_limit_leaves_room_for_others(self) -> None:
        """One project's claims do not keep another's out."""
        daemon = self.busy(max_outstanding_per_project=1)
        given = []

        def others() -> None:
            self.assertRaises(exception.Busy, daemon.claim, "other")
            given.append(daemon.claim("other", project="skyline-b"))

        self.during(daemon, others)

        self.assertEqual(model.Source.POOL, given[0].source)
        self.assertEqual([], self.named("other"))

    def test_pool_above_its_limit_leaves_room_for_others(self) -> None:
        """One snapshot's claims do not keep a plain create out."""
        daemon = self.busy(max_outstanding_per_pool=1)
        given = []

        def others() -> None:
            self.assertRaises(
                exception.Busy, daemon.claim, "other", project="skyline-b"
            )
            given.append(
                daemon.claim("blank", snapshot_id=None, size_gib=1)
            )

        self.during(daemon, others)

        self.assertEqual(model.Source.CREATED, given[0].source)
        self.assertEqual([], self.named("other"))

    def test_place_is_free_again_after_an_error(self) -> None:
        """A claim that failed holds no place."""
        daemon = self.busy(max_outstanding=1)
        down = self.cloud.fault("*", "/volume**", faults.refuse(503))
        self.assertRaises(exception.CinderUnavailable, daemon.claim)
        self.cloud.faults.remove(down)

        self.assertEqual(model.Source.POOL, daemon.claim().source)
