"""The base of the tests about several claims in one request."""

from collections.abc import Sequence

from cube_volpool import settings
from cube_volpool.claim.batch import Result
from cube_volpool.claim.job import Answer
from cube_volpool.tests import world
from cube_volpool.tests.scenario import base

_READY = 4


class BatchCase(base.ScenarioCase):
    """A pool with four volumes."""

    def configure(self) -> settings.Settings:
        """Return the settings of the world."""
        return _settings()

    def daemon(self, **limits: object) -> world.Daemon:
        """Return another daemon of that pool, with other limits."""
        return self.world.daemon("limited", config=_settings(**limits))

    def told(self, results: Sequence[Result]) -> list[object]:
        """Return the sources of answers, and the classes of errors."""
        return [
            one.source if isinstance(one, Answer) else type(one)
            for one in results
        ]


def _settings(**limits: object) -> settings.Settings:
    pool = world.spec(min_ready=_READY, max_creating=_READY)
    return world.settings_of(pool, **limits)
